"""A resolver that tells the truth, of a domain whose records lead out in every way they can.

What does not exist is denied, wildcards' random labels too: so every stage that lives on names
goes on, where one that lies would be believed by none of them.
"""

from collections import Counter

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.servers.lure_places import (
    EVIL4,
    EVIL6,
    EXCLUDED,
    FRAGILE,
    HOSTED,
    MEDICAL,
    THIRD_PARTY,
)

ZONE = "chu.example"
_SOA = "ns.leurre.example. hostmaster.leurre.example. 2026010101 3600 600 604800 60"
_SPF = (
    '"v=spf1 a:relais.chu.example mx:leurre.example include:_spf.leurre.example '
    f'include:_spf.chu.example exists:%{{i}}.leurre.example ip4:{EVIL4} redirect=leurre.example"'
)
_RECORDS = (
    # What the domain says of itself, each time with one inside and others outside.
    f"{ZONE} SOA {_SOA}",
    f"{ZONE} NS ns.leurre.example.",
    f"{ZONE} NS ns1.{ZONE}.",
    f"{ZONE} NS ns2.{ZONE}.",
    f"{ZONE} NS ns3.{ZONE}.",
    f"{ZONE} MX 10 smtp.leurre.example.",
    f"{ZONE} MX 20 mx1.{ZONE}.",
    f"{ZONE} MX 30 mx2.{ZONE}.",
    f"{ZONE} MX 40 mx3.{ZONE}.",
    f"{ZONE} TXT {_SPF}",
    f'{ZONE} CAA 0 issue "ca.leurre.example"',
    f'{ZONE} CAA 0 iodef "http://{EVIL4}/iodef"',
    f"{ZONE} A 203.0.113.2",
    f"_spf.{ZONE} TXT " + f'"v=spf1 a:spf.{ZONE} include:_spf.leurre.example -all"',
    f"_mta-sts.{ZONE} TXT " + '"v=STSv1; id=1"',
    f"_smtp._tls.{ZONE} TXT " + f'"v=TLSRPTv1; rua=https://{EVIL4}/rapport"',
    f"_dmarc.{ZONE} TXT " + '"v=DMARC1; p=none; rua=mailto:x@leurre.example"',
    f"_autodiscover._tcp.{ZONE} SRV 0 0 443 srv.leurre.example.",
    f"_sip._tls.{ZONE} SRV 0 0 443 sip-dehors.{ZONE}.",
    f"ns1.{ZONE} A 203.0.113.3",
    f"ns2.{ZONE} A {EXCLUDED}",
    f"ns2.{ZONE} A 127.0.0.1",
    f"ns3.{ZONE} A {EVIL4}",
    f"ns3.{ZONE} AAAA {EVIL6}",
    f"mx1.{ZONE} A 203.0.113.3",
    f"mx1.{ZONE} A {EVIL4}",
    f"mx2.{ZONE} A {EXCLUDED}",
    f"mx2.{ZONE} AAAA 2001:db8:10::5",
    f"mx3.{ZONE} CNAME smtp.leurre.example.",
    f"mta-sts.{ZONE} A 203.0.113.4",
    f"mta-sts.{ZONE} A {EVIL4}",
    f"mta-sts.{ZONE} AAAA {EVIL6}",
    f"relais.{ZONE} A {EVIL4}",
    f"spf.{ZONE} A {THIRD_PARTY}",
    f"sip-dehors.{ZONE} AAAA {EVIL6}",
    # Words of the list.
    f"vpn.{ZONE} A {EVIL4}",
    f"intranet.{ZONE} A {EXCLUDED}",
    f"pacs.{ZONE} A {MEDICAL}",
    f"citrix.{ZONE} A {THIRD_PARTY}",
    f"bastion.{ZONE} A 10.0.0.9",
    f"wiki.{ZONE} A 127.0.0.1",
    f"wiki.{ZONE} AAAA ::ffff:{EVIL4}",
    f"extranet.{ZONE} A 203.0.113.2",
    f"extranet.{ZONE} A {EVIL4}",
    f"extranet.{ZONE} AAAA 2001:db8:10::2",
    f"extranet.{ZONE} AAAA {EVIL6}",
    f"sso.{ZONE} A 203.0.113.4",
    f"portail.{ZONE} CNAME portail.leurre.example.",
    f"webmail.{ZONE} CNAME retour.leurre.example.",
    f"intra.{ZONE} CNAME fragile.{ZONE}.",
    f"fragile.{ZONE} A {FRAGILE}",
    f"www.{ZONE} A 203.0.113.2",
    f"api.fragile.{ZONE} A 203.0.113.5",
    # A zone of its own, held by others.
    f"dev.{ZONE} NS ns.leurre.example.",
    f"dev.{ZONE} A {EVIL4}",
    f"www.dev.{ZONE} A {EVIL4}",
    # Below a wildcard, all leads out.
    f"*.app.{ZONE} A {EVIL4}",
    f"app.{ZONE} A {EVIL4}",
    # Names that only the reverse zone, or a transfer, gives.
    f"inverse.{ZONE} A 203.0.113.11",
    f"inverse.{ZONE} A {EVIL4}",
    f"transfert.{ZONE} A 203.0.113.10",
    f"transfert.{ZONE} A {EVIL4}",
    f"1.113.0.203.in-addr.arpa PTR inverse.{ZONE}.",
    "5.113.0.203.in-addr.arpa PTR pointe.leurre.example.",
    f"9.113.0.203.in-addr.arpa PTR tiers.{ZONE}.",
    f"tiers.{ZONE} A {THIRD_PARTY}",
    # Where it all leads.
    "leurre.example NS ns.leurre.example.",
    f"leurre.example A {EVIL4}",
    "leurre.example MX 10 smtp.leurre.example.",
    "leurre.example TXT " + f'"v=spf1 ip4:{EVIL4} -all"',
    "_spf.leurre.example TXT " + '"v=spf1 include:leurre.example exists:leurre.example -all"',
    *(f"{one}.leurre.example A {EVIL4}" for one in ("ns", "portail", "srv", "pointe")),
    f"smtp.leurre.example A {EVIL4}",
    f"ns.leurre.example AAAA {EVIL6}",
    "retour.leurre.example A 203.0.113.5",
    f"portail.hebergeur.example A {HOSTED}",
)
CHANGES = (f"test.{ZONE}", ("203.0.113.14", EVIL4))
"""A name, and where it leads: to the first for its first questions, to the second afterwards."""
_FIRST_QUESTIONS = 2
_asked: Counter[str] = Counter()


