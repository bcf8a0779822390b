"""examples/custom-pipeline on the bench: every event of the topic has its row."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from testbench import Bench
from testbench.paths import PROJECT
from testbench.polling import eventually
from tests.support.module_stack import Event, ModuleStack, applied

EVENTS = 25
WRITTEN_WITHIN = 180.0


@pytest.fixture(scope="module")
def stack(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleStack]:
    function_zip = tmp_path_factory.mktemp("function") / "audit_log.zip"
    source = PROJECT / "examples/custom-pipeline/function/audit_log.py"
    subprocess.run([sys.executable, "-m", "zipfile", "-c", function_zip, source], check=True)
    with applied(bench, "examples/custom-pipeline", function_zip=str(function_zip)) as stack:
        yield stack


def rows(stack: ModuleStack) -> dict[str, dict[str, Any]]:
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.output["table_name"])
    found = [item for page in pages for item in page["Items"]]
    return {item["event_id"]["S"]: {name: value["S"] for name, value in item.items()} for item in found}


def test_a_second_plan_of_the_custom_pipeline_is_empty(stack: ModuleStack) -> None:
    assert stack.workspace.planned_changes() == []


def test_the_users_function_gets_every_event_with_its_attributes(stack: ModuleStack) -> None:
    messages = [json.dumps({"id": f"o-{number}"}) for number in range(EVENTS)]
    ids = stack.publish(Event(message, {"event_type": "order.placed"}) for message in messages)
    untyped = stack.publish([Event("not even JSON")])
    found = eventually(
        lambda: rows(stack), lambda found: len(found) >= EVENTS + 1, within=WRITTEN_WITHIN, what="every event has a row"
    )
    assert set(found) == {*ids, *untyped}
    assert [found[event_id]["message"] for event_id in ids] == messages
    assert {found[event_id]["event_type"] for event_id in ids} == {"order.placed"}
    assert found[untyped[0]]["event_type"] == "unknown"
    # A row is written before its message is deleted: the mapping deletes a batch when the function has returned.
    eventually(
        lambda: stack.waiting(stack.output["queue_url"]),
        lambda waiting: waiting == 0,
        within=WRITTEN_WITHIN,
        what="every message has left the queue",
    )
    assert stack.waiting(stack.output["dead_letter_queue_url"]) == 0


def test_an_event_that_the_topic_cannot_deliver_goes_to_the_dead_letter_queue(stack: ModuleStack) -> None:
    # By the subscription's own redrive policy: there is no queue any more that could have one.
    stack.client("sqs").delete_queue(QueueUrl=stack.output["queue_url"])
    event_ids = stack.publish([Event("undeliverable", {"event_type": "order.placed"})])
    (dead,) = eventually(
        lambda: stack.take(stack.output["dead_letter_queue_url"]),
        bool,
        within=WRITTEN_WITHIN,
        what="the event is in the dead-letter queue",
    )
    envelope = json.loads(dead["Body"])
    assert [envelope["MessageId"]] == event_ids
    assert envelope["Message"] == "undeliverable"
    assert envelope["MessageAttributes"]["event_type"] == {"Type": "String", "Value": "order.placed"}


def test_the_custom_pipeline_is_destroyed_without_a_trace(stack: ModuleStack) -> None:
    assert stack.leftovers() != []
    stack.destroy()
    assert stack.leftovers() == []
