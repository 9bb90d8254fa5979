"""Errors as people read them: one line, in their language, with what to do next."""

from collections.abc import Iterable, Iterator
from typing import cast

import click

from core.errors import (
    BadStoreUrl,
    DirectoryFailure,
    OutOfScope,
    SnapshotUnreadable,
    StoreError,
    UnknownFinding,
    UnknownRun,
    UsageError,
    VigieError,
)
from core.model import Criticality, Language, Wording
from core.reasons import say

CRITICALITIES = {
    Language.FR: {
        Criticality.CRITICAL: "critique",
        Criticality.HIGH: "élevée",
        Criticality.MEDIUM: "moyenne",
        Criticality.LOW: "faible",
        Criticality.INFO: "information",
    },
    Language.EN: {one: one.value for one in Criticality},
}
"""How grave, in words."""


def counted(criticality: Criticality, count: int, language: Language) -> str:
    """Give « 3 critiques », « 1 élevée »; English words do not agree."""
    word = CRITICALITIES[language][criticality]
    return f"{count} {word}s" if language is Language.FR and count > 1 else f"{count} {word}"


_STORE = {
    "full": Wording(
        "{place} : plus de place sur le disque. Ce qui était enregistré l'est toujours : "
        "libérez de la place, puis relancez la commande (un balayage, avec --resume).",
        "{place}: no room left on the disk. What was recorded still is: free some space, then "
        "run the command again (a scan, with --resume).",
    ),
    "locked": Wording(
        "{place} : base verrouillée par un autre programme. Ce qui était enregistré l'est "
        "toujours ; réessayez quand il aura fini.",
        "{place}: the store is locked by another program. What was recorded still is; try "
        "again when it has finished.",
    ),
    "read-only": Wording(
        "{place} : écriture impossible. Vérifiez le dossier et ses droits ; ce qui était "
        "enregistré l'est toujours.",
        "{place}: cannot be written. Check the folder and its permissions; what was recorded "
        "still is.",
    ),
    "damaged": Wording(
        "{place} : ce fichier n'est pas une base de Vigie, ou il est abîmé. Indiquez-en un "
        "autre avec --db, ou rétablissez une sauvegarde.",
        "{place}: this file is no store of Vigie, or it is damaged. Name another with --db, "
        "or restore a backup.",
    ),
    "unreachable": Wording(
        "{place} : le serveur de base de données ne répond pas, ou ne veut pas de ce compte. Ce "
        "qui était enregistré l'est toujours. Le mot de passe se donne par PGPASSFILE.",
        "{place}: the database server does not answer, or refuses this account. What was recorded "
        "still is. The password is given through PGPASSFILE.",
    ),
    "newer": Wording(
        "{place} : base écrite par une version plus récente de Vigie ; mettez celle-ci à jour.",
        "{place}: store written by a newer Vigie; upgrade this one.",
    ),
}


_SNAPSHOT = {
    "unreadable": Wording("{place} : illisible", "{place}: cannot be read"),
    "foreign": Wording(
        "{place} : ce n'est pas un instantané d'annuaire de Vigie",
        "{place}: no directory snapshot of Vigie",
    ),
    "newer": Wording(
        "{place} : instantané écrit par une version plus récente de Vigie ; mettez celle-ci à jour",
        "{place}: snapshot written by a newer Vigie; upgrade this one",
    ),
    "key": Wording(
        "{place} : cette clé ou cette phrase de passe n'ouvre pas l'instantané",
        "{place}: this key or passphrase does not open the snapshot",
    ),
    "altered": Wording(
        "{place} : instantané altéré ou abîmé ; rien n'en est cru. Refaites la collecte",
        "{place}: altered or damaged snapshot; nothing of it is believed. Collect again",
    ),
    "too-large": Wording(
        "{place} : instantané démesuré, refusé", "{place}: oversized snapshot, refused"
    ),
    "bad-key-file": Wording(
        "{place} : fichier de clé inutilisable", "{place}: key file that cannot be used"
    ),
}


