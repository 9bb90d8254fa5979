"""Where the lures stand, where they point, and what the resolver says: one scene for all tests."""

EVIL4 = "198.51.100.9"
"""Public, reachable, nobody's: what lures point at."""
EVIL6 = "2001:db8:bad::9"
RESOLVER = "192.0.2.53"
HONEST = "192.0.2.54"
"""The resolver of :mod:`tests.servers.honest_dns`; the other lies."""
CANARY = "192.0.2.80"
MACHINE_RESOLVER = "198.51.100.253"
"""What /etc/resolv.conf names: the machine's own, that no inventory declares."""

EXCLUDED = "203.0.113.7"
THIRD_PARTY = "203.0.113.9"
"""In a mandated range, held by a third party whose consent has run out."""
MEDICAL = "203.0.113.12"
FRAGILE = "203.0.113.13"
"""Excluded by its name alone, ``fragile.chu.example``."""
SILENT = "203.0.113.15"
QUIET = "203.0.113.8"
"""Printers, MLLP, automata: one byte is too much."""
HOSTED = "198.51.100.40"
"""Of a mandated name hosted elsewhere."""
CLOSED_RANGE = "198.51.100.16/29"
"""Mandated, at another hour."""
UNMANDATED_RANGE = "198.51.100.64/29"

WEB_PORTS = (80, 3000, 8000, 8080, 8081, 8888)
TLS_PORTS = (443, 8443)
QUIET_PORTS = (102, 502, 515, 2575, 9100, 9101, 44818)
DICOM_PORTS = (104, 2762, 4242, 11112)
"""Quiet too, but for one association."""
TEXT_PORTS = (21, 25, 53, 110, 143, 389, 2121, 6379, 27017)
RDP_PORTS = (3388, 3389)
MUTE_PORT = 5985
"""Accepts, listens and never answers: what no probe recognises."""

SEATS: dict[str, tuple[int, ...]] = {
    **{f"203.0.113.{last}": WEB_PORTS for last in (0, 1, 2, 5, 10, 11, 14)},
    "203.0.113.3": TEXT_PORTS,
    "203.0.113.4": (*TLS_PORTS, *RDP_PORTS),
    # On a fragile host's own addresses all is open: what is not contacted is so by choice.
    EXCLUDED: (80, 443),
    THIRD_PARTY: (80, 443),
    FRAGILE: (80, 443),
    QUIET: (*QUIET_PORTS, *DICOM_PORTS),
    "203.0.113.6": (MUTE_PORT,),
    MEDICAL: (80, 104, 443, 2575, 3389, MUTE_PORT, 8080),
    **{f"2001:db8:10::{last}": WEB_PORTS for last in (1, 3, 4)},
    "2001:db8:10::2": (21, 80, 443),
    "2001:db8:10::5": (80, 443),
    HOSTED: (80, 443),
    "198.51.100.17": (80, 443),
    "198.51.100.65": (80, 443),
    EVIL4: (21, 25, 80, 389, 443, 3128, 3389, 6379, 8080, 27017),
    EVIL6: (80, 443),
    "10.66.0.1": WEB_PORTS,
    "10.66.0.2": (80, 443, 9100),
    "10.66.0.3": (80, 443),
    "10.0.0.9": (80, 443),
    "169.254.169.254": (80,),
}

PORTS = tuple(
    sorted(
        {*WEB_PORTS, *TLS_PORTS, *QUIET_PORTS, *DICOM_PORTS, *TEXT_PORTS, *RDP_PORTS, 22, MUTE_PORT}
    )
)
"""What a scan of the scene tries."""

_INTEGER = int.from_bytes(bytes(map(int, EVIL4.split("."))), "big")

