"""Whose things are: what the establishment answered, and what it is to be asked."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network

import msgspec

from core.inventory import Answer, Network
from core.model import Language, Wording
from core.observations.name import AddressHolder, NameSeen

_MOST_NAMES = 50
"""Of one address: past it, a list is no longer read."""

_QUESTIONS: dict[str, Wording] = {
    "same-owner": Wording(
        "Cette adresse est enregistrée à votre nom ({holder}), hors des plages de l'inventaire. "
        "Est-elle à vous ? Si oui, l'ajouter aux plages et au mandat.",
        "This address is registered in your name ({holder}), outside the ranges of the "
        "inventory. Is it yours? If so, add it to the ranges and the mandate.",
    ),
    "cloud": Wording(
        "Ce service est chez {holder}. L'avez-vous souscrit, sert-il encore, qui en répond ?",
        "This service is at {holder}. Did you subscribe to it, is it still in use, who answers "
        "for it?",
    ),
    "cdn": Wording(
        "Ce nom passe par {holder}, qui répond à la place de vos serveurs. Quel serveur est "
        "derrière, et est-il dans l'inventaire ?",
        "This name goes through {holder}, which answers in the place of your servers. Which "
        "server stands behind, and is it in the inventory?",
    ),
    "hds": Wording(
        "Ce service est chez {holder}, hébergeur de données de santé. Quel contrat le couvre, et "
        "l'hébergeur accepte-t-il qu'il soit examiné ?",
        "This service is at {holder}, a host of health data. Which contract covers it, and does "
        "the host agree to have it examined?",
    ),
    "hosting": Wording(
        "Ce service est chez {holder}. Sert-il encore, et qui en répond ? S'il traite des données "
        "de santé, son hébergeur doit être certifié HDS.",
        "This service is at {holder}. Is it still in use, and who answers for it? If it handles "
        "health data, its host must be HDS certified.",
    ),
    "shared-edge": Wording(
        "Cette adresse sert plusieurs établissements du groupement. Qui l'exploite, et sous quel "
        "mandat l'examiner ?",
        "This address serves several establishments of the group. Who runs it, and under which "
        "mandate is it to be examined?",
    ),
    "held": Wording(
        "Cette adresse est enregistrée au nom de « {holder} ». Est-ce un de vos prestataires, et "
        "sous quel contrat ? Sinon, pourquoi votre nom y mène-t-il ?",
        "This address is registered to “{holder}”. Is it one of your contractors, and under which "
        "contract? If not, why does your name lead there?",
    ),
    "unknown": Wording(
        "À qui est cette adresse ? Si elle est à vous, l'ajouter aux plages et au mandat ; sinon, "
        "dire qui la détient, ou retirer le nom du DNS.",
        "Whose address is this? If it is yours, add it to the ranges and the mandate; otherwise, "
        "say who holds it, or take the name out of the DNS.",
    ),
}
_NOBODY = Wording("un tiers", "a third party")
UNKNOWN = AddressHolder(kind="unknown")


class ToConfirm(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the establishment alone can tell."""

    establishment: str
    ip: str
    names: tuple[str, ...]
    """That lead there, sorted."""
    holder: AddressHolder
    question: str
    toml: tuple[str, ...]
    """Lines to complete and paste into the inventory. They open no scope."""


def answer_for(answers: Iterable[Answer], name: str, ip: str) -> Answer | None:
    """Give what was answered of a name, else of the smallest range around an address."""
    best: Answer | None = None
    narrowest = -1
    for answer in answers:
        if answer.asset == name:
            return answer
        network = _network(answer.asset)
        if network is None or network.prefixlen <= narrowest:
            continue
        address = ip_address(ip)
        if address.version == network.version and address in network:
            best, narrowest = answer, network.prefixlen
    return best


@lru_cache(maxsize=4_096)
def _network(asset: str) -> Network | None:
    try:
        return ip_network(asset)
    except ValueError:
        return None


def outside(seen: NameSeen) -> tuple[str, ...]:
    """Give the addresses of a name that no mandate covers."""
    covered = {*seen.in_scope, *seen.withheld}
    return tuple(address for address in seen.addresses if address not in covered)


def to_confirm(
    names: Iterable[NameSeen], answers: Sequence[Answer], language: Language
) -> tuple[ToConfirm, ...]:
    """Give what no mandate covers and nobody answered yet, by establishment and address."""
    led: dict[tuple[str, str], dict[str, AddressHolder]] = defaultdict(dict)
    establishments: dict[str, set[str]] = defaultdict(set)
    for seen in names:
        for ip in outside(seen):
            establishments[ip].add(seen.place.establishment)
            if answer_for(answers, seen.name, ip) is None:
                holder = seen.holders.get(ip, UNKNOWN)
                led[seen.place.establishment, ip][seen.name] = holder
    return tuple(
        _question(owner, ip, led[owner, ip], len(establishments[ip]) > 1, language)
        for owner, ip in sorted(led, key=_order)
    )


def _order(key: tuple[str, str]) -> tuple[str, int, int]:
    address = ip_address(key[1])
    return key[0], address.version, int(address)


def _question(
    owner: str, ip: str, led: dict[str, AddressHolder], is_shared: bool, language: Language
) -> ToConfirm:
    holder = next((one for one in led.values() if one.kind != "unknown"), None)
    if holder is None:
        holder = next(iter(led.values()))
        if is_shared:
            holder = msgspec.structs.replace(holder, kind="shared-edge")
    kind = "held" if holder.kind == "unknown" and holder.holder else holder.kind
    wording = _QUESTIONS.get(kind, _QUESTIONS["unknown"])
    called = printable(holder.holder or holder.provider) or _NOBODY.say(language)
    return ToConfirm(
        establishment=owner,
        ip=ip,
        names=tuple(sorted(led)[:_MOST_NAMES]),
        holder=holder,
        question=wording.say(language, {"holder": called}),
        toml=tuple(_snippet(sorted(led)[0] if len(led) == 1 else ip, holder, language)),
    )


_LIKELY = {"same-owner": "ours", "shared-edge": "ours", "unknown": "ours"}
_CHOICE = Wording("ours | third-party | not-ours", "ours | third-party | not-ours")


def _snippet(asset: str, holder: AddressHolder, language: Language) -> Iterator[str]:
    """Give an answer to complete: the likeliest, with what else may be written."""
    is_held = holder.kind == "unknown" and bool(holder.holder)
    belongs = "third-party" if is_held else _LIKELY.get(holder.kind, "third-party")
    yield "[[answers]]"
    yield f"asset = {_toml(asset)}"
    yield f'belongs = "{belongs}"  # {_CHOICE.say(language)}'
    if belongs == "third-party":
        yield f"holder = {_toml(holder.holder or holder.provider)}"
    yield 'answered_by = ""'


def _toml(text: str) -> str:
    """Give a basic string of TOML; what strangers wrote cannot end it."""
    escaped = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def printable(text: str) -> str:
    """Give a text of strangers as one short line, its controls as spaces."""
    return " ".join("".join(one if one.isprintable() else " " for one in text[:200]).split())
