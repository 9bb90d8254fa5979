"""Shodan's official client, shut in: it reaches the configured host and nothing else."""

import ipaddress
from typing import Any

import shodan  # pyright: ignore[reportMissingTypeStubs]
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException

from core.inventory import Inventory
from core.secrets import Secret
from inventories.load import url_endpoint
from inventories.scope import ServiceScope
from scanner.sources.asking import Answer

_TIMEOUTS_S = (5.0, 15.0)
_LONGEST_ANSWER = 8 << 20


class ShodanClient:
    """The official client, held to one host; the key leaves only in its requests."""

    def __init__(self, inventory: Inventory, base: str, key: Secret) -> None:
        self._door = _Door(ServiceScope(inventory), "shodan")
        client: Any = shodan.Shodan(key.reveal())
        # After the constructor, which obeys an environment variable of its own.
        client.base_url = base
        # The pause between look-ups is ours; the client's own is a busy wait.
        client.api_rate_limit = 0
        session: Any = client._session
        session.trust_env = False
        session.max_redirects = 0
        session.headers["User-Agent"] = "vigie"
        session.adapters.clear()
        session.mount(base, self._door)
        self._client = client

    def host(self, ip: str) -> Answer:
        """Ask about one literal address."""
        self._door.status = 0
        literal = str(ipaddress.ip_address(ip))
        try:
            body: object = self._client.host(literal)
        except shodan.APIError:
            # Its words are the server's, and may hold the key: only the status is told.
            return Answer(self._door.status)
        except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
            # What the client raises on JSON that is too deep or not what it expects.
            return Answer(0)
        return Answer(self._door.status, body)


class _Door(HTTPAdapter):
    """Sends to the configured host alone, with deadlines and a limit on what it reads."""

    def __init__(self, scope: ServiceScope, kind: str) -> None:
        super().__init__(max_retries=0)
        self._scope = scope
        self._kind = kind
        self.status = 0

    def send(self, request: PreparedRequest, *_: object, **__: object) -> Response:
        """Send one request; raises as requests does."""
        endpoint = url_endpoint((request.url or "").partition("?")[0])
        if endpoint is None:
            raise RequestException("not a URL of ours")
        self._scope.permit_service(self._kind, *endpoint)
        answer = super().send(request, stream=True, timeout=_TIMEOUTS_S, verify=True)
        try:
            raw: Any = answer.raw
            body: bytes = raw.read(_LONGEST_ANSWER + 1, decode_content=True)
        finally:
            answer.close()
        if len(body) > _LONGEST_ANSWER:
            raise RequestException("the answer is longer than allowed")
        read: Any = answer
        read._content, read._content_consumed = body, True
        self.status = answer.status_code
        return answer
