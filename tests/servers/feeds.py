"""The makers of feeds on loopback, in the formats they document; and makers that lie."""

import gzip
import json
import ssl
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from trustme import LeafCert

FORTIOS_2024 = "CVE-2024-21762"
KEV_PATH = "/www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"
EPSS_PATH = "/epss.empiricalsecurity.com/epss_scores-current.csv.gz"
NVD_PATH = "/services.nvd.nist.gov/rest/json/cves/2.0"
EOL_PATH = "/endoflife.date/api/v1/products/"
ALERTS_PATH = "/www.cert.ssi.gouv.fr/alerte/"

Answer = Callable[[BaseHTTPRequestHandler], None]


def kev_row(cve: str = FORTIOS_2024, **changes: object) -> dict[str, object]:
    """Give one entry, by CISA's JSON schema."""
    return {
        "cveID": cve,
        "vendorProject": "Fortinet",
        "product": "FortiOS",
        "vulnerabilityName": "Fortinet FortiOS Out-of-Bound Write Vulnerability",
        "dateAdded": "2024-02-09",
        "shortDescription": "…",
        "requiredAction": "…",
        "dueDate": "2024-02-16",
        "knownRansomwareCampaignUse": "Known",
        "notes": "",
        "cwes": ["CWE-787"],
        **changes,
    }


def kev(day: str = "2026-11-20", rows: Sequence[Mapping[str, object]] | None = None) -> bytes:
    """Give a catalogue."""
    entries = [kev_row()] if rows is None else list(rows)
    return json.dumps(
        {
            "title": "CISA Catalog of Known Exploited Vulnerabilities",
            "catalogVersion": day.replace("-", "."),
            "dateReleased": f"{day}T17:00:53.4411Z",
            "count": len(entries),
            "vulnerabilities": entries,
        }
    ).encode()


def epss(
    day: str = "2026-11-20", rows: Sequence[str] = (f"{FORTIOS_2024},0.92410,0.99710",)
) -> bytes:
    """Give the scores of a day."""
    head = f"#model_version:v2025.03.14,score_date:{day}T12:55:00Z\ncve,epss,percentile\n"
    return gzip.compress((head + "".join(f"{row}\n" for row in rows)).encode(), mtime=0)


def nvd(*cves: str, score: float = 9.8, changed: str = "2026-11-01T10:00:00.123") -> bytes:
    """Give an answer of the API 2.0."""
    found = [
        {
            "cve": {
                "id": cve,
                "sourceIdentifier": "psirt@fortinet.com",
                "published": "2024-02-09T09:15:08.087",
                "lastModified": changed,
                "vulnStatus": "Analyzed",
                "descriptions": [{"lang": "en", "value": "…"}],
                "metrics": {
                    "cvssMetricV31": [
                        {
                            "source": "psirt@fortinet.com",
                            "type": "Secondary",
                            "cvssData": {
                                "version": "3.1",
                                "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:L",
                                "baseScore": 9.4,
                            },
                        },
                        {
                            "source": "nvd@nist.gov",
                            "type": "Primary",
                            "cvssData": {
                                "version": "3.1",
                                "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                                "baseScore": score,
                            },
                        },
                    ]
                },
            }
        }
        for cve in cves
    ]
    return json.dumps(
        {
            "resultsPerPage": len(found),
            "startIndex": 0,
            "totalResults": len(found),
            "format": "NVD_CVE",
            "version": "2.0",
            "timestamp": "2026-11-20T10:00:00.000",
            "vulnerabilities": found,
        }
    ).encode()


def eol(
    slug: str = "fortios",
    *,
    cycle: str = "7.4",
    ends: str | None = "2027-11-11",
    latest: str = "7.4.9",
) -> bytes:
    """Give a product of the API v1."""
    release = {
        "name": cycle,
        "codename": None,
        "label": cycle,
        "releaseDate": "2023-05-11",
        "isLts": False,
        "ltsFrom": None,
        "isEoas": False,
        "eoasFrom": "2026-05-11",
        "isEol": ends is None,
        "eolFrom": ends,
        "isMaintained": True,
        "latest": {"name": latest, "date": "2026-08-01", "link": None},
        "custom": None,
    }
    return json.dumps(
        {
            "schema_version": "1.2.0",
            "generated_at": "2026-11-20T00:32:11+00:00",
            "last_modified": "2026-11-02T08:00:00+00:00",
            "result": {
                "name": slug,
                "aliases": [],
                "label": slug,
                "category": "os",
                "tags": [],
                "versionCommand": None,
                "identifiers": [],
                "labels": {},
                "links": {},
                "releases": [release],
            },
        }
    ).encode()


def alert(reference: str = "CERTFR-2024-ALE-004", cve: str = FORTIOS_2024) -> bytes:
    """Give an alert, as the JSON beside its page."""
    return json.dumps(
        {
            "$ref": "https://www.cert.ssi.gouv.fr/openapi.json",
            "reference": reference,
            "title": "[MàJ] Vulnérabilité dans Fortinet FortiOS",
            "summary": "…",
            "content": "## Solution",
            "affected_systems": [],
            "affected_systems_content": "",
            "closed_at": None,
            "cves": [{"name": cve, "url": f"https://www.cve.org/CVERecord?id={cve}"}],
            "links": [],
            "revisions": [
                {"description": "Version initiale", "revision_date": "2024-02-09T00:00:00.000000"},
                {"description": "Ajouts", "revision_date": "2024-02-12T00:00:00.000000"},
            ],
            "risks": [],
            "vendor_advisories": [],
        }
    ).encode()


