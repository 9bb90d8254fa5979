"""What a run contributes to the CaRE indicators: never a « clean » for what it cannot see."""

from core import reasons
from core.knowledge.model import CareIndicator
from core.model import Criticality
from reports.told import Told
from reports.view import Indicator
from reports.words import CRITICALITY


def of_domain_1(it: Told) -> tuple[Indicator, ...]:
    """Give the indicators of « annuaires techniques et exposition sur internet »."""
    return tuple(_indicator(it, one) for one in it.knowledge.care if _in_domain_1(one))


def cited_elsewhere(it: Told) -> tuple[Indicator, ...]:
    """Give the indicators of other domains that an open finding cites."""
    cited = {id_ for one in it.active for id_ in one.care}
    return tuple(
        _indicator(it, one)
        for one in it.knowledge.care
        if one.id in cited and not _in_domain_1(one)
    )


def _indicator(it: Told, one: CareIndicator) -> Indicator:
    said, look = _contribution(it, one.id)
    target = one.target.say(it.language) if one.target else ""
    standing = f"target_{one.confidence}" if target else "target_none"
    if standing not in it.words.fixed:
        standing = "target_product_default"
    reference = "official_ref" if one.confidence == "sourced" else "likely_ref"
    return Indicator(
        id=it.inert(one.id, 40),
        label=it.ours(one.label.say(it.language), 300),
        official=it.say(reference, ref=it.inert(one.official_ref, 80)) if one.official_ref else "",
        contribution=said,
        look=look,
        target=it.ours(target, 400),
        standing=it.say(standing),
        sourced=standing == "target_sourced",
    )


def _contribution(it: Told, id: str) -> tuple[str, str]:  # noqa: A002 - the word of the contract
    """Give what this run says of an indicator: never a « clean » for what it cannot see."""
    inventory = it.scene.inventory
    directory = it.results.run.kind == "directory"
    measured = bool(it.results.services or it.results.findings)
    if id == "D1.EXPO.1" and not directory:
        places = it.establishments
        unattributed = sum(one.check == "asset.unattributed" for one in it.active)
        worded = reasons.say("unattributed", it.results.run.language)
        unattributed += sum(
            max(0, row.count)
            for row in it.results.not_measured
            if row.why.startswith(("unattributed", worded))
        )
        said = it.say(
            "care_perimeter",
            ranges=it.number(sum(len(one.ranges) for one in places)),
            names=it.number(sum(len(one.domains) for one in places)),
            mandates=it.number(len(inventory.mandates)),
            unattributed=it.number(unattributed),
        )
        return said, "told"
    if id == "D1.EXPO.2" and not directory:
        return it.say("care_regular", date=it.clock.day(it.results.run.started_at)), "told"
    if id == "D1.EXPO.3":
        return it.say("care_official"), "unmeasured"
    if id in {"D1.EXPO.4", "D1.EXPO.5"} and not measured:
        return it.say("care_unmeasured"), "unmeasured"
    if id == "D1.EXPO.4" and not directory:
        critical = it.counts[Criticality.CRITICAL]
        if critical:
            return it.counted("care_critical", critical), "critical"
        return it.say("care_critical_none"), "told"
    if id == "D1.EXPO.5":
        if it.planned:
            return it.counted("care_plan", len(it.planned)), "told"
        return it.say("care_plan_none"), "told"
    citing = [one for one in it.active if id in one.care]
    if citing:
        worst = max(one.criticality for one in citing)
        word = it.words.word(CRITICALITY[worst])
        return it.counted("care_findings", len(citing), worst=word), worst.value
    if id.startswith("D1.AD.") and not directory:
        return it.say("care_directory"), "unmeasured"
    if id.startswith("D1.EXPO.") and not directory and measured:
        key = "care_clean" if it.results.run.complete else "care_clean_cut"
        return it.say(key), "told"
    return it.say("care_unmeasured"), "unmeasured"


def _in_domain_1(one: CareIndicator) -> bool:
    return one.domain == "D1" or one.id.startswith("D1.")
