"""What feeds say of a flaw stands in the proof: score, odds, alert of CERT-FR."""

from datetime import date

from checks._shared.flaws import flawed
from checks._shared.product import example
from core.facts import Facts
from core.feeds import Alert, Cvss, Epss, Feeds, KevEntry
from core.knowledge.load import load_knowledge
from core.model import Flagged

_CVE = "CVE-2024-21762"


def _told(feeds: Feeds) -> str:
    facts = Facts(today=date(2026, 11, 22), knowledge=load_knowledge(), feeds=feeds)
    seen = example("fortinet_fortios", version="7.4.2")
    (verdict,) = flawed(seen, facts, exploited=True)
    assert isinstance(verdict, Flagged)
    return next(proof.values["fr"] for proof in verdict.proofs if proof.values.get("cve") == _CVE)


def test_a_flaw_is_told_with_what_the_feeds_know() -> None:
    told = _told(
        Feeds(
            cvss={_CVE: Cvss(score=9.8, vector="", version="3.1")},
            epss={_CVE: Epss(score=0.92, percentile=0.99)},
            alerts=(Alert(id="CERTFR-2024-ALE-004", title="…", url="", cves=(_CVE,)),),
        )
    )
    assert "CVSS 9.8" in told
    assert "EPSS 92 %" in told
    assert "alerte du CERT-FR CERTFR-2024-ALE-004" in told


def test_without_feeds_nothing_is_made_up() -> None:
    told = _told(Feeds())
    assert "exploitée" in told
    assert not {"CVSS", "EPSS", "CERT-FR"} & set(told.split())


def test_a_day_that_no_source_confirms_is_told_as_such() -> None:
    seen = example("fortinet_fortios", version="6.0.4")
    by_memory = "CVE-2018-13383"

    def told(feeds: Feeds) -> str:
        facts = Facts(today=date(2026, 11, 22), knowledge=load_knowledge(), feeds=feeds)
        (verdict,) = flawed(seen, facts, exploited=True)
        assert isinstance(verdict, Flagged)
        ours = (one for one in verdict.proofs if one.id == "flaw")
        return next(one.values["fr"] for one in ours if one.values["cve"] == by_memory)

    assert "à vérifier" in told(Feeds())
    entry = KevEntry(cve=by_memory, vendor="Fortinet", product="FortiOS", added=date(2022, 1, 10))
    assert "à vérifier" not in told(Feeds(kev={by_memory: entry}))
