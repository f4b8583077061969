"""The schema of `ledger.json`: where it stands, what its version is, and whether a ledger keeps to it."""

import json
from functools import lru_cache
from pathlib import Path

from verified_dynamics import addresses

__all__ = ["FILE_NAME", "address", "breach", "schema", "schema_text", "version"]

FILE_NAME = "ledger.schema.json"
_LONGEST_VALUE = 60  # characters of a wrong value that a message repeats


@lru_cache(maxsize=1)
def schema_text() -> str:
    """The schema as the package holds it and as the site copies it."""
    return Path(__file__).with_name(FILE_NAME).read_text(encoding="utf-8")


def schema() -> dict:
    """The schema: a JSON Schema of draft 2020-12."""
    return json.loads(schema_text())


def version() -> str:
    """The version of the schema, which every ledger carries."""
    return schema()["properties"]["version"]["const"]


def address() -> str:
    """Where the site shows the schema."""
    return f"{addresses.site()}/{FILE_NAME}"


def breach(ledger: dict) -> str | None:
    """One sentence on the first place where a ledger does not keep to the schema; None if it does."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(schema()).iter_errors(ledger))
    if error is None:
        return None
    path = list(error.absolute_path)
    return f"{_place(path, ledger)} does not keep to {FILE_NAME}: {_reason(error)}."


def _place(path: list, ledger: dict) -> str:
    """ "the claim 'x', under refutes/0/verdict", or the path itself where no named thing encloses it."""
    if len(path) >= 2 and path[0] in ("claims", "cited", "figures"):
        record = ledger[path[0]][path[1]]
        name = record.get("name") if isinstance(record, dict) else None
        thing = {"claims": "claim", "cited": "cited statement", "figures": "figure"}[path[0]]
        if name:
            rest = "/".join(map(str, path[2:]))
            return f"The {thing} {name!r}" + (f", under {rest}," if rest else "")
    return f"The ledger, under {'/'.join(map(str, path))}," if path else "The ledger"


def _reason(error) -> str:
    """The validator's message without line breaks, and without more of a long value than a reader needs."""
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        unknown = sorted(set(error.instance) - set(error.schema.get("properties", {})))
        return f"the schema does not describe the field {', '.join(map(repr, unknown))}"
    if error.validator in ("required", "dependentRequired"):
        return error.message
    text = " ".join(error.message.split())
    value = repr(error.instance)
    return text.replace(value, value[:_LONGEST_VALUE] + " …") if len(value) > _LONGEST_VALUE else text
