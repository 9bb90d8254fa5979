"""OpenVPN over UDP: one reset. With ``tls-auth`` or ``tls-crypt`` it stays silent: undetermined.

The server forgets us after its handshake window, a minute. One that serves a single peer (no
``--mode server``) and has none by then takes a few seconds' rest, as after any client that left.
"""

from core.model import Transport
from scanner import openvpn
from scanner.probes.openvpn import measured
from scanner.visit import Measured, Probe, Visit

_ANSWERS_READ = 4


async def _measure(visit: Visit) -> Measured | None:
    session = openvpn.new_session()
    async with visit.exchange() as udp:
        got = await udp.ask(
            openvpn.client_reset(session),
            answers=_ANSWERS_READ,
            is_whole=lambda got: bool(openvpn.told(got[-1], session)),
        )
    said = next((name for one in got if (name := openvpn.told(one, session))), "")
    return measured(visit, said) if said else None


PROBE = Probe(
    name="openvpn-udp",
    ports=(1194, 1195, 443),
    transport=Transport.UDP,
    measure=_measure,
    in_tls=False,
)
