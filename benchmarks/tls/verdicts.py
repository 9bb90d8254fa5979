"""Answers to the questions of the lab's truth, whoever gives them: right, wrong, or not said."""

from dataclasses import dataclass, field

from core.observations.tls import TlsService
from tests.servers.tls_lab import Server, Truth

VERSIONS = ("SSLv3", "TLS1.0", "TLS1.1", "TLS1.2", "TLS1.3")
FAMILIES = ("rc4", "triple_des", "null_suites", "anonymous_suites")
"""Asked of every tool; ``des`` and ``export_suites`` of those alone that have them."""


@dataclass(kw_only=True, slots=True)
class Answers:
    """What one tool says of one server; a question without an answer is absent or ``None``."""

    said: dict[str, object] = field(default_factory=dict[str, object])
    error: str = ""


@dataclass(kw_only=True, slots=True)
class Score:
    """How the answers of a tool stand to the truth."""

    right: int = 0
    """Servers of which everything asked was answered rightly."""
    servers: int = 0
    wrong: list[str] = field(default_factory=list[str])
    unsaid: list[str] = field(default_factory=list[str])
    errors: list[str] = field(default_factory=list[str])


def questions(truth: Truth) -> dict[str, object]:
    """Give the right answers, by question."""
    if truth.mute:
        return {"speaks-tls": False}
    asked: dict[str, object] = {"speaks-tls": True}
    asked |= {version: version in truth.versions for version in VERSIONS}
    asked |= {family: getattr(truth, family) for family in FAMILIES}
    if truth.key is not None:
        asked["key"] = truth.key
        asked["signature"] = truth.signature
    return asked


def more_questions(truth: Truth) -> dict[str, object]:
    """Give what is asked of us alone: peers have no answer to it, or another meaning."""
    if truth.mute:
        return {}
    asked: dict[str, object] = {
        "des": truth.des,
        "export_suites": truth.export_suites,
        "client_certificate": truth.client_certificate,
        "SSLv2": truth.sslv2,
    }
    if truth.dh_bits is not None:
        asked["dh_bits"] = truth.dh_bits
    return asked


def ours(seen: TlsService | None) -> Answers:
    """Give our own answers."""
    if seen is None:
        return Answers(said={"speaks-tls": False})
    fields = ("sslv3", "tls1_0", "tls1_1", "tls1_2", "tls1_3")
    said: dict[str, object] = {"speaks-tls": True, "SSLv2": seen.sslv2}
    said |= {version: getattr(seen, name) for version, name in zip(VERSIONS, fields, strict=True)}
    for name in (*FAMILIES, "des", "export_suites", "client_certificate", "dh_bits"):
        said[name] = getattr(seen, name)
    if seen.leaf is not None and seen.leaf.key_type is not None:
        said["key"] = (seen.leaf.key_type.value, seen.leaf.key_bits)
        said["signature"] = seen.leaf.signature_hash
    return Answers(said=said)


def score(answers: dict[str, Answers], servers: list[Server], *, whole: bool = False) -> Score:
    """Hold the answers of a tool against the truth."""
    found = Score(servers=len(servers))
    for server in servers:
        asked = questions(server.truth)
        if whole:
            asked |= more_questions(server.truth)
        given = answers.get(server.name, Answers(error="nothing"))
        if given.error:
            found.errors.append(f"{server.name}: {given.error}")
        bad = False
        for question, truth in asked.items():
            answer = given.said.get(question)
            told = f"{server.name} {question}: {answer!r}, truth {truth!r}"
            if answer is None:
                found.unsaid.append(told)
                bad = True
            elif answer != truth:
                found.wrong.append(told)
                bad = True
        found.right += not bad
    return found