def _read() -> dict[dns.name.Name, dict[dns.rdatatype.RdataType, dns.rrset.RRset]]:
    values: dict[tuple[str, str], list[str]] = {}
    for line in _RECORDS:
        owner, kind, value = line.split(" ", 2)
        values.setdefault((owner, kind), []).append(value)
    zone: dict[dns.name.Name, dict[dns.rdatatype.RdataType, dns.rrset.RRset]] = {}
    for (owner, kind), told in values.items():
        # TTL 0: nothing keeps anybody from asking again.
        made = dns.rrset.from_text(f"{owner}.", 0, "IN", kind, *told)
        zone.setdefault(dns.name.from_text(owner), {})[made.rdtype] = made
    return zone


_ALIASES = {
    dns.name.from_text(line.split(" ")[0]): dns.name.from_text(line.split(" ")[2])
    for line in _RECORDS
    if line.split(" ")[1] == "CNAME"
}
_BY_NAME = _read()
_APEX = dns.name.from_text(ZONE)
_EXISTING = {
    dns.name.Name(one.labels[above:]) for one in _BY_NAME for above in range(len(one.labels))
}


def answer(query: bytes) -> bytes | None:
    """Give the answer of a resolver: the truth, and NXDOMAIN for what does not exist."""
    told = _begun(query)
    if told is None:
        return None
    told.flags |= dns.flags.RA
    question = told.question[0]
    _tell(told, question.name, question.rdtype)
    return told.to_wire(max_size=4_096)


def answer_with_authority(query: bytes) -> bytes | None:
    """Give the answer of a server of the domain, which hands the zone out; ``None``: not of it."""
    told = _begun(query)
    if told is None or not told.question[0].name.is_subdomain(_APEX):
        return None
    told.flags |= dns.flags.AA
    question = told.question[0]
    if question.rdtype == dns.rdatatype.AXFR:
        soa = _BY_NAME[_APEX][dns.rdatatype.SOA]
        # Records of others' zones slip in, as a hostile server would have it.
        told.answer = [soa, *(one for held in _BY_NAME.values() for one in held.values()), soa]
        return told.to_wire(max_size=65_535)
    _tell(told, question.name, question.rdtype)
    glue = dns.rrset.from_text("ns.leurre.example.", 0, "IN", "A", EVIL4)
    told.additional.append(glue)
    return told.to_wire(max_size=65_535)


def forget() -> None:
    """Begin again with the first truth of the name that changes."""
    _asked.clear()


def _begun(query: bytes) -> dns.message.Message | None:
    try:
        asked = dns.message.from_wire(query)
    except (dns.exception.DNSException, ValueError):
        return None
    return dns.message.make_response(asked) if asked.question else None


def _tell(told: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> None:
    for _ in range(8):
        held = _held(name)
        if held is None:
            told.set_rcode(dns.rcode.NXDOMAIN)
            break
        if (found := held.get(kind)) is not None:
            told.answer.append(found)
            return
        alias = held.get(dns.rdatatype.CNAME)
        if alias is None:
            break
        told.answer.append(alias)
        name = _ALIASES[name]
    if name.is_subdomain(_APEX):
        told.authority.append(_BY_NAME[_APEX][dns.rdatatype.SOA])


def _held(name: dns.name.Name) -> dict[dns.rdatatype.RdataType, dns.rrset.RRset] | None:
    """Give the records of a name; none where only names below exist, ``None`` where it does not."""
    if name == dns.name.from_text(CHANGES[0]):
        turn = _asked[CHANGES[0]]
        _asked[CHANGES[0]] += 1
        address = CHANGES[1][turn >= _FIRST_QUESTIONS]
        return {dns.rdatatype.A: dns.rrset.from_text(name, 0, "IN", "A", address)}
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name in _EXISTING:
        return {}
    wild = _BY_NAME.get(dns.name.Name((b"*", *name.labels[1:])))
    if wild is None:
        return None
    return {kind: dns.rrset.from_rdata_list(name, 0, list(one)) for kind, one in wild.items()}
