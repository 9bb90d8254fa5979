"""``vigie findings``: the life of findings, and what people decide of them."""

import csv
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import msgspec

from checks.registry import by_id
from core.errors import UsageError
from core.levels import criticality_of, gravity_of, load_levels
from core.model import Criticality, Flagged, Language, Place, State, Wording
from core.store.life import ChangeRow, Decision, DecisionRow, Lives, Wanted
from core.store.store import FindingRow, Store
from reports.text import inert
from vigie.config import Settings
from vigie.operator import note_reading, operator
from vigie.results import worded_proofs
from vigie.wording import CRITICALITIES

_STATES = {
    State.NEW: Wording("nouveau", "new"),
    State.OPEN: Wording("ouvert", "open"),
    State.TO_CONFIRM: Wording("à confirmer", "to confirm"),
    State.FIXED: Wording("corrigé", "fixed"),
    State.REOPENED: Wording("rouvert", "reopened"),
    State.ACCEPTED: Wording("accepté", "accepted"),
    State.DISPUTED: Wording("contesté", "disputed"),
    State.NOT_APPLICABLE: Wording("sans objet", "not applicable"),
}
_WHY = {
    "first-seen": Wording("vu pour la première fois", "seen for the first time"),
    "still-seen": Wording("toujours là", "still there"),
    "seen-again": Wording("revu", "seen again"),
    "graver": Wording("plus grave qu'avant", "graver than before"),
    "less-grave": Wording("moins grave qu'avant", "less grave than before"),
    "now-exploited": Wording("désormais exploité", "now exploited"),
    "no-longer-exploited": Wording("n'est plus dit exploité", "no longer told as exploited"),
    "graver-than-accepted": Wording(
        "plus grave que ce qui avait été accepté", "graver than what was accepted"
    ),
    "measured-clean": Wording("mesuré de nouveau, sain", "measured again, sound"),
    "replaced": Wording("autre chose répond à cet endroit", "something else answers there"),
    "unrecognised": Wording(
        "n'y est plus reconnu, plusieurs fois de suite", "no longer recognised, several times"
    ),
    "port-refused": Wording("port fermé", "port closed"),
    "port-silent": Wording(
        "port muet, alors que le préfixe répond", "port silent, while its prefix answers"
    ),
    "name-gone": Wording(
        "le nom n'existe plus, ou mène ailleurs", "the name is gone, or leads elsewhere"
    ),
    "judged-again": Wording("jugé de nouveau", "judged again"),
    "expired": Wording("la décision a expiré", "the decision expired"),
    "withdrawn-decision": Wording("décision retirée", "decision withdrawn"),
    "assigned": Wording("confié à", "assigned to"),
    "accepted": Wording("accepté", "accepted"),
    "disputed": Wording("contesté", "disputed"),
    "not-applicable": Wording("sans objet", "not applicable"),
}
_DECISIONS = {one.value: one for one in (State.ACCEPTED, State.DISPUTED, State.NOT_APPLICABLE)}
_COLUMNS = ("fingerprint", "state", "reason", "owner", "until")
_CSV_BYTES = 10_000_000

_AnyCommand = Callable[..., Any]


def _decides(command: _AnyCommand) -> _AnyCommand:
    """Add what every decision is given with."""
    for option in (
        click.option("--by", help="Qui décide (par défaut le compte de cette machine)."),
        click.option("--owner", required=True, help="Qui en répond."),
        click.option("--reason", required=True, help="Pourquoi."),
        click.argument("fingerprints", metavar="EMPREINTE...", nargs=-1, required=True),
    ):
        command = option(command)
    return command


@click.group(help="Vie des constats : les lister, les accepter, les contester, les confier.")
def findings() -> None:
    """Group."""


