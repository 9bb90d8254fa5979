"""What checks on IKE say alike, and examples."""

import msgspec

from checks._shared.examples import AT, place
from core.model import Transport
from core.observations.ike import IkeAnswer, IkeService

GUIDE = "ANSSI, Recommandations de sécurité relatives à IPsec (DAT-NT-003)"
CARE = ("D1.EXPO.8", "DRA.EXPO.4")
WEAK_GROUPS = (1, 2, 22)
"""MODP of 768 bits, of 1024, and of 1024 with a small subgroup."""


def agreed(answer: IkeAnswer) -> str:
    """Give what was agreed on as one line: ``AES-CBC-256, SHA1, PSK, MODP-1024``."""
    parts = (answer.encryption, answer.integrity, answer.authentication, answer.group_name)
    return ", ".join(part for part in parts if part) or "—"


def answer(question: str, group: int = 14, **fields: object) -> IkeAnswer:
    """Give the answer of a responder that took an offer."""
    told: dict[str, object] = {
        "question": question,
        "chosen": True,
        "encryption": "AES-CBC-256",
        "integrity": "SHA2-256",
        "group": group,
        "group_name": {1: "MODP-768", 2: "MODP-1024", 5: "MODP-1536"}.get(group, "MODP-2048"),
        **fields,
    }
    return IkeAnswer(**told)  # type: ignore[arg-type]


def example(*answers: IkeAnswer, **fields: object) -> IkeService:
    """Give an IKEv2 gateway of the example hospital that refuses all that is old."""
    told: dict[str, object] = {
        "place": msgspec.structs.replace(place(500), transport=Transport.UDP),
        "at": AT,
        "answers": answers or (answer("v2", prf="PRF-HMAC-SHA2-256"),),
        "v2": True,
        "v1": False,
        "aggressive": False,
        "weak_groups": (),
        **fields,
    }
    return IkeService(**told)  # type: ignore[arg-type]
