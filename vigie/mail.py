"""The stage about mail servers: those that a mandate covers are asked under their own names."""

from core.errors import OutOfScope
from core.observations.mail_hosts import MailHostsSeen
from core.observations.mail_policy import MailPolicy
from scanner.identify import Ask
from scanner.mail_hosts import Tell, look_at_mail_hosts, met_in
from scanner.target import Target
from vigie.job import Job, utc_now

_READ = ("mail-policy", "mail-hosts", "service", "mail", "tls")


async def look_at_mail(job: Job, tell: Tell) -> None:
    """Look at the mail servers of each domain told and not looked at yet; nothing in a retest."""
    if job.asker is None or job.run.plan.retest:
        return
    stored = list(job.store.observations(job.run.id, kinds=_READ))
    done = {seen.domain for seen in stored if isinstance(seen, MailHostsSeen)}
    policies = [seen for seen in stored if isinstance(seen, MailPolicy) and seen.domain not in done]

    def ask(address: str, port: int, name: str) -> Ask:
        permit = job.scope.permit(address, hostname=name, at=utc_now())
        return job.ask_as(Target(establishment=permit.establishment, ip=address), port, name)

    def why_not(port: int) -> str:
        if port in job.egress_filtered:
            return "egress-filtered"
        return "" if port in job.run.plan.tcp_ports else "port-not-asked"

    try:
        await look_at_mail_hosts(
            policies, tell, asker=job.asker, ask=ask, met=met_in(stored), why_not=why_not
        )
    except OutOfScope as refused:
        job.refused(refused)
