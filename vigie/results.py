"""From the store to results worded in one language."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import ip_address

import msgspec

from checks._shared.grade import grade
from checks._shared.remote import is_remote_access
from checks.registry import by_id
from core.facts import Facts
from core.model import (
    Confidence,
    Criticality,
    Flagged,
    Judged,
    Language,
    NotMeasured,
    Place,
    Proof,
    Status,
    Transport,
    Wording,
    fingerprint,
)
from core.observations.base import Attempt, Observation
from core.observations.feeds import FeedsUsed
from core.observations.name import NameSeen, NamesHunted
from core.observations.passive import PassiveLeft, PassiveService
from core.observations.service import Service
from core.observations.site import SitesSeen
from core.observations.tls import TlsService
from core.reasons import known, say
from core.results import (
    Asset,
    Coverage,
    FeedRow,
    Finding,
    GradeReason,
    NotMeasuredRow,
    PassiveRow,
    Results,
    RunInfo,
    ServiceRow,
    TlsRow,
)
from core.store.store import FindingRow, Run
from reports.text import number
from vigie.judging import is_speechless, names_by_place
from vigie.name_rows import hunt_rows, merged, name_rows, not_hunted, questions
from vigie.wording import stretches

_TRIED = {Status.OPEN, Status.REFUSED, Status.FILTERED, Status.TIMEOUT, Status.RESET}
_TOLD_ONE_BY_ONE = 20
_EVERYWHERE = "host.answers-everywhere"
_MICROSOFT = {"microsoft_rdp": "Microsoft Windows (RDP)", "winrm": "Microsoft Windows (WinRM)"}
"""Names of the products that no page shows, hence absent from the product files."""
_TOLD_ATTEMPTS = {
    Status.TIMEOUT,
    Status.RESET,
    Status.GAVE_UP,
    Status.RATE_LIMITED,
    Status.BANNED,
    Status.UNDETERMINED,
}

_CUT_SHORT = {"identify", "tls-assess"}
"""Attempts that end what was begun at a service already recognised."""


class GuessedRange(msgspec.Struct, frozen=True, kw_only=True):
    """An IPv6 range too large to be swept, and what was tried in it."""

    establishment: str
    range: str
    named: int
    """Addresses that names or declarations give."""
    tried: int
    """Addresses tried, those included."""
    answered: int
    left_out: int = 0
    """Candidates above the budget."""
    answers_all: tuple[str, ...] = ()
    """Subnets in which any address accepts connections: nothing was guessed there."""
    is_whole: bool
    """All that was to be tried was chosen, at least."""


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """How the pairs of a run ended."""

    addresses: int
    statuses: dict[Status, int]
    """Every planned pair is in exactly one; those never tried are ``undetermined``."""
    silent: dict[tuple[str, int], int] = {}
    """Pairs without any answer, by (establishment, port); estimated on very large spaces."""
    unproven: dict[tuple[str, int], int] = {}
    """Of those, the ones on ports that providers filter, tried without a canary."""
    unanswered: dict[tuple[str, int], int] = {}
    """Pairs asked over UDP without an answer, by (establishment, port): ``undetermined``."""
    unasked: dict[str, int] = {}
    """Addresses, by establishment, of which the plan's ``udp_unasked`` were never asked."""
    settled: int = 0
    """Of the pairs ``undetermined``, those about which this run has nothing left to do."""
    by_reason: dict[tuple[str, str], int] = {}
    """Pairs not tried or not believed, by (establishment, reason id)."""
    pending: tuple[Place, ...] = ()
    """Open ports that nothing was asked of before the run ended."""
    refused: tuple[tuple[str, str, str], ...] = ()
    """What the scope refused before anything: (establishment, range or name, reason id)."""
    guessed: tuple[GuessedRange, ...] = ()


def asset(place: Place) -> Asset:
    """Give a place as the asset of a finding."""
    return Asset(
        establishment=place.establishment,
        ip=place.ip,
        port=place.port,
        transport=place.transport,
        hostname=place.hostname,
        forest=place.forest,
        domain=place.domain,
        dn=place.dn,
    )


def finding(one: Judged, kept: FindingRow, language: Language) -> Finding:
    """Put one flagged verdict into words."""
    assert isinstance(one.verdict, Flagged)
    check = by_id()[one.check]
    french = language is Language.FR
    return Finding(
        fingerprint=kept.fingerprint,
        check=check.id,
        title=check.title_fr if french else check.title_en,
        criticality=one.verdict.criticality or check.criticality,
        confidence=one.verdict.confidence,
        asset=asset(one.verdict.place),
        evidence=worded_proofs(one, language),
        care=check.care,
        references=check.references,
        remedy=check.remedy_fr if french else check.remedy_en,
        state=kept.state,
        first_seen=kept.first_seen,
        last_seen=kept.last_seen,
        risk=check.risk_fr if french else check.risk_en,
        decided=kept.decided,
    )


