"""Capability statements: whole, cut, shown in a page, and hostile."""

import html
import json

from hypothesis import given
from hypothesis import strategies as st

from scanner.fhir import read_capabilities

STATEMENT = {
    "resourceType": "CapabilityStatement",
    "status": "active",
    "date": "2026-01-01",
    "kind": "instance",
    "software": {"name": "HAPI FHIR Server", "version": "7.2.1"},
    "fhirVersion": "4.0.1",
    "format": ["application/fhir+json"],
    "rest": [
        {
            "mode": "server",
            "security": {
                "service": [
                    {
                        "coding": [
                            {
                                "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                                "code": "SMART-on-FHIR",
                            }
                        ]
                    },
                    {"text": "OAuth"},
                ]
            },
            "resource": [{"type": "Patient"}] * 100,
        }
    ],
}


def test_a_whole_statement() -> None:
    told = read_capabilities(json.dumps(STATEMENT).encode())
    assert told is not None
    assert told == ("4.0.1", "HAPI FHIR Server 7.2.1", ("OAuth", "SMART-on-FHIR"))


def test_one_that_declares_no_security() -> None:
    told = read_capabilities(json.dumps({**STATEMENT, "rest": [{"mode": "server"}]}).encode())
    assert told is not None
    assert told.security == ()


def test_a_cut_one_and_a_page_that_shows_one_say_less() -> None:
    text = json.dumps(STATEMENT)
    page = f"<html><pre><span class='x'>{html.escape(text)}</span></pre></html>"
    for body in (text[:300].encode(), page.encode()):
        told = read_capabilities(body)
        assert told is not None
        assert (told.fhir_version, told.security) == ("4.0.1", None)


def test_what_is_none() -> None:
    for body in (b"", b"{}", b"[]", b'{"resourceType": "Patient"}', b"<html>metadata</html>"):
        assert read_capabilities(body) is None
    assert read_capabilities(b"[" * 100_000) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    read_capabilities(data)
    read_capabilities(b'{"resourceType":"CapabilityStatement","rest":[' + data)


def test_bytes_that_are_no_text_are_no_statement() -> None:
    assert read_capabilities(b'{"resourceType": "\xff"}') is None