def worded(error: VigieError, language: Language) -> str:
    """Give an error of ours in one language; those without wording tell themselves."""
    french = language is Language.FR
    if isinstance(error, StoreError) and error.problem in _STORE:
        return _STORE[error.problem].say(language, {"place": error.place})
    if isinstance(error, DirectoryFailure):
        # Here: the other commands need no word of directories.
        from ad_audit.faults import explain

        return explain(error, language)
    if isinstance(error, SnapshotUnreadable) and error.problem in _SNAPSHOT:
        detail = f" ({error.detail})" if error.detail else ""
        return _SNAPSHOT[error.problem].say(language, {"place": error.place}) + detail
    if isinstance(error, UnknownRun):
        if error.asked == "latest":
            return "aucune exécution enregistrée" if french else "no run recorded yet"
        if error.several:
            return (
                f"plusieurs exécutions commencent par {error.asked}"
                if french
                else f"several runs start with {error.asked}"
            )
        return f"exécution inconnue : {error.asked}" if french else f"unknown run: {error.asked}"
    if isinstance(error, UnknownFinding):
        return _unknown_finding(error, french=french)
    if isinstance(error, BadStoreUrl) and error.detail == "password":
        return (
            "--db : pas de mot de passe dans l'adresse, tout compte de la machine le lirait ; "
            "donnez-le par PGPASSFILE (~/.pgpass)"
            if french
            else "--db: no password in the URL, every account of the machine could read it; give "
            "it through PGPASSFILE (~/.pgpass)"
        )
    if isinstance(error, BadStoreUrl):
        return (
            f"--db : adresse de base illisible, ou pilote absent ({error.detail})"
            if french
            else f"--db: not the URL of a store, or its driver is missing ({error.detail})"
        )
    if isinstance(error, OutOfScope):
        text = f"{error.target}{' ' if french else ''}: {say(error.reason, language)}"
        if error.next_opening:
            moment = error.next_opening.isoformat(" ", timespec="minutes")
            text += f" ; prochaine ouverture {moment}" if french else f"; next opening {moment}"
        return text
    return str(error)


def _unknown_finding(error: UnknownFinding, *, french: bool) -> str:
    if error.shortest:
        return (
            f"{error.asked} : donnez au moins {error.shortest} caractères de l'empreinte"
            if french
            else f"{error.asked}: give at least {error.shortest} characters of the fingerprint"
        )
    if error.several:
        told = ", ".join(error.several)
        return (
            f"plusieurs constats commencent par {error.asked} : {told}"
            if french
            else f"several findings start with {error.asked}: {told}"
        )
    return f"constat inconnu : {error.asked}" if french else f"unknown finding: {error.asked}"


def worded_click(wrong: click.ClickException, language: Language) -> str:
    """Give what was wrong on the command line; click itself speaks English only."""
    if type(wrong).__name__ == "NoArgsIsHelpError":
        # By its name, which click 8.1 lacks; its message is the whole help, one line away.
        return "il manque une commande" if language is Language.FR else "a command is missing"
    if language is Language.EN:
        return wrong.format_message()
    match wrong:
        case click.NoSuchOption():
            near = f" ; peut-être {', '.join(wrong.possibilities)}" if wrong.possibilities else ""
            return f"option inconnue : {wrong.option_name}{near}"
        case click.MissingParameter():
            name = wrong.param.make_metavar(ctx=wrong.ctx) if wrong.param and wrong.ctx else ""
            return f"il manque {name}"
        case click.BadOptionUsage():
            return f"option mal employée : {wrong.option_name}"
        case click.BadParameter():
            return f"valeur refusée{_of(wrong)} : {_in_french(wrong)}"
        case click.UsageError() if "No such command" in wrong.message:
            return f"commande inconnue : {wrong.message.split(chr(39))[1]}"
        case click.UsageError() if "unexpected extra argument" in wrong.message:
            return f"argument en trop {wrong.message[wrong.message.rfind('(') :].rstrip('.')}"
        case _:
            return wrong.format_message()


def _of(wrong: click.BadParameter) -> str:
    param = wrong.param
    if param is None:
        return ""
    return (
        f" pour {param.opts[-1] if isinstance(param, click.Option) else param.human_readable_name}"
    )


def _in_french(wrong: click.BadParameter) -> str:
    kind = wrong.param.type if wrong.param is not None else None
    if isinstance(kind, click.Choice):
        return f"à choisir parmi {', '.join(map(str, kind.choices))}"
    if isinstance(kind, click.IntRange):
        return f"un nombre de {kind.min} à {kind.max}"
    if isinstance(kind, click.Path) and not kind.dir_okay:
        return "ce n'est pas un fichier lisible"
    if isinstance(kind, click.Path):
        return "ce n'est pas un dossier utilisable"
    return wrong.message


def stretches(ports: Iterable[int]) -> str:
    """Give ports as people write them, sorted: ``22, 80-83, 443``."""
    told: list[list[int]] = []
    for port in sorted(ports):
        if told and port == told[-1][-1] + 1:
            told[-1][1:] = [port]
        else:
            told.append([port])
    return ", ".join("-".join(map(str, one)) for one in told)


def cause_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Give what ended several tasks at once: a fault of ours, an interruption, else our error."""
    leaves = list(_leaves(group))
    bugs = (one for one in leaves if not isinstance(one, VigieError | KeyboardInterrupt))
    if (bug := next(bugs, None)) is not None:
        return bug
    for kind in (KeyboardInterrupt, StoreError, UsageError):
        for leaf in leaves:
            if isinstance(leaf, kind):
                return leaf
    return leaves[0]


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for inner in group.exceptions:
        if isinstance(inner, BaseExceptionGroup):
            yield from _leaves(cast("BaseExceptionGroup[BaseException]", inner))
        else:
            yield inner
