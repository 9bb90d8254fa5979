"""Telnet: option negotiation, or a login prompt in clear. Not one byte is sent.

Refusing the options would bring the prompt of some servers, and nothing that a check needs; behind
a telnet port there may be a serial line, where any byte lands in a machine.
"""

import re

import trio

from core.errors import Unanswered
from core.model import Confidence
from scanner.lines import recognised, shown
from scanner.stream import Stream
from scanner.visit import Measured, Probe, Visit

_HEARD_LIMIT_BYTES = 2_048
_QUIET_S = 1.0
_COMMANDS = {251: "WILL", 252: "WONT", 253: "DO", 254: "DONT"}
_OPTIONS = {
    0: "BINARY",
    1: "ECHO",
    3: "SUPPRESS-GO-AHEAD",
    5: "STATUS",
    24: "TERMINAL-TYPE",
    31: "WINDOW-SIZE",
    32: "TERMINAL-SPEED",
    33: "REMOTE-FLOW-CONTROL",
    34: "LINEMODE",
    35: "X-DISPLAY-LOCATION",
    36: "OLD-ENVIRON",
    37: "AUTHENTICATION",
    38: "ENCRYPT",
    39: "NEW-ENVIRON",
}
_LAST_OPTION = 49
"""Of those assigned in sequence; above stand only a few that no server opens with."""

_IAC = re.compile(
    rb"\xff(?:([\xfb-\xfe])([\x00-\x31])|\xfa[\x00-\x31][^\xff]{0,64}\xff\xf0|[\xf1-\xf9])"
)
_PROMPT = re.compile(
    r"(?:\b(?:login|user ?name|user|password|passcode|user access verification"
    r"|identifiant|utilisateur|mot de passe)\b[^\n:]{0,30}:\s*)\Z",
    re.IGNORECASE,
)
_COLOUR = re.compile(r"\x1b\[[0-9;?]{0,16}[A-Za-z]")
_OTHERS = (b"HTTP/", b"SSH-", b"RFB ", b"@RSYNCD", b"220", b"+OK", b"* ", b"<", b"{")
"""How greetings and answers begin that only look like a prompt further on."""


def negotiation(heard: bytes) -> tuple[tuple[str, ...], bytes] | None:
    """Give the options that a server opens with and the text beside them (RFC 854, RFC 855).

    ``None`` when the bytes are not telnet: no option asked, or bytes around that no terminal shows.
    """
    # A sequence cut by the end of what was heard is no text either.
    cut = re.sub(rb"\xff[\xfa-\xfe]?\Z", b"", heard)
    asked = [
        f"{_COMMANDS[command[0]]} {_OPTIONS.get(option[0], option[0])}"
        for command, option in _IAC.findall(cut)
        if command
    ]
    text = _IAC.sub(b"", cut)
    if not asked or not _is_text(text):
        return None
    return tuple(dict.fromkeys(asked)), text


def prompt(heard: bytes) -> str | None:
    """Give the login prompt that ends a plain text greeting; ``None`` without one."""
    if heard.lstrip().startswith(_OTHERS) or not _is_text(heard):
        return None
    found = _PROMPT.search(_COLOUR.sub("", heard.decode("latin-1")))
    return shown(found[0], 60) if found else None


def _is_text(heard: bytes) -> bool:
    # ESC is terminal colour, BEL and BS are what old consoles ring and erase with.
    return not re.search(rb"[\x01-\x06\x0e-\x1a\x1c-\x1f\x7f\xff]", heard)


async def _everything(stream: Stream) -> bytes:
    """Give what the server says until it falls quiet."""
    heard = bytearray()
    with trio.move_on_after(stream.timeout_s):
        while len(heard) < _HEARD_LIMIT_BYTES:
            try:
                with trio.fail_after(_QUIET_S):
                    part = await stream.receive(_HEARD_LIMIT_BYTES - len(heard))
            except (Unanswered, trio.TooSlowError):
                break
            if not part:
                break
            heard += part
    return bytes(heard)


async def _measure(visit: Visit) -> Measured | None:
    async with await visit.dial(None) as stream:
        heard = await _everything(stream)
    negotiated = negotiation(heard)
    if negotiated is not None:
        options, text = negotiated
        evidence = ["options: " + ", ".join(options[:8])]
        if banner := shown(text):
            evidence.append(f"banner: {banner}")
        return Measured(service=recognised(visit, "telnet", heard, *evidence))
    asked = prompt(heard)
    if asked is None:
        return None
    return Measured(
        service=recognised(
            visit,
            "telnet",
            heard,
            f"prompt: {asked}",
            f"banner: {shown(heard)}",
            confidence=Confidence.FIRM,
        )
    )


PROBE = Probe(
    name="telnet",
    ports=(23, 2323, 992),
    recognises=lambda heard: negotiation(heard) is not None or prompt(heard) is not None,
    measure=_measure,
    server_first=True,
)