@findings.command("list", help="Liste les constats, du plus grave au moins grave.")
@click.option("--ght", default="", help="Identifiant d'un GHT.")
@click.option("--establishment", default="", help="Seulement cet établissement.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([one.value for one in State]),
    help="Seulement cet état (répétable) ; par défaut ce qui reste à traiter.",
)
@click.option("--all", "everything", is_flag=True, help="Les constats clos aussi.")
@click.option(
    "--criticality",
    type=click.Choice([one.value for one in Criticality]),
    help="Seulement les constats au moins aussi graves.",
)
@click.option("--check", default="", help="Seulement ce contrôle.")
@click.option("--overdue", is_flag=True, help="Seulement ceux dont l'échéance est passée.")
@click.option(
    "--expiring",
    type=click.IntRange(0, 3650),
    help="Seulement ceux dont l'acceptation expire d'ici tant de jours.",
)
@click.option("--assignee", default="", help="Seulement ceux confiés à cette personne.")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=200, help="Au plus tant de lignes."
)
@click.option("--json", "as_json", is_flag=True, help="Écrit le résultat en JSON.")
@click.pass_obj
def list_findings(
    settings: Settings,
    ght: str,
    establishment: str,
    states: tuple[str, ...],
    everything: bool,
    criticality: str | None,
    check: str,
    overdue: bool,
    expiring: int | None,
    assignee: str,
    limit: int,
    as_json: bool,
) -> None:
    """Print one line per finding."""
    now = datetime.now(UTC)
    is_open = None if everything or states or expiring is not None else True
    wanted = Wanted(
        ght=ght,
        establishment=establishment,
        states=tuple(State(one) for one in states),
        is_open=is_open,
        least_gravity=gravity_of(Criticality(criticality)) if criticality else 0,
        check=check,
        overdue_at=now if overdue else None,
        expiring_by=now.date() + timedelta(days=expiring) if expiring is not None else None,
        assignee=assignee,
    )
    with closing(settings.open_store()) as store:
        lives = Lives(store)
        lives.expire(now)
        rows = lives.page(wanted, limit=limit)
        note_reading(store, ght or establishment or "*")
        decided = lives.decisions([row.fingerprint for row in rows], in_force=True)
        if as_json:
            told = [_told(row, decided.get(row.fingerprint, [])) for row in rows]
            click.echo(msgspec.json.format(msgspec.json.encode(told), indent=1).decode())
            return
        for row in rows:
            click.echo(_line(row, decided.get(row.fingerprint, []), settings, now))
        if not rows:
            click.echo(settings.say("Aucun constat.", "No finding."), err=True)
        elif len(rows) == limit and (count := lives.count(wanted)) > limit:
            click.echo(
                settings.say(
                    f"{limit} constats montrés sur {count} : voir --limit",
                    f"{limit} findings shown out of {count}: see --limit",
                ),
                err=True,
            )


@findings.command(help="Montre un constat : preuve, échéance, décisions, histoire.")
@click.argument("fingerprint", metavar="EMPREINTE")
@click.pass_obj
def show(settings: Settings, fingerprint: str) -> None:
    """Print one finding and its life."""
    now = datetime.now(UTC)
    with closing(settings.open_store()) as store:
        lives = Lives(store)
        lives.expire(now)
        row = lives.one(fingerprint)
        note_reading(store, row.fingerprint)
        decisions = lives.decisions([row.fingerprint]).get(row.fingerprint, [])
        in_force = [one for one in decisions if one.ended_at is None and not one.proposed]
        click.echo(_line(row, in_force, settings, now))
        click.echo(f"  {row.fingerprint}")
        for sentence in _proofs(store, row, settings.language):
            click.echo(f"  {inert(sentence, settings.language)}")
        click.echo(f"  {_what_closes(row, settings)}")
        for decision in decisions:
            click.echo(f"  {_said(decision, settings)}")
        for change in lives.changes(fingerprint=row.fingerprint):
            click.echo(f"  {_event(change, settings)}")


@findings.command(help="Accepte un constat jusqu'à une date : raison et responsable obligatoires.")
@_decides
@click.option(
    "--until",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Dernier jour de l'acceptation (AAAA-MM-JJ).",
)
@click.pass_obj
def accept(
    settings: Settings,
    fingerprints: tuple[str, ...],
    reason: str,
    owner: str,
    by: str | None,
    until: datetime,
) -> None:
    """Record an acceptance."""
    one = Decision(state=State.ACCEPTED, reason=reason, owner=owner, until=until.date())
    _decide(settings, fingerprints, one, by)


