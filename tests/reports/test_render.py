"""The report as a parser reads it: structure, honesty, both languages, scale."""

import re
import time
from datetime import date

import msgspec
import pytest

from core.inventory import Establishment, Ght, Inventory
from core.model import Criticality, Language, State
from core.results import (
    Asset,
    Coverage,
    Decided,
    DirectoryBlock,
    NotMeasuredRow,
    Results,
    Scene,
    ServiceRow,
)
from reports.render import render_html
from reports.words import WORDS
from tests.reports.page import Page
from tests.reports.sample import KNOWLEDGE, SCENE, empty, sample

SECTIONS = [
    "summary", "perimeter", "technical", "plan", "remote",
    "detail", "gaps", "care", "method", "services",
]  # fmt: skip


def page(
    results: Results | None = None, language: Language = Language.FR, scene: Scene = SCENE
) -> Page:
    return Page(render_html(results or sample(language), scene, KNOWLEDGE, language))


def cut(results: Results) -> Results:
    return msgspec.structs.replace(
        results, run=msgspec.structs.replace(results.run, complete=False, finished_at=None)
    )


@pytest.mark.parametrize("language", Language)
def test_is_a_well_formed_page_with_its_landmarks(language: Language) -> None:
    html = render_html(sample(language), SCENE, KNOWLEDGE, language)
    assert html.startswith("<!DOCTYPE html>")
    read = Page(html)
    assert read.faults == []
    assert read.of("html") == [{"lang": language.value}]
    for landmark in ("header", "main", "nav", "footer", "h1", "title", "style"):
        assert len(read.of(landmark)) == 1, landmark
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert [one["id"] for one in read.of("section")] == SECTIONS
    links = {str(one["href"]) for one in read.of("a")}
    assert links <= {f"#{id_}" for id_ in ids}
    assert "#content" in links
    steps = [
        after - before for before, after in zip(read.headings, read.headings[1:], strict=False)
    ]
    assert read.headings[0] == 1
    assert max(steps) == 1, "a heading level is skipped"


def test_asks_for_nothing_outside() -> None:
    read = page()
    tags = {tag for tag, _ in read.elements}
    assert not tags & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "audio",
    }
    for tag, attributes in read.elements:
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag
        assert "src" not in attributes
        assert not str(attributes.get("href", "#")).startswith(("http", "//", "data:"))
    assert not re.search(r"url\((?!#)|@import", read.style)
    policy = next(one["content"] for one in read.of("meta") if "http-equiv" in one)
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_every_table_has_a_caption_and_scoped_headers() -> None:
    read = page()
    assert len(read.of("caption")) == len(read.of("table")) > 8
    assert all(one.get("scope") in {"col", "row", "rowgroup"} for one in read.of("th"))
    assert all(one.get("aria-label") for one in read.of("svg") if one.get("role") == "img")


def test_says_in_a_minute_what_matters() -> None:
    text = page().text
    assert "4 faiblesses critiques ont été constatées dans 2 des 3 établissements" in text
    assert "15 constats critiques ou élevés" in re.sub(r"\s+", " ", text)
    order = [
        text.index(title)
        for title in ("Bureau à distance ouvert", "VNC sans", "Partage de fichiers")
    ]
    assert order == sorted(order), "a door left open comes before a thin wall"


def test_tells_the_same_fault_once_with_its_count() -> None:
    read = page()
    assert len(read.of("details")) == len({one.check for one in sample().findings})
    assert "16\u00a0actifs" in read.text or "16 actifs" in read.text


def test_dates_and_numbers_are_french_and_in_the_zone_of_the_group() -> None:
    text = page().text
    assert "15\u00a0janvier\u00a02026 à 21\u00a0h\u00a004" in text
    assert "2\u202f695" in text
    assert "Europe/Paris" in text
    text = page(language=Language.EN).text
    assert "15\u00a0January\u00a02026, 21:04" in text
    assert "2,695" in text


def test_french_sentences_have_their_unbreakable_spaces() -> None:
    ours = page().text
    seen = {text for one in sample().findings for text in one.evidence}
    seen |= {text for one in sample().services for text in one.evidence}
    for said in sorted(seen, key=len, reverse=True):
        ours = ours.replace(said, "")  # evidence is shown as it was seen
    assert not re.search(r"(?<! ) [;:!?»](?= )|« (?=\w)", ours)


