"""A FHIR server (health data over HTTP) answers from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.fhir import FhirService


def judge(seen: FhirService, facts: Facts) -> Iterator[Verdict]:
    """Flag a FHIR server: high where it declares no security, information where declared."""
    software = " ".join(one for one in (seen.software, seen.fhir_version) if one) or "FHIR"
    proofs = [Proof("answered", {"path": seen.path, "software": software})]
    criticality: Criticality | None = None
    if seen.security is None:
        proofs.append(Proof("unread"))
        yield NotMeasured(seen.place, seen.why.get("security", "undetermined"))
    elif seen.security:
        proofs.append(Proof("secured", {"services": ", ".join(seen.security)}))
    else:
        proofs.append(Proof("unsecured"))
        criticality = Criticality.HIGH
    declared = facts.vouched(seen.place)
    if declared is not None and seen.security:
        proofs.append(Proof("declared", {"justification": declared.justification or "—"}))
        criticality = Criticality.INFO
    yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs), criticality)


_SECURED = FhirService(
    place=place(), at=AT, path="/fhir/metadata", fhir_version="4.0.1", security=("SMART-on-FHIR",)
)

CHECK = Check(
    id="fhir.exposed",
    title_fr="Serveur FHIR joignable depuis Internet",
    title_en="FHIR server reachable from the Internet",
    risk_fr=(
        "Un serveur FHIR livre des dossiers de patients par de simples requêtes web. Sans "
        "autorisation OAuth bien réglée, chacun peut les lire."
    ),
    risk_en=(
        "A FHIR server hands out patients' records to simple web requests. Without a well-set "
        "OAuth authorisation, anyone may read them."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.4", "D1.EXPO.7"),
    references=(
        "HL7 FHIR R4, CapabilityStatement.rest.security",
        "SMART App Launch 2",
        "PGSSI-S, PSSI type, 4.3.1.5",
    ),
    remedy_fr=(
        "Placer le serveur derrière une passerelle d'API qui exige OAuth 2.0 (SMART on FHIR, Pro "
        "Santé Connect) sur toute ressource, et journaliser les accès. S'il ne sert qu'à "
        "l'interne, le fermer."
    ),
    remedy_en=(
        "Put the server behind an API gateway that requires OAuth 2.0 (SMART on FHIR, Pro Santé "
        "Connect) on every resource, and log accesses. If it serves inside only, close it."
    ),
    proofs={
        "answered": Wording(
            "Déclaration de capacités lue sur {path} ({software}) ; aucune ressource n'a été "
            "demandée.",
            "Capability statement read at {path} ({software}); no resource was asked for.",
        ),
        "secured": Wording(
            "Il déclare exiger : {services}. Ce n'est pas une preuve que chaque ressource l'exige.",
            "It declares to require: {services}. That is no proof that every resource does.",
        ),
        "unsecured": Wording("Il ne déclare aucune sécurité.", "It declares no security at all."),
        "unread": Wording(
            "Ce qu'il déclare de sa sécurité n'a pas pu être lu.",
            "What it declares of its security could not be read.",
        ),
        "declared": PROOFS["declared"],
    },
    reads=FhirService,
    judge=judge,
    flagged=(
        _SECURED,
        FhirService(place=place(), at=AT, path="/metadata", security=()),
        FhirService(
            place=place(), at=AT, path="/metadata", why={"security": "gave-up: statement cut"}
        ),
    ),
    clean=(),
)