def worded_proofs(one: Judged, language: Language) -> tuple[str, ...]:
    """Give what shows a verdict, one sentence each."""
    proofs = by_id()[one.check].proofs
    given = one.verdict.proofs if isinstance(one.verdict, Flagged) else ()
    return tuple(_worded(proof, proofs, language) for proof in given)


def _worded(proof: Proof, wordings: Mapping[str, Wording], language: Language) -> str:
    worded = wordings.get(proof.id)
    if worded is not None:
        return worded.say(language, proof.values)
    return f"{proof.id}: {', '.join(f'{key}={value}' for key, value in proof.values.items())}"


def _feeds(used: FeedsUsed | None, run: Run) -> tuple[FeedRow, ...]:
    return tuple(
        FeedRow(
            feed=one.feed,
            as_of=one.as_of,
            age_days=max(0, (run.started_at - one.as_of).days),
            source=one.source,
        )
        for one in (used.editions if used else ())
    )


def service_row(
    seen: Service, facts: Facts, *, names: tuple[str, ...] = (), internal_names: bool = False
) -> ServiceRow:
    """Give one open port as a row of the register; names of the inside only where asked for."""
    declared = facts.declared(seen.place, seen.product, is_portal=seen.portal)
    product = facts.knowledge.product(seen.product) if seen.product else None
    assert seen.place.ip is not None
    assert seen.place.port is not None
    return ServiceRow(
        establishment=seen.place.establishment,
        ip=seen.place.ip,
        port=seen.place.port,
        transport=seen.place.transport or Transport.TCP,
        hostname=seen.place.hostname,
        protocol=seen.protocol,
        tls=seen.tls,
        product=seen.product,
        # A branch is no version: it stands in the evidence, and in what is said of its support.
        version=seen.version if seen.version_gives != "branch" else None,
        confidence=seen.confidence,
        evidence=seen.evidence + (seen.inner_names if internal_names else ()),
        remote_access=is_remote_access(seen, product),
        declared=declared is not None,
        declared_as=declared.asset if declared else "",
        justification=declared.justification if declared else "",
        mfa=declared.mfa if declared else "",
        owner=declared.owner if declared else "",
        review_by=declared.review_by.isoformat() if declared and declared.review_by else "",
        product_name=product.full_name if product else _MICROSOFT.get(seen.product or "", ""),
        names=names,
        low_confidence_source=bool(product and product.confidence == "low"),
    )


