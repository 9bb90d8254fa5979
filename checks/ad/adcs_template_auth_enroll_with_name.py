"""A template lets who asks say in whose name (vuln_adcs_template_auth_enroll_with_name)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    change,
    child_domain,
    healthy,
    template,
    unread,
    without,
)
from checks.ad._shared.permissions import PROOFS, proof_of
from checks.ad._shared.verdicts import failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.paths import Control
from core.directory.rights import Right
from core.facts import Facts
from core.model import Confidence, Criticality, NotMeasured, Verdict

_ENROLLING = Right.ENROLL | Right.AUTO_ENROLL | Right.ALL_EXTENDED | Right.GENERIC_ALL
_LOGON = "CN=NTAuthCertificates,CN=Public Key Services,CN=Services"
_NAMED = {"mspki-certificate-name-flag": 1}
_TARGET = f"{_LOGON},CN=Configuration"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest where the unexpected may obtain a certificate to log on as anyone."""
    found: list[Control] = []
    for one, enrollers in forest.certificates.in_anyones_name():
        held = forest.controllers_of(one, only=_ENROLLING)
        found += (control for control in held if control.trustee in enrollers)
    proofs = [(one.target, proof_of(forest, one)) for one in found]
    yield from failed(forest, None, proofs, *POINT.levels, confidence=Confidence.FIRM)
    services = forest.enrollment_services
    if services and forest.in_configuration(_LOGON) is None:
        yield NotMeasured(forest.place(), "hidden: NTAuthCertificates")
        return
    read = (*forest.templates, *services)
    hidden = next((one for one in read if one.descriptor is None), None)
    if hidden is not None:
        yield NotMeasured(forest.place(), f"hidden: {hidden.dn}")
    yield from gaps(forest, "configuration", "pkicertificatetemplate", "pkienrollmentservice")


POINT = Point(
    id="vuln_adcs_template_auth_enroll_with_name",
    levels=(1,),
    effort=1,
    base="CN=Certificate Templates,CN=Public Key Services,CN=Services,{C}",
    query="(msPKI-Certificate-Name-Flag:1.2.840.113556.1.4.804:=65537)",
)

CHECK = Check(
    id="ad.adcs-template-auth-enroll-with-name",
    title_fr="Modèles de certificats délivrant l'identité demandée",
    title_en="Certificate templates that grant the identity asked for",
    risk_fr=(
        "Un compte ordinaire obtient un certificat au nom d'un administrateur et se connecte à sa "
        "place : la forêt tombe aussitôt (ESC1)."
    ),
    risk_en=(
        "An ordinary account obtains a certificate in the name of an administrator and logs on in "
        "their place: the forest falls at once (ESC1)."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_adcs_template_auth_enroll_with_name",
        "MITRE T1649",
    ),
    remedy_fr=(
        "Retirer l'autorité de NTAuthCertificates si elle n'authentifie personne ; sinon faire "
        "construire le sujet depuis l'annuaire, ou exiger l'accord d'un gestionnaire, ou réserver "
        "l'inscription à des comptes privilégiés."
    ),
    remedy_en=(
        "Remove the authority from NTAuthCertificates if it authenticates no one; otherwise have "
        "the subject built from the directory, or require a manager's approval, or keep enrolment "
        "for privileged accounts."
    ),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(template("Web", "AU", attributes=_NAMED)),
        healthy(template("Web", "@m.durand", attributes={"mspki-certificate-name-flag": 0x10000})),
        healthy(
            template(
                "Web",
                "DU",
                attributes={
                    **_NAMED,
                    "pkiextendedkeyusage": (),
                    "mspki-certificate-application-policy": (),
                },
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(template("Web", attributes=_NAMED)),
        healthy(template("Web", "AU", attributes=_NAMED, published=False)),
        healthy(template("Web", "AU", attributes={**_NAMED, "mspki-enrollment-flag": 2})),
        healthy(template("Web", "AU", attributes={**_NAMED, "mspki-ra-signature": 1})),
        healthy(
            template(
                "Web",
                "AU",
                attributes={**_NAMED, "mspki-certificate-application-policy": "1.3.6.1.5.5.7.3.1"},
            )
        ),
        healthy(template("Web", "AU", attributes=_NAMED), change(_TARGET, cacertificate=b"autre")),
    ),
    unmeasured=(
        healthy(without(_TARGET)),
        healthy(unread("configuration")),
    ),
)
