"""IKE, which sets up IPsec: versions, modes, groups and makers (RFC 2409, RFC 3947, RFC 7296).

Opening messages alone, each once and of a kind: IKEv2, IKEv1 main mode; in profile standard and
above also aggressive mode and one offer of weak groups alone. A responder keeps what it took half
open for half a minute and strongSwan ignores an address beyond five of these, so at most four are
opened on port 500, and one on 4500, where the same responder listens. Nothing is kept of keys,
nonces and hashes.
"""

import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from core.errors import Unanswered
from core.model import Intensity, Status, Transport, reason
from core.observations.ike import IkeAnswer, IkeService, IkeVendor
from scanner.datagrams import TRIES, Datagrams
from scanner.ike import offers
from scanner.ike.names import group_name, load_names, named, text_of, vendor_of
from scanner.ike.offers import WEAK_GROUPS, Question
from scanner.ike.wire import (
    AGGRESSIVE,
    COOKIE,
    ENCRYPTED,
    HASH,
    INFORMATIONAL,
    INFORMATIONAL_V2,
    KE,
    MAIN,
    NOTIFY,
    NOTIFY2,
    RESPONSE,
    SA,
    SA2,
    SA_INIT,
    SIG,
    V1,
    V2,
    VENDOR,
    VENDOR2,
    Message,
    Transform1,
    Transform2,
    read_chosen1,
    read_chosen2,
    read_message,
    read_notify,
)
from scanner.lines import recognised
from scanner.visit import Measured, Probe, Visit

_NAT_T_PORT = 4500
_MARK = bytes(4)
"""What tells IKE from ESP on port 4500 (RFC 3948 §2.2)."""
_COOKIE_BYTES = 64
_WANTS_GROUP = 17
"""INVALID_KE_PAYLOAD, INVALID-KEY-INFORMATION."""
_UNKNOWN_VERSION = 5
_UNKNOWN_EXCHANGE = frozenset({7, 29})
_ERRORS_BELOW = 16_384
"""Notifications from there on are news, not refusals."""
_ANSWERS_READ = 4
_VENDORS_KEPT = 12
_VENDOR_BYTES = 64


@dataclass(slots=True)
class _Work:
    visit: Visit
    answers: list[IkeAnswer] = field(default_factory=list[IkeAnswer])
    vendors: dict[str, IkeVendor] = field(default_factory=dict[str, IkeVendor])
    v2: bool | None = None
    v1: bool | None = None
    aggressive: bool | None = None
    weak: set[int] = field(default_factory=set[int])
    refused_weak: bool = False
    why: dict[str, str] = field(default_factory=dict[str, str])
    foreign: bool = False
    """Something answered that is not IKE."""

    @property
    def mark(self) -> bytes:
        return _MARK if self.visit.place.port == _NAT_T_PORT else b""


async def _measure(visit: Visit) -> Measured | None:
    work = _Work(visit)
    silence = await _ask_v2(work)
    main: Transform1 | None = None
    if work.mark and work.v2:
        work.why["v1"] = work.why["aggressive"] = "asked-elsewhere"
    else:
        main, silent = await _ask_main(work)
        silence = silence or silent
    if not work.answers or all(one.unanswered for one in work.answers):
        if work.foreign:
            return None
        raise silence or Unanswered(Status.UNDETERMINED)
    if work.mark:
        work.why.setdefault("aggressive", "asked-elsewhere")
        work.why["weak_groups"] = "asked-elsewhere"
    elif visit.intensity <= Intensity.DISCREET or visit.medical:
        work.why.setdefault("aggressive", "intensity")
        work.why["weak_groups"] = "intensity"
    else:
        await _ask_aggressive(work, main)
        await _ask_weak(work, main)
    # No bytes are kept as they came: those of aggressive mode hold the proof of a shared key.
    service = recognised(visit, "ike", b"", *_evidence(work))
    return Measured(service=service, seen=(_observation(work),))


async def _ask_v2(work: _Work) -> Unanswered | None:
    """Ask for IKEv2; give the silence, if that is what came."""
    try:
        asked, message = await _exchange(work, offers.ask_v2(work.visit.operator), _answers_v2)
    except Unanswered as silence:
        work.answers.append(IkeAnswer(question="v2", unanswered=_told(silence)))
        work.why["v2"] = _told(silence)
        return silence
    answer = _conclude_v2(work, "v2", asked, message)
    work.answers.append(answer)
    if answer.chosen or answer.group is not None or answer.notify == "COOKIE":
        work.v2 = True
    elif _refuses(message, _UNKNOWN_VERSION):
        work.v2 = False
    else:
        work.why["v2"] = reason("no-proposal", answer.notify)
    return None


