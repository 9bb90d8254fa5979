"""Reads an inventory. Every fault at once, each « file:line: what is wrong; what to write instead
».
"""

import difflib
import re
import stat
from collections.abc import Iterable
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import msgspec

from core.errors import InventoryInvalid, UsageError
from core.inventory import (
    Consent,
    DirectoryAccess,
    Establishment,
    Expected,
    Ght,
    Inventory,
    Limits,
    Mandate,
    Network,
    Ports,
    Services,
    TlsChoices,
    Window,
)
from core.model import Intensity, Language, Wording
from inventories.addresses import (
    Misspelt,
    looks_like_address,
    merged,
    parse_address,
    parse_endpoint,
    parse_network,
    shown,
    special,
)
from inventories.faults import Fault, Faults, Table
from inventories.feeds import is_loopback
from inventories.hostnames import canonical_name, is_under
from inventories.name_tables import read_answers, read_names
from inventories.starting import MARK
from inventories.toml_lines import Path as Key
from inventories.toml_lines import locate
from inventories.toml_repair import read_toml
from inventories.windows import Calendar, parse_window, suggest_window

SCHEMA = 1
LARGEST_BYTES = 5_000_000
TLS_PROFILES = ("anssi", "mozilla-intermediate")
"""Those of ``core/knowledge/tls_policy.toml``; a test holds them equal."""
DIRECTORY_PORTS = (389, 636, 3268, 3269)
"""LDAP and global catalogue; Kerberos (88) is contacted too, never named in a URL."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_FINESS = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{7}")
_PASSWORD = re.compile(
    r"env:[A-Za-z_][A-Za-z0-9_]*|file:\S(?:.*\S)?|keyring:[^\s/][^/]*/\S.*|prompt:?"
)
_SERVICES = frozenset(Services.__struct_fields__) - {"others"}
_TO_FILL = re.compile(rf"#\s*{MARK}\b")
_STILL_AN_EXAMPLE = Wording(
    f"ligne encore marquée « {MARK} » ; remplacer l'exemple, puis ôter la marque",
    f"line still marked “{MARK}” (to be filled in); replace the example, then remove the mark",
)
_INTENSITIES = tuple(each.value for each in Intensity)


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What came of reading one file."""

    inventory: Inventory | None
    """``None`` when there are faults."""
    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    """Soft: worth a look, in the way of nothing. Same form as the faults, in line order."""


def load_inventory(path: Path, language: Language = Language.FR) -> Inventory:
    """Give the inventory of a file; raises :class:`core.errors.InventoryInvalid` with all its
    faults.
    """
    reading = read_inventory(path, language=language)
    if reading.inventory is None:
        raise InventoryInvalid(reading.faults)
    return reading.inventory


def read_inventory(
    path: Path, *, language: Language = Language.FR, today: date | None = None
) -> Reading:
    """Give what a file says, with its faults and warnings; never raises for what the file holds.

    ``today`` decides which mandates have ended; absent, nothing is said of it.
    """
    file = shown(str(path)) if not str(path).isprintable() else str(path)
    text = text_of_file(path)
    if isinstance(text, Fault):
        return Reading(inventory=None, faults=(text.say(file, language),), warnings=())
    values, read, broken = read_toml(text)
    faults = Faults(locate(read))
    warnings = Faults(faults.lines)
    reader = _Reader(faults, warnings, today)
    inventory = reader.inventory(str(path), Table(faults, (), values))
    for number, line in enumerate(text.split("\n"), start=1):
        if _TO_FILL.search(line):
            warnings.found.append(Fault(number, _STILL_AN_EXAMPLE))
    found = list(faults.sorted())
    if broken:
        # What could not be read may be what seems to be missing: only what stands there is judged.
        found = sorted(
            [*broken, *(fault for fault in found if not fault.follows)],
            key=lambda fault: fault.line,
        )
    return Reading(
        inventory=None if found else inventory,
        faults=tuple(fault.say(file, language) for fault in found),
        warnings=tuple(fault.say(file, language) for fault in warnings.sorted()),
    )


def parse_ports(spec: str, language: Language = Language.FR) -> Ports:
    """Give the ports of ``1-1024,8443,U:161``; each item is TCP unless it starts with ``U:``.

    Raises :class:`core.errors.UsageError`.
    """
    tcp: list[tuple[int, int]] = []
    udp: list[tuple[int, int]] = []
    for item in spec.split(","):
        head, _, tail = item.strip().rpartition(":")
        if head.upper() not in {"", "T", "U"}:
            raise UsageError(_bad_port(item).say(language))
        stretch = _port_stretch(tail)
        if stretch is None:
            raise UsageError(_bad_port(item).say(language))
        (udp if head.upper() == "U" else tcp).append(stretch)
    return Ports(tcp=tuple(merged(tcp)), udp=tuple(merged(udp)))


def _bad_port(item: str) -> Wording:
    return Wording(
        f"« {shown(item)} » n'est pas un port ; écrire par exemple 1-1024,8443 (ports de 1 à "
        "65535)",
        f"“{shown(item)}” is no port; write for example 1-1024,8443 (ports 1 to 65535)",
    )


