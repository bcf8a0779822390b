"""`replay queue`: one run at a time, the mapping off at the end whatever happens, kept events stay."""

import io
import json
import os
import signal
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from event_fork import replay
from event_fork.queue_replay.window import read_window, run_of
from event_fork_cli.aws import AwsSettings
from event_fork_cli.queue_replay import draining
from event_fork_cli.queue_replay.interruption import Interruption
from event_fork_cli.queue_replay.pipelines import Backlog, ReplayQueue
from event_fork_cli.queue_replay.windows import WindowParameter
from tests.functional.cli.conftest import NOON, REGION, Result, World, _session
from tests.functional.event_fork.conftest import FakeContext

PARAMETER = "/event-fork-pipelines/orders/replay-window"


@dataclass
class Pipeline:
    """A replay queue with its function on moto. `plays`: what happens at each look at the backlog."""

    world: World
    plays: list[Callable[[], None]] = field(default_factory=list)
    scaling: dict[str, int] = field(default_factory=dict)
    looks: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    backlog: Backlog = field(default_factory=lambda: Backlog(50, 0))

    def __post_init__(self) -> None:
        session = _session()
        self.functions = session.client("lambda")
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
            Environment={"Variables": {"REPLAY_WINDOW_PARAMETER": PARAMETER}},
        )["FunctionArn"]
        self.mapping = self.functions.create_event_source_mapping(
            EventSourceArn=self.arn, FunctionName="orders-replay", Enabled=False
        )["UUID"]
        self.world.ssm.put_parameter(Name=PARAMETER, Value="{}", Type="String")

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
        return self.functions.get_event_source_mapping(UUID=self.mapping)["State"]

    def run(self, *options: str) -> Result:
        """`replay queue enable`, answering with JSON."""
        return self.world.run("replay", "queue", "enable", "orders-replay", "--yes", "--output", "json", *options)

    def look(self) -> Backlog:
        """The backlog, after the next play."""
        self.looks.append((self.state, self.document()))
        if self.state == "Enabled" and self.plays:
            self.plays.pop(0)()
        return self.backlog

    def set(self, visible: int, hidden: int) -> Callable[[], None]:
        """A play: the backlog becomes that."""

        def play() -> None:
            self.backlog = Backlog(visible, hidden)

        return play


