"""Preparing the editions of a review, reminding of it, and telling people by mail."""

from hub.review import mailing, notices, operations
from hub.review.jobs import PrepareReview, RemindOfStep, SendNotice
from workers.handling import Again, Toolbox, handles
from workers.mail import MailFailed, Server, composed, send


@handles(PrepareReview)
async def prepare(job: PrepareReview, tools: Toolbox) -> Again | None:
    """Render and store: pure work, one transaction."""
    async with tools.unit_of_work(job.workspace_id) as work:
        await operations.prepare(work, review_id=job.review_id)
    return None


@handles(RemindOfStep)
async def remind(job: RemindOfStep, tools: Toolbox) -> Again | None:
    """Tell those who still must decide."""
    async with tools.unit_of_work(job.workspace_id) as work:
        await mailing.remind(work, step_id=job.step_id, hours=job.hours)
    return None


@handles(SendNotice, apart=True)
async def send_notice(job: SendNotice, tools: Toolbox) -> Again | None:
    """Send a mail with no transaction open, and keep what became of it."""
    settings = tools.hub.settings
    async with tools.unit_of_work(job.workspace_id) as work:
        mail = await mailing.outgoing(work, notice_id=job.notice_id)
    if mail is None or settings.smtp_url is None:
        return None
    try:
        message = composed(mail, sender=settings.mail_from or "")
        await send(message, server=Server.of(settings.smtp_url.get_secret_value()))
    except MailFailed as error:
        async with tools.unit_of_work(job.workspace_id) as work:
            again = await notices.settle_failed(
                work, notice_id=job.notice_id, failure=error.failure, problem=error.message
            )
        return None if again is None else Again(due_at=again)
    async with tools.unit_of_work(job.workspace_id) as work:
        await notices.settle_sent(work, notice_id=job.notice_id)
    return None
