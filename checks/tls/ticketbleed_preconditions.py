"""A BIG-IP that gives session tickets: the preconditions of Ticketbleed, nothing more."""

from collections.abc import Iterator

from checks._shared.tls import CARE, certificate, service, shown_leaves
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService

_PRODUCT = "f5_bigip"
_DEFAULT_CERTIFICATE = ("O=MyCompany", "OU=MyUnit", "CN=localhost.localdomain")
"""Of the certificate that a BIG-IP makes for itself."""


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Tell the preconditions; whether memory leaks would take an intrusive resumption."""
    # TLS 1.3 came with BIG-IP 14, long after the correction.
    if not _is_big_ip(seen) or seen.tls1_3:
        return
    if seen.session_tickets is None:
        yield NotMeasured(seen.place, seen.why_not("session_tickets"))
    elif seen.session_tickets:
        yield Flagged(seen.place, Confidence.TENTATIVE, (Proof("tickets"),))


def _is_big_ip(seen: TlsService) -> bool:
    subjects = [leaf.subject for _, leaf in shown_leaves(seen)]
    return seen.product == _PRODUCT or any(
        all(part in subject for part in _DEFAULT_CERTIFICATE) for subject in subjects
    )


_OWN = certificate(
    subject="1.2.840.113549.1.9.1=root@localhost.localdomain,CN=localhost.localdomain,OU=MyUnit,O=MyCompany,L=Seattle,ST=WA,C=--"
)

CHECK = Check(
    id="tls.ticketbleed-preconditions",
    title_fr="BIG-IP et tickets de session : conditions préalables de Ticketbleed",
    title_en="BIG-IP and session tickets: the preconditions of Ticketbleed",
    risk_fr=(
        "Les versions de BIG-IP d'avant février 2017 laissent fuir des fragments de mémoire à qui "
        "reprend une session avec un identifiant trop court. Seul un essai intrusif le "
        "confirmerait : il n'est pas fait."
    ),
    risk_en=(
        "BIG-IP versions from before February 2017 leak fragments of memory to whoever resumes a "
        "session with an identifier that is too short. Only an intrusive attempt would confirm "
        "it: none is made."
    ),
    criticality=Criticality.INFO,
    care=CARE,
    references=("CVE-2016-9244", "https://my.f5.com/manage/s/article/K05121675"),
    remedy_fr=(
        "Relever la version (« tmsh show sys version ») : avant 11.6.1 HF2 ou 12.1.2 HF1, mettre à "
        "jour ; en attendant, décocher « Session Ticket » dans le profil Client SSL."
    ),
    remedy_en=(
        "Read the version (tmsh show sys version): before 11.6.1 HF2 or 12.1.2 HF1, update; "
        "meanwhile clear “Session Ticket” in the Client SSL profile."
    ),
    proofs={
        "tickets": Wording(
            "BIG-IP reconnu, tickets de session donnés, TLS 1.3 absent : conditions préalables de Ticketbleed, non prouvé.",
            "BIG-IP recognised, session tickets given, no TLS 1.3: the preconditions of Ticketbleed, not proved.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(product=_PRODUCT, tls1_3=False),
        service(_OWN, tls1_3=False),
        service(product=_PRODUCT, tls1_3=None),
    ),
    clean=(
        service(),
        service(tls1_3=False),
        service(product=_PRODUCT),
        service(product=_PRODUCT, tls1_3=False, session_tickets=False),
    ),
    unmeasured=(service(product=_PRODUCT, tls1_3=False, session_tickets=None),),
)
