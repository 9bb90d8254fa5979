"""A Windows that Microsoft no longer corrects, or soon will not."""

from collections.abc import Iterator
from datetime import date, timedelta

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.knowledge.model import WindowsBuild
from core.model import (
    Confidence,
    Criticality,
    Flagged,
    NotMeasured,
    Proof,
    Verdict,
    Wording,
    reason,
)
from core.observations.windows import WindowsHost

NEAR_DAYS = 180
"""Less than this before the end of updates is told, as medium: time to order and migrate."""


def judge(seen: WindowsHost, facts: Facts) -> Iterator[Verdict]:
    """Judge by the most favourable release that reports this build; tell the others.

    A challenge that Windows did not write says nothing of Windows: it yields nothing.
    """
    if seen.imitation:
        return
    if seen.build is None:
        yield NotMeasured(seen.place, seen.why.get("build", "not-offered"))
        return
    known = next((one for one in facts.knowledge.windows if one.build == seen.build), None)
    if known is None or not known.candidates:
        yield NotMeasured(seen.place, reason("unknown-release", f"build {seen.build}"))
        return
    best = max(known.candidates, key=lambda one: (one.end_support, one.end_esu or date.min))
    paid = max((one.end_esu for one in known.candidates if one.end_esu), default=None)
    if best.end_support < facts.today:
        still_paid = paid is not None and paid >= facts.today
        criticality = Criticality.HIGH if still_paid else Criticality.CRITICAL
        proof = Proof(
            "paid-only" if still_paid else "ended",
            {"date": best.end_support.isoformat(), "paid": paid.isoformat() if paid else "—"},
        )
    elif best.end_support - facts.today < timedelta(days=NEAR_DAYS):
        criticality = Criticality.MEDIUM
        proof = Proof("near", {"date": best.end_support.isoformat(), "release": best.name})
    else:
        if any(one.end_support < facts.today for one in known.candidates):
            yield NotMeasured(seen.place, reason("ambiguous-release", _names(known)))
        return
    yield Flagged(seen.place, _confidence(seen), (_build(seen, known), proof), criticality)


def _confidence(seen: WindowsHost) -> Confidence:
    # Free software claims to be 6.1.7601, and may one day do it as well as Windows did.
    return Confidence.FIRM if seen.build == 7601 else Confidence.CERTAIN


def _build(seen: WindowsHost, known: WindowsBuild) -> Proof:
    values = {
        "source": seen.source.upper(),
        "version": f"{seen.nt_version or known.nt_version}.{seen.build}",
        "names": _names(known),
    }
    return Proof("build" if len(known.candidates) == 1 else "several", values)


def _names(known: WindowsBuild) -> str:
    return ", ".join(one.name for one in known.candidates)


def _seen(build: int | None, imitation: str = "") -> WindowsHost:
    return WindowsHost(
        place=place(3389),
        at=AT,
        source="rdp",
        nt_version="10.0",
        build=build,
        imitation=imitation,
        dns_computer="srv-rx.chu.example",
    )


CHECK = Check(
    id="windows.unsupported",
    title_fr="Système Windows hors support, ou près de l'être",
    title_en="Windows out of support, or about to be",
    risk_fr=(
        "Une faille découverte sur un système hors support n'est plus corrigée, ou seulement "
        "contre paiement. Exposé à Internet, il offre à un attaquant une entrée durable."
    ),
    risk_en=(
        "A flaw found in a system out of support is no longer fixed, or only for a fee. "
        "Exposed to the Internet, it gives an attacker a lasting way in."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.4", "D1.EXPO.7"),
    references=(
        "Microsoft, Cycle de vie des produits (learn.microsoft.com/lifecycle)",
        "[MS-NLMP] 2.2.2.10",
        "ANSSI, Guide d'hygiène informatique, mesure 35",
        "ReCyF 5.B.7 et 5.B.9",
    ),
    remedy_fr=(
        "Retirer ce système d'Internet sans attendre, puis le migrer vers une version "
        "maintenue. Si un équipement médical l'impose, l'isoler dans un réseau dédié, sans "
        "accès entrant, et exiger du fournisseur un calendrier de migration ou les mises à "
        "jour étendues (ESU)."
    ),
    remedy_en=(
        "Take this system off the Internet at once, then migrate it to a supported version. "
        "If a medical device imposes it, isolate it in a dedicated network without inbound "
        "access, and ask its supplier for a migration date or for extended security updates "
        "(ESU)."
    ),
    proofs={
        "build": Wording(
            "Le défi NTLM de {source} annonce {version}, soit {names}.",
            "The NTLM challenge over {source} tells {version}, that is {names}.",
        ),
        "several": Wording(
            "Le défi NTLM de {source} annonce {version}, que portent plusieurs versions : {names}. "
            "La plus favorable est retenue.",
            "The NTLM challenge over {source} tells {version}, which several releases share: "
            "{names}. The most favourable one is assumed.",
        ),
        "ended": Wording(
            "Mises à jour de sécurité arrêtées depuis le {date} (support payant : {paid}).",
            "Security updates ended on {date} (paid support: {paid}).",
        ),
        "paid-only": Wording(
            "Mises à jour gratuites arrêtées depuis le {date} ; seul le support payant court, "
            "jusqu'au {paid} : criticité ramenée à « élevée ».",
            (
                "Free updates ended on {date}; only paid support remains, until {paid}: "
                "brought down to high."
            ),
        ),
        "near": Wording(
            (
                "Fin des mises à jour de {release} le {date}, dans moins de 180 jours : "
                "criticité ramenée à « moyenne »."
            ),
            "Updates of {release} end on {date}, in less than 180 days: brought down to medium.",
        ),
    },
    reads=WindowsHost,
    judge=judge,
    flagged=(_seen(7601), _seen(2600)),
    clean=(_seen(20348), _seen(7601, "freerdp"), _seen(0, "samba")),
    unmeasured=(_seen(None), _seen(65_535), _seen(19041)),
)
