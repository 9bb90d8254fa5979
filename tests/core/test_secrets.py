"""A secret shows itself nowhere."""

import logging
import pickle

import msgspec
import pytest

from core.secrets import Secret


def test_nothing_shows_it() -> None:
    secret = Secret("s3cret")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r}", "%s" % secret, repr([secret])]  # noqa: UP031
    shown.append(logging.LogRecord("x", 20, "x", 1, "%s", (secret,), None).getMessage())
    assert not any("s3cret" in one for one in shown)
    assert secret.reveal() == "s3cret"


def test_nothing_writes_it() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("s3cret"))
    with pytest.raises(TypeError):
        msgspec.json.encode(Secret("s3cret"))
    with pytest.raises(TypeError):
        hash(Secret("s3cret"))


def test_it_compares() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret("")
