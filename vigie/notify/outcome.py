"""How one sending may fail; each says whether the other side may have it."""


class Undelivered(Exception):
    """The other side does not have it. ``str()`` is one short line, never a secret."""

    def __init__(
        self, why: str, *, for_good: bool = False, is_down: bool = False, after_s: float = 0
    ) -> None:
        self.for_good = for_good
        """Trying again would change nothing."""
        self.is_down = is_down
        """It is the way there, or the account: nothing else goes by it now."""
        self.after_s = after_s
        """As the other side asks; 0: it did not say."""
        super().__init__(why)


class MaybeDelivered(Exception):
    """Cut at a moment when the other side may have taken it."""


class NoLongerOurs(Exception):
    """Another sender took it meanwhile: nothing was sent."""