@findings.command(help="Conteste un constat : il reste ouvert, et signalé comme contesté.")
@_decides
@click.pass_obj
def dispute(
    settings: Settings, fingerprints: tuple[str, ...], reason: str, owner: str, by: str | None
) -> None:
    """Record a dispute."""
    _decide(settings, fingerprints, Decision(state=State.DISPUTED, reason=reason, owner=owner), by)


@findings.command("not-applicable", help="Déclare un constat sans objet ici.")
@_decides
@click.pass_obj
def not_applicable(
    settings: Settings, fingerprints: tuple[str, ...], reason: str, owner: str, by: str | None
) -> None:
    """Record that a finding does not apply."""
    one = Decision(state=State.NOT_APPLICABLE, reason=reason, owner=owner)
    _decide(settings, fingerprints, one, by)


@findings.command(help="Retire une décision : le constat est de nouveau ouvert.")
@click.argument("fingerprints", metavar="EMPREINTE...", nargs=-1, required=True)
@click.option("--reason", default="", help="Pourquoi.")
@click.option("--by", help="Qui décide (par défaut le compte de cette machine).")
@click.pass_obj
def withdraw(
    settings: Settings, fingerprints: tuple[str, ...], reason: str, by: str | None
) -> None:
    """End a decision."""
    with closing(settings.open_store()) as store:
        lives = Lives(store)
        rows = [lives.one(one) for one in fingerprints]
        undecided = [row for row in rows if row.state.value not in _DECISIONS]
        if undecided:
            raise UsageError(
                settings.say(
                    f"{undecided[0].fingerprint[:12]} : aucune décision en vigueur",
                    f"{undecided[0].fingerprint[:12]}: no decision in force",
                )
            )
        lives.withdraw(
            [row.fingerprint for row in rows], who=_who(by), at=datetime.now(UTC), why=reason
        )


@findings.command(help="Confie des constats à une personne ou à une équipe.")
@click.argument("fingerprints", metavar="EMPREINTE...", nargs=-1, required=True)
@click.option("--to", required=True, help="À qui ; vide pour ne plus les confier à personne.")
@click.option("--by", help="Qui décide (par défaut le compte de cette machine).")
@click.pass_obj
def assign(settings: Settings, fingerprints: tuple[str, ...], to: str, by: str | None) -> None:
    """Record who deals with findings."""
    with closing(settings.open_store()) as store:
        lives = Lives(store)
        found = [lives.one(one).fingerprint for one in fingerprints]
        lives.assign(found, to, who=_who(by), at=datetime.now(UTC))


@findings.command(help="Confirme ce qu'un ticket propose pour un constat.")
@click.argument("fingerprint", metavar="EMPREINTE")
@click.option("--owner", help="Qui en répond, à la place de qui le ticket nomme.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Dernier jour de l'acceptation (AAAA-MM-JJ).",
)
@click.option("--by", help="Qui décide (par défaut le compte de cette machine).")
@click.pass_obj
def confirm(
    settings: Settings,
    fingerprint: str,
    owner: str | None,
    until: datetime | None,
    by: str | None,
) -> None:
    """Put a proposal in force."""
    with closing(settings.open_store()) as store:
        row, proposal = _proposal(Lives(store), fingerprint, settings)
    decision = Decision(
        state=proposal.state,
        reason=proposal.reason,
        owner=owner or proposal.owner,
        until=until.date() if until else proposal.until,
    )
    _decide(settings, [row.fingerprint], decision, by)


