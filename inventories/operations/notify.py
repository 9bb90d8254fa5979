"""``[mail]``, ``[[recipients]]``, ``[[webhooks]]`` and ``[notify]``: who is told what, and how."""

import re
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from core.inventory import Window
from core.model import Criticality, Language
from core.operations import MailServer, NotifyChoices, Operations, Recipient, Webhook
from inventories.addresses import shown
from inventories.faults import Table
from inventories.feeds import is_loopback
from inventories.hostnames import canonical_name
from inventories.load import host_port, url_endpoint
from inventories.windows import parse_window, suggest_window

WANTS = ("digest", "alert", "mandate")
_TLS = ("starttls", "implicit", "none")
_USUAL_PORT = {"starttls": 587, "implicit": 465, "none": 25}
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_REFERENCE = re.compile(r"(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+|keyring:[^/]+/.+)")
_AGE = re.compile(r"age1[02-9ac-hj-np-z]{58}")
_FINGERPRINT = re.compile(r"[0-9A-F]{40}|[0-9A-F]{64}")


def notify_sections(table: Table, folder: Path, operations: Operations) -> Operations:
    """Give the operations with what these sections say."""
    reader = _Reader(folder)
    mail = reader.mail(table.table("mail"))
    recipients = tuple(filter(None, map(reader.recipient, table.tables("recipients"))))
    webhooks = tuple(filter(None, map(reader.webhook, table.tables("webhooks"))))
    if recipients and not table.has("mail"):
        table.faults.add(
            table.at("recipients"),
            '« recipients » sans serveur de messagerie ; ajouter [mail] et server = "…"',
            '“recipients” without a mail server; add [mail] and server = "…"',
        )
    return msgspec.structs.replace(
        operations,
        mail=mail,
        recipients=recipients,
        webhooks=webhooks,
        notify=reader.choices(table.table("notify")),
    )


