"""Feed what a TLS server may answer to the reader of flights, under atheris (outside CI).

    pip install atheris && python fuzz/tls_flights.py fuzz/corpus/tls

The first byte of an input chooses the reader; CI replays the corpus through :func:`read_one`.
"""

import functools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from datetime import UTC, datetime

from core.observations.tls import RevocationSource
from scanner.tls.certificates import read_certificate, read_chain
from scanner.tls.datagram import DatagramReader
from scanner.tls.revocation import Pair, load_list, pairs_of, read_list, read_ocsp
from scanner.tls.secrets13 import Secrets
from scanner.tls.wire import Reader, read_sslv2
from tests.servers.tls_certs import issue

_AT = datetime(2026, 1, 1, tzinfo=UTC)


def read_one(data: bytes) -> None:
    """Read one input; whatever it holds, nothing is raised and nothing grows without bound."""
    which, data = data[:1], data[1:]
    if which == b"2":
        read_sslv2(data)
    elif which == b"3":
        secrets = Secrets(0x1301, bytes(32), b"")
        secrets.feed(data)
        assert len(secrets.hidden.certificates) <= 10
    elif which == b"d":
        DatagramReader().feed(data)
    elif which == b"o":
        assert read_ocsp(data, _pair(), _AT, RevocationSource.OCSP).status is None
    elif which == b"c":
        assert read_list(load_list(data), _pair(), _AT, "http://crl.example/").status is None
    elif which == b"x":
        read_certificate(data)
        pairs_of([data, data])
    else:
        whole, cut = Reader(past_done=True), Reader(past_done=True)
        whole.feed(data)
        for at in range(0, len(data), 7):
            cut.feed(data[at : at + 7])
        assert whole.flight == cut.flight
        assert len(whole.flight.certificates) <= 10
        read_chain(whole.flight.certificates, _AT)


@functools.cache
def _pair() -> Pair:
    """Give a certificate and its issuer, made for this run: nothing read may be signed by it."""
    authority = issue("AC", ca=True)
    return pairs_of([issue("service", by=authority).der, authority.der])[0]


def _main() -> None:
    import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

    atheris.instrument_all()
    atheris.Setup(sys.argv, read_one)
    atheris.Fuzz()


if __name__ == "__main__":
    _main()
