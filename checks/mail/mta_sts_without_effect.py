"""An MTA-STS policy that senders cannot use, or that asks nothing of them."""

from collections.abc import Iterator

from checks._shared.mail import hosts, policy, server
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_hosts import MailHostsSeen, MtaSts

_SHORT_S = 86_400
"""RFC 8461, 3.2: weeks or more; under a day, an attacker only has to wait."""


def judge(seen: MailHostsSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag a policy that is announced and useless; graver where it makes mail bounce."""
    del facts
    if seen.is_sts_announced is None:
        yield NotMeasured(seen.place, seen.why.get("is_sts_announced", "undetermined"))
    elif not seen.is_sts_announced:
        return
    elif seen.policy is None:
        yield NotMeasured(seen.place, seen.why.get("policy", "undetermined"))
    else:
        forgotten = sorted({one.host for one in seen.servers if not _names(seen.policy, one.host)})
        proofs = tuple(_proofs(seen.policy, seen.domain, forgotten))
        if proofs:
            bounces = seen.policy.mode == "enforce" and bool(forgotten)
            criticality = Criticality.MEDIUM if bounces else None
            yield Flagged(seen.place, Confidence.CERTAIN, proofs, criticality)


def _proofs(policy: MtaSts, domain: str, forgotten: list[str]) -> Iterator[Proof]:
    values = {"domain": domain, "detail": policy.detail[:200] or "—"}
    if policy.fault:
        yield Proof(policy.fault if policy.fault in _FAULTS else "unread", values)
        return
    if policy.mode in {"none", "testing"}:
        yield Proof(policy.mode, values)
    if policy.mode != "none" and forgotten:
        servers = {"servers": ", ".join(forgotten[:5])}
        yield Proof("bounces" if policy.mode == "enforce" else "forgotten", values | servers)
    if policy.max_age_s is not None and policy.max_age_s < _SHORT_S:
        yield Proof("short", values | {"seconds": str(policy.max_age_s)})


def _names(policy: MtaSts, host: str) -> bool:
    above = host.partition(".")[2]
    return any(one == host or (one[:2] == "*." and one[2:] == above) for one in policy.mx)


_FAULTS = {
    "no-host": Wording(
        "mta-sts.{domain}, qui doit donner la politique, n'a pas d'adresse.",
        "mta-sts.{domain}, which is to give the policy, has no address.",
    ),
    "absent": Wording(
        "mta-sts.{domain} ne donne pas la politique (statut {detail}).",
        "mta-sts.{domain} does not give the policy (status {detail}).",
    ),
    "redirect": Wording(
        "mta-sts.{domain} renvoie ailleurs ({detail}), ce que les expéditeurs ne suivent pas.",
        "mta-sts.{domain} redirects ({detail}), which senders do not follow.",
    ),
    "certificate": Wording(
        "Le certificat de mta-sts.{domain} n'est pas valable pour ce nom ({detail}).",
        "The certificate of mta-sts.{domain} is not valid for that name ({detail}).",
    ),
    "unread": Wording(
        "La politique de mta-sts.{domain} est illisible ({detail}).",
        "The policy of mta-sts.{domain} cannot be read ({detail}).",
    ),
    "no-tls": Wording(
        "mta-sts.{domain} ne répond pas en HTTPS.", "mta-sts.{domain} does not answer over HTTPS."
    ),
}

CHECK = Check(
    id="mail.mta-sts-without-effect",
    title_fr="MTA-STS sans effet",
    title_en="MTA-STS without effect",
    risk_fr="La politique annoncée n'oblige pas les expéditeurs à chiffrer, ou leur fait refuser de livrer aux vrais serveurs.",
    risk_en="The policy announced does not make senders encrypt, or has them refuse to deliver to the real servers.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R42", "RFC 8461 3.2", "RFC 8461 4.1"),
    remedy_fr="Servir https://mta-sts.DOMAINE/.well-known/mta-sts.txt sans redirection, avec un certificat public à ce nom ; y nommer chaque serveur MX ; une fois les rapports TLS-RPT sans échec, passer à « mode: enforce » et à « max_age » d'au moins une semaine, puis changer « id ».",
    remedy_en="Serve https://mta-sts.DOMAIN/.well-known/mta-sts.txt without a redirect, with a public certificate for that name; name every MX in it; once TLS-RPT reports show no failure, move to mode: enforce and a max_age of a week at least, then change id.",
    proofs={
        **_FAULTS,
        "none": Wording(
            "La politique est « mode: none » : rien n'est exigé.",
            "The policy is mode: none: nothing is required.",
        ),
        "testing": Wording(
            "La politique est en essai (« mode: testing ») : rien n'est exigé.",
            "The policy is being tested (mode: testing): nothing is required.",
        ),
        "forgotten": Wording(
            "Serveurs que la politique ne nomme pas : {servers}.",
            "Servers that the policy does not name: {servers}.",
        ),
        "bounces": Wording(
            "Serveurs que la politique ne nomme pas, et auxquels les expéditeurs refusent de livrer : {servers}. Criticité portée à « moyenne ».",
            "Servers that the policy does not name, and to which senders refuse to deliver: {servers}. Raised to medium.",
        ),
        "short": Wording(
            "La politique n'est retenue que {seconds} secondes.",
            "The policy is kept for {seconds} seconds only.",
        ),
    },
    reads=MailHostsSeen,
    judge=judge,
    flagged=(
        *(hosts(policy=MtaSts(fault=fault, detail="x")) for fault in _FAULTS),
        hosts(policy=policy(mode="none", mx=())),
        hosts(policy=policy(mode="testing")),
        hosts(server(host="mx2.chu.example")),
        hosts(policy=policy(max_age_s=60)),
    ),
    clean=(
        hosts(),
        hosts(is_sts_announced=False, policy=None),
        hosts(policy=policy(mx=("*.chu.example",))),
    ),
    unmeasured=(hosts(policy=None), hosts(is_sts_announced=None, policy=None)),
)