def build_results(
    run: Run,
    *,
    observations: Iterable[Observation],
    judged: Iterable[Judged],
    kept: Mapping[str, FindingRow],
    sweep: Sweep,
    facts: Facts,
    language: Language,
    internal_names: bool = False,
) -> Results:
    """Fold all that a run left in the store into results; pure."""
    services: dict[str, Service] = {}
    attempts: list[Attempt] = []
    names: list[NameSeen] = []
    encrypted: dict[str, TlsService] = {}
    passive: list[PassiveService] = []
    left: dict[tuple[str, str, str], PassiveLeft] = {}
    hunts: list[NamesHunted] = []
    sites: list[SitesSeen] = []
    used: FeedsUsed | None = None
    for seen in observations:
        if isinstance(seen, Service):
            services[seen.place.key()] = seen
        elif isinstance(seen, Attempt):
            attempts.append(seen)
        elif isinstance(seen, NameSeen):
            names.append(seen)
        elif isinstance(seen, NamesHunted):
            hunts.append(seen)
        elif isinstance(seen, SitesSeen):
            sites.append(seen)
        elif isinstance(seen, TlsService):
            encrypted[seen.place.key()] = seen
        elif isinstance(seen, PassiveService):
            passive.append(seen)
        elif isinstance(seen, FeedsUsed):
            used = seen
        elif isinstance(seen, PassiveLeft):
            left[seen.source, seen.place.establishment, seen.reason] = seen
    called = merged(names)
    verdicts = list(judged)
    everywhere = _everywhere(verdicts)
    real = {
        key: seen
        for key, seen in services.items()
        if _host(seen.place) not in everywhere or not is_speechless(seen)
    }
    phantoms = services.keys() - real.keys()
    verdicts = [one for one in verdicts if one.verdict.place.key() not in phantoms]
    findings = [
        finding(one, kept[fingerprint(one.check, one.verdict.place)], language)
        for one in verdicts
        if isinstance(one.verdict, Flagged)
    ]
    findings.sort(key=gravest_first)
    shown_to = names_by_place(sites)
    rows = sorted(
        (
            service_row(
                seen, facts, names=shown_to.get(seen.place, ()), internal_names=internal_names
            )
            for seen in real.values()
        ),
        key=lambda row: (row.establishment, _by_number(row.ip), row.port, row.hostname or ""),
    )
    return Results(
        run=RunInfo(
            id=run.id,
            kind=run.kind,
            language=language,
            started_at=run.started_at,
            finished_at=run.finished_at,
            complete=run.complete,
            vigie_version=run.vigie_version,
            inventory=run.ght,
            profile=run.profile,
            compiled_on=used.compiled_on if used else None,
            exploited_until=used.exploited_until if used else None,
            feeds=_feeds(used, run),
        ),
        coverage=Coverage(
            addresses=sweep.addresses,
            ports_tried=sum(sweep.statuses.get(status, 0) for status in _TRIED)
            + sum(sweep.unanswered.values()),
            statuses={
                status.value: count
                for status, count in sorted(sweep.statuses.items(), key=lambda one: one[0].value)
                if count
            },
            udp_silent=sum(sweep.unanswered.values()),
        ),
        services=tuple(rows),
        findings=tuple(findings),
        not_measured=(
            *_not_measured(verdicts, attempts, services, everywhere, called, sweep, language),
            *not_hunted(hunts, language),
            *_over_udp(run, sweep, facts, language),
            *_not_asked(left.values(), language),
        ),
        passive=_passive(passive, real),
        tls=tuple(
            sorted(
                _tls_rows(encrypted, verdicts, facts, language),
                key=lambda row: (row.establishment, _by_number(row.ip), row.port, row.starttls),
            )
        ),
        names=name_rows(called, language),
        hunts=hunt_rows(hunts, language),
        to_confirm=questions(run, called, language),
    )


def _host(place: Place) -> tuple[str, str | None]:
    return place.establishment, place.ip


def _everywhere(verdicts: Iterable[Judged]) -> frozenset[tuple[str, str | None]]:
    """Give the hosts that accept every port: one where nothing was heard is no service there."""
    return frozenset(
        _host(one.verdict.place)
        for one in verdicts
        if one.check == _EVERYWHERE
        and isinstance(one.verdict, Flagged)
        and one.verdict.confidence >= Confidence.FIRM
    )


def _passive(
    claims: Iterable[PassiveService], services: Mapping[str, Service]
) -> tuple[PassiveRow, ...]:
    """Give what sources claim, beside whether this run saw the same port."""
    open_here = {
        (seen.place.ip, seen.place.port, seen.place.transport) for seen in services.values()
    }
    rows = {
        (seen.source, seen.place.key()): PassiveRow(
            establishment=seen.place.establishment,
            ip=seen.place.ip,
            port=seen.place.port,
            transport=seen.place.transport,
            source=seen.source,
            seen_on=seen.seen_on.isoformat() if seen.seen_on else "",
            protocol=seen.protocol,
            product=seen.product,
            version=seen.version,
            confirmed=(seen.place.ip, seen.place.port, seen.place.transport) in open_here,
        )
        for seen in claims
        if seen.place.ip and seen.place.port and seen.place.transport
    }
    return tuple(
        sorted(
            rows.values(),
            key=lambda row: (row.establishment, _by_number(row.ip), row.port, row.source),
        )
    )


def _not_asked(left: Iterable[PassiveLeft], language: Language) -> Iterator[NotMeasuredRow]:
    what = "source passive" if language is Language.FR else "passive source"
    for one in left:
        why = say(one.reason, language)
        yield _row(one.place, f"{what} : {one.source}", why, one.addresses)


