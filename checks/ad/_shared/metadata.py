"""A departure that tells when a value of an attribute last changed, as the directory does."""

from datetime import timedelta

from checks._shared.examples import AT
from checks.ad._shared.healthy import Departure, Draft

_NEVER = "1601-01-01T00:00:00Z"


def changed(target: str, member: str, *, days: float, left: bool = False) -> Departure:
    """Say that a member came into a group (``left``: went out of it) that many days ago."""

    def make(draft: Draft) -> None:
        at = (AT - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = (
            "<DS_REPL_VALUE_META_DATA><pszAttributeName>member</pszAttributeName>"
            f"<pszObjectDn>{draft.find(member)}</pszObjectDn>"
            f"<ftimeDeleted>{at if left else _NEVER}</ftimeDeleted><dwVersion>1</dwVersion>"
            f"<ftimeLastOriginatingChange>{at}</ftimeLastOriginatingChange>"
            "</DS_REPL_VALUE_META_DATA>"
        )
        held = draft.objects[draft.find(target)].get("msds-replvaluemetadata", ())
        draft.change(target, {"msds-replvaluemetadata": (*held, told.encode())})

    return make
