"""Making reports: gathered by the reading half of the hub, set beside everybody else's work."""

import asyncio

from typst import TypstError

from hub.analytics import reports
from hub.analytics.jobs import MakeReport
from hub.analytics.report_pages import Pages
from hub.analytics.reports import storage_key
from hub.kernel.caller import Caller
from hub.kernel.reading import Reader
from workers.handling import Again, Toolbox, handles


@handles(MakeReport)
async def make(job: MakeReport, tools: Toolbox) -> Again | None:
    """Write the page and the document; nothing is said before both are stored."""
    reader = Reader(tools.hub.settings, pool=1)
    try:
        material = await reports.gather(
            reader, Caller.system(job.workspace_id), report_id=job.report_id
        )
    finally:
        await reader.close()
    if material is None:
        return None
    pages = Pages(material)
    page = await asyncio.to_thread(pages.to_html)
    try:
        document = await asyncio.to_thread(pages.to_pdf)
    except TypstError as error:
        async with tools.unit_of_work(job.workspace_id) as work:
            problem = f"The document could not be set: {error.message}"
            await reports.fail(work, report_id=job.report_id, problem=problem)
        return None
    await tools.storage.put(storage_key(job.report_id, "html"), page.encode())
    await tools.storage.put(storage_key(job.report_id, "pdf"), document)
    async with tools.unit_of_work(job.workspace_id) as work:
        await reports.finish(work, report_id=job.report_id)
    return None
