"""The register of remote access: what answers, what is declared, what was not seen."""

from datetime import date

from core.inventory import Expected
from core.results import ServiceRow
from reports import pictures
from reports.told import MAX_REMOTE, Told, address, endpoint
from reports.view import Remote


def remote_row(it: Told, one: ServiceRow) -> Remote:
    """Give one line of the register."""
    product = one.product_name or one.product or ""
    day, late = _review(it, one.review_by)
    return Remote(
        service=it.inert(one.protocol, 40).upper(),
        where=it.inert(endpoint(one.ip, one.port, one.transport)),
        name=it.inert(one.hostname or "", 120),
        establishment=it.establishment(one.establishment),
        declared=one.declared,
        justification=it.inert(one.justification, 200),
        owner=it.inert(one.owner, 80),
        mfa=_mfa(it, one.mfa),
        review=day,
        late=late,
        product=it.inert(f"{product} {one.version or ''}".strip(), 120),
        certainty=it.confidence(one.confidence),
        low_source=one.low_confidence_source,
    )


def unseen(it: Told) -> tuple[Remote, ...]:
    """Give the accesses that are declared and did not answer in this run."""
    seen = {
        (name, one.port)
        for one in it.results.services
        for name in (one.ip, one.hostname, one.declared_as)
    }
    answering = {name for name, _ in seen}
    rows: list[Remote] = []
    for entry in it.scene.inventory.expected:
        if it.scene.establishments and not _is_examined(it, entry.asset):
            continue
        if (entry.asset, entry.port) in seen or (entry.port is None and entry.asset in answering):
            continue
        rows.append(_declared_only(it, entry))
    return tuple(rows[:MAX_REMOTE])


def _is_examined(it: Told, asset: str) -> bool:
    at = address(asset)
    for one in it.establishments:
        if any(asset == name or asset.endswith(f".{name}") for name in one.domains):
            return True
        for network in pictures.networks(one.ranges if at else ()):
            if at and network.version == at[0]:
                offset = at[1] - int(network.network_address)
                if 0 <= offset < network.num_addresses:
                    return True
    return False


def _declared_only(it: Told, entry: Expected) -> Remote:
    product = it.knowledge.product(entry.product)
    day, late = _review(it, entry.review_by.isoformat() if entry.review_by else "")
    port = "" if entry.port is None else f":{entry.port}"
    return Remote(
        service="",
        where=it.inert(f"{entry.asset}{port}"),
        name="",
        establishment="",
        declared=True,
        justification=it.inert(entry.justification, 200),
        owner=it.inert(entry.owner, 80),
        mfa=_mfa(it, entry.mfa),
        review=day,
        late=late,
        product=it.inert(product.full_name if product else entry.product),
        certainty="",
        low_source=False,
    )


def _mfa(it: Told, value: str) -> str:
    return it.say({"yes": "mfa_yes", "no": "mfa_no"}.get(value, "mfa_unknown"))


def _review(it: Told, text: str) -> tuple[str, bool]:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return it.inert(text, 40), False
    return it.clock.short(day), day < it.today
