"""TLS behind a greeting: the clear protocol opens the way, then TLS is assessed as anywhere."""

from core.errors import Unanswered
from core.observations.base import Attempt, Observation
from scanner.stream import Stream
from scanner.tls.assess import Prelude, assess
from scanner.visit import Visit


async def behind(
    visit: Visit, protocol: str, prelude: Prelude, *, gently: bool = False
) -> tuple[Observation, ...]:
    """Give what TLS shows once ``prelude`` has opened the way; an ``Attempt`` if it shows nothing.

    Connections are those of :func:`scanner.tls.assess.assess`: one in profile discreet; few when
    ``gently``, for servers that shut out whoever cuts handshakes short.
    """

    async def dial() -> Stream:
        return await visit.dial(None)

    try:
        seen = await assess(
            None,
            dial,
            place=visit.place,
            names=visit.names,
            intensity=visit.intensity,
            now=visit.now,
            prelude=prelude,
            starttls=protocol,
            medical=visit.medical or gently,
            roots=visit.roots,
            revocation=visit.revocation,
        )
    except Unanswered as end:
        return (
            Attempt(
                place=visit.place,
                at=visit.now(),
                probe=f"{protocol}-starttls",
                status=end.status,
                detail=end.detail,
            ),
        )
    return (seen,)