class _Reader:
    """Reads the sections; ids are told apart over recipients and webhooks together."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ids: set[str] = set()

    def mail(self, table: Table | None) -> MailServer | None:
        if table is None:
            return None
        tls = table.choice("tls", _TLS) or "starttls"
        server = table.text("server", required=True, example="smtp.grades.example:587")
        endpoint = host_port(server) if server else None
        if server and endpoint is None:
            table.faults.add(
                table.at("server"),
                f"« {shown(server)} » n'est pas un serveur ; écrire par exemple "
                '"smtp.grades.example:587"',
                f"“{shown(server)}” is no server; write for example “smtp.grades.example:587”",
            )
        host, port = endpoint or ("", 0)
        if tls == "none" and host and not _is_here(host):
            table.faults.add(
                table.at("tls"),
                'tls = "none" n\'est admis que vers cette machine (127.0.0.1, ::1, localhost) ; '
                'écrire "starttls" ou "implicit"',
                'tls = "none" is admitted only to this machine (127.0.0.1, ::1, localhost); write '
                '"starttls" or "implicit"',
            )
        sender = self._address(table, "from")
        user = table.text("user")
        password = self._reference(table, "password", required=bool(user))
        if not user and password:
            table.missing("user", '"vigie"')
        found = MailServer(
            host=host,
            port=port or _USUAL_PORT[tls],
            tls=tls,
            sender=sender,
            user=user,
            password=password,
            ca_file=self._file(table, "ca_file"),
        )
        table.close()
        return found

    def recipient(self, table: Table) -> Recipient | None:
        language = table.choice("language", tuple(one.value for one in Language))
        timezone = table.text("timezone") or "Europe/Paris"
        if not _is_zone(timezone):
            table.faults.add(
                table.at("timezone"),
                f"« {shown(timezone)} » n'est pas un fuseau horaire ; écrire par exemple "
                '"Europe/Paris"',
                f"“{shown(timezone)}” is no time zone; write for example “Europe/Paris”",
            )
        fingerprint = re.sub(r"\s", "", table.text("fingerprint")).upper()
        found = Recipient(
            id=self._identifier(table),
            mail=self._address(table, "mail"),
            ghts=_ids(table, "ghts"),
            establishments=_ids(table, "establishments"),
            language=Language(language or "fr"),
            wants=_wants(table),
            quiet=_quiet(table),
            timezone=timezone,
            alerts_pierce=table.flag("alerts_pierce") or not table.has("alerts_pierce"),
            smime=self._file(table, "smime"),
            openpgp=self._file(table, "openpgp"),
            fingerprint=fingerprint,
            age=table.text("age"),
            details_in_clear=table.flag("details_in_clear"),
        )
        _check_keys(table, found)
        table.close()
        return found if found.id else None

    def webhook(self, table: Table) -> Webhook | None:
        url = table.text("url", required=True, example="https://soc.grades.example/vigie")
        endpoint = url_endpoint(url) if url else None
        is_safe = endpoint is not None and urlsplit(url).scheme.lower() == "https"
        if url and (not is_safe or not url.isascii() or not url.isprintable() or "#" in url):
            table.faults.add(
                table.at("url"),
                "« url » attend une adresse https://, sans compte ; écrire par exemple "
                '"https://soc.grades.example/vigie"',
                "“url” wants an https:// address, without account; write for example "
                '"https://soc.grades.example/vigie"',
            )
        found = Webhook(
            id=self._identifier(table),
            url=url,
            secret=self._reference(table, "secret", required=True),
            ghts=_ids(table, "ghts"),
            establishments=_ids(table, "establishments"),
            wants=_wants(table),
            ca_file=self._file(table, "ca_file"),
        )
        table.close()
        return found if found.id else None

    def choices(self, table: Table | None) -> NotifyChoices:
        usual = NotifyChoices()
        if table is None:
            return usual
        grave = table.choice("alert_from", tuple(one.value for one in Criticality))
        found = NotifyChoices(
            alert_from=Criticality(grave) if grave else usual.alert_from,
            expiring_days=_within(table, "expiring_days", 1, 365) or usual.expiring_days,
            tries=_within(table, "tries", 1, 100) or usual.tries,
        )
        table.close()
        return found

    def _identifier(self, table: Table) -> str:
        text = table.text("id", required=True, example="rssi-chu")
        if not text:
            return ""
        if not _IDENTIFIER.fullmatch(text):
            table.faults.add(
                table.at("id"),
                f"« {shown(text)} » : un identifiant s'écrit en minuscules, chiffres et tirets",
                f"“{shown(text)}”: an id is written in lower case, digits and hyphens",
            )
        if text in self._ids:
            table.faults.add(
                table.at("id"),
                f"identifiant déjà pris : {shown(text)} ; en choisir un autre",
                f"id already taken: {shown(text)}; choose another",
            )
        self._ids.add(text)
        return text

    def _address(self, table: Table, key: str) -> str:
        text = table.text(key, required=True, example="rssi@chu.example")
        local, _, domain = text.rpartition("@")
        name = canonical_name(domain) if domain else None
        if not text:
            return ""
        if name is None or len(local) > 64 or not _LOCAL_PART.fullmatch(local):
            table.faults.add(
                table.at(key),
                f"« {shown(text)} » n'est pas une adresse de messagerie ; écrire par exemple "
                '"rssi@chu.example"',
                f"“{shown(text)}” is no mail address; write for example “rssi@chu.example”",
            )
            return ""
        return f"{local}@{name}"

    def _reference(self, table: Table, key: str, *, required: bool) -> str:
        text = table.text(key, required=required, example="file:secret.txt")
        if text and not _REFERENCE.fullmatch(text):
            # What stands there may be the secret itself: it is not shown.
            table.faults.add(
                table.at(key),
                f"« {key} » est une référence, jamais le secret ; écrire env:NOM, file:CHEMIN ou "
                "keyring:SERVICE/NOM",
                f"“{key}” is a reference, never the secret; write env:NAME, file:PATH or "
                "keyring:SERVICE/NAME",
            )
            return ""
        return text

    def _file(self, table: Table, key: str) -> str:
        text = table.text(key)
        if not text:
            return ""
        path = self._folder / text
        if not path.is_file():
            table.faults.add(
                table.at(key),
                f"fichier introuvable : {shown(text)}",
                f"no such file: {shown(text)}",
            )
        return str(path)


def _check_keys(table: Table, one: Recipient) -> None:
    kinds = [name for name in ("smime", "openpgp", "age") if getattr(one, name)]
    if len(kinds) > 1:
        table.faults.add(
            table.at(kinds[1]),
            f"une seule façon de chiffrer par destinataire : {kinds[0]} ou {kinds[1]}",
            f"one way to encrypt per recipient: {kinds[0]} or {kinds[1]}",
        )
    if one.age and not _AGE.fullmatch(one.age):
        table.faults.add(
            table.at("age"),
            "« age » attend une clé publique age1… ; celle qui commence par AGE-SECRET-KEY reste "
            "chez le destinataire",
            "“age” wants a public key age1…; the one that begins with AGE-SECRET-KEY stays with "
            "the recipient",
        )
    if one.openpgp and not _FINGERPRINT.fullmatch(one.fingerprint):
        table.faults.add(
            table.at("fingerprint" if table.has("fingerprint") else "openpgp"),
            "« openpgp » demande l'empreinte entière de la clé, lue auprès du destinataire ; "
            'ajouter fingerprint = "40 chiffres hexadécimaux"',
            "“openpgp” wants the whole fingerprint of the key, as the recipient tells it; add "
            'fingerprint = "40 hex digits"',
        )


def _quiet(table: Table) -> tuple[Window, ...]:
    found: list[Window] = []
    for index, text in table.texts("quiet"):
        window = parse_window(text)
        if window is None:
            meant = suggest_window(text) or "Mon-Sun 20:00-07:00"
            table.faults.add(
                table.at("quiet", index),
                f'« {shown(text)} » n\'est pas une plage horaire ; écrire "{meant}"',
                f"“{shown(text)}” is no stretch of hours; write “{meant}”",
            )
        else:
            found.append(window)
    return tuple(found)


def _wants(table: Table) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for index, text in table.texts("wants"):
        if text not in WANTS:
            table.faults.add(
                table.at("wants", index),
                f"« {shown(text)} » n'est pas admis pour « wants » ; écrire "
                + " ou ".join(f'"{one}"' for one in WANTS),
                f"“{shown(text)}” is not admitted for “wants”; write "
                + " or ".join(f'"{one}"' for one in WANTS),
            )
        found[text] = None
    return tuple(found) or WANTS


def _ids(table: Table, key: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip() for _, text in table.texts(key)))


def _within(table: Table, key: str, least: int, most: int) -> int | None:
    value = table.number(key)
    if value is not None and not least <= value <= most:
        table.faults.add(
            table.at(key),
            f"« {key} » attend un nombre entre {least} et {most}",
            f"“{key}” wants a number between {least} and {most}",
        )
        return None
    return value


def _is_here(host: str) -> bool:
    return host == "localhost" or is_loopback(host)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
