"""Posts one signed JSON document to one configured address (``docs/guide.md`` tells its shape).

Who receives it checks ``Vigie-Signature``: ``v1=`` and the hexadecimal HMAC-SHA256, under the
shared key, of ``Vigie-Timestamp``, a dot and the body; and forgets what bears an
``Idempotency-Key`` seen before.
"""

import hashlib
import hmac
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
import msgspec
import trio

from core.news import News
from core.operations import Webhook
from core.secrets import Secret
from inventories.load import url_endpoint
from vigie.notify.outcome import Undelivered
from vigie.notify.smtp import tls_context

_WHOLE_S = 60.0
_CONNECT_S = 15.0
_TOO_SOON = frozenset({408, 425, 429})
_LONGEST_WAIT_S = 86_400.0


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """What is posted; ``news`` is counted by whoever reads it."""

    schema: str = "vigie.news/1"
    id: str
    """The idempotency key."""
    news: News


def identity(key: str, destination: str) -> str:
    """Give the idempotency key of what is told: 32 hex digits."""
    return hashlib.sha256(f"{destination}\n{key}".encode()).hexdigest()[:32]


def signature(secret: Secret, timestamp: str, body: bytes) -> str:
    """Give what ``Vigie-Signature`` holds."""
    signed = hmac.new(secret.reveal().encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1={signed.hexdigest()}"


async def post(
    webhook: Webhook, address: str, secret: Secret, key: str, news: News, now: datetime
) -> None:
    """Post to the address that was found for the host; raises ``Undelivered``.

    Never ``MaybeDelivered``: sent twice, it is known by its key.
    """
    once = identity(key, webhook.id)
    body = msgspec.json.encode(Posted(id=once, news=news))
    parts = urlsplit(webhook.url)
    host, port = url_endpoint(webhook.url) or ("", 0)
    query = f"?{parts.query}" if parts.query else ""
    there = httpx.URL(
        scheme="https",
        host=address,
        port=port,
        raw_path=f"{parts.path or '/'}{query}".encode("ascii"),
    )
    shown = f"[{host}]" if ":" in host else host
    timestamp = str(int(now.timestamp()))
    headers = {
        "Host": shown if port == 443 else f"{shown}:{port}",
        "User-Agent": "Vigie (webhook)",
        "Content-Type": "application/json",
        "Idempotency-Key": once,
        "Vigie-Timestamp": timestamp,
        "Vigie-Signature": signature(secret, timestamp, body),
    }
    try:
        context = tls_context(webhook.ca_file)
    except (OSError, ValueError) as error:
        raise Undelivered(f"ca_file: {error}") from error
    with trio.move_on_after(_WHOLE_S):
        try:
            async with (
                httpx.AsyncClient(
                    verify=context,
                    trust_env=False,
                    follow_redirects=False,
                    timeout=httpx.Timeout(_WHOLE_S, connect=_CONNECT_S),
                ) as client,
                client.stream(
                    "POST",
                    there,
                    headers=headers,
                    content=body,
                    extensions={"sni_hostname": host},
                ) as answer,
            ):
                _judge(answer, now)
                return
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Undelivered(f"{type(error).__name__}: {error}") from error
    raise Undelivered("timeout")


def _judge(answer: httpx.Response, now: datetime) -> None:
    code = answer.status_code
    if 200 <= code < 300:
        return
    again = code in _TOO_SOON or code >= 500
    after_s = _asked_to_wait(answer.headers.get("Retry-After", ""), now) if again else 0
    raise Undelivered(f"HTTP {code}", for_good=not again, after_s=after_s)


def _asked_to_wait(told: str, now: datetime) -> float:
    """Give the seconds of a ``Retry-After`` (RFC 9110, 10.2.3), bounded; 0 when it says none."""
    told = told.strip()[:64]
    if told.isascii() and told.isdecimal():
        return min(float(told), _LONGEST_WAIT_S)
    try:
        then = parsedate_to_datetime(told)
        left = (then - now).total_seconds()
    except (ValueError, IndexError, TypeError, OverflowError):
        return 0
    return min(max(0.0, left), _LONGEST_WAIT_S)