def alert_rss(*references: str, day: str = "Fri, 09 Feb 2024") -> bytes:
    """Give the feed of alerts, as RSS 2.0."""
    items = "".join(
        f"<item><title>Vulnérabilité dans Fortinet FortiOS</title>"
        f"<link>https://www.cert.ssi.gouv.fr/alerte/{one}/</link>"
        f"<description>&lt;p&gt;La vulnérabilité {FORTIOS_2024} est exploitée.</description>"
        f"<pubDate>{day} 14:04:33 +0000</pubDate>"
        f"<guid isPermaLink='false'>https://www.cert.ssi.gouv.fr/alerte/{one}/</guid></item>"
        for one in references
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        "<rss xmlns:atom='http://www.w3.org/2005/Atom' version='2.0'><channel>"
        f"<title>CERT-FR</title><link>https://www.cert.ssi.gouv.fr/</link>{items}</channel></rss>"
    ).encode()


def alert_list(*references: str) -> bytes:
    """Give the list of alerts."""
    rows = [
        {
            "reference": reference,
            "title": "…",
            "last_revision_date": "2024-02-12",
            "json_url": f"/alerte/{reference}/json/",
        }
        for reference in references
    ]
    return json.dumps(rows).encode()


def body(data: bytes, *, etag: str = "", headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with these bytes; with a tag, 304 to whoever has them already."""

    def answer(asked: BaseHTTPRequestHandler) -> None:
        if etag and asked.headers.get("If-None-Match") == etag:
            asked.send_response(304)
            asked.send_header("ETag", etag)
            asked.end_headers()
            return
        asked.send_response(200)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            asked.send_header(name, value)
        if etag:
            asked.send_header("ETag", etag)
        asked.end_headers()
        asked.wfile.write(data)

    return answer


def status(code: int, **headers: str) -> Answer:
    """Answer with a status and nothing else."""

    def answer(asked: BaseHTTPRequestHandler) -> None:
        asked.send_response(code)
        for name, value in headers.items():
            asked.send_header(name.replace("_", "-"), value)
        asked.send_header("Content-Length", "0")
        asked.end_headers()

    return answer


def in_turn(*answers: Answer) -> Answer:
    """Answer each time in another way, the last one for ever."""
    left = list(answers)

    def answer(asked: BaseHTTPRequestHandler) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(asked)

    return answer


def cut(data: bytes, sent: int) -> Answer:
    """Announce all, send a part, hang up."""

    def answer(asked: BaseHTTPRequestHandler) -> None:
        asked.send_response(200)
        asked.send_header("Content-Length", str(len(data)))
        asked.end_headers()
        asked.wfile.write(data[:sent])
        asked.close_connection = True

    return answer


def dripping(stop: threading.Event) -> Answer:
    """Send a byte from time to time, for ever."""

    def answer(asked: BaseHTTPRequestHandler) -> None:
        asked.send_response(200)
        asked.end_headers()
        while not stop.is_set():
            asked.wfile.write(b"{")
            asked.wfile.flush()
            time.sleep(0.05)

    return answer


class Makers:
    """What is answered by path, and what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.address = ""
        self.stopped = threading.Event()

    def serve_all(self) -> None:
        """Answer rightly everywhere."""
        self.answers |= {
            KEV_PATH: body(kev(), etag='"kev-1"'),
            EPSS_PATH: body(epss(), etag='"epss-1"'),
            NVD_PATH: self._nvd,
            EOL_PATH: self._eol,
            f"{ALERTS_PATH}json/": body(alert_list("CERTFR-2024-ALE-004")),
            f"{ALERTS_PATH}CERTFR-2024-ALE-004/json/": body(alert()),
        }

    def paths(self) -> list[str]:
        """Give what was asked, without questions of the NVD's."""
        return [path for path, _ in self.asked]

    def answer(self, asked: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        path = urlsplit(asked.path).path
        self.asked.append((asked.path, dict(asked.headers)))
        folder = path[: path.rstrip("/").rfind("/") + 1]
        (self.answers.get(path) or self.answers.get(folder) or status(404))(asked)

    def _nvd(self, asked: BaseHTTPRequestHandler) -> None:
        wanted = parse_qs(urlsplit(asked.path).query).get("cveId", [FORTIOS_2024])
        body(nvd(*wanted))(asked)

    def _eol(self, asked: BaseHTTPRequestHandler) -> None:
        slug = asked.path.rstrip("/").rpartition("/")[2]
        latest = "10.0.26100" if slug.startswith("windows") else "7.4.9"
        body(eol(slug, latest=latest), etag='"eol-1"')(asked)


@contextmanager
def makers(certificate: LeafCert | None = None) -> Generator[Makers]:
    """Serve on loopback while the body runs; over TLS with a certificate."""
    made = Makers()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one segment: else each answer waits for a delayed acknowledgement.
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            try:
                made.answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            scheme = "https"
        made.address = f"{scheme}://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield made
        finally:
            made.stopped.set()
            server.shutdown()
            thread.join()
