"""examples/archive-replay on the bench, operated with the command `event-fork` as a user would, and broken on purpose.

Every test counts by id: what the target got is exactly what the archive holds for the plan. What the bench does not
prove of AWS is in bench/docs/emulation.md: Step Functions is the emulator's with this project's corrections.
"""

import gzip
import hashlib
import itertools
import json
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from event_fork.sending.batching import SEND_MAX_MESSAGES
from testbench import Bench, processes
from testbench.polling import eventually
from tests.support import written_archive
from tests.support.command import Ran
from tests.support.fault_proxy import Answer, Request, aws_error, fault_proxy
from tests.support.replay_stack import SHADOW, ReplayStack

pytestmark = pytest.mark.needs("distributed-map")

DAYS = 3
START = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS + 1)
"""All of the archive is past, whenever this runs: a plan looks for nothing that would lie in the future."""
EVENTS = 50_000
HOUR = timedelta(hours=1)
BUFFER = timedelta(minutes=15)
"""The longest that Firehose buffers, so the longest time that an object holds."""
END = START + timedelta(days=DAYS)
QUIET_LOOKS = 3
SLOWLY, FAST = 10.0, "2000"
"""Events a second where a test does something meanwhile: even the smallest window then lasts a minute."""
A_REPEAT = 1_000
"""What a worker that crashed or was taken over from may have sent and not written: it comes twice."""
READ_TIME_OUT = 10.0
"""Seconds that a worker waits for an answer."""


@pytest.fixture(scope="module")
def stack(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplayStack]:
    """The example with an archive of 50,000 events over three days, in objects of 15 minutes."""
    workspace = bench.workspace(
        configuration="examples/archive-replay",
        variables={
            "name": f"archive-{secrets.token_hex(3)}",  # several runs may share a bench
            "bucket_force_destroy": True,
            "powertools_layer_arn": bench.powertools_layer_arn,
        },
        files=SHADOW,
    )
    try:
        workspace.apply()
        topic = workspace.output()["topic_arn"]
        written = list(written_archive.objects(written_archive.events(topic, EVENTS, START, END), BUFFER))
        stack = ReplayStack(bench, workspace, tmp_path_factory.mktemp("replay"), written)
        written_archive.put(stack.s3, stack.output["bucket_name"], written)
        yield stack
    finally:
        workspace.destroy()
        left = workspace.resources()
        workspace.remove()
    assert left == []


@pytest.fixture(autouse=True)
def _empty_queues(stack: ReplayStack) -> Iterator[None]:
    yield
    sqs = stack.bench.client("sqs")
    for queue in ("checkout", "checkout_dead_letter"):
        sqs.purge_queue(QueueUrl=stack.output[f"{queue}_queue_url"])


def call_number(numbers: Callable[[int], bool], answer: Answer) -> Callable[[Request], Answer | None]:
    """A rule for SendMessageBatch: the n-th call (from 1) gets `answer` when `numbers(n)`."""
    calls = itertools.count(1)

    def rule(request: Request) -> Answer | None:
        return answer if request.operation == "SendMessageBatch" and numbers(next(calls)) else None

    return rule


def for_a_while(after_calls: int, seconds: float, answer: Answer) -> Callable[[Request], Answer | None]:
    """A rule for SendMessageBatch: so many calls pass, then for some time all get `answer`."""
    began: list[float] = []

    def now(call: int) -> bool:
        if call > after_calls and not began:
            began.append(time.monotonic())
        return call > after_calls and time.monotonic() - began[0] < seconds

    return call_number(now, answer)


def hanging(after_calls: int, seconds: float, began: list[float]) -> Callable[[Request], Answer | None]:
    """A rule for SendMessageBatch: so many calls pass, then for some time each takes longer than the worker waits.

    The target takes them nevertheless, and nobody hears of it. `began`: when the trouble began.
    """
    calls = itertools.count(1)

    def rule(request: Request) -> Answer | None:
        if request.operation == "SendMessageBatch" and next(calls) > after_calls:
            began.append(time.monotonic())
            if time.monotonic() - began[0] < seconds:
                time.sleep(READ_TIME_OUT + 2)
        return None

    return rule


def test_the_configuration_is_stable(stack: ReplayStack) -> None:
    assert stack.workspace.planned_changes() == []


