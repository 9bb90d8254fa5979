"""What feeds are called, and why one was not taken, in words."""

from core.errors import FeedFault
from core.model import Language, Wording

_FAULTS = {
    "unreachable": Wording("serveur injoignable", "server not reached"),
    "status": Wording("le serveur a répondu par un refus", "the server answered with a refusal"),
    "redirected": Wording(
        "le serveur renvoie ailleurs, ce qui n'est pas suivi",
        "the server points elsewhere, which is not followed",
    ),
    "too-large": Wording("réponse trop longue", "answer too long"),
    "too-slow": Wording("réponse trop lente", "answer too slow"),
    "truncated": Wording("contenu tronqué", "content cut short"),
    "invalid": Wording(
        "contenu qui n'est pas au format attendu", "content not in the expected format"
    ),
    "checksum": Wording(
        "l'empreinte donnée par le serveur n'est pas celle du contenu",
        "the checksum given by the server is not that of the content",
    ),
    "shrunk": Wording(
        "bien moins d'entrées que l'édition présente : sans doute tronqué",
        "far fewer entries than the edition present: probably cut short",
    ),
    "older": Wording("plus ancien que l'édition présente", "older than the edition present"),
    "future": Wording(
        "daté du futur : vérifiez l'horloge de cette machine",
        "dated in the future: check the clock of this machine",
    ),
    "damaged": Wording(
        "le fichier gardé est abîmé, il n'est pas employé : refaites la mise à jour",
        "the file that was kept is damaged and not used: update again",
    ),
    "unwritten": Wording("écriture impossible", "cannot be written"),
    "unreadable": Wording("fichier illisible", "unreadable file"),
    "altered": Wording(
        "paquet altéré : sa signature ou ses empreintes ne concordent pas",
        "altered bundle: its signature or checksums do not match",
    ),
    "untrusted": Wording(
        "paquet signé d'une clé qui n'est pas acceptée ici ; ne donnez avec --trust qu'une clé que "
        "votre opérateur vous a remise par une autre voie que ce paquet",
        "bundle signed with a key that is not accepted here; give with --trust only a key that "
        "your operator handed you by another way than this bundle",
    ),
}

_REFUSED = frozenset({"untrusted", "older", "shrunk", "future"})
_UNREADABLE = frozenset({"altered", "invalid", "truncated", "too-large", "unreadable"})
_UNREACHED = frozenset({"unreachable", "too-slow", "status", "redirected"})


def say_fault(fault: FeedFault, language: Language) -> str:
    """Give why a feed was not taken."""
    worded = _FAULTS.get(fault.fault)
    text = worded.say(language) if worded else fault.fault
    # The key of a forged bundle, ready to be trusted, would be an invitation.
    return f"{text} ({fault.detail})" if fault.detail and fault.fault != "untrusted" else text


def say_age(days: int, language: Language) -> str:
    """Give an age: « 1 jour », « 12 jours »."""
    if language is Language.EN:
        return f"{days} day{'' if days == 1 else 's'}"
    return f"{days} jour{'s' if days > 1 else ''}"


def import_code(fault: FeedFault) -> int:
    """Give the exit code of a file that was not imported."""
    if fault.fault in _REFUSED:
        return 4
    return 2 if fault.fault in _UNREADABLE else 3


def is_unreached(fault: FeedFault) -> bool:
    """Whether the other end is at fault, and nothing came from it."""
    return fault.fault in _UNREACHED
