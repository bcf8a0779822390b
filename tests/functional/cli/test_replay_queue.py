"""`replay queue`: one run at a time, the mapping off at the end whatever happens, kept events stay."""

import io
import json
import os
import signal
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from event_fork import replay
from event_fork.queue_replay.window import ReplayWindow, read_window, run_of
from event_fork_cli.aws import AwsSettings
from event_fork_cli.commands import queue
from event_fork_cli.errors import BadInputError
from event_fork_cli.queue_replay import draining
from event_fork_cli.queue_replay.interruption import Interruption
from event_fork_cli.queue_replay.pipelines import Backlog, ReplayQueue, find_pipeline
from event_fork_cli.queue_replay.windows import WindowParameter
from tests.functional.cli.conftest import NOON, REGION, Result, World, _session
from tests.functional.cli.test_replay_forged import CASES, forged, says_at_most_a_sentence
from tests.functional.event_fork.conftest import FakeContext
from tests.unit.event_fork.replay_plan.test_reading import REPORT, WINDOW

PARAMETER = "/event-fork-pipelines/orders/replay-window"
LOG_GROUP = "/aws/lambda/orders-replay"
RUN = "queue-20261123-120000-3f9a2c"


@dataclass
class Pipeline:
    """A replay queue with its function on moto. `plays`: what happens at each look at the backlog.

    `afterwards`: the same once the mapping is off again.
    """

    world: World
    plays: list[Callable[[], None]] = field(default_factory=list)
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    scaling: dict[str, int] = field(default_factory=dict)
    looks: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    backlog: Backlog = field(default_factory=lambda: Backlog(50, 0))
    invoked: str = ""

    def __post_init__(self) -> None:
        session = _session()
        self.functions = self.remember(session.client("lambda"))
        role = session.client("iam").create_role(RoleName="replay", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        self.url = self.world.sqs.create_queue(QueueName="orders-replay")["QueueUrl"]
        self.arn = self.url.replace(
            "https://sqs.eu-west-1.amazonaws.com/123456789012/", f"arn:aws:sqs:{REGION}:123456789012:"
        )
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as package:
            package.writestr("event_fork/replay.py", "")
        self.function = self.functions.create_function(
            FunctionName="orders-replay",
            Runtime="python3.13",
            Role=role,
            Handler="event_fork.replay.handler",
            Code={"ZipFile": code.getvalue()},
            Timeout=60,
            Environment={"Variables": {"REPLAY_WINDOW_PARAMETER": PARAMETER}},
        )["FunctionArn"]
        self.invoked = self.function
        self.mapping = self.functions.create_event_source_mapping(
            EventSourceArn=self.arn, FunctionName="orders-replay", Enabled=False
        )["UUID"]
        self.world.ssm.put_parameter(Name=PARAMETER, Value="{}", Type="String")
        self.logs = session.client("logs")
        self.logs.create_log_group(logGroupName=LOG_GROUP)
        self.logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName="1")

    def remember(self, client: Any) -> Any:
        """A client of Lambda that keeps of a mapping what moto forgets: alias and scaling."""

        def update(params: dict[str, Any], **_: Any) -> None:
            self.scaling = params.get("ScalingConfig", self.scaling)
            self.invoked = params.get("FunctionName", self.invoked)

        def answer(parsed: dict[str, Any], **_: Any) -> None:
            for mapping in parsed.get("EventSourceMappings", [parsed]):
                mapping |= {"ScalingConfig": self.scaling, "FunctionArn": self.invoked}

        client.meta.events.register("provide-client-params.lambda.UpdateEventSourceMapping", update)
        for operation in ("GetEventSourceMapping", "ListEventSourceMappings"):
            client.meta.events.register(f"after-call.lambda.{operation}", answer)
        return client

    def report(self, run: str = "", returned: Mapping[str, int] | None = None, **counts: int) -> None:
        """The function reports a batch of the run: EventsReceived, EventsForwarded, ..."""
        found = self.document() or {}
        line = {
            "_aws": {},
            "run": run or found.get("replay_id"),
            "returned_for": returned or {},
            "kept_seconds": {"900": counts.get("kept", 0)},
        }
        line |= {f"Events{name.capitalize()}": [float(count)] for name, count in counts.items()}
        self.report_text(json.dumps(line))

    def report_text(self, message: str) -> None:
        """A line of the function's log."""
        now = int(datetime.now(UTC).timestamp() * 1000)
        self.logs.put_log_events(
            logGroupName=LOG_GROUP, logStreamName="1", logEvents=[{"timestamp": now, "message": message}]
        )

    @property
    def aliases(self) -> list[str]:
        """Names of the function's aliases."""
        return [alias["Name"] for alias in self.functions.list_aliases(FunctionName="orders-replay")["Aliases"]]

    def document(self, suffix: str = "") -> Any:
        """What the parameter holds; None when there is none."""
        try:
            return json.loads(self.world.ssm.get_parameter(Name=PARAMETER + suffix)["Parameter"]["Value"])
        except self.world.ssm.exceptions.ParameterNotFound:
            return None

    @property
    def state(self) -> str:
        """The mapping's state."""
        return str(self.functions.get_event_source_mapping(UUID=self.mapping)["State"])

    def run(self, *options: str) -> Result:
        """`replay queue enable`, answering with JSON."""
        return self.world.run("replay", "queue", "enable", "orders-replay", "--yes", "--output", "json", *options)

    def look(self) -> Backlog:
        """The backlog, after the next play."""
        self.looks.append((self.state, self.document()))
        if self.state == "Enabled" and self.plays:
            self.plays.pop(0)()
        elif self.state == "Disabled" and self.updates and self.afterwards:
            self.afterwards.pop(0)()
        return self.backlog

    def set(self, visible: int, hidden: int, **reported: Any) -> Callable[[], None]:
        """A play: the backlog becomes that, and the function reports what is given, or what is gone as forwarded."""

        def play() -> None:
            gone = self.backlog.all - visible - hidden
            self.backlog = Backlog(visible, hidden)
            if reported or gone > 0:
                self.report(**(reported or {"received": gone, "forwarded": gone}))

        return play


