"""RT's REST2 as far as the exporter uses it, after the real one's answers; faults told beforehand.

It serves a send of our own, in the process, or HTTP on loopback.
"""

import json
import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from reports.exports.tracker import Reply, Request

Answer = tuple[int, dict[str, str], bytes]
Hook = Callable[[int, str, bool], Answer | None]
"""Told the number of a request, what it is, and whether it was obeyed; may answer in its place."""


class FakeRt:
    """Its tickets, from 1."""

    def __init__(self) -> None:
        self.tickets: list[dict[str, Any]] = []
        self.requests = 0
        self.writes: list[str] = []
        self.hook: Hook = lambda _number, _what, _done: None
        self._lock = threading.Lock()

    async def send(self, request: Request) -> Reply:
        """Serve a request in the process."""
        query = "&".join(f"{name}={value}" for name, value in request.query)
        status, headers, body = self.answer(
            request.method, request.path, dict(request.query), request.body
        )
        assert query or not request.query
        return Reply(status=status, headers=headers, body=body)

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
        """Give the answer, hooks before and after."""
        with self._lock:
            self.requests += 1
            number = self.requests
        what = f"{method} {path.removeprefix('REST/2.0/')}"
        instead = self.hook(number, what, False)
        if instead is None:
            with self._lock:
                found = self._obey(method, path, query, body)
            instead = self.hook(number, what, True) or found
        return instead

    def references(self) -> list[str]:
        """Give the reference of each ticket."""
        return [_reference(one["Subject"]) for one in self.tickets]

    def _obey(self, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
        parts = path.removeprefix("REST/2.0/").split("/")
        if method != "GET":
            self.writes.append(f"{method} {'/'.join(parts)}")
        match method, parts:
            case "GET", ["queue", _]:
                return _json(200, {"TicketCustomFields": []})
            case "GET", ["tickets"]:
                return _json(200, {"items": self._found(query["query"])})
            case "POST", ["ticket"]:
                told = json.loads(body)
                made = {"Status": "new", "Resolved": None, "notes": [], **told}
                self.tickets.append(made)
                return _json(201, {"id": str(len(self.tickets)), "type": "ticket"})
            case _, ["ticket", number, *rest] if 0 < int(number) <= len(self.tickets):
                return self._of_one(method, int(number), rest, body)
        return _json(404, {"message": "Not Found"})

    def _of_one(self, method: str, number: int, rest: list[str], body: bytes) -> Answer:
        one = self.tickets[number - 1]
        match method, rest:
            case "GET", []:
                return _json(200, _shown(number, one))
            case "PUT", []:
                one.update(json.loads(body))
                return _json(200, ["changed"])
            case "POST", ["comment"]:
                told = json.loads(body)
                files = [file["FileName"] for file in told.get("Attachments", ())]
                one["files"] = one.get("files", []) + files
                if not files:
                    one["notes"].append(told["Subject"])
                one["Status"] = told.get("Status", one["Status"])
                return _json(201, ["Comments added"])
            case "GET", ["attachments"]:
                items = [{"Subject": text} for text in one["notes"]]
                items += [{"Filename": name} for name in one.get("files", ())]
                return _json(200, {"items": items})
        return _json(404, {"message": "Not Found"})

    def _found(self, query: str) -> list[dict[str, Any]]:
        if text := re.match(r"Subject LIKE '(.*?)'", query):
            return [
                _shown(number, one)
                for number, one in enumerate(self.tickets, 1)
                if text[1] in one["Subject"] and one["Status"] != "deleted"
            ]
        ids = [int(one) for one in re.findall(r"id = (\d+)", query)]
        return [
            _shown(one, self.tickets[one - 1])
            for one in ids
            if one <= len(self.tickets) and self.tickets[one - 1]["Status"] != "deleted"
        ]


@contextmanager
def served(fake: FakeRt) -> Generator[str]:
    """Serve it over HTTP; gives its base."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length)
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            try:
                status, headers, content = fake.answer(
                    self.command, parts.path.lstrip("/"), query, body
                )
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except (ConnectionError, TimeoutError):
                self.close_connection = True

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _shown(number: int, one: dict[str, Any]) -> dict[str, Any]:
    told = {name: one[name] for name in ("Subject", "Status", "Resolved", "Priority")}
    return {"id": str(number), **told}


def _reference(subject: str) -> str:
    found = re.search(r"vigie-[0-9a-f]{24}", subject)
    return found[0] if found else ""


def _json(status: int, body: object) -> Answer:
    return status, {"content-type": "application/json"}, json.dumps(body).encode()