@findings.command(help="Refuse ce qu'un ticket propose pour un constat.")
@click.argument("fingerprint", metavar="EMPREINTE")
@click.option("--reason", default="", help="Pourquoi.")
@click.option("--by", help="Qui décide (par défaut le compte de cette machine).")
@click.pass_obj
def refuse(settings: Settings, fingerprint: str, reason: str, by: str | None) -> None:
    """Put a proposal aside."""
    with closing(settings.open_store()) as store:
        lives = Lives(store)
        row, _ = _proposal(lives, fingerprint, settings)
        lives.refuse(row.fingerprint, who=_who(by), at=datetime.now(UTC), why=reason)


@findings.command("import", help="Importe des décisions d'un CSV : toutes, ou aucune.")
@click.argument(
    "file", metavar="FICHIER", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--by", help="Qui décide (par défaut le compte de cette machine).")
@click.pass_obj
def import_decisions(settings: Settings, file: Path, by: str | None) -> None:
    """Check each line, tell every fault, write nothing when one is wrong."""
    with closing(settings.open_store()) as store:
        lives = Lives(store)
        decisions, faults = _read(file, lives, settings)
        if faults:
            raise UsageError("\n".join(faults))
        lives.decide(decisions, who=_who(by), at=datetime.now(UTC))
    click.echo(
        settings.say(
            f"{len(decisions)} décisions enregistrées.", f"{len(decisions)} decisions recorded."
        ),
        err=True,
    )


@findings.command(help="Délais de correction par établissement, retards et tendance.")
@click.option("--ght", default="", help="Identifiant d'un GHT.")
@click.option("--json", "as_json", is_flag=True, help="Écrit le résultat en JSON.")
@click.pass_obj
def levels(settings: Settings, ght: str, as_json: bool) -> None:
    """Print what the service levels gave."""
    now = datetime.now(UTC)
    with closing(settings.open_store()) as store:
        lives = Lives(store)
        lives.expire(now)
        told = lives.levels(now, ght=ght)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(told), indent=1).decode())
        return
    for one in told.establishments:
        median = ""
        if one.median_days is not None:
            days = f"{one.median_days:.1f}"
            median = settings.say(
                f", délai médian {days.replace('.', ',')} jours", f", median {days} days"
            )
        click.echo(
            settings.say(
                f"{one.establishment:30} {one.open:6} ouverts  {one.overdue:6} en retard  "
                f"{one.fixed:6} corrigés en 365 jours{median}",
                f"{one.establishment:30} {one.open:6} open  {one.overdue:6} overdue  "
                f"{one.fixed:6} fixed in 365 days{median}",
            )
        )
    for month in told.months:
        click.echo(
            settings.say(
                f"{month.month}  {month.opened:6} ouverts ou rouverts  {month.fixed:6} corrigés",
                f"{month.month}  {month.opened:6} opened or reopened  {month.fixed:6} fixed",
            )
        )


def _decide(settings: Settings, starts: Sequence[str], decision: Decision, by: str | None) -> None:
    now = datetime.now(UTC)
    if fault := _fault(decision, now, settings):
        raise UsageError(fault)
    with closing(settings.open_store()) as store:
        lives = Lives(store)
        rows = [lives.one(one) for one in starts]
        if fixed := [row for row in rows if row.state is State.FIXED]:
            raise UsageError(
                settings.say(
                    f"{fixed[0].fingerprint[:12]} : corrigé, il n'y a rien à décider",
                    f"{fixed[0].fingerprint[:12]}: fixed, there is nothing to decide",
                )
            )
        lives.decide({row.fingerprint: decision for row in rows}, who=_who(by), at=now)
        for row in rows:
            again = lives.one(row.fingerprint)
            in_force = lives.decisions([row.fingerprint], in_force=True)
            click.echo(_line(again, in_force.get(row.fingerprint, []), settings, now))


def _fault(decision: Decision, now: datetime, settings: Settings) -> str:
    if not decision.reason.strip() or not decision.owner.strip():
        return settings.say(
            "il faut une raison et un responsable", "a reason and an owner are needed"
        )
    if decision.state is State.ACCEPTED and decision.until is None:
        return settings.say(
            "une acceptation a une date de fin : --until", "an acceptance has an end: --until"
        )
    if decision.until is not None and decision.until < now.date():
        return settings.say(f"{decision.until} est déjà passé", f"{decision.until} is already past")
    return ""


