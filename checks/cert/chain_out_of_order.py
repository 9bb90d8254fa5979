"""Certificates sent in disorder (RFC 5246, 7.4.2)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, another, certificate, leaf_or_why, other_chains, service
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a chain in which a certificate does not issue the one before."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
    elif seen.chain_ordered is None:
        yield NotMeasured(seen.place, seen.why_not("chain_ordered"))
    else:
        chains = [seen.chain] if not seen.chain_ordered else []
        chains += [one.chain for one in other_chains(seen) if one.chain_ordered is False]
        proofs = tuple(Proof("sent", {"count": str(len(chain))}) for chain in chains)
        if proofs:
            yield Flagged(seen.place, Confidence.CERTAIN, proofs)


CHECK = Check(
    id="cert.chain-out-of-order",
    title_fr="Chaîne de certification en désordre",
    title_en="Certificate chain out of order",
    risk_fr=(
        "Des logiciels stricts refusent une chaîne en désordre ou chargée de certificats "
        "étrangers : pannes intermittentes, selon le client."
    ),
    risk_en=(
        "Strict software refuses a chain in disorder or with certificates that do not "
        "belong to it: intermittent failures, depending on the client."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=(
        "RFC 5246, 7.4.2",
        f"{GUIDE}, R34",
    ),
    remedy_fr=(
        "Installer la chaîne fournie par l'autorité (« fullchain ») : le certificat du "
        "serveur, puis chaque émetteur dans l'ordre, sans la racine."
    ),
    remedy_en=(
        "Install the chain given by the authority (“fullchain”): the server's certificate, "
        "then each issuer in order, without the root."
    ),
    proofs={
        "sent": Wording(
            "{count} certificats envoyés, dont un au moins n'a pas signé celui qui le précède.",
            "{count} certificates sent, of which one at least did not sign the one before it.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(also_shown=(another(certificate(), chain_ordered=False),)),
        service(certificate(), certificate(subject="CN=Autre", is_ca=True), chain_ordered=False),
    ),
    clean=(service(),),
    unmeasured=(
        service(chain=()),
        service(chain_ordered=None),
    ),
)