def test_a_plan_counts_what_the_archive_holds_and_sends_nothing(stack: ReplayStack) -> None:
    window = (START + 6 * HOUR, START + 8 * HOUR)

    plan = json.loads(stack.plan("counted", *window, "--event-type", "order.placed").read_text())

    expected = stack.expected(*window, lambda event: event.attribute("event_type") == "order.placed")
    assert plan["totals"]["events"] == len(expected) == sum(count["events"] for count in plan["counts"])
    assert {(count["type"], count["hour"]) for count in plan["counts"]} == {
        ("order.placed", f"{START:%Y-%m-%d}T06"),
        ("order.placed", f"{START:%Y-%m-%d}T07"),
    }
    assert plan["totals"]["unreadable"] == []
    assert stack.receive().messages == []


@pytest.mark.timeout(1200)
def test_an_archive_of_50_000_events_arrives_whole_after_a_failure_and_a_resume(stack: ReplayStack) -> None:
    plan = stack.plan("all", START, END, "--rate", "6000", "--workers", "4")
    denied = aws_error("AccessDeniedException", "told to by a test", status=403)
    with stack.consuming() as received, stack.worker_through_proxy() as proxy:
        # Every second call: what a burst sent behind a refused call must not come again.
        proxy.rule = call_number(lambda call: call > 1_500 and call % 2 == 0, denied)
        replay = stack.apply(plan)
        until_items_failed(stack, replay)
        proxy.clear()
        broken = stack.until(replay, "incomplete", "done", limit=500)
        resumed = stack.event_fork("replay", "resume", replay, "--no-watch")
        done = stack.until(replay, "done", limit=500)

    assert broken["state"] == "incomplete"
    assert 0 < broken["left"] < EVENTS
    assert broken["sent"] + broken["left"] == EVENTS
    assert resumed.code == 0, resumed.stderr
    assert (done["sent"], done["failed"], done["left"], done["unmarked"]) == (EVENTS, 0, 0, 0)
    assert [execution["name"] for execution in done["executions"]] == [replay, f"{replay}-r1"]
    assert received.ids.keys() == stack.expected(START, END)
    assert received.ids.total() <= EVENTS + SEND_MAX_MESSAGES * proxy.unheard["SendMessageBatch"], "nothing comes twice"
    assert {m["MessageAttributes"]["event-fork-replay-id"]["StringValue"] for m in received.messages} == {replay}


def test_copies_have_the_bodies_and_attributes_that_were_published(stack: ReplayStack) -> None:
    window = (START + HOUR, START + HOUR + timedelta(minutes=2))
    replay = stack.apply(stack.plan("exact", *window))
    stack.until(replay, "done")

    stored = {event.message_id: event for one in stack.written for event in one.events}
    received = stack.receive()
    assert received.ids.keys() == stack.expected(*window)
    for message in received.messages:
        attributes = {
            name: {"Type": value["DataType"], "Value": value["StringValue"]}
            for name, value in message["MessageAttributes"].items()
            if not name.startswith("event-fork-")
        }
        event = stored[message["MessageAttributes"]["event-fork-original-message-id"]["StringValue"]]
        assert (message["Body"], attributes) == (event.message, event.attributes)


def test_a_worker_that_dies_in_mid_batch_loses_nothing_and_repeats_little(stack: ReplayStack) -> None:
    window = (START, START + 4 * HOUR)
    killed: list[int] = []
    calls = itertools.count(1)

    def kill(request: Request) -> Answer | None:
        if request.operation != "SendMessageBatch" or next(calls) != 60:
            return None
        killed.append(worker_process(stack.bench, request.client_port, urlsplit(proxy.url).port))
        psutil.Process(killed[0]).kill()
        return aws_error("InternalError", "nobody hears this", status=500)

    with stack.worker_through_proxy() as proxy:
        proxy.rule = kill
        replay = stack.apply(stack.plan("crash", *window, "--rate", "1000", "--workers", "2"))
        done = stack.until(replay, "done")

    received = stack.receive()
    expected = stack.expected(*window)
    assert len(killed) == 1
    assert received.ids.keys() == expected
    assert received.ids.total() - len(expected) <= A_REPEAT
    assert (done["sent"], done["left"]) == (len(expected), 0)
    assert done["map_runs"][0]["items"]["failed"] == 0, "the crash was retried, not given up"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("throttling", aws_error("RequestThrottled", "too many requests")),
        ("expired", aws_error("ExpiredToken", "the security token is expired", status=403)),
    ],
)
def test_a_target_that_does_not_take_for_a_while_gets_everything_in_the_end(
    stack: ReplayStack, name: str, answer: Answer
) -> None:
    window = (START + 4 * HOUR, START + 6 * HOUR)
    with stack.worker_through_proxy() as proxy:
        proxy.rule = for_a_while(20, 4, answer)
        replay = stack.apply(stack.plan(name, *window, "--rate", "1000", "--workers", "2"))
        done = stack.until(replay, "done")

    received = stack.receive()
    assert proxy.failed["SendMessageBatch"] > 0
    assert received.ids.keys() == stack.expected(*window)
    assert (done["sent"], done["left"], done["failed"]) == (len(received.ids), 0, 0)


