"""Certification authorities on a controller, or about to expire."""

from collections.abc import Iterator
from datetime import timedelta

from checks.ad._shared.healthy import change, child_domain, healthy, unread
from checks.ad._shared.verdicts import PROOFS, Found, failed, gaps
from checks.registry import Check
from core.directory.certificates import read_key
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_SOON = timedelta(days=180)
_SERVICE = "CN=CHU-AC,CN=Enrollment Services,CN=Public Key Services,CN=Services,CN=Configuration"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest whose authorities stand on a controller, or end within half a year."""
    found: list[Found] = []
    for one in forest.enrollment_services:
        host = one.text("dnshostname")
        if host and any(map(forest.is_controller, forest.spn_targets(f"HOST/{host}"))):
            found.append((one, Proof("controller", {"dn": one.dn, "host": host})))
        ends = [read_key(der).not_after for der in one.raw("cacertificate")]
        last = max((end for end in ends if end is not None), default=None)
        if last is not None and last - forest.at < _SOON:
            found.append((one, Proof("ends", {"dn": one.dn, "day": last.date().isoformat()})))
    yield from failed(forest, None, found)
    yield from gaps(forest, "configuration", "pkienrollmentservice")


POINT = Point(
    id="adcs_ca_inventory",
    effort=3,
    base="CN=Enrollment Services,CN=Public Key Services,CN=Services,{C}",
    query="(objectClass=pKIEnrollmentService)",
)

CHECK = Check(
    id="ad.adcs-ca-inventory",
    title_fr="Autorité de certification sur un contrôleur, ou bientôt expirée",
    title_en="Certification authority on a controller, or soon to expire",
    risk_fr=(
        "Une autorité sur un contrôleur ajoute ses failles à celles de l'annuaire ; expirée, elle "
        "arrête les services qui comptent sur elle."
    ),
    risk_en=(
        "An authority on a controller adds its flaws to those of the directory; expired, it stops "
        "the services that rely on it."
    ),
    criticality=Criticality.LOW,
    references=(
        "Microsoft AD CS",
        "MITRE T1649",
    ),
    remedy_fr=(
        "Déplacer l'autorité sur un serveur réservé, protégé comme un contrôleur, et renouveler "
        "son certificat avant terme."
    ),
    remedy_en=(
        "Move the authority to a server of its own, protected like a controller, and renew its "
        "certificate in time."
    ),
    proofs={
        **PROOFS,
        "controller": Wording(
            "{dn} : autorité sur le contrôleur {host}.",
            "{dn}: authority on the controller {host}.",
        ),
        "ends": Wording(
            "{dn} : certificat d'autorité valable jusqu'au {day}.",
            "{dn}: authority certificate valid until {day}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(change(_SERVICE, dnshostname="DC1.chu.example")),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(change(_SERVICE, dnshostname=None)),
    ),
    unmeasured=(healthy(unread("configuration")),),
)
