"""A service that shows the marks of several makers at once: a decoy, or a proxy that echoes all."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.product import named
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.service import Service

_TOLD = 6


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Tell what it shows; none of it is taken for a product."""
    if not seen.imitates:
        return
    shown = ", ".join(named(one, facts) for one in seen.imitates[:_TOLD])
    more = " …" if len(seen.imitates) > _TOLD else ""
    yield Flagged(seen.place, Confidence.FIRM, (Proof("several", {"products": shown + more}),))


_DECOY = Service(
    place=place(),
    at=AT,
    protocol="http",
    tls=True,
    imitates=("fortinet_fortios", "citrix_netscaler", "ivanti_connect_secure"),
)

CHECK = Check(
    id="host.honeypot-like",
    title_fr="Service qui ressemble à un leurre",
    title_en="Service that looks like a decoy",
    risk_fr=(
        "Aucun équipement n'est de plusieurs marques à la fois : c'est un leurre, ou un relais "
        "qui répond à tout. Rien de ce qu'il montre n'est tenu pour vrai. S'il n'est pas à vous, "
        "quelqu'un d'autre tient un service à cette adresse."
    ),
    risk_en=(
        "No appliance is of several makes at once: it is a decoy, or a proxy that answers to "
        "anything. Nothing that it shows is taken for true. If it is not yours, somebody else "
        "runs a service at this address."
    ),
    criticality=Criticality.INFO,
    care=("D1.EXPO.1",),
    references=("ANSSI, Guide d'hygiène informatique, mesure 4",),
    remedy_fr=(
        "Confirmer que ce leurre est voulu, tenu à l'écart du réseau interne et suivi ; le "
        "déclarer dans l'inventaire. Sinon, retirer le service et chercher qui l'a installé."
    ),
    remedy_en=(
        "Confirm that this decoy is intended, kept apart from the internal network and watched; "
        "declare it in the inventory. If not, remove the service and find out who installed it."
    ),
    proofs={
        "several": Wording(
            "Le même service montre les marques de : {products}.",
            "The same service shows the marks of: {products}.",
        ),
    },
    reads=Service,
    judge=judge,
    flagged=(_DECOY,),
    clean=(Service(place=place(), at=AT, protocol="http", product="fortinet_fortios"),),
)