async def _ask_main(work: _Work) -> tuple[Transform1 | None, Unanswered | None]:
    """Ask for main mode; give what was chosen, and the silence, if that is what came."""
    question = offers.ask_main(work.visit.operator)
    try:
        asked, message = await _exchange(work, question, _answers_v1, leaves=True)
    except Unanswered as silence:
        work.answers.append(IkeAnswer(question="v1-main", unanswered=_told(silence)))
        work.why["v1"] = work.why["aggressive"] = _told(silence)
        return None, silence
    answer, chosen = _conclude_v1(work, "v1-main", asked, message)
    work.answers.append(answer)
    if chosen is not None:
        work.v1 = True
    elif _refuses(message, _UNKNOWN_VERSION):
        work.v1 = work.aggressive = False
    else:
        work.why["v1"] = reason("no-proposal", answer.notify)
    return chosen, None


async def _ask_aggressive(work: _Work, main: Transform1 | None) -> None:
    """Ask for aggressive mode, once, where it may be on."""
    if work.aggressive is not None or "aggressive" in work.why:
        return
    if main is None and work.v2:
        # IKEv2 alone, most probably: one refusal tells no more than the other.
        work.why["aggressive"] = work.why["v1"]
        return
    if main is not None and not offers.can_offer(main.group):
        work.why["aggressive"] = reason("not-offered", group_name(main.group))
        return
    question = offers.ask_aggressive(work.visit.operator, main)
    try:
        # Never repeated: each copy would have the gateway send its proof again.
        asked, message = await _exchange(work, question, _answers_v1, leaves=True, tries=1)
    except Unanswered as silence:
        work.answers.append(IkeAnswer(question="v1-aggressive", unanswered=_told(silence)))
        work.why["aggressive"] = _told(silence)
        return
    answer, chosen = _conclude_v1(work, "v1-aggressive", asked, message)
    work.answers.append(answer)
    proves = message.first(HASH) is not None or message.first(SIG) is not None
    if chosen is not None and proves and message.first(KE) is not None:
        work.v1 = work.aggressive = True
        work.why.pop("v1", None)
    elif _refuses(message, _WANTS_GROUP):
        # It looked at the public value: the mode is on, with another group.
        work.aggressive = True
    elif any(_refuses(message, one) for one in _UNKNOWN_EXCHANGE):
        work.aggressive = False
    elif main is not None:
        work.why["aggressive"] = reason("identity-needed", answer.notify)
    else:
        work.why["aggressive"] = reason("no-proposal", answer.notify)


async def _ask_weak(work: _Work, main: Transform1 | None) -> None:
    """Offer weak groups alone to each version that took a better one."""
    if work.weak:
        return
    refused: list[bool] = []
    if main is not None:
        question = offers.ask_main(work.visit.operator, offers.with_weak_groups(main))
        refused.append(await _offer_weak(work, "v1-main-weak", question, _answers_v1))
    if work.v2 and not work.weak:
        question = offers.ask_v2(work.visit.operator, groups=WEAK_GROUPS)
        refused.append(await _offer_weak(work, "v2-weak", question, _answers_v2))
    work.refused_weak = bool(refused) and all(refused)
    if not refused:
        work.why["weak_groups"] = work.why.get("v1") or work.why.get("v2") or "not-offered"


async def _offer_weak(
    work: _Work, name: str, question: Question, answers: Callable[[Question, Message], bool]
) -> bool:
    """Offer them once; tell whether they were refused, all of them and for what they are."""
    try:
        asked, message = await _exchange(work, question, answers, leaves=name == "v1-main-weak")
    except Unanswered as silence:
        work.answers.append(IkeAnswer(question=name, unanswered=_told(silence)))
        work.why["weak_groups"] = _told(silence)
        return False
    if name == "v2-weak":
        answer = _conclude_v2(work, name, asked, message)
    else:
        answer, _ = _conclude_v1(work, name, asked, message)
    work.answers.append(answer)
    is_refused = not work.weak and answer.notify.replace("-", "_") == "NO_PROPOSAL_CHOSEN"
    if not work.weak and not is_refused:
        work.why["weak_groups"] = reason("not-offered", answer.notify)
    return is_refused


