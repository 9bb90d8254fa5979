"""InternetDB over httpx, shut in: the configured base, no proxy, no redirect, bounded."""

import ipaddress

import httpx
import msgspec

from scanner.sources.asking import Answer

_TIMEOUT_S = 15.0
_LONGEST_ANSWER = 1 << 20


class InternetDbClient:
    """Asks one base URL about addresses; blocks; never raises."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._client = httpx.Client(
            timeout=_TIMEOUT_S,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "vigie", "Accept-Encoding": "identity"},
        )

    def host(self, ip: str) -> Answer:
        """Ask about one literal address."""
        literal = ipaddress.ip_address(ip)
        body = bytearray()
        try:
            with self._client.stream("GET", f"{self._base}/{literal}") as answer:
                for chunk in answer.iter_raw():
                    body += chunk
                    if len(body) > _LONGEST_ANSWER:
                        return Answer(0)
                status = answer.status_code
        except httpx.HTTPError:
            return Answer(0)
        if status != 200:
            return Answer(status)
        try:
            return Answer(status, msgspec.json.decode(bytes(body)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Answer(0)
