"""examples/replay on the bench: events wait until they are asked for, and are sent to the regular queue unchanged.

Not proved here: the seconds to minutes that AWS takes to switch a mapping, and waiting for 14 days.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from testbench import Bench
from testbench.iam_roles import taken_away
from testbench.polling import eventually
from tests.support.module_stack import Event, ModuleStack, applied

EVENTS, LATER = 30, 10
ARRIVES_WITHIN = 180.0
REPLAYED_WITHIN = 180.0
MARK = "event-fork-replay-id"


@pytest.fixture(scope="module")
def stack(bench: Bench) -> Iterator[ModuleStack]:
    with applied(bench, "examples/replay") as stack:
        yield stack


def order(number: int) -> Event:
    return Event(json.dumps({"id": f"o-{number}"}), {"event_type": "order.placed", "amount": number})


def regular(stack: ModuleStack, expected: int) -> list[dict[str, Any]]:
    """Take what the regular queue holds, when it holds that many."""
    taken: list[dict[str, Any]] = []

    def take_more() -> int:
        taken.extend(stack.take(stack.output["checkout_queue_url"]))
        return len(taken)

    what = f"{expected} messages are in the regular queue"
    eventually(take_more, lambda found: found >= expected, within=REPLAYED_WITHIN, what=what)
    return taken


def log_of(stack: ModuleStack, group: str) -> str:
    events = stack.client("logs").filter_log_events(logGroupName=group)["events"]
    return "\n".join(event["message"] for event in events)


def held(stack: ModuleStack) -> int:
    return stack.waiting(stack.output["replay_queue_url"])


def mapping(stack: ModuleStack) -> dict[str, Any]:
    found = stack.client("lambda").get_event_source_mapping(UUID=stack.output["event_source_mapping_uuid"])
    return dict(found)


def contents(messages: list[dict[str, Any]]) -> Counter[str]:
    """Bodies with their attributes, without the marks of a copy."""
    return Counter(
        json.dumps(
            [
                message["Body"],
                {
                    name: [value["DataType"], value["StringValue"]]
                    for name, value in sorted(message["MessageAttributes"].items())
                    if not name.startswith("event-fork-")
                },
            ]
        )
        for message in messages
    )


def test_a_second_plan_of_replay_is_empty(stack: ModuleStack) -> None:
    assert stack.workspace.planned_changes() == []


def test_events_are_held_while_replay_is_off_and_the_regular_pipeline_has_them(stack: ModuleStack) -> None:
    stack.publish(order(number) for number in range(EVENTS))
    first = regular(stack, EVENTS)
    assert len(first) == EVENTS
    assert not any(MARK in message["MessageAttributes"] for message in first)
    eventually(lambda: held(stack), lambda found: found == EVENTS, within=ARRIVES_WITHIN, what="all events are held")
    assert mapping(stack)["State"] == "Disabled"


def test_replay_switched_on_at_the_mapping_sends_every_event_once_and_marked(stack: ModuleStack) -> None:
    uuid = stack.output["event_source_mapping_uuid"]
    stack.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=True)
    copies = regular(stack, EVENTS)
    assert contents(copies) == Counter(
        json.dumps(
            [
                order(number).message,
                {"amount": ["Number", str(number)], "event_type": ["String", "order.placed"]},
            ]
        )
        for number in range(EVENTS)
    )
    marks = {message["MessageAttributes"][MARK]["StringValue"] for message in copies}
    assert marks == {f"{stack.name}-replay"}
    eventually(lambda: held(stack), lambda found: found == 0, within=ARRIVES_WITHIN, what="nothing is held any more")


def test_the_next_apply_puts_the_switch_back(stack: ModuleStack) -> None:
    assert stack.workspace.planned_changes() == [
        "update module.replay.module.fork.aws_lambda_event_source_mapping.this[0]"
    ]
    stack.workspace.apply()
    eventually(
        lambda: mapping(stack)["State"],
        lambda state: state == "Disabled",
        within=ARRIVES_WITHIN,
        what="the mapping is disabled",
    )


def test_replay_switched_on_by_enabled_sends_what_was_held_since(stack: ModuleStack) -> None:
    stack.publish(order(number) for number in range(100, 100 + LATER))
    first = regular(stack, LATER)
    eventually(lambda: held(stack), lambda found: found == LATER, within=ARRIVES_WITHIN, what="later events are held")
    stack.workspace.variables["enabled"] = True
    stack.workspace.apply()
    copies = regular(stack, LATER)
    assert contents(copies) == contents(first)
    assert stack.workspace.planned_changes() == []


@pytest.mark.needs("iam")
def test_without_the_permission_to_send_replay_fails_visibly_and_keeps_every_event(stack: ModuleStack) -> None:
    sqs, queue = stack.client("sqs"), stack.output["replay_queue_url"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "5"})  # what failed comes back soon
    destination = stack.output["checkout_queue_url"].rpartition("/")[2]
    region, account = stack.bench.endpoints.region, stack.bench.endpoints.account
    destination_arn = f"arn:aws:sqs:{region}:{account}:{destination}"
    with taken_away(stack.client, f"{stack.name}-replay-{region}", "sqs:SendMessage", destination_arn):
        stack.publish(order(number) for number in range(200, 200 + LATER))
        first = regular(stack, LATER)
        eventually(
            lambda: log_of(stack, f"/aws/lambda/{stack.name}-replay"),
            lambda lines: "AccessDenied" in lines,
            within=REPLAYED_WITHIN,
            what="the function's log says what is forbidden",
        )
        assert held(stack) == LATER
        assert stack.take(stack.output["checkout_queue_url"]) == []
    copies = regular(stack, LATER)
    assert contents(copies) == contents(first)
    eventually(lambda: held(stack), lambda found: found == 0, within=ARRIVES_WITHIN, what="nothing is held any more")


def test_replay_is_destroyed_without_a_trace(stack: ModuleStack) -> None:
    assert stack.leftovers() != []
    stack.destroy()
    assert stack.leftovers() == []