@pytest.mark.parametrize(
    ("finished", "sentence"), [(True, "Une partie du travail prévu"), (False, "a été interrompu")]
)
def test_an_unfinished_run_is_shouted_at_the_top(finished: bool, sentence: str) -> None:
    full = sample()
    run = msgspec.structs.replace(
        full.run, complete=False, finished_at=full.run.finished_at if finished else None
    )
    read = page(msgspec.structs.replace(full, run=run))
    assert read.text.index("Balayage incomplet") < read.text.index("Synthèse managériale")
    assert sentence in read.text
    assert "Provisoire, balayage incomplet." in read.text
    assert "complet : tout le travail" not in read.text.replace("\u00a0", " ")


def test_no_finding_is_said_of_what_was_measured_alone() -> None:
    clean = page(empty()).text
    assert "Aucun constat sur ce qui a été mesuré." in clean
    assert "rien n’est resté sans réponse" in clean
    gaps = page(empty(gaps=True)).text
    assert (
        "Aucun constat sur ce qui a été mesuré\u202f; 2\u202f695 vérifications n’ont pas abouti"
        in gaps
    )
    assert "rien n’est resté sans réponse" not in gaps
    unfinished = page(cut(empty())).text
    assert "rien n’est resté sans réponse" not in unfinished
    assert "le balayage est incomplet" in unfinished


@pytest.mark.parametrize(
    ("statuses", "sentence"),
    [
        ({}, "Rien n’a pu être mesuré"),
        ({"banned": 9, "out-of-window": 3}, "Rien n’a pu être mesuré"),
        ({"timeout": 9}, "Aucun service n’a répondu"),
        ({"timeout": 9, "open": 1}, "Aucun constat sur ce qui a été mesuré"),
    ],
)
def test_silence_is_not_health(statuses: dict[str, int], sentence: str) -> None:
    results = msgspec.structs.replace(
        empty(), services=(), coverage=Coverage(addresses=1, ports_tried=9, statuses=statuses)
    )
    assert sentence in page(results).text


def test_what_was_not_measured_is_grouped_and_counted() -> None:
    text = re.sub(r"\s+", " ", page().text)
    assert "sans témoin, un silence sur ce port ne prouve rien 2 268 vérifications" in text
    coded = msgspec.structs.replace(
        empty(),
        not_measured=tuple(
            NotMeasuredRow(asset=row.asset, what="Port 445", why="banned: 203.0.113.0/24")
            for row in sample().not_measured[:1]
        ),
    )
    assert "adresse source sans doute bannie (203.0.113.0/24)" in page(coded).text


def test_reasons_are_grouped_whatever_their_detail() -> None:
    row = sample().not_measured[0]
    whys = ("timeout: 3 s", "timeout: 5 s", "silence (a)", "silence (b)", "silence")
    rows = tuple(
        NotMeasuredRow(asset=row.asset, what="x", why=why, count=index)
        for index, why in enumerate(whys, 1)
    )
    html = render_html(
        msgspec.structs.replace(empty(), not_measured=rows), SCENE, KNOWLEDGE, Language.FR
    )
    assert html.count('scope="rowgroup"') == 2
    assert "pas de réponse dans le délai</bdi>" in html
    assert "12 vérifications" in html


def test_nothing_measured_is_not_a_clean_indicator() -> None:
    results = msgspec.structs.replace(
        empty(), services=(), coverage=Coverage(addresses=0, ports_tried=0, statuses={})
    )
    html = render_html(results, SCENE, KNOWLEDGE, Language.FR)
    care = html[html.index('id="care"') : html.index('id="method"')]
    assert "sur ce qui a été mesuré" not in care
    assert care.count("non évalué par ce balayage") == 5


def test_declared_accesses_of_others_are_not_told_as_unseen() -> None:
    scene = msgspec.structs.replace(SCENE, establishments=("ch-valbrune",))
    assert "203.0.113.99:1194" not in page(scene=scene).text
    scene = msgspec.structs.replace(SCENE, establishments=("chu-estuaire",))
    assert "203.0.113.99:1194" in page(scene=scene).text


