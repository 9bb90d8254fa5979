"""What checks say of the flaws of a recognised product, and of its branch."""

from collections.abc import Iterator
from datetime import date

import msgspec

from checks._shared.product import DOUBT, doubts, named
from core.facts import Facts
from core.knowledge.model import Cycle, Flaw, Product
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.product import ProductSeen
from core.versions import Standing, cycle_of, stands

_SURE = {"high": Confidence.CERTAIN, "medium": Confidence.FIRM, "low": Confidence.TENTATIVE}
_TOLD = 8
"""Flaws told one by one: one is enough to act, and the list stands in the advisory."""

PROOFS = {
    **DOUBT,
    "version": Wording(
        "{product}, version {version}, lue dans {where} : {shown}.",
        "{product}, version {version}, read in {where}: {shown}.",
    ),
    # Data that is worded twice travels twice; each language cuts the other's to nothing.
    "flaw": Wording("{cve} : {fr}.{en:.0}", "{cve}: {en}.{fr:.0}"),
    "condition": Wording(
        "À propos de {cve} (non vérifié d'ici) : {fr}{en:.0}",
        "About {cve} (not verified from here): {en}{fr:.0}",
    ),
    "more": Wording("Et {count} autres : {cves}.", "And {count} more: {cves}."),
    "unsure-release": Wording(
        "Certaines distributions (Red Hat, SUSE…) corrigent sans que la version annoncée change : "
        "vérifier la version du paquet.",
        "Some distributions (Red Hat, SUSE…) mend without a change of the announced version: "
        "check the version of the package.",
    ),
}
"""Wordings to spread into a check's own ``proofs``."""


class Known(msgspec.Struct, frozen=True):
    """One flaw of a product, with what the feeds say of it."""

    flaw: Flaw
    standing: Standing
    is_exploited: bool
    """In CISA's catalogue, the built-in or the fetched one."""
    kev: date | None
    ransomware: bool | None


def known_flaws(version: str, gives: str, product: Product, facts: Facts) -> Iterator[Known]:
    """Give every flaw of a product with its standing at a version, in the order of its file."""
    for flaw in product.flaws:
        entry = facts.feeds.kev.get(flaw.cve)
        standing = (
            # The leading parts alone do not tell which build runs.
            Standing.OPEN
            if gives == "branch"
            else stands(version, flaw, product.version_order, product.branch_parts)
        )
        yield Known(
            flaw,
            standing,
            flaw.is_kev or entry is not None,
            entry.added if entry else flaw.kev,
            flaw.ransomware if entry is None or entry.ransomware is None else entry.ransomware,
        )


def flawed(
    seen: ProductSeen, facts: Facts, *, exploited: bool, criticality: Criticality | None = None
) -> Iterator[Verdict]:
    """Flag a version that is in the range of flaws, all exploited or none, gravest words first."""
    product = facts.knowledge.product(seen.product)
    if product is None or seen.version is None:
        return
    hit = [
        one
        for one in known_flaws(seen.version, seen.version_gives, product, facts)
        if one.standing is Standing.AFFECTED and one.is_exploited == exploited
    ]
    if not hit:
        return
    hit.sort(key=lambda one: (not one.ransomware, one.kev is None, one.flaw.cve))
    proofs = [version_proof(seen, facts), *(_told(one, facts) for one in hit[:_TOLD])]
    proofs += [
        Proof("condition", {"cve": one.flaw.cve, "fr": note.fr, "en": note.en})
        for one in hit[:_TOLD]
        if (note := one.flaw.condition) is not None
    ]
    if more := hit[_TOLD:]:
        cves = ", ".join(one.flaw.cve for one in more[:20])
        proofs.append(Proof("more", {"count": str(len(more)), "cves": cves}))
    sure = min(
        seen.confidence,
        seen.version_confidence,
        max(_SURE.get(one.flaw.confidence, Confidence.TENTATIVE) for one in hit),
    )
    if product.version_order == "openssh":
        sure = Confidence.TENTATIVE
        proofs.append(Proof("unsure-release", {}))
    proofs += doubts(product)
    yield Flagged(seen.place, sure, tuple(proofs), criticality)


