"""What a scan would contact, when and why; nothing is sent, not even to a resolver."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from core.knowledge.load import load_knowledge
from core.model import Intensity
from core.reasons import say as reason
from core.store.store import Run
from inventories.scope import Scope
from scanner.controls import HIGHEST, LOWEST, PORTS_TRIED
from scanner.datagrams import TRIES
from scanner.ipv6_space import BUDGET, DRAWN, SUBNETS, scout_ports
from scanner.probes.registry import datagram_probes
from scanner.sources.asking import MOST
from vigie.candidates import large_ranges, swept_parts
from vigie.config import Settings
from vigie.coverage import main_space, scope_of
from vigie.passive import stretches_to_ask
from vigie.wording import stretches


def describe(run: Run, settings: Settings) -> Iterator[str]:
    """Give the plan, line by line."""
    say = settings.say
    scope = scope_of(run)
    space = main_space(run, scope)
    at = datetime.now(UTC)
    zone = ZoneInfo(run.inventory.ght.timezone)
    yield say(
        f"{run.inventory.ght.name} — essai à blanc, rien n'est envoyé.",
        f"{run.inventory.ght.name} — dry run, nothing is sent.",
    )
    yield say("Adresses :", "Addresses:")
    listed = [one for one in scope.segments(at) if one.version == 4 or one.permit is None]
    listed += [one for one in swept_parts(run, scope) if one.permit is not None]
    for segment in listed:
        if segment.permit is not None:
            medical = (
                say(", médical : une connexion à la fois", ", medical: one connection at a time")
                if segment.medical
                else ""
            )
            until = segment.permit.until
            closing = (
                f", {say('jusqu’à', 'until')} {until.astimezone(zone):%Y-%m-%d %H:%M}"
                if until
                else ""
            )
            yield f"  {segment.text:28} {segment.establishment}  {segment.permit.intensity.value}{medical}{closing}  ({segment.permit.mandate})"
        else:
            why = segment.refusal
            opening = segment.refused.next_opening if segment.refused else None
            later = f" → {opening.astimezone(zone):%Y-%m-%d %H:%M}" if opening else ""
            yield f"  {segment.text:28} {segment.establishment}  — {reason(why, settings.language)}{later}"
    yield from _tried(run, scope, settings)
    named = scope.named_targets()
    if named:
        yield say(
            "Noms hébergés ailleurs, contactés pour ce seul nom :",
            "Names hosted elsewhere, contacted for that name alone:",
        )
        for one in named:
            yield f"  {one.name}  {one.establishment}"
    domains = scope.domains()
    if domains:
        servers = ", ".join(run.inventory.services.resolvers) or say(
            "aucun résolveur déclaré", "no resolver declared"
        )
        yield (
            say("Domaines demandés aux résolveurs", "Domains asked of the resolvers")
            + f" ({servers})"
            + say(" :", ":")
        )
        yield "  " + ", ".join(domain for domain, _ in domains)
        if run.inventory.names.enumerate and run.inventory.services.resolvers:
            yield "  " + say(
                "et, sous chacun, des noms probables (mots, voisins des noms trouvés), puis les noms des adresses des plages",
                "and, under each, likely names (words, variants of names found), then the names of the ranges' addresses",
            )
    services = run.inventory.services
    if services.ct:
        yield (
            say(
                "Domaines demandés à la transparence des certificats",
                "Domains asked of transparency",
            )
            + say(" : ", ": ")
            + f"{', '.join(services.ct)}"
        )
    if services.rdap:
        yield (
            say(
                "Registres à qui sont demandés les domaines et les adresses hors mandat",
                "Registries asked about domains and addresses outside the mandate",
            )
            + say(" : ", ": ")
            + f"{', '.join(services.rdap)}"
        )
    if services.asn:
        yield (
            say(
                "Zone DNS qui dit le réseau d'une adresse hors mandat",
                "DNS zone that tells the network of an address outside the mandate",
            )
            + say(" : ", ": ")
            + f"{services.asn}"
        )
    if run.inventory.services.canary:
        yield (
            say("Témoin de sortie", "Egress canary")
            + say(" : ", ": ")
            + f"{run.inventory.services.canary}"
        )
    if run.profile != Intensity.PASSIVE.value and run.inventory.services.revocation:
        yield (
            say(
                "Hôtes interrogés sur la révocation des certificats",
                "Hosts asked whether certificates were revoked",
            )
            + say(" : ", ": ")
            + f"{', '.join(run.inventory.services.revocation)}"
        )
    if run.profile == Intensity.PASSIVE.value and run.inventory.services.shodan:
        asked = sum(one.last - one.first + 1 for one in stretches_to_ask(run))
        yield say(
            f"Source passive : {run.inventory.services.shodan}, {min(asked, MOST)} adresses demandées sur {asked} ; rien n'est envoyé aux cibles.",
            f"Passive source: {run.inventory.services.shodan}, {min(asked, MOST)} addresses asked of {asked}; nothing is sent to targets.",
        )
    excluded = [one for each in run.inventory.establishments for one in each.exclude]
    if excluded:
        yield (
            say("Jamais contactés", "Never contacted") + say(" : ", ": ") + f"{', '.join(excluded)}"
        )
    limits = run.inventory.limits
    pairs = 0 if run.profile == Intensity.PASSIVE.value else space.size
    # Silence is tried twice: the longest that discovery alone may take.
    longest_h = 2 * pairs / limits.packets_per_second / 3600
    yield say(
        f"{space.addresses} adresses × {len(space.ports)} ports = {pairs} essais ; {limits.packets_per_second} par seconde au plus, {limits.packets_per_second_per_host} par hôte ; découverte en {longest_h:.1f} h au plus.",
        f"{space.addresses} addresses × {len(space.ports)} ports = {pairs} attempts; at most {limits.packets_per_second} a second, {limits.packets_per_second_per_host} per host; discovery in {longest_h:.1f} h at most.",
    )
    yield say("Ports TCP : ", "TCP ports: ") + (stretches(space.ports) or "—")
    if pairs and len(space.ports) > 1:
        yield say(
            f"Ports témoins : {PORTS_TRIED}, tirés entre {LOWEST} et {HIGHEST}, là seulement où presque tout ce qui est essayé accepte.",
            f"Control ports: {PORTS_TRIED}, drawn from {LOWEST} to {HIGHEST}, only where nearly all that is tried accepts.",
        )
    yield from _over_udp(run, space.addresses, settings)


def _tried(run: Run, scope: Scope, settings: Settings) -> Iterator[str]:
    """Give the IPv6 ranges of which likely addresses alone are tried, and how many at most."""
    scouts = scout_ports(run.plan.tcp_ports)
    most = BUDGET + BUDGET // 4 + DRAWN * SUBNETS
    for where in large_ranges(run, scope):
        yield settings.say(
            f"  {where.text:28} {where.establishment}  — trop vaste pour être balayée : les adresses des noms, et au plus {most} adresses plausibles, d'abord sur {stretches(scouts)}",
            f"  {where.text:28} {where.establishment}  — too large to be swept: the addresses of names, and at most {most} plausible addresses, first on {stretches(scouts)}",
        )


def _over_udp(run: Run, addresses: int, settings: Settings) -> Iterator[str]:
    """Give what would be asked over UDP, by which probe, and what would not."""
    say = settings.say
    asked, unasked = run.plan.udp_ports, run.plan.udp_unasked
    pairs = 0 if run.profile == Intensity.PASSIVE.value else addresses * len(asked)
    if asked:
        longest_h = TRIES * pairs / run.inventory.limits.packets_per_second / 3600
        yield say(
            f"{addresses} adresses × {len(asked)} ports UDP = {pairs} questions, {TRIES} datagrammes au plus là où rien ne répond, aux mêmes débits ; {longest_h:.1f} h au plus.",
            f"{addresses} addresses × {len(asked)} UDP ports = {pairs} questions, at most {TRIES} datagrams where nothing answers, at the same rates; {longest_h:.1f} h at most.",
        )
    for port in asked:
        probes = ", ".join(one.name for one in datagram_probes() if port in one.ports)
        yield f"  {port}/udp  {probes}"
    quiet = [port for port in unasked if load_knowledge().is_quiet(port)]
    unknown = [port for port in unasked if port not in set(quiet)]
    for ports, why in ((unknown, "no-udp-probe"), (quiet, "quiet-udp-port")):
        if ports:
            yield f"  {stretches(ports)}/udp  — {reason(why, settings.language)}"
