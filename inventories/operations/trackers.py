"""``[[trackers]]``: the ticketing systems, and where the tickets of whom go in them."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from core.model import Criticality, Language
from core.operations import Destination, Gathering, Ticketing
from inventories.addresses import shown
from inventories.faults import Table
from inventories.feeds import is_loopback
from inventories.load import url_endpoint

KINDS = (
    "glpi",
    "glpi-v2",
    "jira-cloud",
    "jira-datacenter",
    "redmine",
    "rt",
    "servicenow",
    "webhook",
)
"""``glpi`` is the interface of GLPI 10, ``glpi-v2`` that of GLPI 11."""
SHARED = ("check", "domain", "host", "name", "port", "product")
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_REFERENCE = re.compile(r"(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+|keyring:[^/]+/.+)")
_CHECKS = re.compile(r"[a-z0-9]+\.(?:\*|[a-z0-9-]+)|\*")
_CRITICALITIES = tuple(one.value for one in Criticality)


def read_trackers(table: Table, folder: Path) -> tuple[Ticketing, ...]:
    """Give the sections; their faults are told to the table."""
    taken: set[str] = set()
    return tuple(_tracker(one, folder, taken) for one in table.tables("trackers"))


def _tracker(table: Table, folder: Path, taken: set[str]) -> Ticketing:
    kind = table.choice("kind", KINDS, required=True)
    language = table.choice("language", tuple(one.value for one in Language))
    minimum = table.choice("minimum", _CRITICALITIES)
    priorities = _texts(table, "priorities", among=_CRITICALITIES)
    fields = _texts(table, "fields")
    destinations = tuple(
        _destination(one, priorities, fields) for one in table.tables("destinations")
    )
    if not destinations and kind == "webhook":
        destinations = (Destination(place="", priorities=priorities, fields=fields),)
    if not destinations:
        table.faults.add(
            table.path,
            "il manque « destinations » ; ajouter [[trackers.destinations]], et dessous "
            'place = "…"',
            '“destinations” is missing; add [[trackers.destinations]], and below it place = "…"',
            follows=True,
        )
    groups: set[str] = set()
    found = Ticketing(
        id=_identifier(table, taken),
        kind=kind,
        url=_base(table),
        secrets=_secrets(table, folder),
        options=_texts(table, "options"),
        ca_file=_file(table, folder),
        language=Language(language or "fr"),
        ghts=tuple(text for _, text in table.texts("ghts")),
        destinations=destinations,
        gather=tuple(_gathering(one, groups) for one in table.tables("gather")),
        minimum=Criticality(minimum) if minimum else Criticality.MEDIUM,
        may_close=table.flag("may_close"),
        may_reopen=table.flag("may_reopen"),
        attach=table.flag("attach"),
    )
    table.close()
    return found


def _destination(table: Table, priorities: dict[str, str], fields: dict[str, str]) -> Destination:
    found = Destination(
        establishments=tuple(text for _, text in table.texts("establishments")),
        place=table.text("place", required=True, example="Sécurité"),
        priorities=priorities | _texts(table, "priorities", among=_CRITICALITIES),
        fields=fields | _texts(table, "fields"),
    )
    table.close()
    return found


def _gathering(table: Table, taken: set[str]) -> Gathering:
    checks: list[str] = []
    for index, text in table.texts("checks", required=True, example="cert.*"):
        if not _CHECKS.fullmatch(text):
            table.faults.add(
                table.at("checks", index),
                f"« {shown(text)} » n'est ni un contrôle ni une famille ; écrire par exemple "
                '"cert.expired" ou "cert.*"',
                f"“{shown(text)}” is neither a check nor a family; write for example "
                '"cert.expired" or "cert.*"',
            )
        checks.append(text)
    by: list[str] = []
    for index, text in table.texts("by"):
        if text not in SHARED:
            table.faults.add(
                table.at("by", index),
                f"« {shown(text)} » ne regroupe rien ; écrire "
                + " ou ".join(f'"{one}"' for one in SHARED),
                f"“{shown(text)}” gathers nothing; write "
                + " or ".join(f'"{one}"' for one in SHARED),
            )
        by.append(text)
    found = Gathering(
        id=_identifier(table, taken, example="certificats"), checks=tuple(checks), by=tuple(by)
    )
    table.close()
    return found


def _identifier(table: Table, taken: set[str], example: str = "glpi-grades") -> str:
    text = table.text("id", required=True, example=example)
    if text and not _IDENTIFIER.fullmatch(text):
        table.faults.add(
            table.at("id"),
            f"« {shown(text)} » : un identifiant s'écrit en minuscules, chiffres et tirets ; "
            f'écrire par exemple "{example}"',
            f"“{shown(text)}”: an id is written in lower case, digits and hyphens; write for "
            f'example "{example}"',
        )
    if text and text in taken:
        table.faults.add(
            table.at("id"),
            f"identifiant déjà pris : {shown(text)} ; en choisir un autre",
            f"id already taken: {shown(text)}; choose another",
        )
    taken.add(text)
    return text


def _base(table: Table) -> str:
    url = table.text("url", required=True, example="https://tickets.grades.example")
    endpoint = url_endpoint(url) if url else None
    parts = urlsplit(url) if endpoint else None
    is_plain = bool(parts and (parts.query or parts.fragment))
    if url and (endpoint is None or is_plain or not url.isascii() or not url.isprintable()):
        table.faults.add(
            table.at("url"),
            "« url » attend une adresse https:// sans compte ni paramètre ; écrire par exemple "
            '"https://tickets.grades.example"',
            "“url” wants an https:// address without account or parameter; write for example "
            '"https://tickets.grades.example"',
        )
    elif endpoint and parts and parts.scheme.lower() != "https" and not is_loopback(endpoint[0]):
        table.faults.add(
            table.at("url"),
            "« url » : sans https, le mot de passe voyage en clair ; écrire https://",
            "“url”: without https the password travels in clear; write https://",
        )
    return url.rstrip("/")


def _secrets(table: Table, folder: Path) -> dict[str, str]:
    section = table.table("secrets")
    if section is None:
        return {}
    found: dict[str, str] = {}
    for name in section.names():
        value = section.raw(name)
        text = value.strip() if isinstance(value, str) else ""
        if not _REFERENCE.fullmatch(text):
            # What stands there may be the secret itself: it is not shown.
            table.faults.add(
                section.at(name),
                f"« {shown(name)} » est une référence, jamais le secret ; écrire env:NOM, "
                "file:CHEMIN ou keyring:SERVICE/NOM",
                f"“{shown(name)}” is a reference, never the secret; write env:NAME, file:PATH or "
                "keyring:SERVICE/NAME",
            )
        else:
            kind, _, rest = text.partition(":")
            found[name] = f"file:{folder / rest}" if kind == "file" else text
    return found


def _file(table: Table, folder: Path) -> str:
    text = table.text("ca_file")
    if text and not (folder / text).is_file():
        table.faults.add(
            table.at("ca_file"),
            f"fichier introuvable : {shown(text)} ; écrire le chemin des autorités (PEM), depuis "
            "le dossier de ce fichier",
            f"no such file: {shown(text)}; write the path of the authorities (PEM), from the "
            "folder of this file",
        )
    return str(folder / text) if text else ""


def _texts(table: Table, key: str, among: tuple[str, ...] = ()) -> dict[str, str]:
    """Give a table of texts; numbers are read as texts, as priorities are often written."""
    section = table.table(key)
    if section is None:
        return {}
    found: dict[str, str] = {}
    for name in among or section.names():
        value = section.raw(name)
        if isinstance(value, int) and not isinstance(value, bool):
            found[name] = str(value)
        elif value is not None:
            found[name] = section.text(name)
    section.close()
    return found
