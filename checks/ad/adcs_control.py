"""Others control the containers of the forest's PKI (vuln_adcs_control)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    grant,
    group,
    healthy,
    hidden_descriptor,
    member,
    owned,
    server,
    unread,
    without,
)
from checks.ad._shared.permissions import PROOFS, proof_of
from checks.ad._shared.verdicts import failed, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Entry
from core.directory.paths import Control
from core.directory.rights import Right
from core.facts import Facts
from core.model import Confidence, Criticality, NotMeasured, Verdict

_TOP = "CN=Public Key Services,CN=Services"
_TEMPLATES = "CN=Certificate Templates"
_CLASSES = (
    "container",
    "certificationauthority",
    "pkienrollmentservice",
    "mspki-enterprise-oid",
    "mspki-privatekeyrecoveryagent",
    "crldistributionpoint",
)
_PKI = f"{_TOP},CN=Configuration"
_LOGON = f"CN=NTAuthCertificates,{_PKI}"
_SERVICE = f"CN=CHU-AC,CN=Enrollment Services,{_PKI}"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest whose PKI containers or authorities the unexpected control."""
    top = forest.in_configuration(_TOP)
    if top is None:
        # Every forest has this container, with certificate services or without.
        why = forest.unread("configuration", "container", "certificationauthority")
        yield NotMeasured(forest.place(), why or "hidden: CN=Public Key Services")
        return
    templates = f",{_TEMPLATES},{top.dn}".lower()
    targets = [top] + [
        one
        for one in forest.under(top.dn, within=forest.of(*_CLASSES))
        if not f",{one.dn}".lower().endswith(templates)
    ]
    hosts = {one.sid for one in _hosts(forest)}
    publishers = {one.rid(sids.CERT_PUBLISHERS) for one in forest.domains}
    found: list[Control] = []
    for one in targets:
        # What lies in AIA and CDP is written by the authorities, through Cert Publishers.
        lists = any(f",cn={name}," in f",{one.dn}".lower() for name in ("aia", "cdp"))
        besides = hosts | publishers if lists else hosts
        found += forest.controllers_of(one, besides=besides, more=Right.WRITE_SOME)
    proofs = [(one.target, proof_of(forest, one)) for one in found]
    yield from failed(forest, None, proofs, *POINT.levels, confidence=Confidence.FIRM)
    hidden = next((one for one in targets if one.descriptor is None), None)
    if hidden is not None:
        yield NotMeasured(forest.place(), f"hidden: {hidden.dn}")
    yield from gaps(forest, "configuration", "certificationauthority", "pkienrollmentservice")


def _hosts(forest: Directory) -> Iterator[Entry]:
    for service in forest.enrollment_services:
        host = service.text("dnshostname")
        if host:
            yield from forest.spn_targets(f"HOST/{host}")


POINT = Point(
    id="vuln_adcs_control",
    levels=(1,),
    effort=1,
    base="CN=Public Key Services,CN=Services,{C}",
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.adcs-control",
    title_fr="Conteneurs de la PKI contrôlés par des comptes non privilégiés",
    title_en="PKI containers controlled by accounts that are not privileged",
    risk_fr=(
        "Qui modifie ces conteneurs fait accepter sa propre autorité et se connecte au nom de "
        "n'importe qui, administrateurs compris."
    ),
    risk_en=(
        "Whoever changes these containers has an authority of their own accepted, and logs on as "
        "anyone, administrators included."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_adcs_control",
        "MITRE T1649",
        "MITRE T1222.001",
    ),
    remedy_fr=(
        "Retirer les droits laissés par l'installation de la PKI sur ces conteneurs et revenir "
        "aux droits d'origine (pkiview.msc, ldp)."
    ),
    remedy_en=(
        "Remove the rights left by the installation of the PKI on these containers and restore "
        "the default ones (pkiview.msc, ldp)."
    ),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(grant(_LOGON, "(A;;GA;;;@m.durand)")),
        healthy(grant(_PKI, "(A;CI;GA;;;@m.durand)")),
        healthy(owned(_SERVICE, "m.durand")),
        healthy(grant(_SERVICE, "(A;;WP;;;AU)")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(server("SRV-PKI"), grant(_SERVICE, "(A;;GA;;;@SRV-PKI$)")),
        healthy(member("Cert Publishers", "SRV-FICHIERS$")),
        healthy(group("Vide"), grant(_LOGON, "(A;;GA;;;@Vide)")),
    ),
    unmeasured=(
        healthy(without(_PKI)),
        healthy(hidden_descriptor(_LOGON)),
        healthy(unread("configuration")),
    ),
)