def test_one_unreadable_object_of_many_is_named_by_the_plan_and_the_others_are_sent(stack: ReplayStack) -> None:
    day = START - timedelta(days=1)
    events = written_archive.events(stack.output["topic_arn"], 90, day, day + 3 * BUFFER)
    written = list(written_archive.objects(events, BUFFER))
    bucket = stack.output["bucket_name"]
    written_archive.put(stack.s3, bucket, written)
    body = gzip.compress(b"".join(event.to_line() for event in written[1].events))
    stack.s3.put_object(Bucket=bucket, Key=written[1].key, Body=body[: len(body) // 2])

    file = stack.plan("damaged", day, day + 3 * BUFFER)
    plan = json.loads(file.read_text())
    stack.until(stack.apply(file), "done")

    assert [entry["key"] for entry in plan["totals"]["unreadable"]] == [written[1].key]
    readable = {event.message_id for one in (written[0], written[2]) for event in one.events}
    of_the_damaged = {event.message_id for event in written[1].events}
    assert readable <= stack.receive().ids.keys() <= readable | of_the_damaged


def test_events_in_folders_of_columns_are_replayed_as_a_whole(stack: ReplayStack) -> None:
    day = START - timedelta(days=2)
    events = written_archive.events(stack.output["topic_arn"], 90, day, day + 3 * BUFFER)
    plain, *filed = written_archive.objects(events, BUFFER)
    filed = [replace(one, key=f"event_type={kind}/{one.key}") for one, kind in zip(filed, "ab", strict=True)]
    bucket = stack.output["bucket_name"]
    written_archive.put(stack.s3, bucket, [plain, *filed])

    done = stack.until(stack.apply(stack.plan("filed", day, day + 3 * BUFFER)), "done")

    assert (done["sent"], done["failed"]) == (90, 0)
    assert stack.receive().ids.keys() == {event.message_id for one in (plain, *filed) for event in one.events}


def test_an_object_that_is_lost_while_the_replay_runs_is_named_and_the_others_are_sent(stack: ReplayStack) -> None:
    window = (START + 10 * HOUR, START + 14 * HOUR)
    bucket = stack.output["bucket_name"]
    replay = stack.apply(stack.begin_at(SLOWLY, stack.plan("lost", *window, "--rate", FAST, "--workers", "1")))
    lost = next(one for one in stack.written if one.events[0].published_at >= START + 13 * HOUR)
    for version in stack.s3.list_object_versions(Bucket=bucket, Prefix=lost.key)["Versions"]:
        stack.s3.delete_object(Bucket=bucket, Key=lost.key, VersionId=version["VersionId"])
    faster(stack, replay)

    ended = stack.until(replay, "incomplete")

    expected = stack.expected(*window) - {event.message_id for event in lost.events}
    received = stack.receive()
    written_archive.put(stack.s3, bucket, [lost])
    assert received.ids.keys() == expected
    assert received.ids.total() == len(expected)
    assert ended["left"] == len(lost.events)
    assert any(lost.key in failure["reason"] for failure in ended["failures"])


def test_a_killed_command_does_not_end_the_replay_and_status_finds_it(stack: ReplayStack) -> None:
    window = (START + 14 * HOUR, START + 16 * HOUR)
    plan = stack.begin_at(SLOWLY, stack.plan("killed", *window, "--rate", FAST, "--workers", "2"))
    replay = json.loads(plan.read_text())["replay_id"]
    command = stack.start("replay", "apply", str(plan), "--yes", "--watch")
    try:
        found_once(stack, replay)
        stack.until(replay, "running")
    finally:
        command.kill()
        command.wait()

    after = stack.status(replay)
    assert after["state"] == "running"
    assert replay in {entry["replay_id"] for entry in stack.event_fork("replay", "list", "--output", "json").json}
    faster(stack, replay)
    stack.until(replay, "done")
    received = stack.receive()
    assert received.ids.keys() == stack.expected(*window)
    assert received.ids.total() == len(received.ids)


def test_a_command_with_expired_credentials_says_so_and_the_replay_goes_on(stack: ReplayStack) -> None:
    window = (START + 16 * HOUR, START + 17 * HOUR)
    replay = stack.apply(stack.begin_at(SLOWLY, stack.plan("credentials", *window, "--rate", FAST, "--workers", "1")))
    with fault_proxy(stack.bench.endpoints.aws_endpoint_url) as proxy:
        proxy.rule = lambda _: aws_error(
            "ExpiredTokenException", "The security token included in the request is expired", 403
        )
        refused = stack.event_fork("replay", "status", replay, AWS_ENDPOINT_URL=proxy.url)

    assert refused.code == 1
    assert "expired" in refused.stderr.lower()
    assert "Traceback" not in refused.stderr
    assert stack.status(replay)["state"] == "running"
    faster(stack, replay)
    stack.until(replay, "done")
    assert stack.receive().ids.keys() == stack.expected(*window)


def test_the_same_plan_is_applied_once(stack: ReplayStack) -> None:
    window = (START + 17 * HOUR, START + 18 * HOUR)
    plan = stack.begin_at(SLOWLY, stack.plan("twice", *window, "--rate", FAST))
    replay = stack.apply(plan)

    while_it_runs = stack.event_fork("replay", "apply", str(plan), "--yes", "--no-watch")
    faster(stack, replay)
    stack.until(replay, "done")
    afterwards = stack.event_fork("replay", "apply", str(plan), "--yes", "--no-watch")

    assert (while_it_runs.code, afterwards.code) == (2, 2)
    received = stack.receive()
    assert received.ids.keys() == stack.expected(*window)
    assert received.ids.total() == len(received.ids)


def test_a_paused_replay_stops_and_a_resumed_one_sends_the_rest_and_nothing_twice(stack: ReplayStack) -> None:
    window = (START + 18 * HOUR, START + 20 * HOUR)
    replay = stack.apply(stack.begin_at(SLOWLY, stack.plan("paused", *window, "--rate", FAST, "--workers", "2")))
    until_sent(stack, replay, 20)

    assert stack.event_fork("replay", "pause", replay).code == 0
    paused = stack.until(replay, "paused")
    assert stack.event_fork("replay", "resume", replay, "--no-watch").code == 0  # goes on at the plan's rate
    stack.until(replay, "done")

    expected = stack.expected(*window)
    received = stack.receive()
    assert 0 < paused["sent"] < len(expected)
    assert received.ids.keys() == expected
    assert received.ids.total() == len(expected)


def test_cancel_and_resume_while_the_target_times_out_repeat_no_more_than_the_page_says(stack: ReplayStack) -> None:
    # GIVEN 9,000 events in one object, so that one worker has all of them, and a target that times out for 25 seconds
    day = START - timedelta(days=2)
    events = written_archive.events(stack.output["topic_arn"], 9_000, day, day + BUFFER)
    written = list(written_archive.objects(events, BUFFER))
    written_archive.put(stack.s3, stack.output["bucket_name"], written)
    plan = stack.plan("fenced", day, day + BUFFER, "--rate", "300", "--workers", "1")
    trouble: list[float] = []
    with stack.worker_through_proxy() as proxy:
        proxy.rule = hanging(60, 25, trouble)
        replay = stack.apply(plan)
        eventually(lambda: trouble, bool, within=120, what="the target's trouble")

        # WHEN the replay is cancelled in the midst of it, and resumed at once
        assert stack.event_fork("replay", "cancel", replay).code == 0
        resumed = stack.event_fork("replay", "resume", replay, "--no-watch")
        assert resumed.code == 0, resumed.stderr
        done = stack.until(replay, "done", limit=400)

    # THEN everything arrives, and twice at most what one worker had not written, and calls of which nobody heard
    expected = {event.message_id for one in written for event in one.events}
    received = stack.receive()
    assert len(expected) == 9_000
    assert received.ids.keys() == expected
    unheard = SEND_MAX_MESSAGES * proxy.unheard["SendMessageBatch"]
    assert received.ids.total() - len(expected) <= A_REPEAT + unheard
    assert (done["sent"], done["failed"], done["left"]) == (9_000, 0, 0)
    assert [execution["name"] for execution in done["executions"]] == [replay, f"{replay}-r1"]
    print(f"{received.ids.total() - len(expected)} events twice, {unheard} of them at most in calls nobody heard of")


def test_a_cancelled_replay_sends_no_more_and_says_what_it_sent(stack: ReplayStack) -> None:
    window = (START + 20 * HOUR, START + 22 * HOUR)
    replay = stack.apply(stack.plan("cancelled", *window, "--rate", str(SLOWLY), "--workers", "2"))
    until_sent(stack, replay, 20)

    assert stack.event_fork("replay", "cancel", replay).code == 0
    cancelled = stack.until(replay, "cancelled")

    settled = until_settled(stack, replay)
    assert settled["sent"] < settled["total"]
    assert cancelled["executions"][-1]["status"] == "ABORTED"


def test_new_dead_letters_at_the_target_pause_the_replay_with_the_reason(stack: ReplayStack) -> None:
    window = (START + 22 * HOUR, START + 24 * HOUR)
    replay = stack.apply(
        stack.plan("governed", *window, "--rate", str(SLOWLY), "--workers", "1", "--max-dead-letters", "0")
    )
    until_sent(stack, replay, 20)
    sqs = stack.bench.client("sqs")

    def after_one_more() -> dict[str, Any]:
        # One after the other: what is there at the governor's first look, whenever that is, is not new.
        sqs.send_message(QueueUrl=stack.output["checkout_dead_letter_queue_url"], MessageBody="poison")
        return stack.status(replay)

    paused = eventually(
        after_one_more, lambda status: status["state"] == "paused", within=120, what="the replay is paused"
    )

    assert re.match(r"dead-letters: [1-9]\d* more", paused["reason"])
    assert paused["changed_by"] == "governor"
    assert 0 < paused["left"] < paused["total"]


def test_a_ramp_begins_at_its_first_step(stack: ReplayStack) -> None:
    window = (START + 24 * HOUR, START + 25 * HOUR)
    began = time.monotonic()
    replay = stack.apply(stack.plan("ramp", *window, "--rate", "1000", "--workers", "1", "--ramp", "1,100"))
    found = until_sent(stack, replay, 20)
    seconds = time.monotonic() - began

    assert found["rate"] == 10
    assert found["sent"] <= 10 * seconds + 10
    assert stack.event_fork("replay", "cancel", replay).code == 0
    stack.until(replay, "cancelled")
    until_settled(stack, replay)  # or its last events came to the next test


def test_a_drill_is_red_for_a_damaged_object_a_denied_key_and_a_denied_read_and_green_when_all_is_mended(
    stack: ReplayStack,
) -> None:
    window = (START + 42 * HOUR, START + 43 * HOUR)
    damaged, locked, denied, _ = (one for one in stack.written if window[0] <= one.events[0].published_at < window[1])

    with broken(stack, damaged=damaged.key, locked=locked.key, denied=denied.key):
        found = drill(stack, *window)
    mended = drill(stack, *window)

    assert found.code == 1, found.stderr
    report = json.loads(found.stdout)
    assert (report["passed"], report["state"]) == (False, "incomplete")
    assert [one["key"] for one in report["unreadable"]] == [damaged.key]
    lost = {event.message_id for one in (damaged, locked, denied) for event in one.events}
    missing = {event.message_id for one in (locked, denied) for event in one.events}
    expected = stack.expected(*window)
    assert (report["came"], report["missing"]) == (len(expected - lost), len(expected & missing))
    for one in (damaged, locked, denied):
        assert any(one.key in lost for lost in report["lost"]), (one.key, report)
    assert "1 objects and 0 lines cannot be read" in found.stderr
    assert mended.code == 0, mended.stderr
    report = json.loads(mended.stdout)
    assert (report["passed"], report["planned"], report["came"]) == (True, len(expected), len(expected))
    assert (report["extra"], report["failed"], report["left"], report["lost"]) == (0, 0, 0, [])
    assert 0 < report["seconds_to_plan"] < report["seconds_to_restore"] < 120
    assert stack.receive("shadow").messages == []
    print(f"{len(expected)} events came back in {report['seconds_to_restore']:.1f} s")


@contextmanager
def broken(stack: ReplayStack, *, damaged: str, locked: str, denied: str) -> Iterator[None]:
    """An object is cut off, one is encrypted with a key that the worker may not use, one the worker may not read."""
    bucket = stack.output["bucket_name"]
    bodies = {key: stack.s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in (damaged, locked)}
    iam, functions = stack.bench.client("iam"), stack.bench.client("lambda")
    role = functions.get_function_configuration(FunctionName=stack.output["worker_function_name"])["Role"]
    policy = {"RoleName": role.rpartition("/")[2], "PolicyName": "broken"}
    statement = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/{denied}"}
    key = stack.bench.client("kms").create_key()["KeyMetadata"]["Arn"]
    iam.put_role_policy(**policy, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    stack.s3.put_object(Bucket=bucket, Key=damaged, Body=bodies[damaged][: len(bodies[damaged]) // 2])
    stack.s3.put_object(Bucket=bucket, Key=locked, Body=bodies[locked], ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    try:
        yield
    finally:
        iam.delete_role_policy(**policy)
        for mended, body in bodies.items():
            stack.s3.put_object(Bucket=bucket, Key=mended, Body=body)


def drill(stack: ReplayStack, start: datetime, end: datetime) -> Ran:
    window = ("--from", start.isoformat(), "--to", end.isoformat())
    return stack.event_fork("replay", "drill", "--archive", stack.output["archive_url"], *window, "--output", "json")


def test_a_target_that_is_deleted_cancels_the_replay_with_the_reason(stack: ReplayStack) -> None:
    window = (START + 26 * HOUR, START + 28 * HOUR)
    plan = stack.plan("deleted", *window, "--rate", str(SLOWLY), "--workers", "1", target="shadow")
    replay = stack.apply(plan)
    until_sent(stack, replay, 20)
    stack.bench.client("sqs").delete_queue(QueueUrl=stack.output["shadow_queue_url"])

    ended = stack.until(replay, "cancelled", "incomplete")

    assert ended["state"] == "cancelled"
    assert ended["reason"].startswith(f"target-gone: {stack.output['shadow_queue_arn']}")
    assert ended["left"] > 0


def test_a_replay_of_the_14_day_queue_forwards_what_its_filter_wants_and_keeps_the_rest(stack: ReplayStack) -> None:
    publish(stack, "order.placed", 15)
    publish(stack, "order.paid", 10)
    stack.receive_bodies("checkout", 25)  # the regular pipeline's own first delivery
    until_waiting(stack, 25)
    policy = stack.folder / "policy.json"
    policy.write_text(json.dumps({"event_type": ["order.placed"]}))
    queue = stack.output["replay_queue_url"].rpartition("/")[2]

    ran = stack.event_fork("replay", "queue", "enable", queue, "--filter", str(policy), "--yes", "--output", "json")

    assert ran.json["left"] == 10
    forwarded = stack.receive_bodies("checkout", 15)
    assert sorted(forwarded) == [f"order.placed-{number:02}" for number in range(15)]
    assert sum(waiting(stack)) == 10
    assert json.loads(window_parameter(stack)) == {}
    assert mapping(stack)["State"] == "Disabled"
    stack.bench.client("sqs").purge_queue(QueueUrl=stack.output["replay_queue_url"])


def test_kept_events_may_be_received_many_times_without_being_lost_or_dead_lettered(stack: ReplayStack) -> None:
    publish(stack, "order.shipped", 5)
    stack.receive_bodies("checkout", 5)
    until_waiting(stack, 5)
    window = {
        "until": "2020-01-01T00:00:00Z",
        "hold_seconds": 1,
        "holder": "a test",
        "started_at": "2026-11-23T00:00:00Z",
        "replay_id": "kept",
    }
    put_window(stack, window)
    switch(stack, on=True)
    try:
        until_received(stack, 8)  # more often than a dead-letter queue after 5 attempts would allow
        assert stack.receive_bodies("checkout", 0) == []
        put_window(stack, {**window, "until": "2100-01-01T00:00:00Z"})
        forwarded = stack.receive_bodies("checkout", 5)
    finally:
        switch(stack, on=False)
        put_window(stack, {})

    assert sorted(forwarded) == [f"order.shipped-{number:02}" for number in range(5)]
    assert waiting(stack) == (0, 0)


def test_exactly_the_given_ids_are_sent_and_every_document_is_in_the_work_area(stack: ReplayStack) -> None:
    window = (START + 30 * HOUR, START + 31 * HOUR)
    wanted = sorted(stack.expected(*window))[::7]
    ids = stack.folder / "ids.txt"
    ids.write_text("\n".join(wanted))
    replay = stack.apply(stack.plan("documents", *window, "--ids", str(ids)))
    stack.until(replay, "done")
    assert stack.receive().ids == Counter(wanted)

    area = stack.area(replay)
    listed = stack.s3.list_objects_v2(Bucket=stack.output["bucket_name"], Prefix=area.prefix)["Contents"]
    keys = {entry["Key"] for entry in listed}
    assert {area.plan, area.ids, area.items, area.control} < keys
    progress = [key for key in keys if key.startswith(area.progress_prefix)]
    assert len(progress) == len(json.loads(read(stack, area.plan))["items"])
    manifest = next(key for key in keys if key.startswith(area.results_prefix) and key.endswith("manifest.json"))
    assert json.loads(read(stack, manifest))["ResultFiles"]["FAILED"] == []


def test_a_fifo_target_gets_each_group_in_order_despite_failures_and_all_again_at_once(stack: ReplayStack) -> None:
    # GIVEN a FIFO topic's events of eight groups, in objects in no order
    begin, count, groups = END + 3 * HOUR, 400, 8
    events = [
        replace(
            event,
            message=json.dumps({"n": number, "customer": {"id": f"c{number % groups}"}}),
            others={"SequenceNumber": str(10_000_000_000_000_000_000 + 7 * number)},
        )
        for number, event in enumerate(written_archive.events(stack.output["topic_arn"], count, begin, begin + HOUR))
    ]
    shuffled = sorted(events, key=lambda event: hash_of(event.message_id))
    written = [
        written_archive.WrittenObject(next(written_archive.objects(events[part:], HOUR)).key, tuple(shuffled[part::5]))
        for part in range(5)
    ]
    written_archive.put(stack.s3, stack.output["bucket_name"], written)
    options = ("--group-by", "$.customer.id", "--body", "raw", "--rate", "1000", "--workers", "3")
    window = (begin, begin + HOUR)

    # WHEN they are replayed, the target throttles now and then and closes for a while, and the replay is resumed
    denied, busy = aws_error("AccessDeniedException", "told to", status=403), aws_error("Throttling", "told to")
    with stack.worker_through_proxy() as proxy:
        calls = itertools.count(1)

        def rule(request: Request) -> Answer | None:
            call = next(calls)
            return denied if call > 60 else busy if call % 3 == 0 else None

        proxy.rule = rule
        replay = stack.apply(stack.plan("ordered", *window, *options, target="fifo"))
        broken = stack.until(replay, "incomplete", "done")
        proxy.clear()
        resumed = stack.event_fork("replay", "resume", replay, "--no-watch")
        done = stack.until(replay, "done")
    first = by_group(stack.receive("fifo", threads=1).messages)
    # AND once more, within the five minutes in which the queue knows the ids of what it got
    again = stack.apply(stack.plan("ordered-again", *window, *options, target="fifo"))
    stack.until(again, "done")
    second = by_group(stack.receive("fifo", threads=1).messages)

    # THEN both times each group is whole and in order
    assert broken["state"] == "incomplete"
    assert 0 < broken["sent"] < count
    assert resumed.code == 0, resumed.stderr
    assert (done["sent"], done["failed"], done["left"]) == (count, 0, 0)
    assert first == second == {f"c{group}": [*range(group, count, groups)] for group in range(groups)}


def by_group(messages: list[dict[str, Any]]) -> dict[str, list[int]]:
    """The numbers of the events of each message group, as they came."""
    found: dict[str, list[int]] = {}
    for message in messages:
        found.setdefault(message["Attributes"]["MessageGroupId"], []).append(json.loads(message["Body"])["n"])
    return found


def hash_of(text: str) -> str:
    """For an order that is none."""
    return hashlib.sha256(text.encode()).hexdigest()


def read(stack: ReplayStack, key: str) -> bytes:
    found: bytes = stack.s3.get_object(Bucket=stack.output["bucket_name"], Key=key)["Body"].read()
    return found


def until_sent(stack: ReplayStack, replay: str, events: int, limit: float = 240.0) -> dict[str, Any]:
    """Wait until so many events were sent while the replay runs."""
    end = time.monotonic() + limit
    while (found := stack.status(replay))["sent"] < events:
        assert found["state"] == "running", found
        assert time.monotonic() < end, found
        time.sleep(0.3)
    return found


def faster(stack: ReplayStack, replay: str) -> None:
    """Let the rest of a slow replay run."""
    ran = stack.event_fork("replay", "rate", replay, FAST)
    assert ran.code == 0, ran.stderr


def until_settled(stack: ReplayStack, replay: str, limit: float = 120.0) -> dict[str, Any]:
    """Wait until the workers of a cancelled replay have obeyed: they look every 5 s, then write down what they sent.

    Then what was sent is what arrived, and nothing more comes, look after look.
    """
    arrived: set[str] = set()
    looks: list[tuple[int, int]] = []

    def look() -> dict[str, Any]:
        arrived.update(message["MessageId"] for message in stack.receive().messages)
        status = stack.status(replay)
        looks.append((len(arrived), status["sent"]))
        return status

    def settled(status: dict[str, Any]) -> bool:
        return len(looks) >= QUIET_LOOKS and set(looks[-QUIET_LOOKS:]) == {(status["sent"], status["sent"])}

    return eventually(look, settled, within=limit, what="what arrived is what was sent, and no more comes")


def until_items_failed(stack: ReplayStack, replay: str, limit: float = 240.0) -> None:
    """Wait until the map has given up on an item."""
    end = time.monotonic() + limit
    while not (runs := stack.status(replay)["map_runs"]) or runs[0]["items"]["failed"] == 0:
        assert time.monotonic() < end, "no item failed"
        time.sleep(0.5)


def publish(stack: ReplayStack, kind: str, count: int) -> None:
    """Publish `kind-00`, `kind-01`, ... with their type as an attribute."""
    sns = stack.bench.client("sns")
    for number in range(count):
        sns.publish(
            TopicArn=stack.output["topic_arn"],
            Message=f"{kind}-{number:02}",
            MessageAttributes={"event_type": {"DataType": "String", "StringValue": kind}},
        )


def waiting(stack: ReplayStack) -> tuple[int, int]:
    """Messages in the 14-day queue: to be had, hidden."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = stack.bench.client("sqs").get_queue_attributes(
        QueueUrl=stack.output["replay_queue_url"], AttributeNames=names
    )["Attributes"]
    return int(attributes[names[0]]), int(attributes[names[1]])


def until_waiting(stack: ReplayStack, count: int, limit: float = 120.0) -> None:
    end = time.monotonic() + limit
    while waiting(stack) != (count, 0):
        assert time.monotonic() < end, waiting(stack)
        time.sleep(0.1)


def until_received(stack: ReplayStack, times: int, limit: float = 240.0) -> None:
    """Wait until the function has been given kept messages so often."""
    logs = stack.bench.client("logs")
    name = f"/aws/lambda/{stack.output['replay_queue_url'].rpartition('/')[2]}"
    end = time.monotonic() + limit
    kept = 0
    while kept < times * 5:
        assert time.monotonic() < end, f"{kept} messages were kept in {limit} s"
        time.sleep(0.5)
        found = logs.filter_log_events(logGroupName=name, filterPattern="EventsKept")["events"]
        kept = sum(sum(json.loads(event["message"])["EventsKept"]) for event in found if "_aws" in event["message"])


def window_parameter(stack: ReplayStack) -> str:
    name = stack.output["replay_window_parameter_name"]
    return str(stack.bench.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def put_window(stack: ReplayStack, window: dict[str, Any]) -> None:
    stack.bench.client("ssm").put_parameter(
        Name=stack.output["replay_window_parameter_name"], Value=json.dumps(window), Type="String", Overwrite=True
    )


def mapping(stack: ReplayStack) -> dict[str, Any]:
    """The event source mapping of the 14-day queue."""
    queue = stack.output["replay_queue_url"].rpartition("/")[2]
    arn = stack.output["checkout_queue_arn"].rpartition(":")[0] + f":{queue}"
    (found,) = stack.bench.client("lambda").list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    return dict(found)


def switch(stack: ReplayStack, *, on: bool) -> None:
    stack.bench.client("lambda").update_event_source_mapping(UUID=mapping(stack)["UUID"], Enabled=on)
    end = time.monotonic() + 120
    while mapping(stack)["State"] != ("Enabled" if on else "Disabled"):
        assert time.monotonic() < end, mapping(stack)
        time.sleep(0.2)


def found_once(stack: ReplayStack, replay: str, limit: float = 240.0) -> None:
    """Wait until the command knows the replay."""
    end = time.monotonic() + limit
    while stack.event_fork("replay", "status", replay).code != 0:
        assert time.monotonic() < end, f"{replay} was not started in {limit} s"
        time.sleep(0.3)


def worker_process(bench: Bench, client_port: int, proxy_port: int | None) -> int:
    """The function's process that holds this connection; it is a child of the bench's emulator.

    Only its children are asked: on a busy machine the whole list takes longer than the worker waits for its answer.
    """
    emulator = processes.alive(bench.state, bench.endpoints.backend)
    assert emulator is not None
    ends = (client_port, proxy_port)
    for process in emulator.children(recursive=True):
        try:
            connections = process.net_connections("tcp")
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if any((found.laddr.port, found.raddr.port) == ends for found in connections if found.raddr):
            return int(process.pid)
    raise AssertionError(f"no function is connected from port {client_port} to {proxy_port}")