def _proposal(lives: Lives, start: str, settings: Settings) -> tuple[FindingRow, DecisionRow]:
    row = lives.one(start)
    waiting = [
        one
        for one in lives.decisions([row.fingerprint]).get(row.fingerprint, [])
        if one.proposed and one.ended_at is None
    ]
    if not waiting:
        raise UsageError(
            settings.say(
                f"{row.fingerprint[:12]} : rien n'est proposé",
                f"{row.fingerprint[:12]}: nothing is proposed",
            )
        )
    return row, waiting[-1]


def _read(file: Path, lives: Lives, settings: Settings) -> tuple[dict[str, Decision], list[str]]:
    """Give the decisions of a CSV by fingerprint, and every fault with its line."""
    if file.stat().st_size > _CSV_BYTES:
        raise UsageError(settings.say(f"{file} : fichier démesuré", f"{file}: oversized file"))
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(settings.say(f"{file} : pas en UTF-8", f"{file}: not UTF-8")) from error
    dialect = ";" if text.partition("\n")[0].count(";") >= len(_COLUMNS) - 1 else ","
    rows = csv.DictReader(text.splitlines(), delimiter=dialect)
    if missing := [name for name in _COLUMNS if name not in (rows.fieldnames or ())]:
        columns = ", ".join(missing)
        raise UsageError(
            settings.say(f"{file} : colonnes absentes : {columns}", f"{file}: no column {columns}")
        )
    now = datetime.now(UTC)
    decisions: dict[str, Decision] = {}
    faults: list[str] = []
    for cells in rows:
        where = f"{file}:{rows.line_num}"
        try:
            row, decision = _of_line(
                {name: cells[name] or "" for name in _COLUMNS}, lives, settings
            )
        except UsageError as error:
            faults.append(f"{where}: {_words(error, settings)}")
            continue
        fault = _fault(decision, now, settings)
        if not fault and row.fingerprint in decisions:
            fault = settings.say("constat déjà donné plus haut", "finding already given above")
        if not fault and row.state is State.FIXED:
            fault = settings.say("corrigé : rien à décider", "fixed: nothing to decide")
        if fault:
            faults.append(f"{where}: {fault}")
        decisions[row.fingerprint] = decision
    return decisions, faults


def _of_line(
    cells: dict[str, str], lives: Lives, settings: Settings
) -> tuple[FindingRow, Decision]:
    row = lives.one(cells["fingerprint"])
    state = _DECISIONS.get(cells["state"].strip())
    if state is None:
        choices = ", ".join(_DECISIONS)
        raise UsageError(
            settings.say(f"état à choisir parmi : {choices}", f"state is one of: {choices}")
        )
    try:
        until = date.fromisoformat(cells["until"].strip()) if cells["until"].strip() else None
    except ValueError as error:
        raise UsageError(
            settings.say(
                f"date illisible : {cells['until']} (AAAA-MM-JJ)",
                f"not a date: {cells['until']} (YYYY-MM-DD)",
            )
        ) from error
    return row, Decision(
        state=state, reason=cells["reason"].strip(), owner=cells["owner"].strip(), until=until
    )


def _words(error: UsageError, settings: Settings) -> str:
    # Here: its own imports are those of errors that most commands never meet.
    from vigie.wording import worded

    return worded(error, settings.language)


def _who(by: str | None) -> str:
    return by or operator()


# words


def spot_of(place: Place) -> str:
    """Give a place in short, safe for a terminal."""
    where = place.ip or place.hostname or place.domain or place.forest or place.establishment
    port = f":{place.port}" if place.port is not None else ""
    name = f" ({place.hostname})" if place.ip and place.hostname else ""
    return inert(f"{where}{port}{name}", Language.EN)