@pytest.fixture
def pipeline(world: World, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    made = Pipeline(world)
    monkeypatch.setattr(ReplayQueue, "backlog", lambda _: made.look())

    def remembered(_: AwsSettings) -> Any:
        client = _session().client("lambda")
        client.meta.events.register(
            "provide-client-params.lambda.UpdateEventSourceMapping", lambda params, **_: made.updates.append(params)
        )
        client.meta.events.register("after-call.lambda.ListEventSourceMappings", scaled)
        return client

    def scaled(parsed: dict[str, Any], **_: Any) -> None:
        for mapping in parsed.get("EventSourceMappings", ()):
            mapping["ScalingConfig"] = made.scaling

    monkeypatch.setattr(AwsSettings, "functions", remembered)
    monkeypatch.setattr(
        draining.drain, "__kwdefaults__", {**(draining.drain.__kwdefaults__ or {}), "poll_seconds": 0.001}
    )
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
    pipeline.plays = [pipeline.set(20, 10), pipeline.set(0, 10), pipeline.set(0, 4)]

    result = pipeline.run()

    assert result.code == 0, result.err
    assert (result.json["gone"], result.json["left"], result.json["interrupted"]) == (46, 4, False)
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

    assert pipeline.run("--from", "3h", "--until", "1h", "--filter", str(policy), "--rate", "0.01").code == 0

    document = next(document for state, document in pipeline.looks if state == "Enabled")
    assert (document["from"], document["until"]) == ("2026-11-23T13:00:00.000Z", "2026-11-23T15:00:00.000Z")
    assert document["filter_policy"] == {"event_type": ["order.paid"]}
    assert document["filter_policy_scope"] == "MessageAttributes"
    assert document["rate"] == 0.01
    wanted = read_window(json.dumps(document))
    assert wanted is not None
    assert wanted.filter is not None
    # 50 messages at 0.01/s are 5,000 s, and what is kept must not come back within the pass
    assert document["hold_seconds"] == 10_000


def test_the_mapping_names_the_run_while_it_lasts(pipeline: Pipeline) -> None:
    during: list[list[str]] = []
    empty = pipeline.set(0, 0)
    pipeline.plays = [lambda: during.append(pipeline.aliases), empty, empty]

    run = pipeline.run().json["replay_id"]

    assert during == [[run]]
    arn = f"arn:aws:lambda:{REGION}:123456789012:function:orders-replay"
    on, off_again = pipeline.updates
    assert (on["Enabled"], on["FunctionName"]) == (True, f"{arn}:{run}")
    assert (off_again["Enabled"], off_again["FunctionName"]) == (False, arn)
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

    on, off_again = pipeline.updates
    assert on.get("ScalingConfig") == during
    assert off_again.get("ScalingConfig") == after
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
    monkeypatch.setattr(ReplayQueue, "state", lambda _: os.kill(os.getpid(), signal.SIGINT))

    assert pipeline.run().code == 1
    assert pipeline.updates == []
    off(pipeline)


def test_a_second_ctrl_c_does_not_keep_the_mapping_on(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    switch_off = ReplayQueue.switch_off

    def impatiently(*given: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        switch_off(*given)

    monkeypatch.setattr(ReplayQueue, "switch_off", impatiently)
    pipeline.plays = [lambda: os.kill(os.getpid(), signal.SIGINT)]

    result = pipeline.run()

    assert result.code == 1
    assert "switching off, a moment" in result.err
    off(pipeline)


def test_it_does_not_end_while_something_still_leaves_the_queue(pipeline: Pipeline) -> None:
    pipeline.plays = [pipeline.set(0, left) for left in (30, 20, 10, 5, 4, 3)]

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
    assert "the mapping of orders-replay is off again and 30 events are still in it" in result.err
    off(pipeline)


def test_an_error_in_the_middle_switches_off(pipeline: Pipeline) -> None:
    def fail() -> None:
        raise RuntimeError("test")

    pipeline.plays = [fail]

    with pytest.raises(RuntimeError, match="test"):
        pipeline.run()
    off(pipeline)


def test_when_it_cannot_be_switched_off_that_is_said(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
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


@pytest.mark.parametrize("hidden", [0, 7])
def test_an_empty_queue_is_exit_code_3_and_nothing_is_switched_on(pipeline: Pipeline, hidden: int) -> None:
    pipeline.backlog = Backlog(0, hidden)

    result = pipeline.run()

    assert result.code == 3
    assert "nothing is waiting in orders-replay" in result.err
    assert ("7 are hidden" in result.err) == bool(hidden)
    off(pipeline)


def test_disable_cleans_up_after_a_run_that_was_killed(pipeline: Pipeline, world: World) -> None:
    run = "queue-20261123-120000-3f9a2c"
    before = {"FunctionName": f"{pipeline.function}:live", "ScalingConfig": {}}
    pipeline.functions.create_alias(FunctionName=pipeline.function, Name=run, FunctionVersion="$LATEST")
    version = pipeline.functions.publish_version(FunctionName=pipeline.function)["Version"]
    pipeline.functions.create_alias(FunctionName=pipeline.function, Name="live", FunctionVersion=version)
    pipeline.functions.update_event_source_mapping(UUID=pipeline.mapping, Enabled=True)
    lock = {"holder": "ana", "replay_id": run, "mapping": before}
    world.ssm.put_parameter(Name=f"{PARAMETER}-lock", Value=json.dumps(lock), Type="String")
    world.ssm.put_parameter(Name=PARAMETER, Value='{"until": "2026-11-23T16:00:00Z"}', Type="String", Overwrite=True)

    status = world.run("replay", "queue", "status", "orders-replay", "--output", "json")
    assert status.json["holder"] == lock
    assert status.json["mapping_state"] == "Enabled"
    assert world.run("replay", "queue", "disable", "orders-replay").code == 0
    (update,) = pipeline.updates
    assert {name: update[name] for name in before} == before
    assert pipeline.aliases == ["live"]
    pipeline.functions.delete_alias(FunctionName=pipeline.function, Name="live")
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
        (["--until", "soon"], ["--until", "'soon'"]),
        (["--from", "1h", "--until", "2h"], ["--until", "later than --from"]),
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
    found = ReplayQueue(
        pipeline.url,
        pipeline.arn,
        pipeline.mapping,
        "f",
        PARAMETER,
        None,
        AwsSettings(REGION).sqs(),
        pipeline.functions,
    )
    assert found.backlog() == Backlog(1, 0)
    world.sqs.receive_message(QueueUrl=pipeline.url)
    assert found.backlog() == Backlog(0, 1)
