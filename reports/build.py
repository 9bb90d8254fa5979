"""Puts the parts of the report together."""

from core.knowledge.model import Knowledge
from core.model import Confidence, Language
from core.results import Results, Scene, ServiceRow
from reports import pictures
from reports.parts.annex import method_lines, passive_row, service_order, service_row
from reports.parts.care import cited_elsewhere, of_domain_1
from reports.parts.findings import action, exceptions, groups, matrix
from reports.parts.gaps import gap_groups, unanswered
from reports.parts.names import names
from reports.parts.perimeter import (
    consent,
    intro,
    mandate,
    maps,
    place,
    shares,
    tried,
    tried_blocks,
)
from reports.parts.remote import remote_row, unseen
from reports.parts.summary import bars, coverage, facts, figures, step, verdict
from reports.parts.tls import endpoints, grade_blocks, grade_shares
from reports.told import (
    GRAVEST_FIRST,
    MAX_ESTABLISHMENTS,
    MAX_GAPS,
    MAX_GROUPS,
    MAX_PLAN,
    MAX_REMOTE,
    MAX_SERVICES,
    Told,
)
from reports.view import (
    Access,
    Annex,
    Cover,
    Encryption,
    Fact,
    Perimeter,
    Programme,
    Report,
    Summary,
    Technical,
    Unmeasured,
)
from reports.words import STATUS, TLP


def build(results: Results, scene: Scene, knowledge: Knowledge, language: Language) -> Report:
    """Give everything the template shows, in one language."""
    it = Told(results, scene, knowledge, language)
    return Report(
        language=it.language.value,
        words=it.words.fixed,
        cover=_cover(it),
        summary=_summary(it),
        perimeter=_perimeter(it),
        names=names(it),
        technical=_technical(it),
        access=_access(it),
        encryption=_encryption(it),
        unmeasured=_unmeasured(it),
        programme=_programme(it),
        annex=_annex(it),
    )


def _cover(it: Told) -> Cover:
    run = it.results.run
    title = "title_directory" if run.kind == "directory" else "title_exposure"
    tlp = it.scene.tlp.upper().removeprefix("TLP:").strip()
    marking = TLP.get(tlp)
    return Cover(
        title=it.say(title),
        ght=it.inert(it.scene.inventory.ght.name or it.scene.inventory.ght.id, 160),
        region=it.inert(it.scene.inventory.ght.region),
        tlp=f"TLP:{it.inert(tlp, 24)}",
        tlp_look=tlp.lower().replace("+", "-") if marking else "amber-strict",
        tlp_meaning=it.words.word(marking) if marking else "",
        facts=facts(it),
        state=it.say("complete" if run.complete else "incomplete"),
        alarm=""
        if run.complete
        else it.say("alarm_cut" if run.finished_at is None else "alarm_planned"),
        lab=it.scene.inventory.lab,
    )


def _summary(it: Told) -> Summary:
    said, look = verdict(it)
    return Summary(
        verdict=said,
        verdict_look=look,
        figures=figures(it),
        coverage=coverage(it),
        has_gaps=it.gaps > 0,
        bars=bars(it),
        bars_more=it.more(len(it.bar_order()), MAX_ESTABLISHMENTS, "bars_more"),
        legend=tuple(it.badge(one) for one in GRAVEST_FIRST if it.active),
        steps=tuple(step(it, index, one) for index, one in enumerate(it.planned[:3], 1)),
    )