def _over_udp(run: Run, sweep: Sweep, facts: Facts, language: Language) -> Iterator[NotMeasuredRow]:
    """Tell what UDP left open: saying nothing about a silence would read as « clean »."""
    french = language is Language.FR
    silent: dict[str, dict[int, int]] = defaultdict(dict)
    for (establishment, port), count in sweep.unanswered.items():
        silent[establishment][port] = count
    for establishment, ports in sorted(silent.items()):
        what = "ports UDP sans réponse : " if french else "UDP ports without an answer: "
        place = Place(establishment=establishment)
        count = sum(ports.values())
        yield _row(place, what + stretches(ports), say("udp-silent", language), count)
    asked = "ports UDP " if french else "UDP ports "
    quiet = [port for port in run.plan.udp_unasked if facts.knowledge.is_quiet(port)]
    unknown = [port for port in run.plan.udp_unasked if not facts.knowledge.is_quiet(port)]
    for establishment, addresses in sorted(sweep.unasked.items()):
        place = Place(establishment=establishment)
        for unasked, why in ((unknown, "no-udp-probe"), (quiet, "quiet-udp-port")):
            if unasked:
                count = addresses * len(unasked)
                yield _row(place, asked + stretches(unasked), say(why, language), count)
    if run.plan.retest or run.plan.udp_ports or run.plan.udp_unasked:
        return
    what = "services UDP (IKE, OpenVPN, SNMP…)" if french else "UDP services (IKE, OpenVPN, SNMP…)"
    for one in run.inventory.establishments:
        if one.id in (run.plan.establishments or [one.id]):
            yield _row(Place(establishment=one.id), what, say("udp-not-asked", language), 1)


def _not_measured(
    verdicts: Iterable[Judged],
    attempts: Iterable[Attempt],
    services: Mapping[str, Service],
    everywhere: Collection[tuple[str, str | None]],
    names: Iterable[NameSeen],
    sweep: Sweep,
    language: Language,
) -> Iterator[NotMeasuredRow]:
    french = language is Language.FR
    for (establishment, why), count in sorted(sweep.by_reason.items()):
        yield _row(Place(establishment=establishment), "ports", say(why, language), count)
    by_establishment: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for (establishment, port), count in sorted(sweep.unproven.items()):
        by_establishment[establishment].append((port, count))
    for establishment, ports in by_establishment.items():
        what = ("ports silencieux " if french else "silent ports ") + ", ".join(
            str(port) for port, _ in ports
        )
        count = sum(count for _, count in ports)
        yield _row(Place(establishment=establishment), what, say("no-canary", language), count)
    for establishment, target, why in sweep.refused:
        yield _row(Place(establishment=establishment), target, say(why, language), 1)
    for one in sweep.guessed:
        yield from _not_walked(one, language)
    for seen in sorted(names, key=lambda one: one.name):
        if seen.error:
            yield _row(
                seen.place,
                "résolution du nom" if french else "name resolution",
                say(_why_unresolved(seen), language),
                1,
            )
        for why, count in sorted(Counter(seen.withheld.values()).items()):
            what = "adresses de ce nom" if french else "addresses of this name"
            yield _row(seen.place, what, say(why, language), count)
    yield from _unidentified(attempts, services, everywhere, language)
    yield from _pending(sweep.pending, language)
    for judged in verdicts:
        if isinstance(judged.verdict, NotMeasured):
            check = by_id()[judged.check]
            title = check.title_fr if french else check.title_en
            yield _row(judged.verdict.place, title, say(judged.verdict.why, language), 1)


def _not_walked(one: GuessedRange, language: Language) -> Iterator[NotMeasuredRow]:
    """Tell of an IPv6 range that it was not swept, and how far it was looked at."""
    place = Place(establishment=one.establishment)
    tried, answered = number(one.tried, language), number(one.answered, language)
    if language is Language.FR:
        some = "adresse candidate essayée" if one.tried < 2 else "adresses candidates essayées"
        alive = "a répondu" if one.answered < 2 else "ont répondu"
        what = f"{one.range} : {tried} {some}, {answered} {alive}"
    else:
        some = "candidate address" if one.tried == 1 else "candidate addresses"
        what = f"{one.range}: {tried} {some} tried, {answered} answered"
    yield _row(place, what, say("not-swept", language), 1)
    if one.left_out:
        yield _row(place, one.range, say("ipv6-budget", language), one.left_out)
    for subnet in one.answers_all:
        yield _row(place, subnet, say("subnet-answers", language), 1)


