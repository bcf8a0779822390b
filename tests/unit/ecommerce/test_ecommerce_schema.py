"""order.schema.json, API Gateway's model: agrees with the function, and says only what its errors can name."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from checkout.order import InvalidOrderError, parse_order
from jsonschema import Draft4Validator

from examples.ecommerce import demo
from examples.ecommerce.demo.orders import samples

EXAMPLE = Path(next(iter(demo.__path__))).parent
SCHEMA: dict[str, Any] = json.loads((EXAMPLE / "order.schema.json").read_text())
# The message of these names the field; of `type`, `enum`, `pattern`, `minimum`, ... it does not.
NAMING = {"required", "additionalProperties"}
STRUCTURE = {"$schema", "title", "description", "properties", "items", "type"}


def subschemas(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for child in (*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])):
        yield from subschemas(child)


def test_it_is_a_draft_04_schema() -> None:
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-04/schema#"
    Draft4Validator.check_schema(SCHEMA)


def test_only_rules_whose_error_names_the_field_are_in_it() -> None:
    assert {keyword for schema in subschemas(SCHEMA) for keyword in schema} <= NAMING | STRUCTURE
    assert [schema for schema in subschemas(SCHEMA) if "type" in schema] == [SCHEMA], (
        "type names no field below the top"
    )


@pytest.mark.parametrize("seed", range(3))
def test_what_the_function_takes_passes_the_model(seed: int) -> None:
    for sample in samples(60, bad=0, seed=seed):
        Draft4Validator(SCHEMA).validate(json.loads(sample.body))


def test_what_the_model_refuses_the_function_refuses_too() -> None:
    refused = 0
    for sample in samples(41, bad=40, seed=1):
        try:
            order = json.loads(sample.body)
        except ValueError:
            continue
        if not Draft4Validator(SCHEMA).is_valid(order):
            refused += 1
            with pytest.raises(InvalidOrderError):
                parse_order(sample.body)
    assert refused > 0
