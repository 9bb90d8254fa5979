"""Service accounts that do not declare AES (vuln_kerberos_properties_encryption)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import computer, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory import flags, sids
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose enabled users with an SPN do not say that they take AES."""
    found = [
        (one, Proof("types", {"dn": one.dn, "types": str(one.encryption), "spn": one.spns[0]}))
        for one in forest.having("serviceprincipalname")
        if one.is_user
        and one.is_enabled
        and one.rid != sids.KRBTGT
        and not one.encryption & flags.AES
    ]
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(
        forest, "domain", "user", "serviceprincipalname", "msds-supportedencryptiontypes"
    )


POINT = Point(
    id="vuln_kerberos_properties_encryption",
    levels=(3,),
    condition=Condition.PUBLISHED,
    effort=2,
    base="{D}",
    query="(&(objectCategory=person)(servicePrincipalName=*)(!(msDS-SupportedEncryptionTypes:1.2.840.113556.1.4.804:=24))(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.kerberos-properties-encryption",
    title_fr="Comptes de service qui ne déclarent pas l'AES",
    title_en="Service accounts that do not declare AES",
    risk_fr="Leurs tickets peuvent être chiffrés en RC4 : leur mot de passe se cherche hors ligne mille fois plus vite.",
    risk_en="Their tickets may be encrypted with RC4: their password is searched offline a thousand times faster.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI vuln_kerberos_properties_encryption",
        "MITRE T1558.003",
        "Microsoft KB5021131",
    ),
    remedy_fr="Cocher AES 128 et AES 256 sur le compte (msDS-SupportedEncryptionTypes = 24, ou 28 le temps d'une transition), puis changer le mot de passe.",
    remedy_en="Tick AES 128 and AES 256 on the account (msDS-SupportedEncryptionTypes = 24, or 28 during a transition), then change the password.",
    proofs={
        **PROOFS,
        "types": Wording(
            "{dn}, qui porte {spn} : msDS-SupportedEncryptionTypes = {types}.",
            "{dn}, which carries {spn}: msDS-SupportedEncryptionTypes = {types}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("svc-sql", spn="MSSQLSvc/sql.chu.example")),
        healthy(user("svc-web", {"msds-supportedencryptiontypes": 4}, spn="HTTP/web")),
    ),
    clean=(
        healthy(),
        healthy(user("svc-sql", {"msds-supportedencryptiontypes": 28}, spn="MSSQLSvc/sql")),
        healthy(user("svc-sql", spn="MSSQLSvc/sql", enabled=False)),
        healthy(computer("NAS", {"msds-supportedencryptiontypes": 4})),
    ),
    unmeasured=(healthy(unread("domain", "msds-supportedencryptiontypes")),),
)