def test_settled_findings_leave_the_counts_and_the_plan() -> None:
    full = sample()
    settled = tuple(
        msgspec.structs.replace(one, state=State.ACCEPTED)
        if one.criticality >= Criticality.HIGH
        else one
        for one in full.findings
    )
    read = page(msgspec.structs.replace(full, findings=settled))
    assert "Aucune faiblesse critique ni élevée sur ce qui a été mesuré" in read.text
    assert "risque accepté" in read.text


def test_a_target_that_is_not_sourced_is_ours() -> None:
    html = render_html(sample(), SCENE, KNOWLEDGE, Language.FR)
    care = html[html.index('id="care"') : html.index('id="method"')]
    rows = re.findall(
        r"<tr>\s*<th scope=\"row\"><span class=\"id\">(\S+)</span>.*?</tr>", care, re.S
    )
    assert rows == [one.id for one in KNOWLEDGE.care if one.domain == "D1"] + ["DRA.EXPO.2"]
    assert care.count("standing-sourced") == 1
    assert care.count("cible proposée par Vigie") == 9
    assert "aucune cible officielle trouvée" in care
    assert "référence officielle\u00a0: D1.O2.B" in care
    assert "Ne remplace ni l’audit SILENE" in care
    assert "non évalué\u00a0: relève de l’audit d’annuaire" in care


def test_the_register_tells_declared_from_undeclared_and_what_was_not_seen() -> None:
    html = render_html(sample(), SCENE, KNOWLEDGE, Language.FR)
    remote = html[html.index('id="remote"') : html.index('id="detail"')]
    assert remote.count("mark-good") == 2
    assert remote.count(">non déclaré<") == 17
    assert "revue dépassée" in remote
    assert "203.0.113.99:1194" in remote
    assert "pas une preuve qu’ils sont fermés" in remote


def test_excluded_ranges_and_establishments_outside_the_run_are_told() -> None:
    scene = msgspec.structs.replace(SCENE, establishments=("chu-estuaire",))
    read = page(scene=scene)
    assert "203.0.113.128/28" in read.text
    assert "hors de ce balayage" in read.text


def test_english_holds_no_french() -> None:
    read = page(language=Language.EN)
    ours = set(re.findall(r"[\w’-]{4,}", " ".join(w.fr for w in WORDS.values()))) - set(
        re.findall(r"[\w’-]{4,}", " ".join(w.en for w in WORDS.values()))
    )
    known = " ".join(
        [one.name for one in SCENE.inventory.establishments]
        + [one.signed_by for one in SCENE.inventory.mandates]
        + [one.justification + " " + one.owner for one in SCENE.inventory.expected]
        + [SCENE.inventory.consents[0].holder, SCENE.inventory.ght.name, SCENE.inventory.ght.region]
    )
    leaked = set(re.findall(r"[\w’-]{4,}", read.text)) & ours - set(
        re.findall(r"[\w’-]{4,}", known)
    )
    assert leaked <= {"absence", "port", "probable", "suite"}, leaked