async def _exchange(
    work: _Work,
    question: Question,
    answers: Callable[[Question, Message], bool],
    *,
    leaves: bool = False,
    tries: int = TRIES,
) -> tuple[Question, Message]:
    """Put one question and give the answer to it; ``Unanswered`` where none came."""

    def read(datagram: bytes) -> Message | None:
        if not datagram.startswith(work.mark):
            return None
        message = read_message(datagram[len(work.mark) :])
        return message if message is not None and answers(question, message) else None

    async def ask(udp: Datagrams, datagram: bytes) -> Message:
        got = await udp.ask(
            work.mark + datagram,
            answers=_ANSWERS_READ,
            is_whole=lambda got: read(got[-1]) is not None,
            tries=tries,
        )
        message = next((found for one in got if (found := read(one)) is not None), None)
        if message is None:
            work.foreign = True
            raise Unanswered(Status.PROTOCOL_ERROR, "no answer to our message")
        return message

    async with work.visit.exchange() as udp:
        message = await ask(udp, question.datagram)
        if (cookie := _cookie_of(message)) is not None:
            with suppress(Unanswered):
                message = await ask(udp, offers.with_cookie(question, cookie))
        if leaves and message.first(SA) is not None and any(message.responder):
            with suppress(Unanswered):
                await udp.tell(work.mark + offers.leave(message.initiator, message.responder))
    for identifier in message.each(VENDOR if message.version == V1 else VENDOR2):
        _keep_vendor(work, identifier)
    return question, message


def _answers_v1(question: Question, message: Message) -> bool:
    """Whether a message answers this one: our SPI, and an exchange that fits or a notification."""
    if message.initiator != question.initiator or message.flags & ENCRYPTED:
        return False
    if message.version == V2:
        is_response = bool(message.flags & RESPONSE)
        return is_response and message.exchange in (SA_INIT, INFORMATIONAL_V2) and _tells(message)
    is_choice = message.first(SA) is not None and any(message.responder)
    return message.exchange in (MAIN, AGGRESSIVE, INFORMATIONAL) and (is_choice or _tells(message))


def _answers_v2(question: Question, message: Message) -> bool:
    if message.initiator != question.initiator:
        return False
    if message.version == V1:
        return message.exchange == INFORMATIONAL and _tells(message)
    is_choice = message.first(SA2) is not None and any(message.responder)
    is_response = bool(message.flags & RESPONSE)
    return (
        is_response
        and message.exchange in (SA_INIT, INFORMATIONAL_V2)
        and (is_choice or _tells(message))
    )


def _tells(message: Message) -> bool:
    kind = NOTIFY if message.version == V1 else NOTIFY2
    return any(read_notify(body, message.version) is not None for body in message.each(kind))


def _notified(message: Message) -> list[tuple[int, bytes]]:
    kind = NOTIFY if message.version == V1 else NOTIFY2
    found = [read_notify(body, message.version) for body in message.each(kind)]
    return [(one.kind, one.data) for one in found if one is not None]


def _refuses(message: Message, kind: int) -> bool:
    return any(told == kind for told, _ in _notified(message))


def _cookie_of(message: Message) -> bytes | None:
    """Give the cookie that a busy IKEv2 responder wants repeated."""
    if message.version != V2 or message.first(SA2) is not None:
        return None
    told = (data for kind, data in _notified(message) if kind == COOKIE)
    return next((data for data in told if 1 <= len(data) <= _COOKIE_BYTES), None)


def _conclude_v2(work: _Work, name: str, question: Question, message: Message) -> IkeAnswer:
    chosen: Transform2 | None = None
    if message.version == V2 and (body := message.first(SA2)) is not None:
        chosen = read_chosen2(body)
    if chosen is not None and chosen.group in question.groups:
        _note_group(work, chosen.group)
        names = load_names().v2
        return IkeAnswer(
            question=name,
            chosen=True,
            encryption=_cipher(names.encryption, chosen.encryption, chosen.key_bits),
            integrity=named(names.integrity, chosen.integrity) if chosen.integrity else "",
            prf=named(names.prf, chosen.prf),
            group=chosen.group,
            group_name=group_name(chosen.group),
        )
    for kind, data in _notified(message):
        if message.version == V2 and kind == _WANTS_GROUP and len(data) == 2:
            (wanted,) = struct.unpack(">H", data)
            if wanted in question.groups:
                _note_group(work, wanted)
                return IkeAnswer(
                    question=name,
                    group=wanted,
                    group_name=group_name(wanted),
                    notify="INVALID_KE_PAYLOAD",
                )
    return IkeAnswer(question=name, notify=_refusal(message))