def version_proof(seen: ProductSeen, facts: Facts) -> Proof:
    """Give which version was read, and where."""
    shown = seen.version_shown
    values = {
        "product": named(seen.product, facts),
        "version": seen.version or "—",
        "where": (shown.path or shown.kind) if shown else "—",
        "shown": shown.text if shown else "—",
    }
    return Proof("version", values)


def _told(one: Known, facts: Facts) -> Proof:
    """Say what is known of a flaw: exploited since when, scores, first fixed builds."""
    flaw = one.flaw
    fr: list[str] = []
    en: list[str] = []
    if one.is_exploited:
        since_fr = f" depuis le {one.kev:%d/%m/%Y}" if one.kev else ""
        since_en = f" since {one.kev.isoformat()}" if one.kev else ""
        # Neither source nor fetched catalogue says so: the day comes from memory alone.
        unsure = flaw.kev_basis == "unverified" and flaw.cve not in facts.feeds.kev
        fr.append(f"exploitée{' (à vérifier)' if unsure else ''}, catalogue KEV{since_fr}")
        en.append(f"exploited{' (to be verified)' if unsure else ''}, KEV catalogue{since_en}")
    if one.ransomware:
        fr.append("employée par des rançongiciels")
        en.append("used by ransomware")
    if (cvss := facts.feeds.cvss.get(flaw.cve)) is not None:
        fr.append(f"CVSS {cvss.score:.1f}")
        en.append(f"CVSS {cvss.score:.1f}")
    if (epss := facts.feeds.epss.get(flaw.cve)) is not None:
        fr.append(f"EPSS {epss.score:.0%} à 30 jours".replace("%", " %"))
        en.append(f"EPSS {epss.score:.0%} within 30 days")
    if alerts := facts.feeds.alerts_on(flaw.cve):
        told = ", ".join(one.id for one in alerts[:3])
        fr.append(f"alerte du CERT-FR {told}")
        en.append(f"CERT-FR alert {told}")
    if flaw.fixed:
        fr.append(f"corrigée dans {', '.join(flaw.fixed[:8])}")
        en.append(f"fixed in {', '.join(flaw.fixed[:8])}")
    if not fr:
        fr.append("version dans la plage touchée")
        en.append("version in the affected range")
    return Proof("flaw", {"cve": flaw.cve, "fr": " ; ".join(fr), "en": "; ".join(en)})


def branch_told(version: str, product: Product, facts: Facts) -> Cycle | None:
    """Give the support cycle of a version or branch: the feed's day where it is told, else ours."""
    cycles = {one.cycle: one for one in product.support.cycles}
    for told in facts.feeds.eol.get(product.support.slug, {}).values():
        ours = cycles.get(told.cycle)
        cycles[told.cycle] = Cycle(
            cycle=told.cycle,
            ended=told.ended or (ours.ended if ours else None),
            active_ended=told.active_ended,
            is_dead=told.is_ended or bool(ours and ours.is_dead),
            note=ours.note if ours else None,
        )
    return cycle_of(version, tuple(cycles.values()), product.version_order)


def unheard_of(product: Product, facts: Facts) -> tuple[str, ...]:
    """Give the flaws that the fetched catalogue names for a product and its file does not know."""
    known = {flaw.cve for flaw in product.flaws}
    return tuple(
        entry.cve for entry in facts.feeds.kev_named(product.kev_names) if entry.cve not in known
    )


def is_new(cve: str, facts: Facts) -> bool:
    """Whether the fetched catalogue took a flaw in after the built-in list of them was whole."""
    entry = facts.feeds.kev.get(cve)
    known = facts.knowledge.exploited_until or facts.knowledge.compiled_on
    return entry is not None and entry.added > known
