"""Mail over real sockets: what leaves, how it is kept from others, and why it does not leave."""

import ssl
from pathlib import Path

import pytest

from hub.kernel.ids import new_id
from hub.review.letters import Letter
from hub.review.mailing import Outgoing
from hub.review.models import NoticeFailure
from tests.mailbox import a_mailbox, certificates
from workers.mail import MailFailed, Server, composed, send

SENDER = "The hub <hub@acme.example>"


def a_mail(
    *, address: str = "ada@acme.example", name: str = "Ada", subject: str = "To review"
) -> Outgoing:
    return Outgoing(
        notice_id=new_id(),
        name=name,
        address=address,
        letter=Letter(subject=subject, text="Bonjour, été.\n.\n", html="<p>Bonjour, été.</p>"),
    )


def a_server(port: int, scheme: str = "smtp", user: str = "") -> Server:
    return Server.of(f"{scheme}://{user}127.0.0.1:{port}")


async def test_a_mail_arrives_with_both_bodies_and_an_id_of_its_own() -> None:
    mail = a_mail(name='Zoë "Z" <x@evil.example>', subject="Été à relire")
    async with a_mailbox() as box:
        await send(composed(mail, sender=SENDER), server=a_server(box.port))
        await send(composed(mail, sender=SENDER), server=a_server(box.port))

    ((to, first), (_, again)) = box.mails
    assert to == "ada@acme.example"
    assert first["To"].addresses[0].addr_spec == "ada@acme.example"
    assert first["To"].addresses[0].display_name == 'Zoë "Z" <x@evil.example>'
    assert (first["From"], first["Subject"]) == (SENDER, "Été à relire")
    assert first["Message-ID"] == again["Message-ID"] == f"<{mail.notice_id}@acme.example>"
    assert first["Auto-Submitted"] == "auto-generated"
    plain, rich = first.get_body(("plain",)), first.get_body(("html",))
    assert plain is not None
    assert rich is not None
    assert plain.get_content().replace("\r\n", "\n") == "Bonjour, été.\n.\n"
    assert rich.get_content().strip() == "<p>Bonjour, été.</p>"


@pytest.mark.parametrize(
    "address",
    [
        "a@x.example\nBcc: b@x.example",
        "a@x.example,b@x.example",
        "A <a@x.example>",
        "a@x.example b@x.example",
        "@x.example",
        "a@",
        'a"b@x.example',
    ],
)
def test_an_address_that_is_not_one_mailbox_gets_nothing(address: str) -> None:
    with pytest.raises(MailFailed) as caught:
        composed(a_mail(address=address), sender=SENDER)

    assert caught.value.failure is NoticeFailure.BAD_ADDRESS


@pytest.mark.parametrize("field", ["name", "subject"])
def test_a_line_break_cannot_become_a_header(field: str) -> None:
    with pytest.raises(MailFailed):
        composed(a_mail(**{field: "x\r\nBcc: eve@evil.example"}), sender=SENDER)


@pytest.mark.parametrize(
    ("answers", "failure", "said"),
    [
        ({"RCPT": "550 no such box"}, NoticeFailure.REFUSED, "550 no such box"),
        ({"RCPT": "451 later"}, NoticeFailure.UNREACHABLE, "451 later"),
        ({"MAIL": "552 not you"}, NoticeFailure.REFUSED, "552 not you"),
        ({"AUTH": "535 wrong"}, NoticeFailure.NOT_ALLOWED, "wrong"),
        ({"BODY": "554 spam"}, NoticeFailure.REFUSED, "554 spam"),
        ({"BODY": "421 full"}, NoticeFailure.UNREACHABLE, "421 full"),
        ({"STARTTLS": "454 no"}, NoticeFailure.NOT_ALLOWED, ""),
    ],
)
async def test_what_the_server_says_becomes_one_word(
    answers: dict[str, str], failure: NoticeFailure, said: str
) -> None:
    scheme = "smtp+starttls" if "STARTTLS" in answers else "smtp"
    async with a_mailbox(answers=answers) as box:
        server = a_server(box.port, scheme, "me:pass%40word@")
        with pytest.raises(MailFailed) as caught:
            await send(composed(a_mail(), sender=SENDER), server=server)

    assert caught.value.failure is failure
    assert said in caught.value.message


async def test_nobody_there_and_nobody_answering_are_tried_again() -> None:
    async with a_mailbox(drop=True) as box:
        with pytest.raises(MailFailed) as dropped:
            await send(composed(a_mail(), sender=SENDER), server=a_server(box.port))
    with pytest.raises(MailFailed) as gone:
        await send(composed(a_mail(), sender=SENDER), server=a_server(box.port))

    assert dropped.value.failure is gone.value.failure is NoticeFailure.UNREACHABLE


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
async def test_mail_and_password_are_told_to_a_server_one_can_believe_alone(
    scheme: str, tmp_path: Path
) -> None:
    shown, trust = certificates(tmp_path)
    first = {"tls": shown} if scheme == "smtps" else {"starttls": shown}
    async with a_mailbox(**first) as box:
        server = a_server(box.port, scheme, "me:pass%40word@")
        with pytest.raises(MailFailed) as caught:
            await send(composed(a_mail(), sender=SENDER), server=server)
        assert (box.signed_in, box.mails) == ([], [])
        await send(composed(a_mail(), sender=SENDER), server=server, trust=trust)

    assert caught.value.failure is NoticeFailure.NOT_ALLOWED
    assert isinstance(caught.value.__cause__, ssl.SSLError)
    assert box.signed_in == [("me", "pass@word")]
    assert (len(box.mails), box.over_tls) == (1, [True])


def test_ports_are_those_of_the_schemes_unless_they_are_said() -> None:
    ports = {
        scheme: Server.of(f"{scheme}://mail.example").port
        for scheme in ("smtp", "smtps", "smtp+starttls")
    }

    assert ports == {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
    assert Server.of("smtp://mail.example:2525").port == 2525
