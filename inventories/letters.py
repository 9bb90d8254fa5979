"""The letters to have signed: mandates and consents of hosts, filled from the inventory."""

import re
from datetime import date
from ipaddress import ip_network

import jinja2
import msgspec

from core.inventory import Consent, Establishment, Inventory, Mandate, Window
from core.model import Intensity, Language, Wording
from inventories.addresses import looks_like_address
from inventories.hostnames import is_under
from inventories.scope import Scope

_INTENSITY_NAMES = {
    Intensity.PASSIVE: Wording("passive", "passive"),
    Intensity.DISCREET: Wording("discrète", "discreet"),
    Intensity.STANDARD: Wording("standard", "standard"),
    Intensity.DEEP: Wording("approfondie", "deep"),
}
_INTENSITIES = {
    Intensity.PASSIVE: Wording(
        "Rien n'est envoyé aux machines : seules des sources publiques sont consultées.",
        "Nothing is sent to the machines: public sources only are consulted.",
    ),
    Intensity.DISCREET: Wording(
        "On cherche les ports ouverts, on lit ce que chaque service dit de lui-même, on "
        "l'identifie "
        "par une seule question, et un service web reçoit au plus quatre requêtes.",
        "Open ports are looked for, what each service says of itself is read, one question "
        "identifies it, and a web service receives at most four requests.",
    ),
    Intensity.STANDARD: Wording(
        "On cherche les ports ouverts, puis on pose à chaque service les questions qu'un client "
        "ordinaire lui poserait : version, chiffrement proposé, page d'accueil. Un service web "
        "reçoit au plus douze requêtes. Les équipements fragiles restent au niveau discret.",
        "Open ports are looked for, then each service is asked what an ordinary client would ask: "
        "version, encryption offered, home page. A web service receives at most twelve requests. "
        "Fragile devices stay at the discreet level.",
    ),
    Intensity.DEEP: Wording(
        "Comme au niveau standard ; les services que Vigie n'a pas reconnus sont en outre soumis à "
        "la reconnaissance de version de l'outil nmap, jamais sur un équipement fragile.",
        "As at the standard level; services that Vigie did not recognise are also put to the "
        "version detection of the nmap tool, never on a fragile device.",
    ),
}
_DAYS = (
    Wording("lundi", "Monday"),
    Wording("mardi", "Tuesday"),
    Wording("mercredi", "Wednesday"),
    Wording("jeudi", "Thursday"),
    Wording("vendredi", "Friday"),
    Wording("samedi", "Saturday"),
    Wording("dimanche", "Sunday"),
)
_MONTHS = (
    ("janvier", "January"),
    ("février", "February"),
    ("mars", "March"),
    ("avril", "April"),
    ("mai", "May"),
    ("juin", "June"),
    ("juillet", "July"),
    ("août", "August"),
    ("septembre", "September"),
    ("octobre", "October"),
    ("novembre", "November"),
    ("décembre", "December"),
)


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One letter, ready to print and sign."""

    file: str
    """Name of its file, safe on every system."""
    title: str
    html: str
    """One self-contained page, A4."""


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """What a letter says of one establishment."""

    name: str
    finess: str
    ranges: tuple[str, ...]
    count: str
    hosted: tuple[str, ...]
    domains: tuple[str, ...]
    exclude: tuple[str, ...]
    medical: tuple[str, ...]
    contact: str


def write_letters(inventory: Inventory, language: Language = Language.FR) -> tuple[Letter, ...]:
    """Give the letters of an inventory: its mandates in file order, then the consents.

    An establishment without a mandate gets a letter too, and so does a host name that a mandate
    writes outside every domain without any consent: who holds it is left to fill in.
    """
    pages = jinja2.Environment(
        loader=jinja2.PackageLoader("inventories", "html"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    out: list[Letter] = []
    written = list(inventory.mandates)
    for each in inventory.establishments:
        if not any(_parts(inventory, mandate, language, only=each) for mandate in written):
            written.append(_blank(inventory, each))
    for number, mandate in enumerate(written, start=1):
        out.append(_mandate_letter(pages, inventory, mandate, number, language))
    consents: list[Consent | tuple[str, ...]] = list(inventory.consents)
    if missing := _unconsented(inventory):
        consents.append(missing)
    for number, consent in enumerate(consents, start=1):
        out.append(_consent_letter(pages, inventory, consent, number, language))
    return tuple(out)


def _blank(inventory: Inventory, establishment: Establishment) -> Mandate:
    """Give the mandate to propose where there is none: the usual intensity, dates as others."""
    year = max((each.valid_until.year for each in inventory.mandates), default=0)
    return Mandate(
        establishments=(establishment.id,),
        signed_by="",
        document="",
        valid_from=date(year, 1, 1) if year else date.min,
        valid_until=date(year, 12, 31) if year else date.min,
        intensity=Intensity.STANDARD,
    )


def _mandate_letter(
    pages: jinja2.Environment,
    inventory: Inventory,
    mandate: Mandate,
    number: int,
    language: Language,
) -> Letter:
    parts = _parts(inventory, mandate, language)
    names = _join([part.name for part in parts], language)
    title = Wording(
        f"Mandat d'examen de l'exposition sur Internet : {names}",
        f"Mandate to examine Internet exposure: {names}",
    ).say(language)
    page = pages.get_template(f"mandate.{language.value}.html.j2").render(
        lang=language.value,
        title=title,
        ght=inventory.ght,
        document=mandate.document,
        signed_by=mandate.signed_by,
        names=names,
        places=parts,
        valid_from=_day(mandate.valid_from, language),
        valid_until=_day(mandate.valid_until, language),
        windows=[say_window(window, language) for window in mandate.windows],
        intensity_name=_INTENSITY_NAMES[mandate.intensity].say(language),
        intensity=_INTENSITIES[mandate.intensity].say(language),
        limits=inventory.limits,
        operator=inventory.services.operator,
        emergency=mandate.emergency,
    )
    stem = Wording("mandat", "mandate").say(language)
    return Letter(file=_file(stem, number, inventory, mandate.document), title=title, html=page)


def _consent_letter(
    pages: jinja2.Environment,
    inventory: Inventory,
    consent: Consent | tuple[str, ...],
    number: int,
    language: Language,
) -> Letter:
    signed = consent if isinstance(consent, Consent) else None
    covers = consent.covers if isinstance(consent, Consent) else consent
    owners = _owners(inventory, covers)
    names = _join([each.name for each in owners], language)
    windows = {
        window
        for mandate in inventory.mandates
        if set(covers) & set(mandate.covers)
        for window in mandate.windows
    }
    intensity = signed.intensity if signed else Intensity.DISCREET
    title = Wording(
        f"Accord de l'hébergeur : {signed.holder if signed else 'à compléter'}",
        f"Consent of the host: {signed.holder if signed else 'to be filled in'}",
    ).say(language)
    page = pages.get_template(f"consent.{language.value}.html.j2").render(
        lang=language.value,
        title=title,
        ght=inventory.ght,
        document=signed.document if signed else "",
        holder=signed.holder if signed else "",
        names=names,
        covers=covers,
        valid_from=_day(signed.valid_from, language) if signed else "",
        valid_until=_day(signed.valid_until, language) if signed else "",
        windows=[
            say_window(window, language)
            for window in sorted(windows, key=lambda each: (each.days, each.opens_min))
        ],
        intensity_name=_INTENSITY_NAMES[intensity].say(language),
        intensity=_INTENSITIES[intensity].say(language),
        limits=inventory.limits,
        operator=inventory.services.operator,
    )
    stem = Wording("accord", "consent").say(language)
    document = signed.document if signed else ""
    return Letter(file=_file(stem, number, inventory, document), title=title, html=page)


def _parts(
    inventory: Inventory,
    mandate: Mandate,
    language: Language,
    *,
    only: Establishment | None = None,
) -> list[_Part]:
    """Give what a mandate covers, by establishment; those it does not touch are left out."""
    alone = msgspec.structs.replace(inventory, mandates=(mandate,), consents=())
    hosted: dict[str, list[str]] = {}
    for target in Scope(alone).named_targets():
        hosted.setdefault(target.establishment, []).append(target.name)
    networks = [text for text in mandate.covers if looks_like_address(text)]
    parts: list[_Part] = []
    for each in inventory.establishments:
        if only is not None and each != only:
            continue
        named = not mandate.establishments or each.id in mandate.establishments
        ranges = each.ranges if not mandate.covers and named else ()
        if mandate.covers and named:
            ranges = tuple(text for text in networks if _within(text, each.ranges))
        names = tuple(hosted.get(each.id, ()))
        covered = (each.id in mandate.establishments) if not mandate.covers else ranges or names
        if not covered:
            continue
        parts.append(
            _Part(
                name=each.name,
                finess=each.finess,
                ranges=ranges,
                count=_count(ranges, language),
                hosted=names,
                domains=each.domains,
                exclude=each.exclude,
                medical=each.medical,
                contact=each.contact,
            )
        )
    return parts


def _unconsented(inventory: Inventory) -> tuple[str, ...]:
    """Give the names hosted elsewhere that no consent covers."""
    domains = [domain for each in inventory.establishments for domain in each.domains]
    agreed = [text for consent in inventory.consents for text in consent.covers]
    return tuple(
        target.name
        for target in Scope(inventory).named_targets()
        if not any(is_under(target.name, above) for above in [*domains, *agreed])
    )


def _owners(inventory: Inventory, covers: tuple[str, ...]) -> list[Establishment]:
    """Give the establishments that a consent is about; all of them when it cannot be told."""
    targets = {each.name: each.establishment for each in Scope(inventory).named_targets()}
    found = {targets[text] for text in covers if text in targets}
    for each in inventory.establishments:
        for text in covers:
            inside = (
                _within(text, each.ranges)
                if looks_like_address(text)
                else any(is_under(text, domain) for domain in each.domains)
            )
            if inside:
                found.add(each.id)
    return [each for each in inventory.establishments if each.id in found] or list(
        inventory.establishments
    )


def _within(text: str, ranges: tuple[str, ...]) -> bool:
    inner = ip_network(text)
    for each in ranges:
        outer = ip_network(each)
        if outer.version == inner.version and (
            int(outer.network_address) <= int(inner.network_address)
            and int(inner.broadcast_address) <= int(outer.broadcast_address)
        ):
            return True
    return False


def say_window(window: Window, language: Language) -> str:
    """Give a window in words, such as « du lundi au vendredi de 20 h à 6 h le lendemain »."""
    runs: list[list[int]] = []
    for day in sorted(window.days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    days = [_say_days(run, language) for run in runs]
    when = _join(days, language)
    if window.opens_min == 0 and window.closes_min == 1440:
        return f"{when}, " + Wording("toute la journée", "all day").say(language)
    opens, closes = _hour(window.opens_min, language), _hour(window.closes_min % 1440, language)
    if window.closes_min == 1440:
        closes = Wording("minuit", "midnight").say(language)
    if language is Language.FR:
        return f"{when} de {opens} à {closes}" + (
            " le lendemain" if window.closes_min > 1440 else ""
        )
    return f"{when} from {opens} to {closes}" + (
        " on the next day" if window.closes_min > 1440 else ""
    )


def _say_days(run: list[int], language: Language) -> str:
    if len(run) == 7:
        return Wording("tous les jours", "every day").say(language)
    first, last = _DAYS[run[0]].say(language), _DAYS[run[-1]].say(language)
    if len(run) == 1:
        return Wording(f"le {first}", f"on {first}").say(language)
    if len(run) == 2:
        return Wording(f"le {first} et le {last}", f"on {first} and {last}").say(language)
    return Wording(f"du {first} au {last}", f"from {first} to {last}").say(language)


def _hour(minutes: int, language: Language) -> str:
    hours, rest = divmod(minutes, 60)
    if language is Language.FR:
        return f"{hours} h {rest:02}" if rest else f"{hours} h"
    return f"{hours:02}:{rest:02}"


def _day(day: date, language: Language) -> str:
    if day == date.min:
        return "…"
    month = _MONTHS[day.month - 1]
    if language is Language.FR:
        return f"{'1er' if day.day == 1 else day.day} {month[0]} {day.year}"
    return f"{day.day} {month[1]} {day.year}"


def _count(ranges: tuple[str, ...], language: Language) -> str:
    total = sum(net.num_addresses for net in map(ip_network, ranges) if net.version == 4)
    if not total:
        return ""
    grouped = f"{total:,}".replace(",", "\u202f" if language is Language.FR else ",")
    plural = "s" if total > 1 else ""
    return Wording(
        f"{grouped} adresse{plural} IPv4", f"{grouped} IPv4 address{'es' if total > 1 else ''}"
    ).say(language)


def _join(words: list[str], language: Language) -> str:
    if len(words) < 2:
        return "".join(words)
    last = Wording("et", "and").say(language)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def _file(stem: str, number: int, inventory: Inventory, document: str) -> str:
    """Name a file after the document to come: ``mandat-1-mandat-2026-014.html``."""
    name = re.sub(r"\.[A-Za-z0-9]{1,4}$", "", document) or inventory.ght.id
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:80]
    return f"{stem}-{number}-{safe}.html" if safe else f"{stem}-{number}.html"