def _line(
    row: FindingRow, decided: Sequence[DecisionRow], settings: Settings, now: datetime
) -> str:
    language = settings.language
    word = CRITICALITIES[language][criticality_of(row.gravity)]
    state = _STATES[row.state].say(language)
    tail: list[str] = []
    if row.exploited:
        tail.append(settings.say("exploité", "exploited"))
    if row.due_at is not None and row.state not in {State.FIXED, State.ACCEPTED}:
        late = settings.say("en retard depuis le", "overdue since")
        due = settings.say("échéance", "due")
        tail.append(f"{late if row.due_at < now else due} {row.due_at:%Y-%m-%d}")
    tail += [
        settings.say(f"jusqu'au {one.until}", f"until {one.until}") for one in decided if one.until
    ]
    if row.assignee:
        tail.append(inert(row.assignee, language))
    if row.check not in by_id():
        tail.append(
            settings.say("contrôle retiré du catalogue", "check no longer in the catalogue")
        )
    told = f"  {', '.join(tail)}" if tail else ""
    return (
        f"{row.fingerprint[:12]}  {word:11} {state:11} {row.check:32} "
        f"{row.place.establishment:20} {spot_of(row.place)}{told}"
    )


def _told(row: FindingRow, decided: Sequence[DecisionRow]) -> dict[str, object]:
    known = msgspec.to_builtins(row)
    assert isinstance(known, dict)
    del known["decided"]
    return {
        **known,
        "criticality": criticality_of(row.gravity).value,
        "decisions": [msgspec.to_builtins(one) for one in decided],
    }


def _proofs(store: Store, row: FindingRow, language: Language) -> tuple[str, ...]:
    if row.check not in by_id():
        return ()
    judged = store.verdict(row.last_run, row.fingerprint)
    if judged is None or not isinstance(judged.verdict, Flagged):
        return ()
    return worded_proofs(judged, language)


def _what_closes(row: FindingRow, settings: Settings) -> str:
    if row.check not in by_id():
        return settings.say(
            "Ce contrôle n'est plus au catalogue : rien ne clora ce constat que votre décision.",
            "This check is no longer in the catalogue: nothing but your decision will close this.",
        )
    if row.state is State.FIXED:
        return settings.say("Corrigé : rien à faire.", "Fixed: nothing to do.")
    needs = load_levels().confirmations
    return settings.say(
        f"Clos quand la même question, au même endroit, aura reçu « non » : {needs.certain} fois "
        f"si la réponse est sûre, {needs.silent} si le port se tait (déjà {row.absences}).",
        f"Closes when the same question, at the same place, is answered no: {needs.certain} time "
        f"when the answer is sure, {needs.silent} when the port falls silent ({row.absences} so "
        "far).",
    )


def _said(one: DecisionRow, settings: Settings) -> str:
    language = settings.language
    state = _STATES[one.state].say(language)
    until = settings.say(f" jusqu'au {one.until}", f" until {one.until}") if one.until else ""
    kind = settings.say("proposé par", "proposed by") if one.proposed else settings.say("par", "by")
    ended = ""
    if one.ended_at is not None:
        over = settings.say("terminé le", "ended on")
        ended = f" ; {over} {one.ended_at:%Y-%m-%d} ({_why(one.ended_why or '', language)})"
    owner = settings.say("responsable", "owner")
    return (
        f"{one.at:%Y-%m-%d}  {state}{until}, {kind} {inert(one.who, language)}, {owner} "
        f"{inert(one.owner, language)} : {inert(one.reason, language)}{ended}"
    )


def _event(one: ChangeRow, settings: Settings) -> str:
    language = settings.language
    before = _STATES[State(one.before)].say(language) if one.before else "-"
    after = _STATES[State(one.after)].say(language)
    run = f"  {one.run}" if one.run else ""
    return (
        f"{one.at:%Y-%m-%d %H:%M}Z  {before} → {after}  {_why(one.why, language)}  "
        f"{inert(one.who, language)}{run}"
    )


def _why(why: str, language: Language) -> str:
    code, _, detail = why.partition(":")
    worded = _WHY[code].say(language) if code in _WHY else code
    return f"{worded} {inert(detail.strip(), language)}".strip()
