"""A class of containers may be put under an account (warning_schema_posssuperiors)."""

from collections.abc import Iterator, Mapping

from checks.ad._shared.healthy import child_domain, healthy, thing, unread
from checks.ad._shared.verdicts import PROOFS, Found, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_ACCOUNTS = frozenset({"user", "computer", "inetorgperson"})
_DEEPEST = 32
_CLASS = "CN=ms-Exch-Storage-Group,CN=Schema,CN=Configuration"
_STORAGE = {
    "ldapdisplayname": "msExchStorageGroup",
    "schemaidguid": "b8d47e54-4b78-11d3-aa75-00c04f8eedd8",
    "subclassof": "container",
}


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a schema where a kind of container may be created under users or computers."""
    classes = forest.schema.class_entries
    found: list[Found] = []
    for name, one in classes.items():
        above = {
            place.lower()
            for attribute in ("posssuperiors", "systemposssuperiors")
            for place in one.texts(attribute)
        }
        if above & _ACCOUNTS and _is_container(name, classes):
            values = {"dn": one.dn, "name": name, "places": ", ".join(sorted(above & _ACCOUNTS))}
            found.append((one, Proof("class", values)))
    yield from failed(forest, None, found)
    yield from gaps(forest, "schema", "classschema", "posssuperiors")


def _is_container(name: str, classes: Mapping[str, Entry]) -> bool:
    for _ in range(_DEEPEST):
        if name == "container":
            return True
        one = classes.get(name)
        above = one.text("subclassof").lower() if one is not None else ""
        if not above or above == name:
            return False
        name = above
    return False


POINT = Point(
    id="warning_schema_posssuperiors",
    effort=1,
    base="{S}",
    query="(lDAPDisplayName=msExchStorageGroup)",
)

CHECK = Check(
    id="ad.warning-schema-posssuperiors",
    title_fr="Schéma autorisant des conteneurs sous les comptes",
    title_en="Schema that allows containers under accounts",
    risk_fr=(
        "Un compte ordinaire crée sous sa machine un objet qui lui donne tous les droits sur "
        "d'autres (CVE-2021-34470)."
    ),
    risk_en=(
        "An ordinary account creates under its machine an object that gives it every right on "
        "others (CVE-2021-34470)."
    ),
    criticality=Criticality.HIGH,
    references=(
        "ANSSI warning_schema_posssuperiors",
        "CVE-2021-34470",
    ),
    remedy_fr=(
        "Mettre à jour le schéma d'Exchange (Setup /PrepareSchema de juillet 2021 ou plus "
        "récent), ou appliquer le script Test-CVE-2021-34470 de Microsoft."
    ),
    remedy_en=(
        "Update the Exchange schema (Setup /PrepareSchema of July 2021 or later), or apply "
        "Microsoft's Test-CVE-2021-34470 script."
    ),
    proofs={
        **PROOFS,
        "class": Wording(
            "{dn} : {name}, un conteneur, admis sous {places}.",
            "{dn}: {name}, a container, allowed under {places}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(thing(_CLASS, "classschema", {**_STORAGE, "posssuperiors": "computer"})),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(thing(_CLASS, "classschema", _STORAGE)),
        healthy(
            thing(
                _CLASS,
                "classschema",
                {**_STORAGE, "subclassof": "top", "posssuperiors": "computer"},
            )
        ),
    ),
    unmeasured=(healthy(unread("schema")),),
)
