"""A name server whose list of the zone's servers is not the one in force."""

from collections.abc import Iterator

from checks._shared.zone_server import zone_server
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.zone_server import ZoneServer


def judge(seen: ZoneServer, facts: Facts) -> Iterator[Verdict]:
    """Flag NS that differ between this server and what resolvers are told."""
    del facts
    if seen.answer is not None and seen.answer != "authoritative":
        return
    if seen.name_servers is None:
        yield NotMeasured(seen.place, seen.why.get("name_servers", "undetermined"))
        return
    here, elsewhere = set(seen.name_servers), set(seen.resolved)
    if not here or not elsewhere or here == elsewhere:
        return
    values = {
        "host": seen.host,
        "domain": seen.domain,
        "missing": ", ".join(sorted(elsewhere - here)[:8]) or "—",
        "added": ", ".join(sorted(here - elsewhere)[:8]) or "—",
    }
    yield Flagged(seen.place, Confidence.FIRM, (Proof("differs", values),))


CHECK = Check(
    id="dns.server-list-mismatch",
    title_fr="Listes de serveurs de noms qui se contredisent",
    title_en="Name server lists that contradict each other",
    risk_fr="Les résolveurs apprennent une liste différente selon le serveur qui leur répond : un serveur retiré reçoit encore des questions, un nouveau n'en reçoit pas, et la redondance attendue n'existe pas.",
    risk_en="Resolvers learn a different list depending on the server that answers: a removed server still gets questions, a new one gets none, and the expected redundancy does not exist.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("RFC 1912 2.3", "RFC 1034 4.2.2", "RFC 9499 7"),
    remedy_fr="Publier les mêmes NS sur tous les serveurs de la zone et dans la délégation déclarée au bureau d'enregistrement.",
    remedy_en="Publish the same NS on every server of the zone and in the delegation declared at the registrar.",
    proofs={
        "differs": Wording(
            "D'après {host}, les serveurs de {domain} diffèrent de ceux que donnent les résolveurs : en moins {missing} ; en plus {added}.",
            "By {host}, the servers of {domain} differ from those that resolvers give: missing {missing}; added {added}.",
        )
    },
    reads=ZoneServer,
    judge=judge,
    flagged=(zone_server(name_servers=("ancien.chu.example", "ns1.chu.example")),),
    clean=(zone_server(), zone_server(answer="refused", name_servers=None)),
    unmeasured=(zone_server(name_servers=None),),
)