@pytest.fixture
def pipeline(world: World, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    made = Pipeline(world)
    monkeypatch.setattr(ReplayQueue, "backlog", lambda _: made.look())

    def remembered(_: AwsSettings) -> Any:
        client = made.remember(_session().client("lambda"))
        client.meta.events.register(
            "provide-client-params.lambda.UpdateEventSourceMapping", lambda params, **_: made.updates.append(params)
        )
        return client

    monkeypatch.setattr(AwsSettings, "functions", remembered)
    # Five seconds a look, as the command counts them, and none for the test.
    monkeypatch.setattr(queue, "find_pipeline", lambda *given: replace(find_pipeline(*given), wait=lambda _: None))
    return made


@pytest.fixture
def heard() -> Iterator[None]:
    """SIGHUP is heard, also where the tests themselves were started by nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def test_a_signal_that_is_ignored_stays_ignored(heard: None) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with Interruption(print):
        os.kill(os.getpid(), signal.SIGHUP)

    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def off(pipeline: Pipeline) -> None:
    assert pipeline.state == "Disabled"
    assert pipeline.document() == {}
    assert pipeline.document("-lock") is None
    assert pipeline.aliases == []


def test_a_run_switches_on_drains_and_switches_off(pipeline: Pipeline) -> None:
    pipeline.plays = [
        pipeline.set(20, 10, received=30, forwarded=30),
        pipeline.set(0, 10, received=20, forwarded=16, kept=4),
        pipeline.set(0, 4, received=0),
    ]

    result = pipeline.run()

    assert result.code == 0, result.err
    ran = result.json
    assert (ran["forwarded"], ran["kept"], ran["left"], ran["in_flight"], ran["interrupted"]) == (46, 4, 4, 0, False)
    during = [document for state, document in pipeline.looks if state == "Enabled"]
    assert during
    assert all(document["until"] == "2026-11-23T16:00:00.000Z" for document in during)
    assert during[0]["holder"].startswith("arn:aws:sts::")
    assert "from" not in during[0]
    off(pipeline)


def test_the_window_says_what_was_asked(pipeline: Pipeline, world: World) -> None:
    pipeline.plays = [pipeline.set(0, 0)] * 2
    policy = world.folder / "policy.json"
    policy.write_text('{"event_type": ["order.paid"]}')

    assert pipeline.run("--from", "3h", "--until", "1h", "--filter", str(policy), "--rate", "0.1").code == 0

    document = next(document for state, document in pipeline.looks if state == "Enabled")
    assert (document["from"], document["until"]) == ("2026-11-23T13:00:00.000Z", "2026-11-23T15:00:00.000Z")
    assert document["filter_policy"] == {"event_type": ["order.paid"]}
    assert document["filter_policy_scope"] == "MessageAttributes"
    assert document["rate"] == 0.1
    wanted = read_window(json.dumps(document))
    assert wanted is not None
    assert wanted.filter is not None
    # 50 messages at 0.1/s are 500 s, and what is kept must not come back within the pass
    assert document["hold_seconds"] == 1_000


def test_the_mapping_names_the_run_while_it_lasts(pipeline: Pipeline) -> None:
    during: list[list[str]] = []
    empty = pipeline.set(0, 0)
    pipeline.plays = [lambda: during.append(pipeline.aliases), empty, empty]

    run = pipeline.run().json["replay_id"]

    assert during == [[run]]
    arn = f"arn:aws:lambda:{REGION}:123456789012:function:orders-replay"
    on, off_again, back = pipeline.updates
    assert (on["Enabled"], on["FunctionName"]) == (True, f"{arn}:{run}")
    assert off_again == {"UUID": pipeline.mapping, "Enabled": False}, "what still polls names the run"
    assert (back["Enabled"], back["FunctionName"]) == (False, arn)
    assert run_of(on["FunctionName"]) == run
    off(pipeline)


@pytest.mark.parametrize(
    ("limit", "options", "during", "after", "workers"),
    [
        (None, ["--rate", "50"], {"MaximumConcurrency": 2}, {}, 2),
        (5, ["--rate", "50"], None, None, 5),
        (None, [], None, None, None),
    ],
)
def test_a_rate_is_shared_by_as_many_as_the_mapping_lets_work_at_once(
    pipeline: Pipeline,
    limit: int | None,
    options: list[str],
    during: dict[str, int] | None,
    after: dict[str, int] | None,
    workers: int | None,
) -> None:
    pipeline.scaling = {} if limit is None else {"MaximumConcurrency": limit}  # moto keeps none
    pipeline.plays = [pipeline.set(0, 0)] * 2

    assert pipeline.run(*options).code == 0

    on, _, back = pipeline.updates
    assert on.get("ScalingConfig") == during
    assert back.get("ScalingConfig") == after
    document = next(document for state, document in pipeline.looks if state == "Enabled")
    assert document.get("workers") == workers


def test_a_warm_function_forwards_only_what_each_run_asks_for_however_soon_they_follow(
    pipeline: Pipeline, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function's own code, one process for all: what it read before a run is still in its cache when one begins."""
    for name, value in {
        "DESTINATION_QUEUE_URL": world.queue_url,
        "DEAD_LETTER_QUEUE_URL": world.queue_url,
        "REPLAY_ID": "module",
        "REPLAY_WINDOW_PARAMETER": PARAMETER,
        "QUEUE_URL": pipeline.url,
        "QUEUE_RETENTION_SECONDS": "1209600",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    replay.replayer.cache_clear()
    forwarded: list[list[str]] = []

    def invoke(function: str) -> None:
        hours = range(10, 16)
        records = [
            {
                "messageId": str(hour),
                "receiptHandle": f"handle-{hour}",
                "body": f"published at {hour}",
                "attributes": {"SentTimestamp": str(int(NOON.replace(hour=hour).timestamp() * 1000))},
            }
            for hour in hours
        ]
        kept = replay.handler({"Records": records}, FakeContext(invoked_function_arn=function))["batchItemFailures"]
        forwarded.append(sorted({str(hour) for hour in hours} - {entry["itemIdentifier"] for entry in kept}))

    def during() -> None:
        invoke(pipeline.updates[-1]["FunctionName"])

    invoke(pipeline.function)  # switched on by hand: everything, and {} is in the cache
    for start, end in (("2026-11-23T11:00Z", "2026-11-23T13:00Z"), ("2026-11-23T14:00Z", "2026-11-23T15:00Z")):
        pipeline.backlog = Backlog(50, 0)
        pipeline.plays = [during, pipeline.set(0, 0), pipeline.set(0, 0)]
        assert pipeline.run("--from", start, "--until", end).code == 0
    replay.replayer.cache_clear()

    assert forwarded == [["10", "11", "12", "13", "14", "15"], ["11", "12"], ["14"]]


def test_a_lock_whose_answer_was_lost_is_ones_own(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = WindowParameter.lock

    def twice(*given: Any) -> None:
        lock(*given)
        lock(*given)  # as boto3 does when the first answer does not arrive

    monkeypatch.setattr(WindowParameter, "lock", twice)
    pipeline.plays = [pipeline.set(0, 0)] * 2

    assert pipeline.run().code == 0
    off(pipeline)


def test_ctrl_c_before_the_mapping_was_touched_gives_the_lock_back(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ReplayQueue, "mapping_state", lambda _: os.kill(os.getpid(), signal.SIGINT))

    assert pipeline.run().code == 1
    assert pipeline.updates == []
    off(pipeline)


def test_a_second_ctrl_c_does_not_keep_the_mapping_on(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    switch_off = ReplayQueue.switch_off

    def impatiently(*given: Any, **more: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        switch_off(*given, **more)

    monkeypatch.setattr(ReplayQueue, "switch_off", impatiently)
    pipeline.plays = [lambda: os.kill(os.getpid(), signal.SIGINT)]

    result = pipeline.run()

    assert result.code == 1
    assert "switching off, a moment" in result.err
    off(pipeline)


def test_it_does_not_end_while_something_is_still_forwarded(pipeline: Pipeline) -> None:
    pipeline.plays = [pipeline.set(0, left, received=10, forwarded=10) for left in (40, 30, 20, 10, 5, 3)]

    assert pipeline.run().json["left"] == 3
    assert pipeline.plays == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_kill_and_a_closed_terminal_switch_off_and_say_so(
    pipeline: Pipeline, number: signal.Signals, heard: None
) -> None:
    pipeline.plays = [pipeline.set(20, 10), lambda: os.kill(os.getpid(), number)]

    result = pipeline.run()

    assert result.code == 1
    assert result.json["interrupted"] is True
    assert (
        "the mapping of orders-replay is off again and 30 events are still in orders-replay, 10 in flight" in result.err
    )
    off(pipeline)


def test_what_is_in_flight_when_the_mapping_goes_off_is_waited_for_before_anything_is_said_to_be_left(
    pipeline: Pipeline,
) -> None:
    # GIVEN a run that is broken off while the function works at 10 events, of which it forwards 8
    begun: list[str] = []

    def interrupted() -> None:
        begun.append(pipeline.document()["replay_id"])
        os.kill(os.getpid(), signal.SIGINT)

    pipeline.plays = [pipeline.set(30, 10, received=10, forwarded=10), interrupted]

    def ended() -> None:
        pipeline.backlog = Backlog(30, 0)
        pipeline.report(begun[0], received=10, forwarded=10)

    pipeline.afterwards = [pipeline.set(30, 10), pipeline.set(30, 10), ended]

    # WHEN it ends THEN what it says is what became of them
    result = pipeline.run()
    assert "10 events are in flight: waiting for what becomes of them, at most 60 s" in result.err
    assert (result.json["forwarded"], result.json["left"], result.json["in_flight"]) == (20, 30, 0)
    assert "off again and 30 events are still in orders-replay\n" in result.err
    assert pipeline.afterwards == []
    off(pipeline)


def test_a_second_ctrl_c_ends_the_wait_for_what_is_in_flight(pipeline: Pipeline) -> None:
    pipeline.plays = [pipeline.set(20, 10), lambda: os.kill(os.getpid(), signal.SIGINT)]
    pipeline.afterwards = [pipeline.set(20, 10), lambda: os.kill(os.getpid(), signal.SIGINT), pipeline.set(0, 0)]

    result = pipeline.run()

    assert "30 events are still in orders-replay, 10 in flight" in result.err
    assert len(pipeline.afterwards) == 1
    off(pipeline)


def test_an_error_in_the_middle_switches_off(pipeline: Pipeline) -> None:
    def fail() -> None:
        raise RuntimeError("test")

    pipeline.plays = [fail]

    with pytest.raises(RuntimeError, match="test"):
        pipeline.run()
    off(pipeline)


def test_when_it_cannot_be_switched_off_that_is_said(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("expired credentials")

    empty = pipeline.set(0, 0)
    pipeline.plays = [lambda: monkeypatch.setattr(ReplayQueue, "switch_off", fail), empty, empty]

    result = pipeline.run()

    assert result.code == 1
    assert "could not be switched off (expired credentials)" in result.err
    assert "event-fork replay queue disable orders-replay" in result.err


def test_a_second_run_at_once_is_refused_and_names_the_first(pipeline: Pipeline) -> None:
    second: list[Result] = []
    # the second run looks at the backlog once too
    pipeline.plays = [lambda: second.append(pipeline.run()), lambda: None, pipeline.set(0, 0), pipeline.set(0, 0)]

    first = pipeline.run()

    assert first.code == 0
    assert second[0].code == 2
    assert "goes on since 2026-11-23T16:00:00.000Z, started by arn:aws:sts::" in second[0].err
    off(pipeline)


def test_a_second_run_that_is_refused_leaves_the_first_ones_lock(pipeline: Pipeline) -> None:
    held: list[Any] = []
    pipeline.plays = [
        lambda: held.append(pipeline.run().code),
        lambda: None,  # the second run looks at the backlog once too
        lambda: held.append(pipeline.document("-lock")),
        pipeline.set(0, 0),
        pipeline.set(0, 0),
    ]

    first = pipeline.run()

    assert held[0] == 2
    assert held[1]["replay_id"] == first.json["replay_id"]


def test_the_window_is_closed_only_when_the_mapping_is_off(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    states: list[str] = []

    def noted(params: dict[str, Any], **_: Any) -> None:
        if params["Value"] == "{}":
            states.append(pipeline.state)

    def remembered(_: AwsSettings) -> Any:
        client = _session().client("ssm")
        client.meta.events.register("provide-client-params.ssm.PutParameter", noted)
        return client

    monkeypatch.setattr(AwsSettings, "ssm", remembered)
    pipeline.plays = [pipeline.set(0, 0)] * 2

    assert pipeline.run().code == 0
    assert states == ["Disabled"]


def test_a_mapping_that_is_on_already_is_refused_and_left_on(pipeline: Pipeline) -> None:
    pipeline.functions.update_event_source_mapping(UUID=pipeline.mapping, Enabled=True)

    result = pipeline.run()

    assert result.code == 2
    assert "everything in it is being forwarded" in result.err
    assert pipeline.state == "Enabled"
    assert pipeline.document("-lock") is None


def test_a_mapping_that_is_off_but_still_another_runs_is_refused(pipeline: Pipeline) -> None:
    # GIVEN a run that was killed when it had switched off and put nothing back yet
    pipeline.invoked, pipeline.scaling = f"{pipeline.function}:{RUN}", {"MaximumConcurrency": 2}

    result = pipeline.run("--rate", "5")

    assert result.code == 2
    assert f"is still that of {RUN}" in result.err
    assert "event-fork replay queue disable orders-replay" in result.err
    assert (pipeline.updates, pipeline.document("-lock"), pipeline.document()) == ([], None, {})


@pytest.mark.parametrize("hidden", [0, 7])
def test_an_empty_queue_is_exit_code_3_and_nothing_is_switched_on(pipeline: Pipeline, hidden: int) -> None:
    pipeline.backlog = Backlog(0, hidden)

    result = pipeline.run()

    assert result.code == 3
    assert "nothing is waiting in orders-replay" in result.err
    assert ("7 are hidden" in result.err) == bool(hidden)
    off(pipeline)


def test_disable_cleans_up_after_a_run_that_was_killed(pipeline: Pipeline, world: World) -> None:
    version = pipeline.functions.publish_version(FunctionName=pipeline.function)["Version"]
    note = '{"qualifier": "live", "maximum_concurrency": 5}'
    for name, noted in (("live", ""), (RUN, note)):
        pipeline.functions.create_alias(
            FunctionName=pipeline.function, Name=name, FunctionVersion=version, Description=noted
        )
    pipeline.functions.update_event_source_mapping(
        UUID=pipeline.mapping, Enabled=True, FunctionName=f"{pipeline.function}:{RUN}"
    )
    lock = {"holder": "ana", "started_at": "2026-11-23T12:00:00.000Z", "replay_id": RUN}
    world.ssm.put_parameter(Name=f"{PARAMETER}-lock", Value=json.dumps(lock), Type="String")
    world.ssm.put_parameter(Name=PARAMETER, Value='{"until": "2026-11-23T16:00:00Z"}', Type="String", Overwrite=True)

    status = world.run("replay", "queue", "status", "orders-replay", "--output", "json")
    assert status.json["holder"] == lock
    assert status.json["mapping_state"] == "Enabled"
    assert world.run("replay", "queue", "disable", "orders-replay").code == 0
    _, update = pipeline.updates
    assert update["FunctionName"] == f"{pipeline.function}:live"
    assert update["ScalingConfig"] == {"MaximumConcurrency": 5}
    assert pipeline.aliases == ["live"]
    pipeline.functions.delete_alias(FunctionName=pipeline.function, Name="live")
    off(pipeline)


@pytest.mark.parametrize("note", ["A run", '{"qualifier": "a:b", "maximum_concurrency": 1e9}', "[]", ""])
def test_disable_puts_back_nothing_but_a_qualifier_and_a_limit(pipeline: Pipeline, world: World, note: str) -> None:
    pipeline.functions.create_alias(
        FunctionName=pipeline.function, Name=RUN, FunctionVersion="$LATEST", Description=note
    )

    pipeline.functions.update_event_source_mapping(
        UUID=pipeline.mapping, Enabled=True, FunctionName=f"{pipeline.function}:{RUN}"
    )

    assert world.run("replay", "queue", "disable", "orders-replay").code == 0

    off_first, update = pipeline.updates
    assert off_first.keys() == {"UUID", "Enabled"}
    assert (update["FunctionName"], "ScalingConfig" in update) == (pipeline.function, False)
    off(pipeline)


def test_disable_cleans_up_after_a_run_of_an_earlier_version(pipeline: Pipeline, world: World) -> None:
    pipeline.functions.update_event_source_mapping(UUID=pipeline.mapping, Enabled=True)
    world.ssm.put_parameter(Name=f"{PARAMETER}-lock", Value='{"holder": "ana"}', Type="String")

    assert world.run("replay", "queue", "disable", "orders-replay").code == 0
    off(pipeline)


def test_status_shows_backlog_and_nobody(pipeline: Pipeline, world: World) -> None:
    result = world.run("replay", "queue", "status", "orders-replay")

    for text in ("Disabled", "50 visible, 0 hidden", "none"):
        assert text in result.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--until", "soon"], ["--to", "'soon'"]),
        (["--from", "1h", "--to", "2h"], ["--to", "later than --from"]),
        (["--rate", "0"], ["--rate", "0.0"]),
        (["--rate", "inf"], ["--rate", "inf"]),
        (["--filter", "missing.json"], ["--filter", "missing.json"]),
    ],
)
def test_bad_input_of_enable_is_exit_code_2(pipeline: Pipeline, options: list[str], words: list[str]) -> None:
    result = pipeline.run(*options)

    assert result.code == 2
    for word in words:
        assert word in result.err
    off(pipeline)


def test_a_queue_that_is_no_replay_queue_is_refused(pipeline: Pipeline, world: World) -> None:
    for given, word in (("CheckoutQueue", "0 were found"), ("NoQueue", "exists"), ("a b", "name, URL or ARN")):
        result = world.run("replay", "queue", "status", given)
        assert result.code == 2
        assert word in result.err


def test_a_function_that_knows_no_window_is_refused(pipeline: Pipeline, world: World) -> None:
    pipeline.functions.update_function_configuration(FunctionName="orders-replay", Environment={"Variables": {}})

    result = pipeline.run()

    assert result.code == 2
    assert "REPLAY_WINDOW_PARAMETER" in result.err


def test_without_yes_it_asks(pipeline: Pipeline, world: World) -> None:
    assert "--yes" in world.run("replay", "queue", "enable", "orders-replay").err
    off(pipeline)


def test_a_run_against_a_queue_that_is_looked_at_for_real(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The counts of moto's own queue, not a script."""
    pipeline = Pipeline(world)
    world.sqs.send_message(QueueUrl=pipeline.url, MessageBody="1")
    found = find_pipeline(AwsSettings(REGION), "orders-replay")
    assert (found.function_seconds, found.visibility_seconds(), found.log_group) == (60, 30, LOG_GROUP)
    assert found.backlog() == Backlog(1, 0)
    world.sqs.receive_message(QueueUrl=pipeline.url)
    assert found.backlog() == Backlog(0, 1)


# -- what somebody else does -------------------------------------------------------------------------------------------


class KilledError(BaseException):
    """kill -9: nothing of the command runs any more, no `finally` either."""


STEPS = [
    (WindowParameter, "lock"),
    (WindowParameter, "open"),
    (ReplayQueue, "switch_on"),
    (draining, "_until_settled"),
    (ReplayQueue, "switch_off"),
    (WindowParameter, "close"),
    (ReplayQueue, "forget"),
    (WindowParameter, "unlock"),
]


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("where", "step"), STEPS, ids=[step for _, step in STEPS])
def test_wherever_a_run_was_killed_one_disable_cleans_up(
    pipeline: Pipeline, world: World, monkeypatch: pytest.MonkeyPatch, where: Any, step: str, done: bool
) -> None:
    # GIVEN a run that sets a limit, and is killed just before or just after a step
    pipeline.plays = [pipeline.set(0, 0)] * 2
    with monkeypatch.context() as patched:
        original, give_back = getattr(where, step), draining._give_back_or_say
        dead: list[bool] = []

        def dies(*given: Any, **more: Any) -> Any:
            if done:
                original(*given, **more)
            dead.append(True)
            raise KilledError

        patched.setattr(where, step, dies)
        patched.setattr(draining, "_give_back_or_say", lambda *given: None if dead else give_back(*given))
        with pytest.raises(KilledError):
            pipeline.run("--rate", "50")

    # WHEN the operator disables it once THEN nothing of it is left
    result = world.run("replay", "queue", "disable", "orders-replay")
    assert result.code == 0, result.err
    assert pipeline.scaling == {}
    off(pipeline)


def test_a_disable_elsewhere_ends_the_run_with_a_sentence(pipeline: Pipeline, world: World) -> None:
    def disable() -> None:
        assert world.run("replay", "queue", "disable", "orders-replay").code == 0

    pipeline.plays = [pipeline.set(20, 10, received=30, forwarded=20, kept=10), disable]

    result = pipeline.run()

    assert result.code == 1
    assert "somebody ran `queue disable`: its lock is gone; 30 events are still in orders-replay" in result.err
    off(pipeline)


def test_a_terraform_apply_ends_the_run_and_everything_is_as_it_was(pipeline: Pipeline) -> None:
    def apply() -> None:
        pipeline.functions.update_event_source_mapping(
            UUID=pipeline.mapping, Enabled=False, FunctionName=pipeline.function
        )

    pipeline.plays = [pipeline.set(20, 10), apply]

    result = pipeline.run("--rate", "50")

    assert result.code == 1
    assert "somebody switched its mapping off (`queue disable`, `terraform apply`)" in result.err
    assert pipeline.scaling == {}
    off(pipeline)


def test_a_run_that_was_disabled_takes_nothing_of_the_next_one(pipeline: Pipeline, world: World) -> None:
    # GIVEN a run, a disable, and another run that goes on
    other = {"holder": "ana", "started_at": "2026-11-23T16:00:01.000Z", "replay_id": RUN}

    def another() -> None:
        assert world.run("replay", "queue", "disable", "orders-replay").code == 0
        pipeline.functions.create_alias(FunctionName=pipeline.function, Name=RUN, FunctionVersion="$LATEST")
        pipeline.functions.update_event_source_mapping(
            UUID=pipeline.mapping, Enabled=True, FunctionName=f"{pipeline.function}:{RUN}"
        )
        world.ssm.put_parameter(Name=f"{PARAMETER}-lock", Value=json.dumps(other), Type="String")
        world.ssm.put_parameter(Name=PARAMETER, Value=json.dumps({"replay_id": RUN}), Type="String", Overwrite=True)

    pipeline.plays = [another]

    # WHEN the first one looks again
    result = pipeline.run()

    # THEN it ends, and mapping, window, lock and alias of the other are as they were
    assert result.code == 1
    assert "another run took its place, started by ana" in result.err
    assert (pipeline.state, pipeline.aliases) == ("Enabled", [RUN])
    assert (pipeline.document()["replay_id"], pipeline.document("-lock")) == (RUN, other)


def test_what_a_run_changes_of_the_mapping_is_read_under_the_lock(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN a mapping that another run, with a rate, has limited until this one has the lock
    pipeline.scaling = {"MaximumConcurrency": 2}
    lock = WindowParameter.lock

    def ended_before(*given: Any) -> None:
        pipeline.scaling = {}
        lock(*given)

    monkeypatch.setattr(WindowParameter, "lock", ended_before)
    pipeline.plays = [pipeline.set(0, 0)] * 2

    assert pipeline.run("--rate", "50").code == 0

    on, _, back = pipeline.updates
    assert (on["ScalingConfig"], back["ScalingConfig"]) == ({"MaximumConcurrency": 2}, {})


# -- when it is over ---------------------------------------------------------------------------------------------------


def test_what_could_not_be_forwarded_is_exit_code_1_with_the_reason(pipeline: Pipeline) -> None:
    refused = {"AccessDenied": 10}
    pipeline.plays = [pipeline.set(0, 50, received=10, returned=refused) for _ in range(5)]

    result = pipeline.run()

    assert result.code == 1
    assert "events could not be forwarded: AccessDenied (50 times)" in result.err
    assert "50 events are still in orders-replay, 50 in flight" in result.err
    assert "AccessDenied: 10 went back" in result.err, "it is said while it goes on"
    off(pipeline)


def test_what_went_back_and_was_forwarded_later_is_waited_for(pipeline: Pipeline) -> None:
    pipeline.plays = [
        pipeline.set(0, 50, received=50, forwarded=20, returned={"ThrottlingException": 20}, waiting=10),
        *[lambda: None] * 9,
        pipeline.set(0, 0, received=30, forwarded=30),
    ]

    result = pipeline.run()

    assert result.code == 0, result.err
    assert (result.json["forwarded"], pipeline.plays) == (50, [])


def test_a_rate_that_one_invocation_is_too_short_for_is_refused(pipeline: Pipeline) -> None:
    result = pipeline.run("--rate", "0.088")

    assert result.code == 2
    assert "--rate must be at least 0.089 with 2 workers: in the 45 s that an invocation has" in result.err
    off(pipeline)


def test_a_window_must_have_room_for_the_longest_time_of_hiding(pipeline: Pipeline) -> None:
    parameter = WindowParameter(pipeline.world.ssm, PARAMETER)
    window = ReplayWindow(
        datetime(2026, 11, 23, tzinfo=UTC), "queue-1", filter_policy={"store": [""]}, hold_seconds=900
    )
    room = 4_096 - len(replace(window, hold_seconds=42_000).to_text().encode())

    parameter.open(replace(window, filter_policy={"store": ["x" * room]}))
    with pytest.raises(BadInputError, match="4,096 bytes"):
        parameter.open(replace(window, filter_policy={"store": ["x" * (room + 1)]}))


@pytest.mark.parametrize("suffix", ["", "-lock"])
@pytest.mark.parametrize("value", ["[]", "7", "no JSON", "[" * 3_000, '{"rate": Infinity}'])
def test_a_window_or_lock_of_another_shape_is_one_sentence(
    pipeline: Pipeline, world: World, monkeypatch: pytest.MonkeyPatch, suffix: str, value: str
) -> None:
    monkeypatch.setattr(ReplayQueue, "backlog", lambda _: Backlog(1, 0))
    world.ssm.put_parameter(Name=f"{PARAMETER}{suffix}", Value=value, Type="String", Overwrite=True)

    result = world.run("replay", "queue", "status", "orders-replay")

    assert result.code == 1
    (sentence,) = result.err.splitlines()
    assert f"event-fork: parameter {PARAMETER}{suffix} " in sentence


@pytest.mark.parametrize("suffix", ["", "-lock"])
@pytest.mark.parametrize("value", ["[]", '"text"', '{"replay_id": "live"}', '{"replay_id": "queue-other"}'])
def test_a_window_or_lock_that_somebody_writes_over_ends_the_run_and_the_mapping_is_off(
    pipeline: Pipeline, world: World, suffix: str, value: str
) -> None:
    def written_over() -> None:
        world.ssm.put_parameter(Name=f"{PARAMETER}{suffix}", Value=value, Type="String", Overwrite=True)

    pipeline.plays = [written_over]

    result = pipeline.run()

    assert result.code == 1
    (sentence,) = [line for line in result.err.splitlines() if line.startswith("event-fork: ")]
    assert "could not be switched off" not in sentence
    assert (pipeline.state, pipeline.invoked, pipeline.aliases) == ("Disabled", pipeline.function, [])
    # What cannot be read is nobody's, so it stays; the next run says how it goes away.
    if suffix and "queue-" not in value:
        again = pipeline.run()
        assert again.code == 2
        assert "where no run goes on: event-fork replay queue disable orders-replay" in again.err
    assert world.run("replay", "queue", "disable", "orders-replay").code == 0
    assert (pipeline.document(), pipeline.document("-lock")) == ({}, None)


def test_a_filter_that_parameter_store_has_no_room_for_is_bad_input(pipeline: Pipeline, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    stores = [f"münchen-{number:04d}" for number in range(145)]
    policy.write_text(json.dumps({"store": stores}))
    pipeline.plays = [pipeline.set(0, 0)] * 2
    assert pipeline.run("--filter", str(policy)).code == 0
    pipeline.backlog = Backlog(50, 0)
    policy.write_text(json.dumps({"store": [f"{store}-and-its-surroundings" for store in stores]}))

    result = pipeline.run("--filter", str(policy))

    assert result.code == 2
    assert "--filter must leave the run's window within the 4,096 bytes that Parameter Store takes" in result.err
    off(pipeline)


def test_a_lock_of_a_run_that_is_none_is_one_sentence(pipeline: Pipeline, world: World) -> None:
    lock = {"holder": "ana", "replay_id": "live"}
    world.ssm.put_parameter(Name=f"{PARAMETER}-lock", Value=json.dumps(lock), Type="String")
    version = pipeline.functions.publish_version(FunctionName=pipeline.function)["Version"]
    pipeline.functions.create_alias(FunctionName=pipeline.function, Name="live", FunctionVersion=version)

    result = world.run("replay", "queue", "status", "orders-replay")

    assert result.code == 1
    assert "-lock.replay_id must be the id of a run" in result.err
    assert pipeline.aliases == ["live"]


@pytest.mark.parametrize("name", ["lock", "window", "note", "report"])
def test_a_forged_document_of_a_run_is_at_most_a_sentence_and_disable_cleans_it_up(
    pipeline: Pipeline, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ReplayQueue, "backlog", lambda _: Backlog(50, 0))
    lock = {"holder": "ana", "started_at": WINDOW["started_at"], "replay_id": RUN}
    note = {"qualifier": "live", "maximum_concurrency": 5}
    right = {"lock": lock, "window": WINDOW, "note": note, "report": {**REPORT, "run": RUN}}
    ssm = pipeline.world.ssm
    pipeline.functions.create_alias(FunctionName=pipeline.function, Name="live", FunctionVersion="$LATEST")
    for seed in range(CASES // 3):
        text = forged(right[name], Random(f"{name} {seed}"))
        written = {one: json.dumps(document) for one, document in right.items()} | {name: text[:4_000] or " "}
        for suffix, value in (("", written["window"]), ("-lock", written["lock"])):
            ssm.put_parameter(Name=PARAMETER + suffix, Value=value, Type="String", Overwrite=True)
        pipeline.functions.create_alias(
            FunctionName=pipeline.function, Name=RUN, FunctionVersion="$LATEST", Description=written["note"][:256]
        )
        pipeline.functions.update_event_source_mapping(UUID=pipeline.mapping, FunctionName=f"{pipeline.function}:{RUN}")
        pipeline.report_text(written["report"])
        pipeline.updates.clear()

        says_at_most_a_sentence(pipeline.world, "replay", "queue", "status", "orders-replay")
        says_at_most_a_sentence(pipeline.world, "replay", "queue", "enable", "orders-replay", "--yes")
        says_at_most_a_sentence(pipeline.world, "replay", "queue", "disable", "orders-replay")

        assert (pipeline.state, pipeline.document(), pipeline.document("-lock")) == ("Disabled", {}, None)
        assert pipeline.aliases == ["live"]
        assert all(update["Enabled"] is False for update in pipeline.updates)
        functions = {update.get("FunctionName", pipeline.function) for update in pipeline.updates}
        assert functions <= {pipeline.function, f"{pipeline.function}:live"}
        assert all(update.keys() <= {"UUID", "Enabled", "FunctionName", "ScalingConfig"} for update in pipeline.updates)
