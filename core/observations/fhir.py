"""What a FHIR server declares."""

from core.observations.base import Observation


class FhirService(Observation, frozen=True, kw_only=True, tag="fhir"):
    """One FHIR server, by its capability statement; no resource was asked for."""

    path: str
    """Where the statement was read."""
    fhir_version: str = ""
    software: str = ""
    security: tuple[str, ...] | None = None
    """Codes of the security services it declares (``OAuth``, ``SMART-on-FHIR``, ``Basic``…)."""
