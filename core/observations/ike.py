"""What an IKE responder agrees to before it knows who asks."""

import msgspec

from core.observations.base import Observation


class IkeAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to one opening message. Algorithms by their IANA names; empty: not said."""

    question: str
    """``v2`` ``v2-weak`` ``v1-main`` ``v1-main-weak`` ``v1-aggressive``; ``-weak`` offers groups of
    1024 bits or fewer alone."""
    chosen: bool = False
    """One of the offers was taken: the encryption, and the rest, are then told."""
    encryption: str = ""
    """With the key length: ``AES-CBC-256``."""
    integrity: str = ""
    """Hash of IKEv1, integrity of IKEv2 (empty: the cipher authenticates)."""
    prf: str = ""
    """IKEv2 alone."""
    authentication: str = ""
    """IKEv1 alone: ``PSK``, ``XAUTH-PSK``, ``RSA-SIG``…"""
    group: int | None = None
    """Diffie-Hellman group (IANA number) of the choice, or the one the responder wants instead of
    the public value that it was given (INVALID_KE_PAYLOAD): it takes that one either way."""
    group_name: str = ""
    notify: str = ""
    """The refusal, by its IANA name."""
    unanswered: str = ""
    """Reason id of :mod:`core.reasons`."""


class IkeVendor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One vendor identifier that was sent."""

    identifier: str
    """Hex, at most 64 bytes of it."""
    maker: str = ""
    """Who writes the responder, when the identifier is publicly known as theirs."""
    text: str = ""
    """What it reads as, when it is a text or ends with one: some makers write a version there."""
    feature: str = ""
    """What it announces, when publicly known as that of no one maker."""


class IkeService(Observation, frozen=True, kw_only=True, tag="ike"):
    """One IKE port. Nothing is kept of what could serve to guess a shared key (HASH_R, nonces)."""

    answers: tuple[IkeAnswer, ...]
    """In the order asked."""
    vendors: tuple[IkeVendor, ...] = ()
    v2: bool | None = None
    """Takes part in IKEv2."""
    v1: bool | None = None
    """Took an offer of IKEv1, in whatever mode."""
    aggressive: bool | None = None
    """Answers aggressive mode: its proof of the shared key is sent in clear to whoever asks."""
    weak_groups: tuple[int, ...] | None = None
    """Groups of 1024 bits or fewer that it took; empty: it refused them all."""
