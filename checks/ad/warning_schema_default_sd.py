"""New objects are born with rights that Windows does not give (warning_schema_default_sd)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import change, child_domain, healthy, hide, thing, unread
from checks.ad._shared.verdicts import PROOFS, Found, failed, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.descriptors import FULL_CONTROL, Ace
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Entry
from core.directory.sddl import BadSddl, parse, rights_of
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_SEEING = 0x20094
"""Read, list contents, list object, read permissions: what changes nothing."""
_OWN = frozenset(
    {
        sids.SYSTEM,
        sids.ADMINISTRATORS,
        sids.ENTERPRISE_CONTROLLERS,
        sids.CREATOR_OWNER,
        sids.ACCOUNT_OPERATORS,
    }
)
_OWN_RIDS = frozenset(
    {
        sids.ENTERPRISE_READ_ONLY_CONTROLLERS,
        sids.DOMAIN_ADMINS,
        sids.DOMAIN_CONTROLLERS,
        sids.SCHEMA_ADMINS,
        sids.ENTERPRISE_ADMINS,
        sids.KEY_ADMINS,
        sids.ENTERPRISE_KEY_ADMINS,
    }
)
"""With the ones above: to whom Windows itself gives the whole of some classes."""
_ANYWHERE = (
    "D:(OA;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;WD)"
    "(OA;;CR;4ecc03fe-ffc0-4947-b630-eb672a8a9dbc;;WD)"
    "(OA;;CR;05c74c5e-4deb-43b4-bd9f-86664c2a7fd5;;AU)"
    "(OA;;CR;280f369c-67c7-438e-ae98-1d46f3c6f541;;AU)"
    "(OA;;CR;91d67418-0135-4acc-8d79-c08e857cfbec;;AU)"
    "(OA;;CR;a1990816-4298-11d1-ade2-00c04fd8d5cd;;AU)"
    "(OA;;CR;ab721a55-1e2f-11d0-9819-00aa0040529b;;AU)"
    "(OA;;CR;ccc2dc7d-a6ad-4a7a-8846-c04e3cc53501;;AU)"
    "(OA;;CR;edacfd8f-ffb3-11d1-b41d-00a0c968f939;;AU)"
    "(OA;;CR;91d67418-0135-4acc-8d79-c08e857cfbec;;RU)"
    "(OA;;CR;3e0f7e18-2c7a-4c10-ba82-4d926db99a3e;;CN)"
    "(OA;;WP;bf967a7f-0de6-11d0-a285-00aa003049e2;;CA)"
    "(OA;;CCDC;bf967aa8-0de6-11d0-a285-00aa003049e2;;PO)"
    "(OA;;CR;e2a36dc9-ae17-47c3-b58b-be34c55ba633;;S-1-5-32-557)"
    "(OA;;WP;5805bc62-bdc9-4428-a5e2-856a0f4c185e;;S-1-5-32-561)"
    "(OA;;WP;6db69a1c-9422-11d1-aebd-0000f80367c1;;S-1-5-32-561)"
)
"""What Microsoft's schema, up to that of 2016, gives others of one right, property or class."""
_OF_CLASS = {
    "computer": "D:(A;;CCDC;;;PS)",
    "printqueue": "D:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;PO)",
    "dnszone": "D:(A;;CC;;;AU)",
    "dnszonescope": "D:(A;;CC;;;AU)",
    "dnszonescopecontainer": "D:(A;;CC;;;AU)",
    "mstpm-informationobjectscontainer": "D:(A;;CC;;;DC)",
}
_OF_FILTERS = "D:(A;;CCDCDT;;;AU)(A;;CC;;;PA)"
"""WMI filters: the classes ``msWMI-…``."""
_NO_DOMAIN = "S-1-5-21-0-0-0"
_CLASS = "CN=user,CN=Schema,CN=Configuration"
_USUAL = "D:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPLCLORC;;;AU)"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest some of whose classes give strangers more than seeing their new objects."""
    sid = forest.root.sid or _NO_DOMAIN
    found: list[Found] = []
    unreadable = ""
    for name, one in forest.schema.class_entries.items():
        try:
            given = parse(one.text("defaultsecuritydescriptor") or "D:", domain=sid)
        except BadSddl:
            unreadable = unreadable or one.dn
            continue
        if given.is_null_dacl:
            given_all = {"who": forest.name_of(sids.EVERYONE), "rights": "GA", "type": "—"}
            found.append((one, Proof("entry", {"dn": one.dn, "name": name, **given_all})))
            continue
        usual = _usual(name, sid)
        found += [
            (one, _told(forest, name, one, ace))
            for ace in given.aces
            if ace.allows and _is_more(ace, usual)
        ]
    yield from failed(forest, None, found)
    if not forest.schema.class_entries:
        yield NotMeasured(forest.place(), forest.unread("schema") or "hidden: classSchema")
    elif unreadable:
        yield NotMeasured(forest.place(), f"protocol-error: {unreadable}")
    yield from gaps(forest, "schema", "classschema", "defaultsecuritydescriptor")


def _usual(name: str, sid: str) -> tuple[Ace, ...]:
    more = _OF_FILTERS if name.startswith("mswmi-") else _OF_CLASS.get(name, "D:")
    return parse(_ANYWHERE, domain=sid).aces + parse(more, domain=sid).aces


def _is_more(ace: Ace, usual: tuple[Ace, ...]) -> bool:
    if ace.trustee in _OWN or sids.rid_of(ace.trustee) in _OWN_RIDS:
        return False
    if ace.trustee == sids.SELF and ace.object_type:
        return False
    held = 0
    for one in usual:
        if one.trustee == ace.trustee and one.object_type == ace.object_type:
            held |= one.mask
    return bool(ace.rights & FULL_CONTROL & ~_SEEING & ~held)


def _told(forest: Directory, name: str, one: Entry, ace: Ace) -> Proof:
    values = {
        "dn": one.dn,
        "name": name,
        "who": forest.name_of(ace.trustee, forest.root),
        "rights": rights_of(ace.mask),
        "type": forest.schema.name_of(ace.object_type) if ace.object_type else "—",
    }
    return Proof("entry", values)


POINT = Point(
    id="warning_schema_default_sd",
    condition=Condition.OURS,
    effort=1,
    base="{S}",
    query="(&(objectClass=classSchema)(defaultSecurityDescriptor=*))",
)

CHECK = Check(
    id="ad.warning-schema-default-sd",
    title_fr="Droits par défaut des nouveaux objets modifiés dans le schéma",
    title_en="Default rights of new objects changed in the schema",
    risk_fr=(
        "Chaque compte, groupe ou dossier créé désormais naît avec ces droits : une porte dérobée "
        "qui revient d'elle-même après tout nettoyage."
    ),
    risk_en=(
        "Each account, group or container made from now on is born with these rights: a back door "
        "that comes back by itself after any clean-up."
    ),
    criticality=Criticality.HIGH,
    references=("ANSSI warning_schema_default_sd", "MITRE T1222.001", "MS-ADSC"),
    remedy_fr=(
        "Remettre la valeur d'origine de defaultSecurityDescriptor (console Schéma Active "
        "Directory, propriétés de la classe, sécurité par défaut), puis retirer ces droits des "
        "objets créés entre-temps."
    ),
    remedy_en=(
        "Put back the original value of defaultSecurityDescriptor (Active Directory Schema "
        "console, properties of the class, default security), then take these rights off the "
        "objects made meanwhile."
    ),
    proofs={
        **PROOFS,
        "entry": Wording(
            "{dn} : toute nouvelle « {name} » donnera à {who} les droits {rights} (objet {type}).",
            "{dn}: every new « {name} » will give {who} the rights {rights} (object {type}).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(change(_CLASS, defaultsecuritydescriptor=f"{_USUAL}(A;;GA;;;DU)")),
        healthy(change(_CLASS, defaultsecuritydescriptor=f"{_USUAL}(A;;WP;;;PS)")),
        healthy(
            change(
                _CLASS,
                defaultsecuritydescriptor=(
                    f"{_USUAL}(OA;;CR;00299570-246d-11d0-a768-00aa006e0529;;S-1-5-21-9-9-9-1999)"
                ),
            )
        ),
        healthy(change(_CLASS, defaultsecuritydescriptor="D:NO_ACCESS_CONTROL")),
        # What DNS zones let everyone do, elsewhere.
        healthy(change(_CLASS, defaultsecuritydescriptor=f"{_USUAL}(A;;CC;;;AU)")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(hide(_CLASS, "defaultsecuritydescriptor")),
        healthy(change(_CLASS, defaultsecuritydescriptor=f"{_USUAL}(D;;GA;;;WD)S:(AU;SA;WP;;;WD)")),
        healthy(
            thing(
                "CN=ms-WMI-Som,CN=Schema,CN=Configuration",
                "classschema",
                ldapdisplayname="msWMI-Som",
                schemaidguid="ab857078-0142-4406-945b-34c9b6b13372",
                defaultsecuritydescriptor=f"{_USUAL}(A;;CC;;;PA)",
            )
        ),
    ),
    unmeasured=(
        healthy(unread("schema", "classschema")),
        healthy(change(_CLASS, defaultsecuritydescriptor="D:(X)")),
    ),
)
