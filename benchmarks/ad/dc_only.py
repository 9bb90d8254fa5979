"""bloodhound-ce.py ``-c DCOnly``, run as a process of its own environment; knows nothing of ours.

It asks DNS and binds by NTLM as ldap3 writes it, which Samba has neither of: names are answered
here, and its account is shown by a simple bind over LDAPS. What it reads is its own affair.
"""

import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import dns.resolver
import ldap3
from dns.name import Name, from_text


class _Record:
    def __init__(self, host: str, address: str) -> None:
        self.target = host
        self.address = address

    def __str__(self) -> str:
        return self.address


class _Answer(list[_Record]):
    """What a resolver gives: records, and the name that was asked."""

    qname: Name


def main() -> None:
    """Read what to do as JSON on standard input; write the figures on standard output."""
    asked = json.load(sys.stdin)
    used: list[Any] = []

    def answer(
        _self: object, name: object, kind: object = "A", *_: object, **__: object
    ) -> _Answer:
        if str(kind) not in {"A", "SRV"}:
            raise dns.resolver.NoAnswer
        found = _Answer([_Record(asked["host"], asked["address"])])
        found.qname = from_text(str(name))
        return found

    class Connection(ldap3.Connection):  # type: ignore[misc]
        def __init__(self, server: object, *_: object, **more: object) -> None:
            more.pop("authentication", None)
            more.update(user=asked["user"], password=asked["password"], collect_usage=True)
            super().__init__(server, authentication=ldap3.SIMPLE, **more)
            used.append(self.usage)

    for each in ("query", "resolve"):
        setattr(dns.resolver.Resolver, each, answer)
    began = time.monotonic()
    bloodhound = importlib.import_module("bloodhound")
    authentication: Any = importlib.import_module("bloodhound.ad.authentication")
    authentication.Connection = Connection
    os.chdir(asked["folder"])
    name, _, domain = asked["user"].partition("@")
    sys.argv = ["bloodhound-ce-python", "-c", "DCOnly", "-d", domain, "-u", name]
    sys.argv += ["-p", asked["password"], "-dc", asked["host"], "--auth-method", "ntlm"]
    sys.argv += ["--disable-autogc", "--use-ldaps", "--workers", "2"]
    bloodhound.main()
    wall = time.monotonic() - began
    mine, theirs = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    objects = 0
    for file in Path().glob("*.json"):
        objects += len(json.loads(file.read_text(encoding="utf-8"))["data"])
        file.unlink()
    figures = {
        "wall_s": wall,
        "cpu_s": mine.ru_utime + mine.ru_stime + theirs.ru_utime + theirs.ru_stime,
        "peak_mib": max(mine.ru_maxrss, theirs.ru_maxrss) / 1024,
        "objects": objects,
        "requests": sum(one.search_operations for one in used),
        "bytes_in": sum(one.bytes_received for one in used),
        "bytes_out": sum(one.bytes_transmitted for one in used),
    }
    print("\n" + json.dumps(figures))


main()