def test_stays_small_and_quick_on_a_large_region() -> None:
    full = sample()
    findings = tuple(
        msgspec.structs.replace(
            full.findings[index % len(full.findings)],
            fingerprint=f"{index:032x}",
            asset=msgspec.structs.replace(
                full.findings[0].asset, ip=f"203.0.113.{index % 254}", port=index
            ),
        )
        for index in range(2_000)
    )
    services = tuple(
        msgspec.structs.replace(full.services[0], ip=f"203.0.113.{index % 254}", port=index // 254)
        for index in range(254 * 8)
    )
    started = time.perf_counter()
    html = render_html(
        msgspec.structs.replace(full, findings=findings, services=services),
        SCENE,
        KNOWLEDGE,
        Language.FR,
    )
    assert time.perf_counter() - started < 6
    assert len(html) < 4_000_000
    assert "autres, voir findings.csv" in html
    assert "autres, voir findings.json" in html


def test_an_empty_region_renders() -> None:
    scene = Scene(
        inventory=Inventory(path="", ght=Ght(id="x", name=""), establishments=()),
        generated_at=SCENE.generated_at,
    )
    results = msgspec.structs.replace(
        empty(), services=(), coverage=Coverage(addresses=0, ports_tried=0, statuses={})
    )
    read = page(results, scene=scene)
    assert read.faults == []
    assert "ne donne aucun mandat" in read.text


def test_wide_ipv6_and_odd_ranges_are_drawn() -> None:
    one = Establishment(id="a", name="A", ranges=("2001:db8::/32", "203.0.113.9/32", "nonsense"))
    scene = msgspec.structs.replace(
        SCENE,
        inventory=msgspec.structs.replace(SCENE.inventory, establishments=(one,)),
        tlp="PURPLE; } * { color: red",
    )
    services = tuple(
        ServiceRow(
            establishment="a", ip=ip, port=1, transport=row.transport, protocol="x", tls=False,
            confidence=row.confidence, evidence=(),
        )
        for row, ip in zip(
            sample().services, ("2001:db8::1", "203.0.113.9", "garbage"), strict=False
        )
    )  # fmt: skip
    read = page(msgspec.structs.replace(sample(), services=services), scene=scene)
    drawn = read.text.replace("\u202f", " ").replace("\xa0", " ")
    assert "adresses : 79 228 162 514 264 337 593 543 950 336" in drawn
    assert "} * {" not in read.style.replace("border-box; }\n* {", "")


@pytest.mark.parametrize(
    ("language", "false", "true"),
    [
        (Language.FR, "ont reçu des paquets", "aucun paquet n'a été envoyé"),
        (Language.EN, "received packets", "no packet was sent"),
    ],
)
def test_a_passive_run_sent_nothing_and_says_so(language: Language, false: str, true: str) -> None:
    run = msgspec.structs.replace(sample(language).run, profile="passive")
    text = page(msgspec.structs.replace(sample(language), run=run), language).text
    text = text.replace("\u2019", "'").replace("\u00a0", " ")
    assert true in text
    assert false not in text
    assert "mot de passe n'est essayé" not in text


def test_french_agrees_with_none() -> None:
    coverage = Coverage(addresses=0, ports_tried=0, statuses={})
    nothing = msgspec.structs.replace(empty(), services=(), coverage=coverage)
    text = re.sub(r"\s+", " ", page(nothing).text)
    assert "aucun accès distant observé" in text
    assert "sur 0" not in text
    assert not re.search(r"\b0 (adresses|ports|accès distants)", text)


def test_small_ranges_of_a_neighbourhood_share_a_map() -> None:
    small = Establishment(
        id="ch", name="CH", ranges=("203.0.113.1/32", "203.0.113.8/31", "198.51.100.0/24")
    )
    inventory = msgspec.structs.replace(SCENE.inventory, establishments=(small,))
    scene = msgspec.structs.replace(SCENE, inventory=inventory, establishments=())
    read = page(scene=scene)
    assert "2 plages de 203.0.113.0/24" in re.sub(r"\s+", " ", read.text)
    assert sum(one.get("class") == "map" for one in read.of("li")) == 2


@pytest.mark.parametrize("language", Language)
def test_what_people_decided_has_a_part_of_its_own(language: Language) -> None:
    results = sample(language)
    first = msgspec.structs.replace(
        results.findings[0],
        state=State.ACCEPTED,
        decided=Decided(owner="RSSI <b>", reason="arrêt prévu", until=date(2027, 3, 1)),
    )
    read = page(msgspec.structs.replace(results, findings=(first, *results.findings[1:])), language)
    assert "exceptions" in [one["id"] for one in read.of("section")]
    for told in ("RSSI <b>", "arrêt prévu", "2027"):
        assert told in read.text


@pytest.mark.parametrize("language", Language)
def test_exceptions_of_a_directory_are_told_and_leave_its_level(language: Language) -> None:
    results = sample(language)
    decided = Decided(owner="RSSI", reason="arrêt prévu", until=date(2027, 3, 1))
    excepted = msgspec.structs.replace(
        results.findings[0],
        asset=Asset(establishment="chu", forest="f.example", domain="f.example"),
        state=State.ACCEPTED,
        decided=decided,
    )
    block = DirectoryBlock(
        forest="f.example",
        level=1,
        level_is="exact",
        list_edition="2026-11",
        points=(),
        privileged_accounts=(),
        domains=("f.example",),
        role="production",
        snapshots=(),
    )
    run = msgspec.structs.replace(results.run, kind="directory")
    told = msgspec.structs.replace(results, run=run, findings=(excepted,), directory=block)
    read = page(told, language)
    assert read.faults == []
    assert "exceptions" in [one["id"] for one in read.of("section")]
    for words in ("RSSI", "arrêt prévu", WORDS["exceptions_level"].say(language)[:20]):
        assert words in read.text