def _unidentified(
    attempts: Iterable[Attempt],
    services: Mapping[str, Service],
    everywhere: Collection[tuple[str, str | None]],
    language: Language,
) -> Iterator[NotMeasuredRow]:
    """Tell once, for each open port that nothing recognised, how the first question ended there.

    A host with many of them, or that accepts every port, is told once. Where a service was
    recognised, tell what was cut short.
    """
    first: dict[str, Attempt] = {}
    for one in attempts:
        if one.status not in _TOLD_ATTEMPTS:
            continue
        service = services.get(one.place.key())
        if service is None or service.protocol == "unknown":
            first.setdefault(one.place.key(), one)
            if one.status is Status.RATE_LIMITED:
                # What was not heard before then may come of the same limit.
                first[one.place.key()] = one
        elif one.probe in _CUT_SHORT:
            what = "suite des mesures" if language is Language.FR else "further measures"
            yield _row(one.place, what, say(_why(one), language), 1)
    by_host: dict[tuple[str, str | None], list[Attempt]] = defaultdict(list)
    for one in first.values():
        by_host[one.place.establishment, one.place.ip].append(one)
    for (establishment, ip), there in sorted(by_host.items(), key=lambda pair: str(pair[0])):
        accepts_all = (establishment, ip) in everywhere
        if accepts_all or len(there) > _TOLD_ONE_BY_ONE:
            host = Place(establishment=establishment, ip=ip)
            reasons = Counter(map(_why, there))
            given_up = accepts_all or "answers-everywhere" in reasons
            why = "answers-everywhere" if given_up else reasons.most_common(1)[0][0]
            yield _row(host, "identification", say(why, language), len(there))
            continue
        for one in sorted(there, key=lambda one: one.place.port or 0):
            yield _row(one.place, "identification", say(_why(one), language), 1)


def _pending(places: Iterable[Place], language: Language) -> Iterator[NotMeasuredRow]:
    by_host: dict[tuple[str, str | None], list[Place]] = defaultdict(list)
    for place in places:
        by_host[place.establishment, place.ip].append(place)
    why = say("interrupted", language)
    for (establishment, ip), there in sorted(by_host.items(), key=lambda pair: str(pair[0])):
        if len(there) > _TOLD_ONE_BY_ONE:
            yield _row(Place(establishment=establishment, ip=ip), "identification", why, len(there))
            continue
        for place in sorted(there, key=lambda one: one.port or 0):
            yield _row(place, "identification", why, 1)


def _why(one: Attempt) -> str:
    # Other details are for the log: they are in no reader's language.
    return one.detail if known(one.detail) else one.status.value


def _why_unresolved(seen: NameSeen) -> str:
    if seen.addresses:
        return f"half-resolved: {seen.error}"
    return "unresolved" if seen.error == "no address" else f"unresolved: {seen.error}"


def _row(place: Place, what: str, why: str, count: int) -> NotMeasuredRow:
    return NotMeasuredRow(asset=asset(place), what=what, why=why, count=count)


def _tls_rows(
    encrypted: Mapping[str, TlsService],
    verdicts: Iterable[Judged],
    facts: Facts,
    language: Language,
) -> Iterator[TlsRow]:
    """Grade each endpoint from the verdicts on its place."""
    by_place: dict[str, list[Judged]] = defaultdict(list)
    for one in verdicts:
        key = one.verdict.place.key()
        if key in encrypted:
            by_place[key].append(one)
    for key, seen in encrypted.items():
        if seen.place.ip is None or seen.place.port is None:
            continue
        graded = grade(by_place[key])
        spoken = (
            ("SSLv2", seen.sslv2),
            ("SSLv3", seen.sslv3),
            ("TLS1.0", seen.tls1_0),
            ("TLS1.1", seen.tls1_1),
            ("TLS1.2", seen.tls1_2),
            ("TLS1.3", seen.tls1_3),
        )
        yield TlsRow(
            establishment=seen.place.establishment,
            ip=seen.place.ip,
            port=seen.place.port,
            transport=seen.place.transport or Transport.TCP,
            hostname=seen.place.hostname or seen.sni,
            starttls=seen.starttls,
            grade=graded.letter.value,
            at_best=graded.at_best,
            reasons=tuple(
                GradeReason(check=check, title=_title(check, language), criticality=weighs)
                for check, weighs in graded.reasons
            ),
            versions=tuple(version for version, agreed in spoken if agreed),
            profile=facts.tls.id if facts.tls else "",
        )


def _title(check: str, language: Language) -> str:
    known = by_id()[check]
    return known.title_fr if language is Language.FR else known.title_en


def gravest_first(one: Finding) -> tuple[object, ...]:
    """Order findings: gravest, then surest, then by place."""
    place = one.asset
    return (
        -list(Criticality).index(one.criticality),
        -list(Confidence).index(one.confidence),
        one.check,
        place.establishment,
        _by_number(place.ip),
        place.port or 0,
        place.hostname or "",
    )


def _by_number(ip: str | None) -> tuple[int, int]:
    address = ip_address(ip) if ip else None
    return (address.version, int(address)) if address else (0, 0)
