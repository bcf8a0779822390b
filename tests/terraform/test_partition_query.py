"""The jq program of partition_by, as the module writes it, run by jq: what becomes of the values of events.

Firehose runs jq 1.6. The program was also run on that version; here it runs on the one that is installed.
"""

import json
import re
import shutil
from functools import cache
from typing import Any

import jq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from testbench import run_terraform
from testbench.paths import PROJECT
from tests.terraform.native import WORK

KEYS: dict[str, dict[str, Any]] = {
    "attribute": {"attribute": "event_type"},
    "dotted_attribute": {"attribute": "shop.event-type", "default": "none"},
    "body": {"body": ".order.type"},
    "odd_body": {"body": '.["order type"][0].and["x.y"]', "column": "odd"},
    "closed": {"attribute": "event_type", "values": ["placed", "v1.0"], "default": "other"},
}
SAFE = re.compile(r"[A-Za-z0-9._-]{1,96}")
_OUTPUT = """
locals {
  parquet = false
  direct  = false
}
output "query" { value = local.partition_query }
output "columns" { value = local.partition_columns }
"""


@cache
def programs() -> dict[str, tuple[str, Any]]:
    """Case -> column and compiled program, as the module computes them from its variables; no provider is needed."""
    folder = WORK / "partition_query"
    shutil.rmtree(folder, ignore_errors=True)
    module = folder / "module"
    module.mkdir(parents=True)
    source = PROJECT / "modules" / "storage-backup"
    for path in (*source.glob("variables*.tf"), source / "partitioning.tf"):
        shutil.copy2(path, module)
    (module / "output.tf").write_text(_OUTPUT)
    needed = {"source": "./module", "name": "orders", "topic_arn": "arn:aws:sns:eu-west-1:123456789012:orders"}
    calls = {case: {**needed, "partition_by": {"keys": [key]}} for case, key in KEYS.items()}
    outputs = {case: {"value": f"${{module.{case}}}"} for case in KEYS}
    (folder / "main.tf.json").write_text(json.dumps({"module": calls, "output": outputs}))
    run_terraform(["init", "-no-color"], folder)
    run_terraform(["apply", "-auto-approve", "-no-color"], folder)
    found = json.loads(run_terraform(["output", "-json"], folder).stdout)
    return {
        case: (output["value"]["columns"][0], jq.compile(output["value"]["query"])) for case, output in found.items()
    }


def value(case: str, event: Any) -> str:
    """What the event is filed under. Exactly one object with exactly the column must come out, as Firehose needs it."""
    column, program = programs()[case]
    (answer,) = program.input_value(event).all()
    assert list(answer) == [column]
    assert isinstance(answer[column], str)
    return str(answer[column])


def event(message: Any = "{}", **attributes: Any) -> dict[str, Any]:
    given = {name.replace("__", "."): {"Type": "String", "Value": each} for name, each in attributes.items()}
    return {"Type": "Notification", "MessageId": "m-1", "Message": message, "MessageAttributes": given}


def test_columns_are_named_after_attribute_and_path() -> None:
    assert {case: column for case, (column, _) in programs().items()} == {
        "attribute": "event_type",
        "dotted_attribute": "shop_event_type",
        "body": "order_type",
        "odd_body": "odd",
        "closed": "event_type",
    }


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("order.placed", "order.placed"),
        ("Order.Placed-v1", "Order.Placed-v1"),
        ("order placed", "order_placed"),
        ("a/b\\c:d=e", "a_b_c_d_e"),
        ("../../errors", ".._.._errors"),
        ("line\nfeed\x00nul\x7f", "line_feed_nul_"),
        ("Bestellung übermittelt", "Bestellung__bermittelt"),
        ("注文", "__"),
        ('["a","b"]', "__a___b__"),
        ("!{timestamp:yyyy}", "__timestamp_yyyy_"),
        ("x" * 200, "x" * 96),
        ("", "unknown"),
    ],
)
def test_a_value_becomes_a_folder_without_anything_to_escape(found: str, expected: str) -> None:
    assert value("attribute", event(event_type=found)) == expected


def test_an_event_without_the_attribute_has_the_default() -> None:
    assert value("attribute", event(other="x")) == "unknown"
    assert value("attribute", {"Type": "Notification", "Message": "{}"}) == "unknown"
    assert value("dotted_attribute", event()) == "none"


def test_names_of_attributes_may_have_periods_and_hyphens() -> None:
    attributes = {"shop.event-type": {"Type": "String", "Value": "paid"}}
    assert value("dotted_attribute", {"Message": "{}", "MessageAttributes": attributes}) == "paid"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"order": {"type": "gift"}}, "gift"),
        ({"order": {"type": 7}}, "7"),
        ({"order": {"type": False}}, "false"),
        ({"order": {"type": None}}, "unknown"),
        ({"order": {"type": ["gift"]}}, "unknown"),
        ({"order": {"type": {"name": "gift"}}}, "unknown"),
        ({"order": "gift"}, "unknown"),
        ({"order": []}, "unknown"),
        ([], "unknown"),
        ({}, "unknown"),
    ],
)
def test_the_body_gives_scalars_and_everything_else_the_default(message: Any, expected: str) -> None:
    assert value("body", event(json.dumps(message))) == expected


@pytest.mark.parametrize("message", ["not JSON", "", "{", "7 8"])
def test_a_message_that_is_not_json_has_the_default(message: str) -> None:
    assert value("body", event(message)) == "unknown"


def test_a_path_may_have_quoted_names_and_places_in_lists() -> None:
    assert value("odd_body", event(json.dumps({"order type": [{"and": {"x.y": "deep"}}]}))) == "deep"


@pytest.mark.parametrize(
    ("found", "expected"),
    [("placed", "placed"), ("v1.0", "v1.0"), ("v1x0", "other"), ("Placed", "other"), ("place", "other"), ("", "other")],
)
def test_what_is_not_in_a_closed_list_is_filed_under_the_default(found: str, expected: str) -> None:
    assert value("closed", event(event_type=found)) == expected


texts = st.text(st.characters(exclude_categories=["Cs"]))
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.just("order"), inner, max_size=3),
    max_leaves=6,
)


@given(case=st.sampled_from(sorted(KEYS)), content=documents)
@example(case="attribute", content={"MessageAttributes": "text"})
@example(case="attribute", content={"MessageAttributes": {"event_type": ["x"]}})
@example(case="body", content={"Message": 7})
def test_whatever_a_record_holds_it_is_filed_somewhere(case: str, content: Any) -> None:
    for record in (content, event(content, event_type=content), event(json.dumps(content)), {"Message": content}):
        if isinstance(record, dict):  # Firehose takes records apart into JSON objects
            assert SAFE.fullmatch(value(case, record))
