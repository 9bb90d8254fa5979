"""A web server that serves a few fixed pages, and the hospital sites made of it."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vigie.demo.servers.base import Gone, Guest, Handler, Room

_GUARDS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_CONTACT_PATH = "/.well-known/security.txt"
_REASONS = {200: "OK", 302: "Found", 401: "Unauthorized", 404: "Not Found", 405: "Not Allowed"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One page."""

    status: int = 200
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """A few paths, and what every answer carries. ``{lure}`` in a header becomes the room's own."""

    pages: Mapping[str, Answer]
    headers: tuple[tuple[str, str], ...] = (("Server", "nginx"),)
    otherwise: Answer = field(default_factory=lambda: Answer(status=404, body=page("404", "")))
    harmless_posts: tuple[str, ...] = ()
    """Paths on which a POST asks and changes nothing."""
    is_kept: bool = True
    """Tells browsers what to refuse, and strangers whom to warn."""


def page(title: str, body: str) -> str:
    """Give a small HTML page in French; the title is escaped, the body is not."""
    return (
        '<!DOCTYPE html>\n<html lang="fr"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title></head>\n<body>{body}</body></html>\n"
    )


def serving(site: Site | Callable[[Room], Site]) -> Handler:
    """Give the handler of a site; a client that sends credentials or writes is a trespasser."""

    return hosting(site, {})


def hosting(site: Site | Callable[[Room], Site], others: Mapping[str, Site]) -> Handler:
    """Give the same, where names asked for in ``Host`` have sites of their own, by first label."""

    async def serve(guest: Guest) -> None:
        method, path, head = await asked(guest)
        named = re.search(r"(?im)^host: ([a-z0-9-]{1,63})\.", head)
        here = others.get(named[1].lower()) if named else None
        if here is None:
            here = site if isinstance(site, Site) else site(guest.room)
        if re.search(r"(?im)^(proxy-)?authorization:", head):
            guest.room.trespass("credentials offered", path)
        asks = method in {"GET", "HEAD", "OPTIONS"}
        if not asks and not (method == "POST" and path in here.harmless_posts):
            guest.room.trespass("something other than a question", f"{method} {path}")
        answer = here.pages.get(path, here.otherwise)
        if here.is_kept and path == _CONTACT_PATH:
            answer = _CONTACT
        await guest.send(worded(here, answer, guest.room, with_body=method != "HEAD"))

    return serve


async def asked(guest: Guest) -> tuple[str, str, str]:
    """Give method, path and head of a request; what is not one is answered so at once."""
    method, target, head = await line_asked(guest)
    return method, target.partition("?")[0], head


async def line_asked(guest: Guest) -> tuple[str, str, str]:
    """Give method, target and head, in the same way."""
    first = await guest.exactly(1)
    if first.isalpha() and first.isupper():
        head = (first + await guest.until(b"\r\n\r\n")).decode("latin-1")
        line = re.match(r"([A-Z]{3,10}) (\S{1,4000}) HTTP/1\.[01]\r\n", head)
        if line is not None:
            return line[1], line[2], head
    await guest.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    raise Gone("not HTTP")


def worded(site: Site, answer: Answer, room: Room, *, with_body: bool) -> bytes:
    """Give an answer as bytes."""
    body = answer.body.encode()
    headers = dict(site.headers) | dict(answer.headers)
    if site.is_kept:
        headers = _GUARDS | headers
    headers.setdefault("Content-Type", "text/html; charset=utf-8")
    lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Answer')}"]
    lines += [f"{name}: {value.replace('{lure}', room.lure)}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    head = "\r\n".join(lines).encode("latin-1", "replace")
    return head + body if with_body else head


_CONTACT = Answer(
    body="Contact: mailto:securite@ght-des-monts.example\nExpires: 2100-01-01T00:00:00Z\n",
    headers=(("Content-Type", "text/plain; charset=utf-8"),),
)


def redirect(location: str) -> Answer:
    """Give a redirect."""
    return Answer(status=302, headers=(("Location", location),))


def hospital(room: Room) -> Site:
    """Give the public site of a hospital."""
    name = html.escape(room.hostname)
    body = (
        f"<h1>Bienvenue</h1><p>Établissement fictif de la région de démonstration ({name}).</p>"
        "<p>Consultations, urgences, maternité, radiologie.</p>"
    )
    return Site(pages={"/": Answer(body=page("Accueil", body))})


def to_https(room: Room) -> Site:
    """Give the plain site that sends everybody to the one in TLS, on the same name."""
    return Site(pages={"/": redirect(f"https://{room.hostname}/")})


FORGOTTEN = Site(
    pages={
        "/": Answer(
            body=page("Recette", "<p>Jeu d'essai, ne pas diffuser.</p>"),
            headers=(("Set-Cookie", "PHPSESSID=8f14e45fceea167a5a36dedd4bea2543; path=/"),),
        ),
        "/.git/HEAD": Answer(body="ref: refs/heads/recette\n"),
    },
    is_kept=False,
)
"""A portal made for tests, and left there with the history of its code."""

LURE = Site(pages={"/": redirect("http://{lure}/piege")})
"""Sends the client to an address that the mandate does not cover."""

HOSTILE = Site(
    pages={
        "/": Answer(
            # Markup, marks that turn the text around, control characters: a report must stay inert.
            body=(
                '<!DOCTYPE html><html><head><meta charset="utf-8"><title>'
                "&lt;script&gt;alert(1)&lt;/script&gt; \u202egnp.tnatcalf\u202c =cmd|' /C calc'!A0 "
                "&quot;&gt;&lt;img src=x onerror=alert(2)&gt;\x07</title></head><body></body>"
                "</html>"
            )
        )
    },
    headers=(("Server", "<b>Apache</b>\x1b[31m"), ("X-Powered-By", "=1+1")),
)
"""A title and headers that attack whoever shows them."""

GUIDE = Site(
    pages={},
    otherwise=Answer(
        body=page(
            "Guide des accès distants",
            "<h1>Choisir sa passerelle</h1><p>Nous avons comparé le FortiGate de Fortinet, Pulse "
            "Secure, le NetScaler de Citrix, l'offre de Palo Alto Networks et AnyConnect "
            "de Cisco. Aucun de ces produits n'est installé ici.</p>",
        )
    ),
)
"""Quotes vendors' names on every path, and is none of them."""

DOCKER = Site(
    pages={
        "/version": Answer(
            body='{"Platform":{"Name":"Docker Engine - Community"},"Version":"24.0.7",'
            '"ApiVersion":"1.43","MinAPIVersion":"1.12","Os":"linux","Arch":"amd64"}\n',
            headers=(("Content-Type", "application/json"),),
        ),
        "/_ping": Answer(body="OK", headers=(("Content-Type", "text/plain; charset=utf-8"),)),
    },
    headers=(
        ("Api-Version", "1.43"),
        ("Docker-Experimental", "false"),
        ("Ostype", "linux"),
        ("Server", "Docker/24.0.7 (linux)"),
    ),
    otherwise=Answer(
        status=404,
        body='{"message":"page not found"}\n',
        headers=(("Content-Type", "application/json"),),
    ),
)
"""A Docker engine that anybody may command."""

PROXMOX = Site(
    pages={"/": Answer(body=page("noeud-1 - Proxmox Virtual Environment", "<p>Connexion</p>"))},
    headers=(("Server", "pve-api-daemon/3.0"),),
)
"""The console of a hypervisor."""

NOTHING = Site(pages={})
"""Answers 404 to everything, as an interface for programs does."""
