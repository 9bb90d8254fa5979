"""Others control certificate templates (vuln_adcs_template_control)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    grant,
    group,
    healthy,
    hidden_descriptor,
    owned,
    template,
    unread,
)
from checks.ad._shared.permissions import PROOFS, proof_of
from checks.ad._shared.verdicts import failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.graph import OWNING
from core.directory.level import Point
from core.directory.paths import Control
from core.directory.rights import Right
from core.facts import Facts
from core.model import Confidence, Criticality, NotMeasured, Verdict

_CHANGING = OWNING | Right.GENERIC_WRITE | Right.WRITE_SOME
_PKI = "CN=Public Key Services,CN=Services,CN=Configuration"
_TEMPLATE = f"CN=Poste,CN=Certificate Templates,{_PKI}"
_ENROLL = "0e10c968-78fb-11d2-90d4-00c04f79dc55"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest whose templates the unexpected may change: level 1 when one is published."""
    levels: set[int] = set()
    found: list[Control] = []
    for template_ in forest.templates:
        held = forest.controllers_of(template_, only=_CHANGING)
        if held:
            levels.update((1, 2) if forest.certificates.publishing(template_) else (2,))
        found += held
    proofs = [(one.target, proof_of(forest, one)) for one in found]
    yield from failed(forest, None, proofs, *levels, confidence=Confidence.FIRM)
    hidden = next((one for one in forest.templates if one.descriptor is None), None)
    if hidden is not None:
        yield NotMeasured(forest.place(), f"hidden: {hidden.dn}")
    yield from gaps(forest, "configuration", "pkicertificatetemplate", "pkienrollmentservice")


POINT = Point(
    id="vuln_adcs_template_control",
    levels=(1, 2),
    effort=1,
    base="CN=Certificate Templates,CN=Public Key Services,CN=Services,{C}",
    query="(objectClass=pKICertificateTemplate)",
)

CHECK = Check(
    id="ad.adcs-template-control",
    title_fr="Modèles de certificats modifiables par des comptes non privilégiés",
    title_en="Certificate templates writable by accounts that are not privileged",
    risk_fr=(
        "Qui modifie un modèle publié en tire un certificat au nom de n'importe qui, "
        "administrateurs compris (ESC4)."
    ),
    risk_en=(
        "Whoever changes a published template obtains a certificate in anyone's name, "
        "administrators included (ESC4)."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_adcs_template_control",
        "MITRE T1649",
        "MITRE T1222.001",
    ),
    remedy_fr=(
        "Rétablir les droits d'origine des modèles et en réserver l'écriture aux administrateurs "
        "de niveau 0 ; dépublier les modèles inutiles."
    ),
    remedy_en=(
        "Restore the default rights of the templates and keep write access for tier-0 "
        "administrators; unpublish the templates not in use."
    ),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(grant(_TEMPLATE, "(A;;GA;;;@m.durand)")),
        healthy(grant(_TEMPLATE, "(A;;WP;;;AU)")),
        healthy(owned(_TEMPLATE, "m.durand")),
        healthy(
            template("Brouillon", published=False),
            owned(f"CN=Brouillon,CN=Certificate Templates,{_PKI}", "m.durand"),
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(grant(_TEMPLATE, f"(OA;;CR;{_ENROLL};;AU)")),
        healthy(grant(_TEMPLATE, "(A;;WP;;;@adm.martin)")),
        healthy(group("Vide"), grant(_TEMPLATE, "(A;;GA;;;@Vide)")),
    ),
    unmeasured=(
        healthy(hidden_descriptor(_TEMPLATE)),
        healthy(unread("configuration")),
    ),
)
