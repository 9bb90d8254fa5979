"""Makes one mail of one piece of news."""

import hashlib
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from core.news import News
from core.operations import Recipient
from reports.digest import Digest, as_html, as_text, digest
from vigie.notify.sealing import sealed

_LARGEST = 10_000_000
"""Relays commonly refuse more than 20 million bytes, and base64 adds a third."""


def message_id(recipient: str, key: str, sender: str) -> str:
    """Give the identity of a mail, the same each time that it is made."""
    digest_ = hashlib.sha256(f"{recipient}\n{key}".encode()).hexdigest()[:40]
    return f"<{digest_}@{sender.rpartition('@')[2]}>"


def attachable(recipient: Recipient, report: bytes | None) -> str:
    """Give how a report goes to this recipient: ``sealed``, ``clear``, ``large`` or not at all."""
    if report is None or not (recipient.can_seal or recipient.details_in_clear):
        return ""
    if len(report) > _LARGEST:
        return "large"
    return "sealed" if recipient.can_seal else "clear"


async def write_mail(
    news: News,
    recipient: Recipient,
    key: str,
    report: bytes | None,
    *,
    sender: str,
    folder: Path,
    now: datetime,
) -> bytes:
    """Give the whole message, lines ending in CRLF, ASCII.

    Raises :class:`vigie.notify.outcome.Undelivered` when what is to be encrypted cannot be.
    """
    way = attachable(recipient, report)
    told = digest(news, recipient.language, recipient.timezone, way)
    inside = _words(told)
    name = f"vigie-{news.ght}-{news.at:%Y-%m-%d}.html"
    if report is None or way in {"", "large"}:
        message = inside
    elif way == "clear":
        message = inside
        message.add_attachment(report, maintype="text", subtype="html", filename=name)
    else:
        message = await sealed(recipient, inside, report, name, folder, now)
    headers = {
        "From": sender,
        "To": recipient.mail,
        # Whatever a name holds, it is one line: the library refuses any other.
        "Subject": " ".join(told.subject.split()),
        "Date": format_datetime(now),
        "Message-ID": message_id(recipient.id, key, sender),
        "Auto-Submitted": "auto-generated",
        "Content-Language": recipient.language.value,
    }
    for header, value in headers.items():
        message[header] = value
    if "MIME-Version" not in message:
        message["MIME-Version"] = "1.0"
    return message.as_bytes(policy=SMTP)


def _words(told: Digest) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message.set_content(as_text(told), cte="quoted-printable")
    message.add_alternative(as_html(told), subtype="html", cte="quoted-printable")
    return message
