"""Others read the key that protects the signing keys of AD FS (DKM)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    Departure,
    Draft,
    child_domain,
    grant,
    group,
    healthy,
    hidden_descriptor,
    managed,
    unread,
    without,
)
from checks.ad._shared.permissions import PROOFS, tell_controls
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.graph import OWNING
from core.directory.level import Point
from core.directory.objects import Entry
from core.directory.paths import Control
from core.directory.rights import Right
from core.facts import Facts
from core.model import Criticality, NotMeasured, Verdict

_HOME = "CN=ADFS,CN=Microsoft,CN=Program Data"
_FARM = f"CN=5f7c2b1e,{_HOME}"
_KEY = f"CN=9a3d41c6,{_FARM}"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose AD FS key others than its service read, or may come to read.

    The one account that a farm lets in is taken for its service. The key itself is never read.
    """
    held: list[Control] = []
    hidden: list[Entry] = []
    for domain in forest.domains:
        home = forest.by_dn(f"{_HOME},{domain.dn}")
        if home is None:
            continue
        farms = [one for one in forest.children(home) if one.kind == "container"]
        for farm in farms or [home]:
            keys = [one for one in forest.children(farm) if one.kind == "contact"]
            held += _strangers(forest, farm, *keys)
            hidden += [one for one in (farm, *keys) if one.descriptor is None]
            hidden += [farm] if not keys else []
    yield from tell_controls(forest, held, "container", "contact")
    for one in {one.domain: one for one in hidden}.values():
        yield NotMeasured(forest.place(one.domain), f"hidden: {one.dn}")


def _strangers(forest: Directory, *targets: Entry) -> list[Control]:
    held = forest.controllers_of(*targets, only=OWNING | Right.READ_PICTURE, level=2)
    accounts = {one.trustee for one in held if one.holder is not None and one.holder.is_account}
    return [one for one in held if len(accounts) != 1 or one.trustee not in accounts]


POINT = Point(
    id="adfs_dkm",
    effort=1,
    base="CN=Program Data,{D}",
    query="(objectClass=contact)",
)


def _farm(*entries: str) -> Departure:
    def make(draft: Draft) -> None:
        managed("gmsa-adfs")(draft)
        # Whoever reads no public information does not even find these objects.
        private = (
            "O:DAG:DAD:P(A;;GA;;;DA)(A;;GA;;;SY)(A;;GA;;;@gmsa-adfs$)(A;;LCLORC;;;AU)"
            "(OA;;RP;e48d0154-bcf8-11d1-8702-00c04fb96050;;AU)"
        )
        for dn in ("CN=Microsoft,CN=Program Data", _HOME):
            draft.add(dn, "container", {})
        draft.add(_FARM, "container", {}, private)
        for dn in (_KEY, f"CN=CryptoPolicy,{_FARM}"):
            draft.add(dn, "contact", {}, private + "".join(entries))

    return make


CHECK = Check(
    id="ad.adfs-dkm",
    title_fr="Clé de la fédération d'identités (AD FS) lisible par d'autres que son service",
    title_en="Key of the identity federation (AD FS) readable by others than its service",
    risk_fr=(
        "Qui lit cette clé et la configuration d'AD FS signe lui-même des jetons : il entre dans "
        "la messagerie et toutes les applications fédérées au nom de n'importe qui."
    ),
    risk_en=(
        "Whoever reads this key and the configuration of AD FS signs tokens of their own: they "
        "enter the mail and every federated application in anyone's name."
    ),
    criticality=Criticality.CRITICAL,
    references=("MITRE T1606.002", "MITRE T1552.004"),
    remedy_fr=(
        "Ne laisser sur le conteneur de la ferme AD FS et ses contacts que le compte de service "
        "AD FS et les Admins du domaine ; si d'autres ont pu lire la clé, renouveler les "
        "certificats de signature et de déchiffrement (Update-AdfsCertificate -Urgent)."
    ),
    remedy_en=(
        "Leave only the AD FS service account and Domain Admins on the container of the AD FS farm "
        "and its contacts; if others may have read the key, renew the signing and decryption "
        "certificates (Update-AdfsCertificate -Urgent)."
    ),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(_farm("(A;;RPLCLORC;;;AU)")),
        healthy(_farm("(OA;;RP;8d3bca50-1d7e-11d0-a081-00aa006c33ed;;@m.durand)")),
        healthy(_farm("(OA;;RP;77b5b886-944a-11d1-aebd-0000f80367c1;;DU)")),
        healthy(_farm(), grant(_FARM, "(A;;WD;;;@m.durand)")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(_farm()),
        healthy(_farm("(OA;;RP;bf967950-0de6-11d0-a285-00aa003049e2;;AU)")),
        healthy(group("Vide"), _farm("(A;;GR;;;@Vide)")),
        healthy(_farm("(A;CIIO;GR;;;AU)")),
    ),
    unmeasured=(
        healthy(_farm(), without(_KEY, f"CN=CryptoPolicy,{_FARM}")),
        healthy(_farm(), without(_FARM)),
        healthy(_farm(), hidden_descriptor(_KEY)),
        healthy(unread("domain", "contact")),
    ),
)