def _conclude_v1(
    work: _Work, name: str, question: Question, message: Message
) -> tuple[IkeAnswer, Transform1 | None]:
    chosen: Transform1 | None = None
    if message.version == V1 and (body := message.first(SA)) is not None:
        chosen = read_chosen1(body)
    # A choice of what was not offered is no choice.
    if chosen is None or chosen not in question.offered:
        return IkeAnswer(question=name, notify=_refusal(message)), None
    _note_group(work, chosen.group)
    names = load_names().v1
    answer = IkeAnswer(
        question=name,
        chosen=True,
        encryption=_cipher(names.encryption, chosen.encryption, chosen.key_bits),
        integrity=named(names.hash, chosen.hash),
        authentication=named(names.authentication, chosen.authentication),
        group=chosen.group,
        group_name=group_name(chosen.group),
    )
    return answer, chosen


def _note_group(work: _Work, group: int) -> None:
    if group in WEAK_GROUPS:
        work.weak.add(group)


def _refusal(message: Message) -> str:
    names = load_names()
    table = names.v1.notify if message.version == V1 else names.v2.notify
    kinds = [kind for kind, _ in _notified(message)]
    errors = [kind for kind in kinds if kind < _ERRORS_BELOW]
    return named(table, errors[0] if errors else kinds[0]) if kinds else ""


def _cipher(table: dict[int, str], number: int, key_bits: int) -> str:
    name = named(table, number)
    return f"{name}-{key_bits}" if key_bits else name


def _keep_vendor(work: _Work, identifier: bytes) -> None:
    told = identifier[:_VENDOR_BYTES].hex()
    if not told or told in work.vendors or len(work.vendors) >= _VENDORS_KEPT:
        return
    known = vendor_of(identifier)
    maker = known.name if known and known.means == "maker" else ""
    feature = known.name if known and known.means == "feature" else ""
    work.vendors[told] = IkeVendor(
        identifier=told, maker=maker, feature=feature, text=text_of(identifier)
    )


def _told(silence: Unanswered) -> str:
    return reason(silence.status.value, silence.detail)


def _observation(work: _Work) -> IkeService:
    groups: tuple[int, ...] | None = tuple(sorted(work.weak)) or None
    if groups is None and work.refused_weak:
        groups = ()
    measured = {
        "v2": work.v2,
        "v1": work.v1,
        "aggressive": work.aggressive,
        "weak_groups": groups,
    }
    return IkeService(
        place=work.visit.place,
        at=work.visit.now(),
        why={
            name: work.why.get(name, "not-offered") for name, one in measured.items() if one is None
        },
        answers=tuple(work.answers),
        vendors=tuple(work.vendors.values()),
        v2=work.v2,
        v1=work.v1,
        aggressive=work.aggressive,
        weak_groups=groups,
    )


def _evidence(work: _Work) -> list[str]:
    lines: list[str] = []
    for answer in work.answers:
        if answer.unanswered:
            continue
        parts = [
            answer.encryption,
            answer.integrity,
            answer.authentication,
            answer.group_name,
            answer.notify,
        ]
        told = ", ".join(part for part in parts if part)
        lines.append(f"{_SPOKEN[answer.question]}: {told}" if told else _SPOKEN[answer.question])
    makers = dict.fromkeys(one.maker for one in work.vendors.values() if one.maker)
    lines += [f"vendor {maker}" for maker in makers]
    lines += [f"vendor-text {one.text}" for one in work.vendors.values() if one.text]
    # Products are told by these, as ``handshake`` signals.
    return lines + [f"vendor-id {one.identifier}" for one in work.vendors.values()]


_SPOKEN = {
    "v2": "IKEv2",
    "v2-weak": "IKEv2 (MODP ≤ 1024)",
    "v1-main": "IKEv1 main",
    "v1-main-weak": "IKEv1 main (MODP ≤ 1024)",
    "v1-aggressive": "IKEv1 aggressive",
}

PROBE = Probe(
    name="ike",
    ports=(500, _NAT_T_PORT),
    transport=Transport.UDP,
    measure=_measure,
    in_tls=False,
)
