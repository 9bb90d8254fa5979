"""RSA key transport: a precondition of ROBOT, nothing more."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, accepted_suites, service, suites, told
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag suites in which the client encrypts the key to the server's certificate."""
    found = {
        version: tuple(name for name in names if name.startswith("TLS_RSA_"))
        for version, names in accepted_suites(seen).items()
    }
    found = {version: names for version, names in found.items() if names}
    if found:
        proof = Proof("accepted", {"suites": told(found)})
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,))
    elif seen.static_rsa is None:
        yield NotMeasured(seen.place, seen.why_not("static_rsa"))


CHECK = Check(
    id="tls.static-rsa",
    title_fr="Échange de clés RSA sans confidentialité persistante accepté",
    title_en="RSA key exchange without forward secrecy accepted",
    risk_fr=(
        "Qui obtient un jour la clé du serveur relit les échanges enregistrés ainsi. C'est "
        "aussi la condition préalable de l'attaque ROBOT, que seule une recherche intrusive "
        "confirmerait : elle n'est pas faite."
    ),
    risk_en=(
        "Whoever gets the server's key one day reads the exchanges recorded this way. It is "
        "also the precondition of the ROBOT attack, which only an intrusive search would "
        "confirm: it is not made."
    ),
    criticality=Criticality.INFO,
    care=CARE,
    references=(
        "RFC 9325, 4.1",
        "CVE-2017-13099",
        f"{GUIDE}, R6",
    ),
    remedy_fr=(
        "Retirer les suites dont le nom commence par TLS_RSA_. N'autoriser que des suites "
        "ECDHE avec AES-GCM ou ChaCha20-Poly1305."
    ),
    remedy_en=(
        "Remove the suites whose name begins with TLS_RSA_. Allow only ECDHE suites with "
        "AES-GCM or ChaCha20-Poly1305."
    ),
    proofs={
        "accepted": Wording(
            "Suites acceptées : {suites}. Condition préalable de ROBOT, non prouvée.",
            "Suites accepted: {suites}. A precondition of ROBOT, not proved.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(service(accepted={"TLS1.2": suites("TLS_RSA_WITH_AES_128_GCM_SHA256")}),),
    clean=(service(), service(accepted={}, suites={}, tls1_2=False, enumerated=())),
    unmeasured=(service(static_rsa=None, why={"static_rsa": "timeout"}),),
)
