"""Provisions and populates a Samba domain controller, offline. Run by Debian's own Python.

Reads one JSON object on its standard input and writes nothing of use: python3-samba belongs to
/usr/bin/python3, so that this file imports nothing of the project.
"""

import base64
import json
import logging
import sys
from typing import Any

import ldb  # type: ignore[import-not-found]
from samba.auth import system_session  # type: ignore[import-not-found]
from samba.dcerpc.security import descriptor, dom_sid  # type: ignore[import-not-found]
from samba.ndr import ndr_pack, ndr_unpack  # type: ignore[import-not-found]
from samba.param import LoadParm  # type: ignore[import-not-found]
from samba.provision import provision  # type: ignore[import-not-found]
from samba.samdb import SamDB  # type: ignore[import-not-found]

Asked = dict[str, Any]

CONTROLS = {
    # Lets pwdLastSet and others be written that the directory keeps for itself.
    "system": "local_oid:1.3.6.1.4.1.7165.4.3.20:0",
    "relax": "relax:0",
    "owner": "sd_flags:1:1",
    "dacl": "sd_flags:1:4",
}


def main() -> None:
    """Do what is asked."""
    logging.disable()
    asked = json.load(sys.stdin)
    if asked["do"] == "provision":
        make(asked)
    else:
        plant(asked)


def make(asked: Asked) -> None:
    """Write a new domain under a folder; about three seconds."""
    lp = LoadParm()
    provision(
        logging.getLogger("samba"),
        system_session(),
        smbconf=asked["conf"],
        targetdir=asked["folder"],
        realm=asked["realm"],
        domain=asked["netbios"],
        domainsid=dom_sid(asked["sid"]),
        hostname=asked["host"],
        hostip=asked["ip"],
        adminpass=asked["password"],
        serverrole="active directory domain controller",
        dom_for_fun_level=4,
        dns_backend=asked.get("dns", "SAMBA_INTERNAL"),
        useeadb=True,
        use_ntvfs=False,
        skip_sysvolacl=True,
        batch_mode=True,
        lp=lp,
    )


def plant(asked: Asked) -> None:
    """Add, change or delete what is listed, in one transaction, or one each where it says so."""
    lp = LoadParm()
    lp.load(asked["conf"])
    lp.set("dsdb:schema update allowed", "yes")
    base = f"{asked['folder']}/private/sam.ldb"

    def opened() -> Any:
        return SamDB(url=base, session_info=system_session(), lp=lp, options=["batch_mode:1"])

    sam = opened()
    for batch in asked["batches"]:
        sam.transaction_start()
        try:
            for one in batch:
                apply(sam, one)
        except BaseException:
            sam.transaction_cancel()
            raise
        sam.transaction_commit()
        # A schema that was extended is known to a handle opened afterwards.
        sam = opened()
    dated = [one for batch in asked["batches"] for one in batch if one["do"] == "raw"]
    if dated:
        # What the directory alone writes is set below its modules.
        names = [str(one).upper() for one in (sam.get_config_basedn(), sam.get_default_basedn())]
        files = {name: ldb.Ldb(f"{base}.d/{name}.ldb") for name in names}
        for one in dated:
            bare = next(file for name, file in files.items() if one["dn"].upper().endswith(name))
            bare.modify(replacing(ldb.Dn(bare, one["dn"]), one["attributes"]))


def replacing(dn: Any, attributes: Asked) -> Any:
    """Give the change that puts these texts in the place of what is there."""
    message = ldb.Message(dn)
    for name, values in attributes.items():
        message[name] = ldb.MessageElement(values, ldb.FLAG_MOD_REPLACE, name)
    return message


def grant(sam: Any, dn: Any, entries: str) -> None:
    """Put entries before those that a descriptor holds."""
    own = dom_sid(sam.get_domain_sid())
    dacl = [CONTROLS["dacl"]]
    held = sam.search(dn, ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"], controls=dacl)
    text = ndr_unpack(descriptor, held[0]["nTSecurityDescriptor"][0]).as_sddl(own)
    head, _, rest = text.partition("(")
    new = ndr_pack(descriptor.from_sddl(f"{head}{entries}({rest}", own))
    sam.modify(replacing(dn, {"nTSecurityDescriptor": [new]}), dacl)


def written(sam: Any, value: Any) -> Any:
    """Give one value as the database takes it."""
    if not isinstance(value, dict):
        return value
    if "sddl" in value:
        own = dom_sid(sam.get_domain_sid())
        return ndr_pack(descriptor.from_sddl(value["sddl"], own))
    return base64.b64decode(value["b64"])


def apply(sam: Any, one: Asked) -> None:
    """Do one step."""
    dn = ldb.Dn(sam, one["dn"])
    controls = [CONTROLS[name] for name in one.get("controls", ())]
    if one["do"] == "raw":
        return
    if one["do"] == "grant":
        [entries] = one["attributes"]["entries"]
        grant(sam, dn, entries)
        return
    if one["do"] == "delete":
        sam.delete(dn, controls=controls)
        return
    if one["do"] == "password":
        sam.setpassword(
            f"(distinguishedName={ldb.binary_encode(one['dn'])})", one["password"], False
        )
        return
    message = ldb.Message(dn)
    for name, values in one["attributes"].items():
        raw = [written(sam, value) for value in values]
        if one["do"] == "add":
            message[name] = ldb.MessageElement(raw, 0, name)
        else:
            flag = {
                "replace": ldb.FLAG_MOD_REPLACE,
                "append": ldb.FLAG_MOD_ADD,
                "remove": ldb.FLAG_MOD_DELETE,
            }[one["do"]]
            message[name] = ldb.MessageElement(raw, flag, name)
    if one["do"] == "add":
        sam.add(message, controls)
    else:
        sam.modify(message, controls)


main()
