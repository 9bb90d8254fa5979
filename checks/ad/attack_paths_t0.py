"""Ordinary accounts lead to tier 0."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, entra_connect, exchange, grant, healthy, unread
from checks.ad._shared.verdicts import PROOFS, Found, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.words import say_path
from core.facts import Facts
from core.model import Confidence, Criticality, NotMeasured, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest where accounts outside tier 0 lead to it, with the shortest path of each."""
    found: list[Found] = []
    for one in forest.paths.leading():
        # Protected like the privileged: more of tier 0 rather than a way to it.
        if forest.controls.is_protected_like(one):
            continue
        said = say_path(forest, forest.paths.path_from(one))
        found.append((one, Proof("path", {"fr": said.fr, "en": said.en})))
    everyone = [
        Proof("path", {"fr": said.fr, "en": said.en})
        for sid in forest.paths.everyone
        for said in (say_path(forest, forest.paths.path_of(sid)),)
    ]
    yield from failed(forest, None, found, confidence=Confidence.FIRM, head=everyone)
    yield from gaps(forest, "domain", "user", "computer", "group", "secret", "ntsecuritydescriptor")
    yield from gaps(
        forest,
        "configuration",
        "certificationauthority",
        "mskds-provrootkey",
        "pkicertificatetemplate",
        "pkienrollmentservice",
    )
    for dn in forest.paths.absent()[:1]:
        yield NotMeasured(forest.place(), f"hidden: {dn}")


POINT = Point(
    id="attack_paths_t0",
    effort=3,
    base="{D}",
    query="(adminCount=1)",
)

CHECK = Check(
    id="ad.attack-paths-t0",
    title_fr="Chemins de contrôle vers le niveau 0",
    title_en="Control paths to tier 0",
    risk_fr=("De proche en proche, ces comptes ordinaires prennent le contrôle de toute la forêt."),
    risk_en=("Step by step, these ordinary accounts take control of the whole forest."),
    criticality=Criticality.HIGH,
    references=(
        "ANSSI AD-control-paths",
        "MITRE T1098",
    ),
    remedy_fr=(
        "Couper chaque chemin à son étape la plus proche du niveau 0 : retirer le droit, "
        "l'appartenance ou la délégation."
    ),
    remedy_en=(
        "Cut each path at its step nearest to tier 0: remove the right, the membership or the "
        "delegation."
    ),
    proofs={
        **PROOFS,
        "path": Wording(
            "{fr}.{en:.0}",
            "{en}.{fr:.0}",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(grant("Domain Admins", "(A;;GA;;;@m.durand)")),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(exchange()),
        healthy(entra_connect()),
    ),
    unmeasured=(healthy(unread("domain", "group")),),
)