def _perimeter(it: Told) -> Perimeter:
    drawn, maps_left = maps(it)
    return Perimeter(
        places=tuple(place(it, one) for one in it.all_establishments[:MAX_ESTABLISHMENTS]),
        places_more=it.more(len(it.all_establishments), MAX_ESTABLISHMENTS, "more"),
        perimeter_intro=intro(it),
        maps=drawn,
        maps_more=maps_left,
        map_height=pictures.MAP_HEIGHT,
        mandates=(
            *(mandate(it, one) for one in it.scene.inventory.mandates[:MAX_ESTABLISHMENTS]),
            *(consent(it, one) for one in it.scene.inventory.consents[:MAX_ESTABLISHMENTS]),
        ),
        tried=tried(it),
        tried_line=it.say(
            "tried_line",
            addresses=it.number(it.results.coverage.addresses),
            ports=it.number(it.results.coverage.ports_tried),
        ),
        tried_blocks=tried_blocks(it),
        shares=shares(it),
    )


def _technical(it: Told) -> Technical:
    complete = it.results.run.complete
    *places, whole = matrix(it)
    return Technical(
        matrix_head=tuple(it.badge(one) for one in GRAVEST_FIRST),
        matrix=tuple(places),
        matrix_total=whole,
        groups=groups(it),
        groups_more=it.more(len(it.grouped), MAX_GROUPS, "more_findings"),
        no_finding_note=it.say("no_finding_gaps", gaps=it.number(it.gaps))
        if it.gaps
        else it.say("no_finding_complete" if complete else "gaps_nothing_cut"),
        actions=tuple(action(it, rank, one) for rank, one in enumerate(it.planned[:MAX_PLAN], 1)),
        actions_more=it.more(len(it.planned), MAX_PLAN, "more_findings"),
        exceptions=exceptions(it),
    )


def _access(it: Told) -> Access:
    found = [one for one in _services(it) if one.remote_access]
    remote = sorted(found, key=lambda one: one.declared)
    return Access(
        remote=tuple(remote_row(it, one) for one in remote[:MAX_REMOTE]),
        remote_more=it.more(len(remote), MAX_REMOTE, "more_json"),
        unseen=unseen(it),
    )


def _encryption(it: Told) -> Encryption:
    return Encryption(
        tls=endpoints(it),
        tls_more=it.more(len(it.results.tls), MAX_SERVICES, "more_json"),
        tls_blocks=grade_blocks(it),
        tls_shares=grade_shares(it),
        tls_said=", ".join(f"{one.letter} {one.count}" for one in grade_shares(it)),
    )


def _unmeasured(it: Told) -> Unmeasured:
    gaps = unanswered(it.results.not_measured)
    return Unmeasured(
        gap_groups=gap_groups(it, gaps[:MAX_GAPS]),
        gaps_more=it.more(len(gaps), MAX_GAPS, "more_json"),
        gaps_nothing=it.say("gaps_nothing" if it.results.run.complete else "gaps_nothing_cut"),
    )


def _programme(it: Told) -> Programme:
    return Programme(
        care=of_domain_1(it),
        care_other=cited_elsewhere(it),
        disclaimer=it.ours(it.knowledge.care_disclaimer.say(it.language)),
    )


def _annex(it: Told) -> Annex:
    services = _services(it)
    return Annex(
        method=method_lines(it),
        sources=it.listed(it.scene.source_addresses),
        operator=it.inert(it.scene.inventory.services.operator),
        confidences=tuple(
            Fact(label=it.confidence(one), value=it.say(f"conf_{one.value}"))
            for one in sorted(Confidence, reverse=True)
        ),
        scale=tuple((it.badge(one), it.say(f"crit_{one.value}")) for one in GRAVEST_FIRST),
        glossary=tuple(
            Fact(label=it.words.word(name), value=it.words.word(meaning))
            for name, meaning in STATUS.values()
        ),
        services=tuple(service_row(it, one) for one in services[:MAX_SERVICES]),
        services_more=it.more(len(services), MAX_SERVICES, "more_json"),
        passive=tuple(passive_row(it, one) for one in it.results.passive[:MAX_SERVICES]),
        passive_more=it.more(len(it.results.passive), MAX_SERVICES, "more_json"),
    )


def _services(it: Told) -> list[ServiceRow]:
    return sorted(it.results.services, key=service_order)
