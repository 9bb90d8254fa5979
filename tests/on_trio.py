"""Runs a test that is written as one coroutine."""

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec

import trio

P = ParamSpec("P")


def on_trio(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Give the test as a function that runs it whole."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def whole() -> None:
            await test(*args, **kwargs)

        trio.run(whole)

    return run
