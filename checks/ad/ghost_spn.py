"""Service names that delegation is about lead to hosts that DNS does not know."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    ROOT,
    Departure,
    child_domain,
    computer,
    healthy,
    node,
    server,
    unread,
    user,
    without,
    zone,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.delegation import host_of
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Domain, Entry
from core.facts import Facts
from core.model import Confidence, Criticality, NotMeasured, Proof, Verdict, Wording

_TO = "msds-allowedtodelegateto"
_TRUSTED = flags.UNCONSTRAINED | flags.PROTOCOL_TRANSITION
_TOP = f"DC=@,DC=chu.example,CN=MicrosoftDNS,DC=DomainDnsZones,{ROOT}"
_SRV = bytes((203, 0, 113, 7))


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with such names, in zones of its own: a collection asked these zones."""
    found: list[Found] = []
    hidden: dict[Domain | None, str] = {}
    cut = {one: _unread(forest, one) for one in forest.domains}
    for account in (*forest.users, *forest.computers, *forest.managed):
        if not account.is_enabled or forest.is_controller(account):
            continue
        home = account.domain
        for spn, host in _names(account).items():
            told = forest.dns_names.answer(host)
            if isinstance(told, str):
                hidden.setdefault(home, told)
            elif not told.is_there:
                beside = told.zone.entry.domain
                if beside is not home and (beside is not None or len(forest.domains) > 1):
                    hidden.setdefault(home, f"not-collected: {host}")
                elif home is not None and cut[home]:
                    hidden.setdefault(home, cut[home])
                else:
                    values = {"dn": account.dn, "spn": spn, "zone": told.zone.name}
                    found.append((account, Proof("ghost", values)))
    yield from by_domain(forest, found, confidence=Confidence.FIRM)
    for domain, why in hidden.items():
        yield NotMeasured(forest.place(domain), why)
    yield from gaps(forest, "domain", "user", "computer", "serviceprincipalname", _TO)


def _names(account: Entry) -> dict[str, str]:
    """Give the service names that delegation is about, by one of each host of a whole name."""
    given = account.texts(_TO)
    if given or account.uac & _TRUSTED:
        given += account.spns
    by_host = {host: spn for spn in given[::-1] if "." in (host := host_of(spn).lower())}
    return {spn: host for host, spn in by_host.items()}


def _unread(forest: Directory, domain: Domain) -> str:
    """Give why names that were asked of the zones of a domain may not have come."""
    kinds = ("domain", "domain-dns", "forest-dns")
    told = (
        forest.unread(kind, "dnsnode", domain=None if kind == "forest-dns" else domain)
        for kind in kinds
    )
    return next((why for why in told if why), "")


def _trusted(spn: str) -> Departure:
    return server("SRV-WEB", uac=flags.UNCONSTRAINED, spn=[spn])


def _delegates(*spns: str) -> Departure:
    return user("svc-web", {_TO: spns})


POINT = Point(
    id="ghost_spn",
    condition=Condition.OURS,
    effort=1,
    base="{D}",
    query="(|(msDS-AllowedToDelegateTo=*)(userAccountControl:1.2.840.113556.1.4.803:=524288)(userAccountControl:1.2.840.113556.1.4.803:=16777216))",
)

CHECK = Check(
    id="ad.ghost-spn",
    title_fr="Délégations vers des hôtes que le DNS ne connaît plus",
    title_en="Delegations to hosts that DNS no longer knows",
    risk_fr=(
        "Qui enregistre ce nom dans le DNS, ou crée une machine qui le porte, reçoit à sa place "
        "les tickets d'autrui et peut s'en servir."
    ),
    risk_en=(
        "Whoever registers this name in DNS, or creates a machine that bears it, gets the tickets "
        "of others in its place and may use them."
    ),
    criticality=Criticality.MEDIUM,
    references=("MITRE T1557", "MITRE T1558"),
    remedy_fr=(
        "Vérifier que le service n'existe plus, puis retirer le nom (setspn -D, ou l'onglet "
        "Délégation du compte). S'il existe, rétablir son enregistrement DNS, en statique."
    ),
    remedy_en=(
        "Check that the service is gone, then remove the name (setspn -D, or the Delegation tab "
        "of the account). If it is there, put its DNS record back, as a static one."
    ),
    proofs={
        **PROOFS,
        "ghost": Wording(
            "{dn} : {spn}, sans enregistrement dans la zone {zone}.",
            "{dn}: {spn}, without a record in the zone {zone}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(_delegates("cifs/vieux.chu.example:445/chu.example")),
        healthy(_trusted("HTTP/vieux.chu.example")),
        healthy(node("vieux", 0, bytes(8)), _delegates("cifs/VIEUX.chu.example")),
        healthy(child_domain(), _delegates("cifs/vieux.chu.example")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(node("neuf", 1, _SRV), _delegates("cifs/neuf.chu.example", "cifs/neuf")),
        healthy(node("neuf", 1, _SRV), _trusted("HTTP/neuf.chu.example:8443")),
        healthy(_delegates("ldap/chu.example")),
        # A machine that is off, and that delegates nothing.
        healthy(computer("POSTE-9")),
        healthy(user("ancien", {_TO: "cifs/vieux.chu.example"}, enabled=False)),
        healthy(node("*", 1, _SRV), _delegates("cifs/vieux.chu.example")),
    ),
    unmeasured=(
        healthy(_delegates("cifs/srv.ailleurs.example")),
        healthy(without(_TOP), _delegates("cifs/vieux.chu.example")),
        healthy(node("labo", 2, bytes(4)), _delegates("cifs/srv.labo.chu.example")),
        healthy(unread("domain-dns", "dnsnode"), _delegates("cifs/vieux.chu.example")),
        healthy(
            child_domain(), zone("x.example", forest_wide=True), _delegates("cifs/srv.x.example")
        ),
        healthy(unread("domain", "serviceprincipalname")),
    ),
)
