"""What a DICOM node says to an association that asks for verification alone."""

from core.observations.base import Observation


class DicomService(Observation, frozen=True, kw_only=True, tag="dicom"):
    """One DICOM node; the association was released at once, nothing was asked within it."""

    is_accepted: bool | None
    """Whether a caller it does not know was let in; ``None``: it broke off without saying."""
    refusal: str = ""
    """``source/reason`` of the rejection (PS3.8 §9.3.4), as ``1/3``; empty when accepted."""
    implementation_uid: str = ""
    """Implementation Class UID, of the accepting side."""
    implementation: str = ""
    """Implementation Version Name: ``OFFIS_DCMTK_367``, ``dcm4che-2.0``."""
    verifies: bool | None = None
    """Whether it takes the verification service (C-ECHO) of such a caller."""
    tls: bool = False