def _port_stretch(text: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", text.strip())
    if match is None:
        return None
    first = int(match[1])
    last = int(match[2] or match[1])
    return (first, last) if 1 <= first <= last <= 65_535 else None


def text_of_file(path: Path) -> str | Fault:
    """Give the text of a TOML file, or the one fault that keeps it from being read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return _whole(
                "n'est pas un fichier ; donner le fichier TOML", "is no file; give the TOML file"
            )
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        return _whole(
            "fichier introuvable ; vérifier le chemin, ou « vigie inventory new »",
            "no such file; check the path, or run “vigie inventory new”",
        )
    except (OSError, ValueError) as error:
        said = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        return _whole(
            f"fichier illisible ({said}) ; vérifier ses droits",
            f"unreadable file ({said}); check its permissions",
        )
    if len(data) > LARGEST_BYTES:
        return _whole(
            "fichier de plus de 5 Mo ; un inventaire par GHT, et les plages en CIDR",
            "file above 5 MB; one inventory per GHT, and ranges as CIDR",
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _whole("fichier en UTF-16 ; l'enregistrer en UTF-8", "UTF-16 file; save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Fault(
            data.count(b"\n", 0, error.start) + 1,
            Wording(
                "caractère qui n'est pas de l'UTF-8 ; enregistrer le fichier en UTF-8",
                "character that is not UTF-8; save the file as UTF-8",
            ),
        )
    return text.replace("\r\n", "\n")


def _whole(fr: str, en: str) -> Fault:
    return Fault(1, Wording(fr, en))


class _Span(msgspec.Struct, frozen=True):
    """A range of an establishment, as numbers."""

    version: int
    first: int
    last: int
    owner: str
    key: Key
    text: str


class _Reader:
    """Walks the tables of one file. Gives types; notes faults and warnings on the way."""

    def __init__(self, faults: Faults, warnings: Faults, today: date | None) -> None:
        self.faults = faults
        self.warnings = warnings
        self.today = today
        self.lab = False
        self.zone: ZoneInfo | None = None
        self.establishments: list[Establishment] = []
        self.spans: list[_Span] = []
        self.ids: dict[str, dict[str, int]] = {}

    def inventory(self, path: str, top: Table) -> Inventory | None:
        self.schema(top)
        self.lab = top.flag("lab")
        ght = self.ght(top)
        for table in top.tables("establishments"):
            self.establishment(table)
        if not self.establishments and not top.has("establishments"):
            self.faults.add(
                (),
                "aucun établissement ; ajouter [[establishments]] avec id, name et ranges",
                "no establishment; add [[establishments]] with id, name and ranges",
                follows=True,
            )
        self.overlaps()
        mandates = [self.mandate(table) for table in top.tables("mandates")]
        consents = [self.consent(table) for table in top.tables("consents")]
        expected = [self.expected(table) for table in top.tables("expected")]
        limits = self.limits(top.table("limits"))
        directories = [self.directory(table) for table in top.tables("directories")]
        ports = self.ports(top.table("ports"))
        services = self.services(top.table("services"))
        tls = self.tls(top.table("tls"), Path(path).parent)
        names = read_names(top.table("names"), Path(path).parent)
        answers = read_answers(top.tables("answers"), self.warnings, self.today)
        top.close()
        self.without_mandate(mandates, top)
        if ght is None:
            return None
        return Inventory(
            path=path,
            lab=self.lab,
            ght=ght,
            establishments=tuple(self.establishments),
            mandates=tuple(each for each in mandates if each),
            consents=tuple(each for each in consents if each),
            expected=tuple(each for each in expected if each),
            limits=limits,
            directories=tuple(each for each in directories if each),
            ports=ports,
            services=services,
            tls=tls,
            names=names,
            answers=answers,
        )

    def schema(self, top: Table) -> None:
        number = top.number("schema")
        if not top.has("schema"):
            self.faults.add(
                (),
                "il manque la version du format ; ajouter schema = 1 en première ligne",
                "the format version is missing; add schema = 1 as first line",
                follows=True,
            )
        elif number is not None and number != SCHEMA:
            self.faults.add(
                ("schema",),
                f"format {shown(str(number)) if abs(number) < 10**9 else '…'} inconnu ; écrire "
                "schema = 1",
                f"unknown format {shown(str(number)) if abs(number) < 10**9 else '…'}; write "
                "schema = 1",
            )

    def ght(self, top: Table) -> Ght | None:
        table = top.table("ght")
        if table is None:
            if not top.has("ght"):
                self.faults.add(
                    (),
                    "il manque la table [ght] ; l'ajouter avec id et name",
                    "the table [ght] is missing; add it with id and name",
                    follows=True,
                )
            return None
        identifier = self.identifier(table, "ght")
        name = table.text("name", required=True, example="GHT Exemple")
        region = table.text("region")
        zone = table.text("timezone") or "Europe/Paris"
        table.close()
        try:
            self.zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            near = _near(zone, available_timezones()) or "Europe/Paris"
            self.faults.add(
                table.at("timezone"),
                f'fuseau horaire « {shown(zone)} » inconnu ; écrire "{near}"',
                f'unknown time zone “{shown(zone)}”; write "{near}"',
            )
        return Ght(id=identifier, name=name, region=region, timezone=zone)

    def identifier(self, table: Table, kind: str) -> str:
        """Give the id of a table; its form and its uniqueness are checked."""
        text = table.text("id", required=True, example=f"{kind}-exemple")
        if not text:
            return ""
        if not _ID.fullmatch(text):
            instead = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:64].lower() or "exemple"
            self.faults.add(
                table.at("id"),
                f"« {shown(text)} » : lettres sans accent, chiffres, « . », « _ » et « - » ; "
                f'écrire "{instead}"',
                f'“{shown(text)}”: plain letters, digits, “.”, “_” and “-”; write "{instead}"',
            )
            return text
        seen = self.ids.setdefault(kind, {})
        if text in seen:
            self.faults.add(
                table.at("id"),
                f"« {text} » est déjà pris à la ligne {seen[text]} ; choisir un autre id",
                f"“{text}” is already taken on line {seen[text]}; choose another id",
            )
        seen.setdefault(text, self.faults.lines.of(table.at("id")))
        return text

    def establishment(self, table: Table) -> None:
        identifier = self.identifier(table, "establishment")
        name = table.text("name", required=True, example="CHU d'Exemple")
        finess = table.text("finess").replace(" ", "")
        self.finess(table, finess)
        ranges: list[str] = []
        for index, text in table.texts("ranges"):
            network = self.network(table.at("ranges", index), text, targets=True)
            if network is not None:
                ranges.append(str(network))
                self.spans.append(
                    _Span(
                        network.version,
                        int(network.network_address),
                        int(network.broadcast_address),
                        identifier,
                        table.at("ranges", index),
                        str(network),
                    )
                )
        domains = self.names(table, "domains")
        exclude = self.things(table, "exclude", targets=False)
        medical = self.things(table, "medical", targets=False)
        contact = table.text("contact")
        table.close()
        if not table.has("ranges") and not table.has("domains"):
            self.faults.add(
                table.path,
                'il manque « ranges » ou « domains » ; ajouter ranges = ["203.0.113.0/24"]',
                '“ranges” or “domains” is missing; add ranges = ["203.0.113.0/24"]',
                follows=True,
            )
        self.establishments.append(
            Establishment(
                id=identifier,
                name=name,
                finess=finess,
                ranges=tuple(ranges),
                domains=domains,
                exclude=tuple(text for _, text in exclude),
                medical=tuple(text for _, text in medical),
                contact=contact,
            )
        )
        own = [span for span in self.spans if span.owner == identifier]
        for key, text in medical:
            if "/" in text and not _inside(ip_network(text), own):
                self.warnings.add(
                    key,
                    f"« {text} » est dans « medical » hors des plages de l'établissement ; "
                    "vérifier l'adresse",
                    f"“{text}” is in “medical” outside the ranges of the establishment; check the "
                    "address",
                )

    def finess(self, table: Table, finess: str) -> None:
        if not finess:
            return
        if not _FINESS.fullmatch(finess):
            self.warnings.add(
                table.at("finess"),
                f'FINESS « {shown(finess)} » : neuf caractères sont attendus, comme "010003820"',
                f'FINESS “{shown(finess)}”: nine characters are expected, such as "010003820"',
            )
        elif finess.isdecimal() and not _luhn(finess):
            self.warnings.add(
                table.at("finess"),
                f"FINESS « {finess} » : la clé de contrôle ne tombe pas juste ; vérifier le numéro",
                f"FINESS “{finess}”: its check digit is wrong; verify the number",
            )

    def network(self, key: Key, text: str, *, targets: bool) -> Network | None:
        """Give a network; ``targets`` refuses what no scan may reach."""
        try:
            network = parse_network(text)
        except Misspelt as wrong:
            self.misspelt(key, wrong, "203.0.113.0/24")
            return None
        if not targets:
            return network
        first, last = int(network.network_address), int(network.broadcast_address)
        odd = special(network.version, first, last)
        if odd is None or (odd.lab and self.lab):
            return network
        if odd.lab:
            self.faults.add(
                key,
                f"« {network} » touche une plage {odd.named.fr} ; écrire l'adresse publique, ou "
                "lab = true pour un banc d'essai",
                f"“{network}” touches a range that is {odd.named.en}; write the public address, "
                "or lab = true for a test bench",
            )
        else:
            self.faults.add(
                key,
                f"« {network} » touche une plage {odd.named.fr}, jamais contactée ; écrire des "
                "adresses de machines",
                f"“{network}” touches a range that is {odd.named.en}, never contacted; write "
                "addresses of machines",
            )
        return None

    def misspelt(self, key: Key, wrong: Misspelt, example: str) -> None:
        fr = f'écrire "{wrong.instead}"' if wrong.instead else f'écrire par exemple "{example}"'
        en = f'write "{wrong.instead}"' if wrong.instead else f'write for example "{example}"'
        self.faults.add(key, f"{wrong.wording.fr} ; {fr}", f"{wrong.wording.en}; {en}")

    def name(self, key: Key, text: str) -> str:
        """Give a canonical host name; ``""`` when faulty."""
        name = canonical_name(text)
        if name is not None:
            return name
        instead = _meant_name(text)
        fr = f'écrire "{instead}"' if instead else 'écrire par exemple "chu.example"'
        en = f'write "{instead}"' if instead else 'write for example "chu.example"'
        self.faults.add(
            key,
            f"« {shown(text)} » n'est pas un nom d'hôte ; {fr}",
            f"“{shown(text)}” is no host name; {en}",
        )
        return ""

    def names(self, table: Table, key: str) -> tuple[str, ...]:
        found: list[str] = []
        for index, text in table.texts(key):
            if looks_like_address(text):
                self.faults.add(
                    table.at(key, index),
                    f"« {shown(text)} » est une adresse ; la mettre dans « ranges »",
                    f"“{shown(text)}” is an address; put it in “ranges”",
                )
            elif name := self.name(table.at(key, index), text):
                found.append(name)
        return tuple(dict.fromkeys(found))

    def things(
        self, table: Table, key: str, *, targets: bool, required: bool = False
    ) -> list[tuple[Key, str]]:
        """Give the canonical texts of a list of CIDRs and names, with where they stand."""
        found: list[tuple[Key, str]] = []
        for index, text in table.texts(key, required=required, example="203.0.113.0/24"):
            where = table.at(key, index)
            if looks_like_address(text):
                network = self.network(where, text, targets=targets)
                if network is not None:
                    found.append((where, str(network)))
            elif name := self.name(where, text):
                found.append((where, name))
        return found

    def overlaps(self) -> None:
        """Report the ranges that two establishments claim."""
        leaders: dict[int, list[_Span]] = {4: [], 6: []}
        for span in sorted(self.spans, key=lambda each: (each.version, each.first, each.last)):
            # Two spans that end last, of two owners, are enough to know any overlap with another
            # owner.
            leading = leaders[span.version]
            for other in leading:
                if other.owner != span.owner and other.last >= span.first:
                    late, early = sorted(
                        (span, other), key=lambda each: self.faults.lines.of(each.key), reverse=True
                    )
                    line = self.faults.lines.of(early.key)
                    self.faults.add(
                        late.key,
                        f"« {late.text} » recouvre « {early.text} » de « {early.owner} » (ligne "
                        f"{line}) ; donner chaque adresse à un seul établissement",
                        f"“{late.text}” overlaps “{early.text}” of “{early.owner}” (line {line}); "
                        "give each address to one establishment",
                    )
                    break
            rivals = sorted([*leading, span], key=lambda each: each.last, reverse=True)
            best = {each.owner: each for each in reversed(rivals)}
            leaders[span.version] = sorted(best.values(), key=lambda each: -each.last)[:2]

    def owners(self, table: Table) -> tuple[str, ...]:
        known = [each.id for each in self.establishments]
        out: list[str] = []
        for index, text in table.texts("establishments"):
            if text in known:
                out.append(text)
                continue
            near = _near(text, known)
            fr = f'écrire "{near}"' if near else "écrire l'id d'un [[establishments]]"
            en = f'write "{near}"' if near else "write the id of one of [[establishments]]"
            self.faults.add(
                table.at("establishments", index),
                f"établissement « {shown(text)} » inconnu ; {fr}",
                f"unknown establishment “{shown(text)}”; {en}",
                follows=True,
            )
        return tuple(dict.fromkeys(out))

    def mandate(self, table: Table) -> Mandate | None:
        before = len(self.faults.found)
        owners = self.owners(table)
        covers = self.things(table, "covers", targets=True)
        named = bool(owners) or table.has("establishments")
        if not named and not table.has("covers"):
            self.faults.add(
                table.path,
                'ce mandat ne couvre rien ; ajouter establishments = ["…"] ou covers = ["…"]',
                'this mandate covers nothing; add establishments = ["…"] or covers = ["…"]',
                follows=True,
            )
        for key in ("establishments", "covers"):
            if table.has(key) and table.raw(key) == []:
                self.faults.add(
                    table.at(key),
                    f"« {key} » est vide ; y écrire ce que le mandat couvre, ou retirer la ligne",
                    f"“{key}” is empty; write what the mandate covers, or remove the line",
                )
        for where, text in covers:
            if "/" in text:
                self.covered(where, text, owners)
        signed_by = table.text("signed_by", required=True, example="Direction générale")
        document = table.text("document", required=True, example="mandat-2026-001.pdf")
        sha256 = table.text("sha256")
        if sha256 in {"", "…", "..."}:
            sha256 = ""
            self.warnings.add(
                table.path,
                'mandat sans empreinte ; ajouter sha256 = "…" (commande : sha256sum) pour lier le '
                "document signé",
                'mandate without a hash; add sha256 = "…" (command: sha256sum) to bind the signed '
                "document",
            )
        elif not _SHA256.fullmatch(sha256):
            self.faults.add(
                table.at("sha256"),
                "« sha256 » attend 64 chiffres hexadécimaux ; écrire le résultat de la commande "
                "sha256sum",
                "“sha256” wants 64 hexadecimal digits; write the result of the command sha256sum",
            )
        dates = self.validity(table)
        intensity = table.choice("intensity", _INTENSITIES, required=True)
        windows = self.windows(table)
        emergency = table.text("emergency")
        table.close()
        if dates is None or not intensity or len(self.faults.found) != before:
            return None
        self.mandate_dates(table, dates, windows)
        return Mandate(
            establishments=owners,
            covers=tuple(text for _, text in covers),
            signed_by=signed_by,
            document=document,
            sha256=sha256.lower(),
            valid_from=dates[0],
            valid_until=dates[1],
            intensity=Intensity(intensity),
            windows=windows,
            emergency=emergency,
        )

    def covered(self, where: Key, text: str, owners: tuple[str, ...]) -> None:
        """Report a covered range that no establishment of the mandate holds."""
        network = ip_network(text)
        spans = [span for span in self.spans if not owners or span.owner in owners]
        if _inside(network, spans):
            return
        low, high = int(network.network_address), int(network.broadcast_address)
        parts = [
            span.text
            for span in spans
            if span.version == network.version and low <= span.first and span.last <= high
        ][:4]
        fr = (
            "écrire " + ", ".join(f'"{part}"' for part in parts)
            if parts
            else "l'ajouter aux « ranges » de son établissement, ou l'ôter du mandat"
        )
        en = (
            "write " + ", ".join(f'"{part}"' for part in parts)
            if parts
            else "add it to the “ranges” of its establishment, or take it out of the mandate"
        )
        self.faults.add(
            where,
            f"« {text} » sort des plages "
            f"{'de ces établissements' if owners else 'des établissements'} ; {fr}",
            f"“{text}” leaves the ranges of {'these' if owners else 'the'} establishments; {en}",
            follows=True,
        )

    def validity(self, table: Table) -> tuple[date, date] | None:
        first = table.day("valid_from", required=True)
        last = table.day("valid_until", required=True)
        if first is None or last is None:
            return None
        if last < first:
            self.faults.add(
                table.at("valid_until"),
                "« valid_until » précède « valid_from » ; écrire une date à partir du "
                f"{first.isoformat()}",
                f"“valid_until” comes before “valid_from”; write a date from {first.isoformat()} "
                "on",
            )
            return None
        return first, last

    def windows(self, table: Table) -> tuple[Window, ...]:
        found: list[Window] = []
        for index, text in table.texts("windows", example="Mon-Fri 20:00-06:00"):
            window = parse_window(text)
            if window is not None:
                found.append(window)
                continue
            instead = suggest_window(text)
            fr = f'écrire "{instead}"' if instead else 'écrire par exemple "Mon-Fri 20:00-06:00"'
            en = f'write "{instead}"' if instead else 'write for example "Mon-Fri 20:00-06:00"'
            self.faults.add(
                table.at("windows", index),
                f"fenêtre « {shown(text)} » incomprise ; {fr}",
                f"window “{shown(text)}” not understood; {en}",
            )
        if table.has("windows") and table.raw("windows") == []:
            self.faults.add(
                table.at("windows"),
                "« windows » est vide ; retirer la ligne (à toute heure) ou y écrire une fenêtre",
                "“windows” is empty; remove the line (any time) or write a window in it",
            )
        return tuple(found)

    def mandate_dates(
        self, table: Table, dates: tuple[date, date], windows: tuple[Window, ...]
    ) -> None:
        if self.today is not None and dates[1] < self.today:
            self.warnings.add(
                table.at("valid_until"),
                f"mandat terminé le {dates[1].isoformat()} ; rien n'est plus contacté sous ce "
                "mandat",
                f"mandate ended on {dates[1].isoformat()}; nothing is contacted under it any more",
            )
        if not windows or self.zone is None:
            return
        calendar = Calendar(self.zone, dates[0], dates[1], windows)
        if calendar.first_open(calendar.start) is None:
            self.warnings.add(
                table.at("windows"),
                "aucune de ces fenêtres ne s'ouvre entre « valid_from » et « valid_until »",
                "none of these windows opens between “valid_from” and “valid_until”",
            )

    def consent(self, table: Table) -> Consent | None:
        before = len(self.faults.found)
        holder = table.text("holder", required=True, example="Hébergeur Exemple")
        covers = self.things(table, "covers", targets=True, required=True)
        document = table.text("document")
        dates = self.validity(table)
        intensity = table.choice("intensity", _INTENSITIES, required=True)
        table.close()
        if dates is not None and self.today is not None and dates[1] < self.today:
            self.warnings.add(
                table.at("valid_until"),
                f"accord terminé le {dates[1].isoformat()} ; ce qu'il couvre n'est plus contacté",
                f"consent ended on {dates[1].isoformat()}; what it covers is no longer contacted",
            )
        if dates is None or not intensity or len(self.faults.found) != before:
            return None
        return Consent(
            holder=holder,
            covers=tuple(text for _, text in covers),
            document=document,
            valid_from=dates[0],
            valid_until=dates[1],
            intensity=Intensity(intensity),
        )

    def expected(self, table: Table) -> Expected | None:
        before = len(self.faults.found)
        asset = table.text("asset", required=True, example="203.0.113.10")
        if asset and looks_like_address(asset):
            try:
                asset = str(parse_address(asset))
            except Misspelt as wrong:
                self.misspelt(table.at("asset"), wrong, "203.0.113.10")
        elif asset:
            asset = self.name(table.at("asset"), asset)
        port = table.number("port")
        if port is not None and not 1 <= port <= 65_535:
            self.faults.add(
                table.at("port"),
                "port hors de 1 à 65535 ; écrire par exemple port = 443",
                "port not in 1 to 65535; write for example port = 443",
            )
        product, owner = table.text("product"), table.text("owner")
        justification = table.text("justification")
        mfa = "unknown"
        if isinstance(said := table.raw("mfa"), bool):
            meant = "yes" if said else "no"
            self.faults.add(
                table.at("mfa"),
                f'« mfa » est un mot ; écrire mfa = "{meant}"',
                f'“mfa” is a word; write mfa = "{meant}"',
            )
        else:
            mfa = table.choice("mfa", ("yes", "no", "unknown")) or "unknown"
        review_by = table.day("review_by")
        table.close()
        if len(self.faults.found) != before:
            return None
        return Expected(
            asset=asset,
            port=port,
            product=product,
            owner=owner,
            justification=justification,
            mfa=mfa,
            review_by=review_by,
        )

    def limits(self, table: Table | None) -> Limits:
        limits = Limits()
        if table is None:
            return limits
        chosen: dict[str, int] = {}
        for key in Limits.__struct_fields__:
            number = table.number(key)
            if number is None:
                continue
            if 1 <= number <= 1_000_000:
                chosen[key] = number
                continue
            usual = getattr(limits, key)
            self.faults.add(
                table.at(key),
                f"« {key} » va de 1 à 1000000 ; écrire {key} = {usual} (valeur par défaut)",
                f"“{key}” goes from 1 to 1000000; write {key} = {usual} (the default)",
            )
        table.close()
        return Limits(**chosen)

    def directory(self, table: Table) -> DirectoryAccess | None:
        before = len(self.faults.found)
        identifier = self.identifier(table, "directory")
        owner = table.text("establishment", required=True, example="chu-exemple")
        known = [each.id for each in self.establishments]
        if owner and owner not in known:
            near = _near(owner, known)
            fr = f'écrire "{near}"' if near else "écrire l'id d'un [[establishments]]"
            en = f'write "{near}"' if near else "write the id of one of [[establishments]]"
            self.faults.add(
                table.at("establishment"),
                f"établissement « {shown(owner)} » inconnu ; {fr}",
                f"unknown establishment “{shown(owner)}”; {en}",
                follows=True,
            )
        server = self.server(table)
        user = table.text("user", required=True, example="svc-audit@chu.example")
        password = self.password(table)
        ca_file = table.text("ca_file")
        role = table.choice("role", ("production", "backup")) or "production"
        table.close()
        if len(self.faults.found) != before:
            return None
        return DirectoryAccess(
            id=identifier,
            establishment=owner,
            server=server,
            user=user,
            password=password,
            ca_file=ca_file,
            role=role,
        )

    def server(self, table: Table) -> str:
        text = table.text("server", required=True, example="ldaps://dc1.chu.example")
        if not text:
            return ""
        found = directory_endpoint(text)
        if found is None:
            bare = canonical_name(text)
            instead = f"ldaps://{bare}" if bare else "ldaps://dc1.chu.example"
            self.faults.add(
                table.at("server"),
                f'« server » attend une adresse LDAP, sans compte ni chemin ; écrire "{instead}"',
                f'“server” wants an LDAP URL, without account or path; write "{instead}"',
            )
        elif found[2] not in DIRECTORY_PORTS:
            self.faults.add(
                table.at("server"),
                f"port {found[2]} jamais contacté ; écrire 389, 636, 3268 ou 3269, ou aucun port",
                f"port {found[2]} is never contacted; write 389, 636, 3268 or 3269, or no port",
            )
        return text

    def password(self, table: Table) -> str:
        """Give the reference of a password. Its value is never repeated: it may be the secret
        itself.
        """
        value = table.raw("password")
        if value is None:
            table.missing("password", '"env:VIGIE_CHU_AD"')
            return ""
        if isinstance(value, str) and _PASSWORD.fullmatch(value.strip()):
            text = value.strip()
            return "prompt" if text == "prompt:" else text
        self.faults.add(
            table.at("password"),
            '« password » est un renvoi, jamais le mot de passe lui-même ; écrire "env:NOM", '
            '"file:CHEMIN", "keyring:SERVICE/NOM" ou "prompt", et changer le mot de passe s\'il a '
            "été écrit ici",
            '“password” is a reference, never the password itself; write "env:NAME", "file:PATH", '
            '"keyring:SERVICE/NAME" or "prompt", and change the password if it was written here',
        )
        return ""

    def ports(self, table: Table | None) -> Ports:
        if table is None:
            return Ports()
        found: dict[str, tuple[tuple[int, int], ...]] = {"tcp": (), "udp": ()}
        for key in ("tcp", "udp"):
            value = table.raw(key)
            if isinstance(value, int) and not isinstance(value, bool):
                value = None
                table.wrong_type(key, table.raw(key), str)
            elif isinstance(value, list):
                value = None
                self.faults.add(
                    table.at(key),
                    f'« {key} » est un texte ; écrire {key} = "3389,8443"',
                    f'“{key}” is a text; write {key} = "3389,8443"',
                )
            text = table.text(key) if value is not None else ""
            stretches: list[tuple[int, int]] = []
            for item in text.split(",") if text else []:
                stretch = _port_stretch(item)
                if stretch is None:
                    wrong = _bad_port(item)
                    self.faults.add(table.at(key), wrong.fr, wrong.en)
                else:
                    stretches.append(stretch)
            found[key] = tuple(merged(stretches))
        table.close()
        return Ports(tcp=found["tcp"], udp=found["udp"])

    def services(self, table: Table | None) -> Services:
        if table is None:
            return Services()
        resolvers: list[str] = []
        for index, text in table.texts("resolvers"):
            try:
                address, port = parse_endpoint(text, 0)
            except Misspelt as wrong:
                self.misspelt(table.at("resolvers", index), wrong, "192.0.2.53")
                continue
            bracketed = f"[{address}]" if ":" in address else address
            resolvers.append(f"{bracketed}:{port}" if port else address)
        canary = table.text("canary")
        if canary and host_port(canary) is None:
            self.faults.add(
                table.at("canary"),
                "« canary » attend un nom ou une adresse ; écrire par exemple "
                '"canary.grades.example"',
                '“canary” wants a name or an address; write for example "canary.grades.example"',
            )
        shodan = table.text("shodan")
        if shodan and (url_endpoint(shodan) is None or urlsplit(shodan).query):
            self.faults.add(
                table.at("shodan"),
                "« shodan » attend l'adresse de base, jamais la clé ; écrire "
                '"https://api.shodan.io"',
                '“shodan” wants the base URL, never the key; write "https://api.shodan.io"',
            )
        revocation: list[str] = []
        for index, text in table.texts("revocation"):
            if service_endpoint(text) is None or re.search(r"[/?].", text.partition("://")[2]):
                self.faults.add(
                    table.at("revocation", index),
                    "« revocation » attend les hôtes des répondeurs OCSP et des listes, sans "
                    'chemin ; écrire par exemple ["http://ocsp.exemple.fr"]',
                    "“revocation” wants the hosts of OCSP responders and lists, without a path; "
                    'write for example ["http://ocsp.example.com"]',
                )
                continue
            revocation.append(text)
        operator = table.text("operator")
        ct = self.bases(table, "ct", "https://crt.sh")
        rdap = self.bases(table, "rdap", "https://rdap.db.ripe.net")
        asn = table.text("asn").removesuffix(".")
        zone = canonical_name(asn) if asn else ""
        if zone is None or (zone and "." not in zone):
            self.faults.add(
                table.at("asn"),
                "« asn » attend la zone DNS qui donne le système autonome d'une adresse ; écrire "
                '"origin.asn.cymru.com"',
                "“asn” wants the DNS zone that tells the autonomous system of an address; write "
                '"origin.asn.cymru.com"',
            )
        others: dict[str, str] = {}
        for key in table.names():
            if key in _SERVICES:
                continue
            value = table.raw(key)
            if isinstance(value, bool):
                others[key] = "true" if value else ""
            elif isinstance(value, list):
                others[key] = " ".join(text for _, text in table.texts(key))
            else:
                others[key] = table.text(key)
        self.feeds(table, others)
        table.close()
        return Services(
            resolvers=tuple(resolvers),
            canary=canary,
            shodan=shodan,
            revocation=tuple(revocation),
            operator=operator,
            ct=ct,
            rdap=rdap,
            asn=zone or "",
            others={key: value for key, value in others.items() if value},
        )

    def bases(self, table: Table, key: str, example: str) -> tuple[str, ...]:
        """Give base URLs, written as one text with spaces or as a list; no slash ends them."""
        value = table.raw(key)
        words: list[tuple[Key, str]] = []
        if isinstance(value, list):
            words = [(table.at(key, index), text) for index, text in table.texts(key)]
        elif value is not None:
            words = [(table.at(key), text) for text in table.text(key).split()]
        found: list[str] = []
        for where, text in words:
            endpoint = url_endpoint(text)
            is_safe = text.lower().startswith("https:") or (
                endpoint is not None and (self.lab or is_loopback(endpoint[0]))
            )
            if endpoint is None or not is_safe or re.search(r"[?#\s]", text):
                self.faults.add(
                    where,
                    f"« {key} » attend des adresses de base en https://, sans compte ni question ; "
                    f'écrire par exemple {key} = "{example}"',
                    f"“{key}” wants base URLs in https://, without account or query; write for "
                    f'example {key} = "{example}"',
                )
                continue
            found.append(text.rstrip("/"))
        return tuple(dict.fromkeys(found))

    def feeds(self, table: Table, others: dict[str, str]) -> None:
        """Refuse addresses of feeds that are none, or that anybody on the way could change."""
        for key, text in others.items():
            if key.partition("_")[0] != "feeds" or not text:
                continue
            if key == "feeds" and text == "true":
                continue
            endpoint = url_endpoint(text)
            is_safe = key == "feeds_proxy" or text.lower().startswith("https:")
            if endpoint is None or not (is_safe or is_loopback(endpoint[0])):
                self.faults.add(
                    table.at(key),
                    f"« {key} » attend true (adresses publiques) ou l'adresse https:// d'un "
                    'miroir ; écrire feeds = true, ou "https://miroir.grades.example/flux"',
                    f"“{key}” wants true (public addresses) or the https:// URL of a mirror; "
                    'write feeds = true, or "https://mirror.grades.example/feeds"',
                )

    def tls(self, table: Table | None, folder: Path) -> TlsChoices:
        if table is None:
            return TlsChoices()
        profile = table.text("profile") or TLS_PROFILES[0]
        if profile not in TLS_PROFILES:
            near = _near(profile, TLS_PROFILES) or TLS_PROFILES[0]
            self.faults.add(
                table.at("profile"),
                f'référentiel TLS « {shown(profile)} » inconnu ; écrire "{near}"',
                f'unknown TLS profile “{shown(profile)}”; write "{near}"',
            )
        roots: list[str] = []
        for index, text in table.texts("roots"):
            file = folder / text
            try:
                with file.open("rb") as opened:
                    data = opened.read(LARGEST_BYTES)
                # A sequence with a length of two bytes: every certificate of use begins so.
                holds = b"-----BEGIN CERTIFICATE-----" in data or data.startswith(b"\x30\x82")
            except (OSError, ValueError):
                holds = False
            if not holds:
                self.faults.add(
                    table.at("roots", index),
                    f"« {shown(text)} » n'est pas un fichier lisible de certificats (PEM ou DER) ; "
                    "donner son chemin depuis l'inventaire",
                    f"“{shown(text)}” is no readable file of certificates (PEM or DER); give its "
                    "path from the inventory",
                )
            else:
                roots.append(str(file.resolve()))
        table.close()
        return TlsChoices(profile=profile, roots=tuple(roots))

    def without_mandate(self, mandates: list[Mandate | None], top: Table) -> None:
        """Warn of each establishment that no mandate opens."""
        if any(mandate is None for mandate in mandates) or self.faults.found:
            return
        for index, each in enumerate(self.establishments):
            spans = [span for span in self.spans if span.owner == each.id]
            if not any(mandate and _touches(mandate, each, spans) for mandate in mandates):
                self.warnings.add(
                    top.at("establishments", index),
                    f"« {each.id} » n'a pas de mandat : rien n'y sera contacté ; ajouter "
                    "[[mandates]]",
                    f"“{each.id}” has no mandate: nothing of it will be contacted; add "
                    "[[mandates]]",
                )


def host_port(text: str) -> tuple[str, int] | None:
    """Give host and port (0 when absent) of ``name``, ``name:443``, ``192.0.2.1:443``,
    ``[::1]:443``.
    """
    if looks_like_address(text.partition(":")[0]) or text.startswith("[") or text.count(":") > 1:
        try:
            return parse_endpoint(text, 0)
        except Misspelt:
            return None
    host, colon, port = text.partition(":")
    name = canonical_name(host)
    if name is None or (colon and not re.fullmatch(r"[0-9]{1,5}", port)):
        return None
    number = int(port) if colon else 0
    return (name, number) if number <= 65_535 else None


def url_endpoint(text: str) -> tuple[str, int] | None:
    """Give the host and port of an ``http`` or ``https`` URL without an account; ``None`` for
    others.
    """
    return _url(text, {"http": 80, "https": 443})


def service_endpoint(text: str) -> tuple[str, int] | None:
    """Give host and port (0: any) of a URL or ``host[:port]``; ``None`` for others.

    A lone word such as ``true`` names no host.
    """
    usual = {"http": 80, "https": 443, "smtp": 25, "smtps": 465, "submission": 587}
    found = _url(text, usual)
    if found is not None or "://" in text or not re.search(r"[.:]", text):
        return found
    return host_port(text)


def directory_endpoint(text: str) -> tuple[str, str, int] | None:
    """Give scheme, host and port of an ``ldap://`` or ``ldaps://`` URL; ``None`` for others."""
    found = _url(text, {"ldap": 389, "ldaps": 636})
    if found is None or urlsplit(text).path not in {"", "/"} or urlsplit(text).query:
        return None
    return urlsplit(text).scheme.lower(), *found


def _url(text: str, schemes: dict[str, int]) -> tuple[str, int] | None:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in schemes or "@" in parts.netloc or not parts.hostname:
        return None
    host = host_port(f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname)
    if host is None or port == 0:
        return None
    return host[0], port or schemes[parts.scheme.lower()]


def _touches(mandate: Mandate, establishment: Establishment, spans: list[_Span]) -> bool:
    if not mandate.covers:
        return establishment.id in mandate.establishments
    if mandate.establishments and establishment.id not in mandate.establishments:
        return False
    for text in mandate.covers:
        if "/" not in text:
            if mandate.establishments or any(
                is_under(text, each) for each in establishment.domains
            ):
                return True
        elif _inside(ip_network(text), spans):
            return True
    return False


def _inside(network: Network, spans: Iterable[_Span]) -> bool:
    low, high = int(network.network_address), int(network.broadcast_address)
    held = merged((span.first, span.last) for span in spans if span.version == network.version)
    return any(first <= low and high <= last for first, last in held)


def _luhn(digits: str) -> bool:
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def _near(text: str, known: Iterable[str]) -> str:
    folded = {each.lower(): each for each in known}
    found = difflib.get_close_matches(text.lower()[:64], list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else ""


def _meant_name(text: str) -> str:
    """Give the host name inside a URL, a wildcard or a mail address; ``""`` when there is none."""
    inner = text.strip().removeprefix("*.").removeprefix(".")
    if "://" in inner:
        inner = inner.partition("://")[2]
    inner = re.split(r"[/?#]", inner)[0].rpartition("@")[2]
    inner = re.sub(r":[0-9]{1,5}$", "", inner)
    return canonical_name(inner) or ""
