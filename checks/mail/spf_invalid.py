"""An SPF policy that receivers refuse to evaluate (permerror)."""

from collections.abc import Iterator

from checks._shared.mail import mail, quoted
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_policy import MailPolicy, Spf, SpfFault

_WORDINGS = {
    "several-records": Wording(
        "Plusieurs enregistrements « v=spf1 » au même nom ({detail}) : aucun n'est lu.",
        "Several v=spf1 records at the same name ({detail}): none is read.",
    ),
    "syntax": Wording(
        "Terme que personne ne sait lire : {detail}", "A term that nobody can read: {detail}"
    ),
    "too-long": Wording("Enregistrement démesuré.", "Oversized record."),
    "too-many-lookups": Wording(
        "{detail} termes obligent à interroger le DNS, inclusions comprises, pour 10 permis.",
        "{detail} terms need a DNS question, includes counted, where 10 are allowed.",
    ),
    "too-many-void": Wording(
        "{detail} de ces questions restent sans réponse, pour 2 permises.",
        "{detail} of these questions have an empty answer, where 2 are allowed.",
    ),
    "too-many-mx": Wording(
        "Plus de dix serveurs MX à {detail}.", "More than ten MX servers at {detail}."
    ),
    "loop": Wording(
        "Les inclusions tournent en rond : {detail}", "The includes go round in circles: {detail}"
    ),
    "no-target": Wording(
        "{detail}, inclus ou cible de « redirect », ne publie pas de SPF.",
        "{detail}, included or redirected to, publishes no SPF.",
    ),
}


def judge(seen: MailPolicy, facts: Facts) -> Iterator[Verdict]:
    """Flag a policy with any fault; what could not be followed may hide one."""
    del facts
    if seen.spf is None:
        yield NotMeasured(seen.place, seen.why.get("spf", "undetermined"))
        return
    spf = seen.spf
    proofs = [
        Proof(fault.id, {"detail": f"≥ {fault.detail}" if _is_least(spf, fault) else fault.detail})
        for fault in spf.faults
        if fault.id in _WORDINGS
    ]
    if proofs:
        shown = (Proof("record", {"record": quoted(record)}) for record in spf.records[:3])
        yield Flagged(seen.place, Confidence.CERTAIN, (*proofs, *shown))
    elif not spf.is_whole:
        yield NotMeasured(seen.place, seen.why.get("spf", "undetermined"))


def _is_least(spf: Spf, fault: SpfFault) -> bool:
    return spf.is_cut and fault.id.startswith("too-many")


def _faulty(*faults: SpfFault, is_cut: bool = False) -> MailPolicy:
    return mail(spf=Spf(records=("v=spf1 mx -all",), default="-", faults=faults, is_cut=is_cut))


CHECK = Check(
    id="mail.spf-invalid",
    title_fr="SPF invalide",
    title_en="Invalid SPF",
    risk_fr="Les serveurs qui reçoivent renoncent à évaluer la politique : elle ne protège pas, et des messages légitimes peuvent être refusés.",
    risk_en="Receiving servers give up evaluating the policy: it does not protect, and legitimate messages may be refused.",
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R44", "RFC 7208 4.5", "RFC 7208 4.6.4"),
    remedy_fr="Garder un seul enregistrement « v=spf1 », corriger le terme cité, retirer les inclusions mortes ou inutiles, et remplacer « a », « mx » et les inclusions par les adresses (ip4, ip6) jusqu'à dix interrogations au plus.",
    remedy_en="Keep one v=spf1 record, correct the term that is quoted, remove dead or useless includes, and replace a, mx and includes by addresses (ip4, ip6) until ten questions at most remain.",
    proofs={
        **_WORDINGS,
        "record": Wording("Enregistrement publié : {record}", "Published record: {record}"),
    },
    reads=MailPolicy,
    judge=judge,
    flagged=(
        *(_faulty(SpfFault(id_, "detail")) for id_ in _WORDINGS),
        _faulty(SpfFault("too-many-lookups", "31"), is_cut=True),
    ),
    clean=(mail(), mail(spf=Spf(records=()))),
    unmeasured=(mail(spf=None), mail(spf=Spf(records=("v=spf1 a -all",), is_whole=False))),
)
