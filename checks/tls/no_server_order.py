"""The client chooses the suite."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, accepted_suites, service, suites, unanswered
from checks.registry import Check
from core.facts import Facts
from core.knowledge.tls import Stance, TlsProfile
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a service that follows the client's order, where the profile wants the server's."""
    if seen.server_order is None:
        yield from unanswered(seen, "server_order")
    elif not seen.server_order and _matters(seen, facts.tls):
        name = facts.tls.name if facts.tls else Wording("", "")
        values = {"fr": name.fr, "en": name.en}
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("client", values),))


def _matters(seen: TlsService, profile: TlsProfile | None) -> bool:
    """Mozilla leaves the choice to clients once every suite left is a good one."""
    if profile is None or profile.server_order == "always":
        return True
    names = {name for names in accepted_suites(seen).values() for name in names}
    return any(profile.suite(name) is not Stance.RECOMMENDED for name in names)


CHECK = Check(
    id="tls.no-server-order",
    title_fr="Ordre des suites laissé au client",
    title_en="Order of suites left to the client",
    risk_fr=(
        "Un client ancien ou mal réglé obtient une suite faible alors que le serveur en "
        "connaît de meilleures."
    ),
    risk_en=("An old or badly set client gets a weak suite although the server knows better ones."),
    criticality=Criticality.LOW,
    care=CARE,
    references=(f"{GUIDE}, R13",),
    remedy_fr=(
        "Imposer l'ordre du serveur. nginx : « ssl_prefer_server_ciphers on; » ; Apache : « "
        "SSLHonorCipherOrder on » ; HAProxy : « prefer-client-ciphers » à retirer."
    ),
    remedy_en=(
        "Enforce the server's order. nginx: “ssl_prefer_server_ciphers on;”; Apache: "
        "“SSLHonorCipherOrder on”; HAProxy: remove “prefer-client-ciphers”."
    ),
    proofs={
        "client": Wording(
            "La même offre, en ordre inverse, a donné une autre suite. Référentiel : {fr}{en:.0}.",
            "The same offer in reverse order gave another suite. Reference: {en}{fr:.0}.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(service(server_order=False),),
    clean=(
        service(),
        service(server_order=True, accepted={"TLS1.2": suites("TLS_RSA_WITH_AES_128_CBC_SHA")}),
    ),
    unmeasured=(service(server_order=None),),
)
