"""Constrained delegation to services of the controllers and of krbtgt, by any of their names."""

from collections.abc import Iterable

from checks.ad._shared.verdicts import Found
from core.directory.forest import Directory
from core.directory.objects import Entry
from core.model import Proof, Wording

ALLOWED = "msds-allowedtodelegateto"

DELEGATED = {
    "spn": Wording(
        "{dn} a une délégation vers {spn}, porté par {target}.",
        "{dn} has a delegation to {spn}, carried by {target}.",
    ),
}
"""Wording of :func:`delegated`."""


def delegated(forest: Directory, accounts: Iterable[Entry]) -> list[Found]:
    """Give the accounts that may act for anyone on a controller or on krbtgt."""
    keys = {forest.krbtgt(one) for one in forest.domains}
    found: list[Found] = []
    for one in accounts:
        for spn in one.texts(ALLOWED):
            target = next(
                (
                    each
                    for each in forest.spn_targets(spn)
                    if forest.is_controller(each) or each in keys
                ),
                None,
            )
            if target is not None:
                values = {"dn": one.dn, "spn": spn, "target": target.dn}
                found.append((one, Proof("spn", values)))
    return found