LOCATIONS: tuple[str, ...] = (
    f"http://{EVIL4}",
    f"https://{EVIL4}",
    f"//{EVIL4}",
    f"http://{EVIL4}:8080",
    f"http://{_INTEGER}",
    f"http://{_INTEGER:#x}",
    f"http://0{_INTEGER:o}",
    "http://0306.063.0144.011",
    "http://0xc6.0x33.0x64.0x9",
    "http://198.51.25609",
    f"http://[::ffff:{EVIL4}]",
    "http://[::ffff:c633:6409]",
    f"http://[64:ff9b::{EVIL4}]",
    f"http://[{EVIL6}]",
    f"http://{EVIL4}.",
    "http://leurre.example",
    "http://leurre.example.",
    "http://www.chu.example.leurre.example",
    "http://www.сhu.example",
    "http://www.xn--hu-nmc.example",
    "http://fragile.chu.example.",
    "http://fragile。chu。example",
    "http://２０３．0．113．7",
    f"http://portail@{EVIL4}",
    f"http://203.0.113.2@{EVIL4}",
    f"http://203.0.113.2:80@{EVIL4}",
    f"http://{EVIL4}#@203.0.113.2",
    f"http://{EVIL4}\\@203.0.113.2",
    f"http:\\\\{EVIL4}",
    f"\\\\{EVIL4}\\partage",
    f"///{EVIL4}",
    f"http:///{EVIL4}",
    f" \thttp://{EVIL4}",
    f"http://{EXCLUDED}",
    "http://3405803783",
    f"http://{THIRD_PARTY}",
    f"http://{FRAGILE}",
    f"http://{MEDICAL}:2575",
    f"http://{QUIET}:9100",
    "http://{own}:9100",
    "http://www.chu.example:9100",
    "http://www.chu.example",
    "http://127.0.0.1:22",
    "http://localhost",
    "http://[::1]",
    "http://0",
    "http://0.0.0.0",
    "http://169.254.169.254/latest/meta-data",
    "http://10.0.0.9",
    "http://224.0.0.251",
    "http://[fe80::1%25out]",
    "http://198.51.100.17",
    "http://198.51.100.65",
    f"http://{HOSTED}",
    f"ftp://{EVIL4}",
    f"gopher://{EVIL4}:6379",
    f"ldap://{EVIL4}",
    "file:///etc/passwd",
    f"http://%31%39%38.51.100.9,http://{EVIL4}",
)
"""What the web lures put before the path they were asked for; ``{own}`` is their own address."""

LAB_LOCATIONS = (
    "http://10.66.0.3",
    "http://10.66.0.2:9100",
    "http://10.0.0.9",
    "http://127.0.0.1:22",
    "http://169.254.169.254/latest/meta-data",
    f"http://{EVIL4}",
)
"""The same, where private ranges are in scope."""


def lure_at(ip: str, port: int) -> str:
    """Give where the web server of a place leads: all lures are used, each somewhere."""
    if ip.startswith("10."):
        return LAB_LOCATIONS[WEB_PORTS.index(port) if port in WEB_PORTS else 0]
    if (ip, port) not in WEB_SEATS:
        return LOCATIONS[0]
    return LOCATIONS[WEB_SEATS.index((ip, port)) % len(LOCATIONS)]


WEB_SEATS = [(ip, port) for ip, ports in SEATS.items() if ports == WEB_PORTS for port in WEB_PORTS]

NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    # One tuple an answer, the last one for ever: the second question gets another truth.
    "chu.example": (("203.0.113.0", "198.51.100.97"),),
    "www.chu.example": (("203.0.113.2",), ("198.51.100.91",), (EVIL4,)),
    "alias.chu.example": (("CNAME leurre.example", EVIL4),),
    "imap.chu.example": (("203.0.113.3", "203.0.113.7", "127.0.0.1", "224.0.0.251"),),
    "six.chu.example": ((f"::ffff:{EVIL4}", "::1", "2001:db8:10::1", EVIL6),),
    "fragile.chu.example": ((FRAGILE,), (EVIL4,)),
    "portail.hebergeur.example": ((HOSTED,), ("198.51.100.92",), (EVIL4,)),
    "leurre.hebergeur.example": (
        (
            *(EXCLUDED, THIRD_PARTY, FRAGILE, "10.0.0.9", "127.0.0.1", "169.254.169.254"),
            *("224.0.0.251", "255.255.255.255", "0.0.0.0", "192.168.1.1", "100.64.0.9"),
            *(f"::ffff:{EXCLUDED}", "::ffff:10.0.0.9", "::ffff:127.0.0.1", "::1", "fe80::9"),
            *("ff02::1", f"64:ff9b::{EVIL4}", "2002:c633:6409::1", "2001:0:c633:6409::1"),
            *("fd00::9", "2001:db8:10::5", "::"),
        ),
    ),
}
"""What the resolver says, in turn. IPv6 addresses answer AAAA, the rest A."""
