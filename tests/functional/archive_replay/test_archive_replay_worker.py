"""The worker function in a process that lives on between invocations, as Lambda keeps it."""

from types import SimpleNamespace

import pytest

from event_fork import replay_worker as worker
from event_fork.replay_plan.control import PAUSED, RUNNING
from event_fork.replay_plan.json_values import to_json
from tests.support.replay_world import ReplayWorld, stored


def test_a_warm_process_sees_at_once_that_a_paused_replay_was_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    # GIVEN a process that was told to pause, and has kept what it made for this replay
    world = ReplayWorld([stored(n) for n in range(5)])
    monkeypatch.setattr(worker, "tools_of", lambda _: world.tools)
    context = SimpleNamespace(
        aws_request_id="request-1",
        function_name="worker",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:worker",
        get_remaining_time_in_millis=lambda: 60_000,
    )
    event = {
        "BatchInput": {
            "replay_id": "replay-1",
            "plan_sha256": "0" * 64,
            "bucket": "archive",
            "work_prefix": "event-fork-replays/orders/replay-1/",
            "started_at": "2026-11-23T13:00:00.000Z",
            "execution": "replay-1",
        },
        "Items": [to_json(world.item)],
    }
    world.documents.set_control(state=PAUSED)
    assert worker.handler(event, context)["items"][0]["finished"] is False

    # WHEN the replay is resumed within the five seconds for which a look at control.json holds
    world.documents.set_control(state=RUNNING)
    answer = worker.handler(event, context)

    # THEN its events are sent
    assert answer["items"][0]["finished"] is True
    assert world.sent_lines() == list(range(5))
