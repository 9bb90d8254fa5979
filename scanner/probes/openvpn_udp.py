"""OpenVPN over UDP: one reset. With ``tls-auth`` or ``tls-crypt`` it stays silent: undetermined."""

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
            is_whole=lambda got: openvpn.is_server_reset(got[-1], session),
        )
    if not any(openvpn.is_server_reset(one, session) for one in got):
        return None
    return measured(visit)


PROBE = Probe(
    name="openvpn-udp",
    ports=(1194, 1195, 443),
    transport=Transport.UDP,
    measure=_measure,
    in_tls=False,
)
