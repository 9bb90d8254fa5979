"""Certificate templates by which an ordinary account obtains more than it ought to."""

from collections.abc import Callable, Iterator

from checks.ad._shared.verdicts import failed, gaps
from core.directory.forest import Directory
from core.directory.objects import Entry
from core.directory.rights import Right
from core.model import Confidence, NotMeasured, Proof, Verdict

CLIENT = "1.3.6.1.5.5.7.3.2"
SERVER = "1.3.6.1.5.5.7.3.1"
ANY = "2.5.29.37.0"
AGENT = "1.3.6.1.4.1.311.20.2.1"
_ENROLLING = Right.ENROLL | Right.AUTO_ENROLL | Right.ALL_EXTENDED | Right.GENERIC_ALL


def exposed(
    forest: Directory, wanted: Callable[[Entry], bool], confidence: Confidence = Confidence.FIRM
) -> Iterator[Verdict]:
    """Flag the forest for published templates like this that the unexpected get unapproved.

    The proof is ``template``, with ``dn`` and ``who``.
    """
    services = forest.certificates
    found: list[tuple[Entry, Proof]] = []
    for one in forest.templates:
        if not services.publishing(one) or services.is_approved(one) or not wanted(one):
            continue
        held = forest.controllers_of(one, only=_ENROLLING)
        who = ", ".join(dict.fromkeys(forest.name_of(control.trustee) for control in held))
        if who:
            found.append((one, Proof("template", {"dn": one.dn, "who": who})))
    yield from failed(forest, None, found, confidence=confidence)
    hidden = next((one for one in forest.templates if one.descriptor is None), None)
    if hidden is not None:
        yield NotMeasured(forest.place(), f"hidden: {hidden.dn}")
    yield from gaps(forest, "configuration", "pkicertificatetemplate", "pkienrollmentservice")
