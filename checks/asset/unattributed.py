"""A name of the establishment leads to an address that no mandate covers."""

from collections.abc import Iterator

import msgspec

from checks._shared.examples import AT
from checks.registry import Check
from core.facts import Facts
from core.inventory import Answer
from core.model import Confidence, Criticality, Flagged, Place, Proof, Verdict, Wording
from core.observations.name import AddressHolder, NameSeen
from core.ownership import UNKNOWN, answer_for, outside

_MOST = 8
"""Addresses shown."""
_PRIVATE = "private-address"


def judge(seen: NameSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag a name with addresses outside the scope, unless the establishment said whose they are.

    They were resolved, never contacted. What it said is not its own is graver: whoever holds the
    machine speaks in its name.
    """
    asked: list[tuple[str, Answer | None]] = []
    for ip in outside(seen):
        answer = answer_for(facts.answers, seen.name, ip)
        if answer is None or answer.belongs != "third-party":
            asked.append((ip, answer))
    if not asked:
        return
    addresses = ", ".join(ip for ip, _ in asked[:_MOST])
    proofs = [Proof("outside", {"name": seen.name, "addresses": addresses})]
    if seen.chain:
        proofs.append(Proof("chain", {"chain": " → ".join(seen.chain[:5])}))
    for ip, answer in asked[:_MOST]:
        proofs.extend(_about(seen, ip, answer))
    is_foreign = any(answer and answer.belongs == "not-ours" for _, answer in asked)
    yield Flagged(
        seen.place,
        Confidence.CERTAIN,
        tuple(proofs),
        criticality=Criticality.LOW if is_foreign else None,
    )


def _about(seen: NameSeen, ip: str, answer: Answer | None) -> Iterator[Proof]:
    """Give what is known of one address, and what to do about it."""
    if answer is not None:
        by = answer.answered_by or "?"
        on = answer.answered_on.isoformat() if answer.answered_on else "?"
        yield Proof(f"answered-{answer.belongs}", {"address": ip, "by": by, "on": on})
        return
    holder = seen.holders.get(ip, UNKNOWN)
    if holder.why == _PRIVATE:
        yield Proof("private", {"address": ip})
        return
    values = {
        "address": ip,
        "holder": holder.holder or holder.provider or "?",
        "range": holder.range or ip,
    }
    kind = holder.kind if holder.kind in _KINDS else "unknown"
    if kind == "unknown" and holder.holder:
        kind = "held"
    yield Proof(kind, values)
    if holder.hds and kind in {"cloud", "hds", "hosting"}:
        yield Proof(f"certified-{_sure(holder)}", {"holder": values["holder"]})


def _sure(holder: AddressHolder) -> str:
    return holder.hds if holder.hds in {"high", "medium"} else "low"


_KINDS: dict[str, Wording] = {
    "same-owner": Wording(
        "{address} ({range}) est enregistrée au nom de « {holder} », qui semble être "
        "l'établissement : l'ajouter à « ranges » et au mandat.",
        "{address} ({range}) is registered to “{holder}”, which seems to be the establishment: "
        "add it to ranges and to the mandate.",
    ),
    "cloud": Wording(
        "{address} est un service en nuage de {holder} : retrouver l'abonnement et son "
        "responsable ; y obtenir l'accord d'examiner, ou retirer le nom.",
        "{address} is a cloud service of {holder}: find the subscription and who answers for it; "
        "obtain consent to examine it, or remove the name.",
    ),
    "cdn": Wording(
        "{address} est une façade de {holder} : c'est le serveur placé derrière qui doit être "
        "dans l'inventaire, et n'être joignable que par elle.",
        "{address} is a front of {holder}: the server behind it is what the inventory must hold, "
        "reachable through the front alone.",
    ),
    "hds": Wording(
        "{address} est chez {holder}, dont héberger des données de santé est le métier : demander "
        "son accord, puis l'écrire dans [[consents]] et le nom dans « covers ».",
        "{address} is at {holder}, whose trade is hosting health data: ask for its consent, then "
        "write it under [[consents]] and the name in covers.",
    ),
    "hosting": Wording(
        "{address} est chez l'hébergeur {holder} : vérifier que le service sert encore, qui en "
        "répond, et que ses données peuvent y être ; puis demander son accord.",
        "{address} is at the host {holder}: check that the service is still in use, who answers "
        "for it, and that its data may be there; then ask for its consent.",
    ),
    "shared-edge": Wording(
        "{address} sert plusieurs établissements du groupement : dire lequel l'exploite et "
        "l'ajouter à ses plages et à son mandat.",
        "{address} serves several establishments of the group: say which one runs it and add it "
        "to its ranges and its mandate.",
    ),
    "unknown": Wording(
        "Rien ne dit à qui est {address} : le demander à qui gère le DNS, et retirer le nom si "
        "personne ne le sait.",
        "Nothing tells whose {address} is: ask whoever runs the DNS, and remove the name if "
        "nobody knows.",
    ),
}


_PLACE = Place(establishment="chu-exemple", hostname="portail.chu.example")


def _leading(holder: AddressHolder | None = None, **changes: object) -> NameSeen:
    seen = NameSeen(
        place=_PLACE,
        at=AT,
        name="portail.chu.example",
        addresses=("198.51.100.7",),
        holders={} if holder is None else {"198.51.100.7": holder},
    )
    return msgspec.structs.replace(seen, **changes)


CHECK = Check(
    id="asset.unattributed",
    title_fr="Nom qui mène à une adresse hors mandat",
    title_en="Name that leads outside the mandate",
    risk_fr="Un service porte le nom de l'établissement sur une machine que personne n'a donné mandat de surveiller : il n'a pas été contacté et son état est inconnu.",
    risk_en="A service bears the name of the establishment on a machine that no mandate covers: it was not contacted and its state is unknown.",
    criticality=Criticality.INFO,
    care=("D1.EXPO.1",),
    references=("ReCyF v2.5 (projet) 5.A.1",),
    remedy_fr="Confirmer à qui appartient l'adresse, et l'écrire dans l'inventaire ([[answers]]). Si elle est à l'établissement : l'ajouter à « ranges » et au mandat. Si un tiers la détient : obtenir son accord ([[consents]]) et ajouter le nom exact à « covers ». Si le service ne sert plus : retirer le nom du DNS.",
    remedy_en="Confirm whose address it is, and write it in the inventory ([[answers]]). If it is the establishment's: add it to ranges and to the mandate. If a third party holds it: obtain its consent ([[consents]]) and add the exact name to covers. If the service is no longer used: remove the name from the DNS.",
    proofs={
        "outside": Wording(
            "{name} mène à {addresses}, hors des plages mandatées ; rien n'y a été envoyé.",
            "{name} leads to {addresses}, outside the mandated ranges; nothing was sent there.",
        ),
        "chain": Wording(
            "Alias suivis par le résolveur : {chain}.", "Aliases followed by the resolver: {chain}."
        ),
        **_KINDS,
        "held": Wording(
            "{address} ({range}) est enregistrée au nom de « {holder} » : dire s'il s'agit d'un "
            "prestataire, et sous quel contrat.",
            "{address} ({range}) is registered to “{holder}”: say whether that is a contractor, "
            "and under which contract.",
        ),
        "private": Wording(
            "{address} est une adresse privée : le DNS public montre le plan du réseau interne ; "
            "servir ce nom au réseau interne seulement.",
            "{address} is a private address: the public DNS shows the layout of the inside; serve "
            "this name to the inside alone.",
        ),
        "certified-high": Wording(
            "{holder} dit être certifié pour l'hébergement de données de santé (HDS) ; vérifier "
            "que le contrat porte sur l'offre certifiée.",
            "{holder} states a certification for hosting health data (HDS); check that the "
            "contract is about the certified offer.",
        ),
        "certified-medium": Wording(
            "{holder} serait certifié pour l'hébergement de données de santé (HDS), d'après notre "
            "liste ; le vérifier dans celle de l'Agence du numérique en santé.",
            "{holder} is certified for hosting health data (HDS) by our list; check that of the "
            "Agence du numérique en santé.",
        ),
        "certified-low": Wording(
            "Certification de {holder} pour l'hébergement de données de santé (HDS) possible, peu "
            "sûre : voir la liste de l'Agence du numérique en santé.",
            "A certification of {holder} for hosting health data (HDS) is possible, not sure: see "
            "the list of the Agence du numérique en santé.",
        ),
        "answered-ours": Wording(
            "{address} est à l'établissement, d'après {by} ({on}) : l'ajouter à « ranges » et au "
            "mandat pour qu'elle soit examinée.",
            "{address} is the establishment's, says {by} ({on}): add it to ranges and to the "
            "mandate to have it examined.",
        ),
        "answered-not-ours": Wording(
            "{address} n'est pas à l'établissement, d'après {by} ({on}) : qui la tient parle en "
            "son nom, ce qui relève la criticité ; retirer le nom du DNS.",
            "{address} is not the establishment's, says {by} ({on}): whoever holds it speaks in "
            "its name, which makes this graver; remove the name from the DNS.",
        ),
    },
    reads=NameSeen,
    judge=judge,
    flagged=(
        _leading(),
        *(
            _leading(AddressHolder(kind=kind, holder="Exemple SAS", hds="low", source="rdap"))
            for kind in (*_KINDS, "of a later version")
        ),
        _leading(AddressHolder(kind="unknown", why=_PRIVATE), addresses=("192.0.2.1", "10.0.0.1")),
        _leading(chain=("portail.hebergeur.example",)),
    ),
    clean=(
        _leading(addresses=("203.0.113.7",), in_scope=("203.0.113.7",)),
        _leading(addresses=("203.0.113.7",), withheld={"203.0.113.7": "third-party"}),
        _leading(addresses=(), error="NXDOMAIN"),
    ),
)
