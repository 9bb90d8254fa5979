"""The JSON Schema knows every key that the loader knows, and no other."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from core.model import Language
from inventories.schema import inventory_schema
from inventories.starting import starting_inventory

EXAMPLES = sorted(Path(__file__).parents[2].glob("inventories/examples/*.toml"))


def accepts(schema: dict[str, Any], form: dict[str, Any], value: object) -> bool:
    """Judge a value by the few words of JSON Schema that ours uses."""
    if "$ref" in form:
        form = schema["$defs"][form["$ref"].rpartition("/")[2]]
    if "anyOf" in form:
        return any(accepts(schema, each, value) for each in form["anyOf"])
    if "const" in form and value != form["const"]:
        return False
    if "enum" in form and value not in form["enum"]:
        return False
    kinds: dict[str, Any] = {
        "string": (str,),
        "integer": (int,),
        "boolean": (bool,),
        "array": (list,),
        "object": (dict,),
    }
    if "type" in form and not isinstance(value, kinds[form["type"]]):
        return form.get("format") == "date"  # TOML has dates, JSON has texts
    if isinstance(value, str) and "pattern" in form:
        return re.search(form["pattern"], value) is not None
    if isinstance(value, int) and not isinstance(value, bool):
        return bool(form.get("minimum", value) <= value <= form.get("maximum", value))
    if isinstance(value, list):
        return all(accepts(schema, form["items"], each) for each in value)
    if isinstance(value, dict):
        if not set(form.get("required", ())) <= set(value):
            return False
        for key, inner in value.items():
            other = form.get("additionalProperties", False)
            known = form["properties"].get(key, other)
            if known is False or not accepts(schema, known, inner):
                return False
    return True


TEXTS = [*(each.read_text(encoding="utf-8") for each in EXAMPLES), starting_inventory()]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("language", list(Language))
def test_good_inventories_fit(text: str, language: Language) -> None:
    schema = inventory_schema(language)
    assert accepts(schema, schema, tomllib.loads(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("schema = 1", "schema = 2"),
        ('intensity = "standard"', 'intensity = "max"'),
        ("port = 443", "port = 0"),
        ("connections_per_host = 4", "connections_per_host = 0"),
        ('password = "env:VIGIE_CHU_AD"', 'password = "secret"'),
        ("lab = false", "labo = false"),
        ('tcp = "3389', 'tcp = "x3389'),
        ("Mon-Fri 20:00", "lun-ven 20h"),
        ('contact = "rssi', 'contacts = "rssi'),
    ],
)
def test_bad_ones_do_not(old: str, new: str) -> None:
    text = next(each for each in EXAMPLES if each.stem == "ght-exemple").read_text(encoding="utf-8")
    assert old in text
    schema = inventory_schema()
    assert not accepts(schema, schema, tomllib.loads(text.replace(old, new, 1)))


def test_everything_is_described_in_both_languages() -> None:
    french, english = inventory_schema(Language.FR), inventory_schema(Language.EN)

    def descriptions(value: object) -> list[str]:
        if isinstance(value, dict):
            own = [value["description"]] if isinstance(value.get("description"), str) else []
            return own + [text for inner in value.values() for text in descriptions(inner)]
        return []

    assert len(descriptions(french)) == len(descriptions(english)) >= 60
    assert french["$schema"] == "https://json-schema.org/draft/2020-12/schema"
