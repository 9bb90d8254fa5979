"""ldap3's own paged search, with the same bases, filters, attributes and controls."""

import json
import resource
import ssl
import sys
import time

import ldap3
from ldap3.protocol.controls import build_control


def main() -> None:
    """Read what to do as JSON on standard input; write the figures on standard output."""
    asked = json.load(sys.stdin)
    began = time.monotonic()
    tls = ldap3.Tls(
        validate=ssl.CERT_REQUIRED, ca_certs_file=asked["ca_file"], valid_names=[asked["host"]]
    )
    server = ldap3.Server(asked["address"], port=636, use_ssl=True, tls=tls, get_info=asked["info"])
    connection = ldap3.Connection(
        server,
        asked["user"],
        asked["password"],
        auto_bind=True,
        auto_range=True,
        check_names=False,
        read_only=True,
    )
    flags = build_control(
        "1.2.840.113556.1.4.801", True, b"\x30\x03\x02\x01\x07", encode_control_value=False
    )
    here = build_control("1.2.840.113556.1.4.1339", False, None)
    objects = 0
    for part in asked["parts"]:
        found = connection.extend.standard.paged_search(
            part["base"],
            part["filter"],
            search_scope=(ldap3.BASE, ldap3.LEVEL, ldap3.SUBTREE)[part["scope"]],
            attributes=part["attributes"],
            controls=[flags, here],
            paged_size=1000,
            generator=True,
        )
        objects += sum(one.get("type") == "searchResEntry" for one in found)
    connection.unbind()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "wall_s": time.monotonic() - began,
                "cpu_s": usage.ru_utime + usage.ru_stime,
                "peak_mib": usage.ru_maxrss / 1024,
                "objects": objects,
            }
        )
    )


main()
