"""MQTT: a connection of a version that does not exist, which no broker may accept.

MQTT 3.1.1 §3.1.2.2: a broker that does not support the protocol level answers CONNACK 0x01 and
disconnects; MQTT 5 §3.1.2.2 answers 0x84. The version is judged before any credential: no session
is made, no client is displaced, nothing is subscribed to.
"""

from scanner.lines import recognised
from scanner.visit import Measured, Probe, Visit

_LEVEL = 0x7E
"""Neither 3 (3.1), 4 (3.1.1) nor 5; below 0x80, whose bit marks bridges."""
_CONNECT = bytes([0x10, 17, 0, 4]) + b"MQTT" + bytes([_LEVEL, 2, 0, 10, 0, 5]) + b"vigie"
_CONNACK = 0x20
_DISCONNECT = b"\xe0\x00"
_CODES = {*range(6), *range(0x80, 0xA0)}
"""Of MQTT 3 (§3.2.2.3) and 5 (§3.2.2.2)."""
_MAX_BYTES = 64
"""MQTT 5 may add a reason in words; it is left unread past that."""


def recognises(heard: bytes) -> bool:
    """Tell a CONNACK, whatever it answers."""
    return (
        len(heard) >= 4
        and heard[0] == _CONNACK
        and 2 <= heard[1] < 0x80
        and heard[2] == 0
        and heard[3] in _CODES
    )


async def _measure(visit: Visit) -> Measured | None:
    async with await visit.dial(None) as stream:
        await stream.send(_CONNECT)
        answer = await stream.receive_exactly(2)
        if answer[0] != _CONNACK or not 2 <= answer[1] <= _MAX_BYTES:
            return None
        answer += await stream.receive_exactly(2)
        if not recognises(answer):
            return None
        if answer[3] == 0:
            # It reads no version: the session that it made for us ends here.
            await stream.send(_DISCONNECT)
    evidence = f"CONNECT level {_LEVEL:#x} → CONNACK {answer[3]:#04x}"
    return Measured(service=recognised(visit, "mqtt", answer, evidence))


PROBE = Probe(
    name="mqtt",
    ports=(1883, 8883),
    recognises=recognises,
    measure=_measure,
)
