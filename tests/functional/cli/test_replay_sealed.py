"""What is read is checked: plans that were edited and sealed again, forged documents, planted modules, who did what."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from event_fork.replay_plan.plan import MAX_PLAN_BYTES, Plan, digest, read_plan
from event_fork.replay_plan.work_area import WorkArea
from event_fork_cli.archive_replay import applying
from event_fork_cli.archive_replay.executions import execution_arn
from event_fork_cli.aws import AwsSettings
from event_fork_cli.commands import replay as replay_commands
from tests.functional.cli.conftest import ACCOUNT, BUCKET, MACHINE, REGION, World, _session, event

PARAMETERS = "/event-fork-pipelines/"


@pytest.fixture
def archive(world: World) -> World:
    world.put(*(event(number, number / 10) for number in range(100)))
    return world


def resealed(world: World, change: Callable[[dict[str, Any]], None]) -> Any:
    """A plan file that somebody edited, with a hash that fits."""
    path = world.planned()
    document = json.loads(path.read_bytes())
    change(document)
    document["sha256"] = digest(document)
    path.write_text(json.dumps(document))
    return path


def refused(world: World, path: Any, *words: str, options: tuple[str, ...] = ()) -> None:
    result = world.apply(path, *options)
    assert result.code == 2, result
    for word in words:
        assert word in result.err
    assert len(result.err.splitlines()) == 1
    assert world.executions.names == []
    assert "Contents" not in world.s3.list_objects_v2(Bucket=BUCKET, Prefix="event-fork-replays/")


# -- plans that were edited and sealed again ---------------------------------------------------------------------------


def test_a_plan_that_confirms_one_queue_and_sends_to_another_is_refused(archive: World) -> None:
    def other_queue(document: dict[str, Any]) -> None:
        document["target"]["queue_url"] = document["target"]["queue_url"].replace("CheckoutQueue", "Payments")

    refused(archive, resealed(archive, other_queue), "plan.target.queue_url must be the URL of", archive.queue_arn)

    def other_host(document: dict[str, Any]) -> None:
        document["target"]["queue_url"] = f"https://evil.example/{ACCOUNT}/CheckoutQueue"

    refused(archive, resealed(archive, other_host), "would send to https://evil.example/")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("replay_id", "../../date=2026-11-23", "plan.replay_id must be 1 to 64 letters"),
        ("rate", 1e300, "plan.rate must be a number of at most 1e+06"),
        ("rate", float("inf"), "Infinity is no number"),
        ("workers", 10**400, "plan.workers must be a whole number of at most 1000"),
        ("expires_at", "9999-12-31T23:59:59-14:00", "plan.expires_at must be an ISO 8601 time"),
    ],
)
def test_ids_bounds_and_times_of_a_plan_are_checked_whatever_its_hash_says(
    archive: World, name: str, value: object, words: str
) -> None:
    refused(archive, resealed(archive, lambda document: document.update({name: value})), words)


def same_lines_twice(document: dict[str, Any]) -> None:
    (item,) = document["items"]
    document["items"].append({**item, "id": "000001"})
    document["totals"]["events"] *= 2


def of_the_work_area(document: dict[str, Any]) -> None:
    document["items"][0]["key"] = "event-fork-replays/orders/replay-1/items.jsonl"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        # what is confirmed is `totals`, what is sent are the items
        (lambda document: document["totals"].update(events=3), "plan.totals.events must be the sum of the items', 100"),
        (lambda document: document.update(items=[]), "plan.totals.events must be the sum of the items', 0, got 100"),
        (same_lines_twice, "plan.items must have lines of their own: 000000 and 000001 have not"),
        (of_the_work_area, "plan.items must be objects of the archive, got event-fork-replays/orders/"),
        (lambda document: document.update(ramp=[1] * 101), "plan.ramp must have at most 100 steps, got 101"),
        (lambda document: document["archive"].update(prefix="orders/"), "plan.items must be objects of the archive"),
        (lambda document: document["items"][0].update(key="date=\ud800"), "plan.items[0].key must be a string"),
        (lambda document: document.update(filter_policy={"a": []}), "plan.filter_policy: "),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused_whatever_its_hash_says(
    archive: World, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    refused(archive, resealed(archive, change), words)


def test_a_plan_that_says_a_thing_twice_is_refused(archive: World) -> None:
    path = archive.planned()
    text = path.read_text()
    assert text.count('"rate": 100') == 1
    path.write_text(text.replace('"rate": 100', '"rate": 1, "rate": 100', 1))  # the hash is that of the last one

    refused(archive, path, 'plan is not JSON: an object has "rate" twice')


def test_a_plan_for_another_state_machine_is_refused(archive: World) -> None:
    def elsewhere(document: dict[str, Any]) -> None:
        document["engine"]["state_machine_arn"] = MACHINE.replace(ACCOUNT, "999999999999")

    refused(archive, resealed(archive, elsewhere), "the plan was made for arn:aws:states:eu-west-1:999999999999")


def test_apply_takes_only_the_plan_with_the_hash_that_was_noted(archive: World) -> None:
    noted = read_plan(archive.planned().read_bytes()).sha256
    path = resealed(archive, lambda document: document.update(created_by="arn:aws:iam::123456789012:user/boss"))

    refused(archive, path, f"--sha256 asks for {noted}", options=("--sha256", noted))
    own = read_plan(path.read_bytes()).sha256
    assert archive.apply(path, "--sha256", own.upper()).code == 0


def key_of(usage: Any = "SIGN_VERIFY", spec: Any = "ECC_NIST_P256") -> str:
    kms = _session().client("kms")
    return str(kms.create_key(KeyUsage=usage, KeySpec=spec)["KeyMetadata"]["Arn"])


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "RSA_2048"])
def test_a_plan_that_was_signed_is_applied_and_one_that_was_edited_afterwards_is_not(archive: World, spec: str) -> None:
    key, other = key_of(spec=spec), key_of()
    path = archive.planned("--sign", key)
    signed = path.read_bytes()

    refused(archive, path, f"is signed by {key}, and --signed-by asks for {other}", options=("--signed-by", other))

    document = json.loads(signed)
    document["rate"] = 99
    document["sha256"] = digest(document)
    path.write_text(json.dumps(document))
    refused(archive, path, f"is not what {key} has signed", options=("--signed-by", key))
    refused(archive, path, f"is not what {key} has signed")
    for value in ("no base64", "é"):
        document["signature"]["value"] = value
        path.write_text(json.dumps(document))
        refused(archive, path, f"is not what {key} has signed")
    document["signature"] = None
    path.write_text(json.dumps(document))
    refused(archive, path, f"is not signed, and --signed-by asks for {key}", options=("--signed-by", key))

    path.write_bytes(signed)
    assert archive.apply(path, "--signed-by", key).code == 0
    applied = read_plan(archive.object(WorkArea("orders", read_plan(signed).replay_id).plan))
    assert applied.signature is not None
    assert applied.signature.key == key
    assert base64.b64decode(applied.signature.value)


def test_a_key_that_cannot_sign_is_bad_input(archive: World) -> None:
    result = archive.plan("--sign", key_of("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"))

    assert result.code == 2
    assert "--sign must be an asymmetric key of KMS for signing" in result.err


def test_a_name_that_two_allowed_queues_have_is_refused(archive: World) -> None:
    elsewhere = archive.queue_arn.replace(ACCOUNT, "999999999999")
    archive.module("orders", targets=[archive.queue_arn, elsewhere])

    result = archive.plan()

    assert result.code == 2
    assert f"--target must say which queue of that name is meant ({archive.queue_arn}, {elsewhere})" in result.err
    archive.module("orders", targets=[archive.queue_arn])
    archive.module("orders-two", targets=[archive.queue_arn])
    assert archive.plan("--replay", "orders").code == 0, "one queue that two modules have is one queue"


# -- what is written can be read again -------------------------------------------------------------------------------


def test_a_plan_of_an_event_whose_type_has_no_utf_8_form_can_be_applied(world: World) -> None:
    world.put(event(1, kind="order.\ud800"))

    assert [count.type for count in world.applied().counts] == ["order.\ufffd"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--max-dead-letters", "99999999999999999999"), "--max-dead-letters must be 0 to 1,000,000,000 messages"),
        (("--ramp", ",".join(str(step / 2) for step in range(1, 102))), "in at most 100 steps"),
        (
            ("--event-type-attribute", "\udcff"),
            "every argument must be text in UTF-8",
        ),
    ],
)
def test_what_a_plan_cannot_hold_is_bad_input(archive: World, options: tuple[str, ...], words: str) -> None:
    result = archive.plan(*options)

    assert result.code == 2
    assert words in result.err


@pytest.mark.parametrize("reason", ["\udcff", "x" * 1_001])
@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_a_reason_that_control_json_cannot_hold_is_bad_input(archive: World, verb: str, reason: str) -> None:
    plan = archive.applied()

    assert "for example" in said(archive, verb, plan.replay_id, "--reason", reason)
    assert archive.control(plan.replay_id).state == "running"
    assert archive.run("replay", verb, plan.replay_id, "--reason", "\U0001f9ca" * 1_000).code == 0


# -- documents beside the plan -----------------------------------------------------------------------------------------


def put(world: World, key: str, content: bytes) -> None:
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=content)


def said(world: World, *arguments: str) -> str:
    """The one sentence of a command that fails."""
    result = world.run("replay", *arguments)
    assert result.code in {1, 2}, result
    (sentence,) = result.err.splitlines()
    return sentence


def test_status_does_not_believe_a_progress_that_does_not_fit_the_plan(archive: World) -> None:
    plan = archive.applied()
    archive.work(plan, 0, 3)
    archive.executions.end(execution_arn(MACHINE, plan.replay_id))

    status = archive.run("replay", "status", plan.replay_id, "--output", "json").json
    assert (status["state"], status["sent"]) == ("incomplete", 0)
    assert "progress of item 000000: `finished` does not fit the plan" in status["unreadable"][0]
    assert "how far it got cannot be read" in said(archive, "resume", plan.replay_id, "--no-watch")


@pytest.mark.parametrize("name", ["", "zz.json", "000000.json.tmp", "000000.json"])
def test_an_odd_object_among_the_progress_is_named_and_stops_nobody(archive: World, name: str) -> None:
    plan = archive.applied()
    put(archive, WorkArea("orders", plan.replay_id).progress_prefix + name, b"x" if name else b"")

    status = archive.run("replay", "status", plan.replay_id, "--output", "json").json
    assert len(status["unreadable"]) == 1
    assert archive.run("replay", "rate", plan.replay_id, "50").code == 0
    assert archive.run("replay", "pause", plan.replay_id).code == 0
    assert archive.run("replay", "cancel", plan.replay_id).code == 0
    assert archive.control(plan.replay_id).state == "cancelled"


def test_a_replay_whose_plan_was_written_over_can_be_cancelled(archive: World) -> None:
    plan = archive.applied()
    put(archive, WorkArea("orders", plan.replay_id).plan, b"{}")

    assert "is cancelled; its status cannot be read" in said(archive, "cancel", plan.replay_id)
    assert archive.control(plan.replay_id).state == "cancelled"
    assert list(archive.executions.stopped) == [execution_arn(MACHINE, plan.replay_id)]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rate": 1e9}, "control.json.rate must be a number of at most 1e+06"),
        ({"rate": 101}, "control.json.rate must be at most the plan's 100, got 101"),
        ({"limit": 1000}, "control.json.limit must be at most the plan's 100, got 1000"),
        ({"ramp_step": 1}, "control.json.ramp_step must be below the plan's 1, got 1"),
        ({"plan_sha256": "0" * 64}, "is not the plan that was applied: control.json names 0000"),
        ({"rate": float("inf")}, "control.json is not JSON: Infinity is no number"),
    ],
)
def test_a_control_that_allows_more_than_the_plan_is_one_sentence(
    archive: World, fields: dict[str, Any], words: str
) -> None:
    plan = archive.applied()
    area = WorkArea("orders", plan.replay_id)
    put(archive, area.control, json.dumps({**json.loads(archive.object(area.control)), **fields}).encode())

    for verb in ("status", "pause", "resume"):
        assert words in said(archive, verb, plan.replay_id)


@pytest.mark.parametrize(("name", "most"), [("plan", MAX_PLAN_BYTES), ("control", 4 * 2**20), ("progress", 16 * 2**20)])
def test_a_document_that_takes_too_much_memory_is_not_read(archive: World, name: str, most: int) -> None:
    plan = archive.applied()
    area = WorkArea("orders", plan.replay_id)
    key = {"plan": area.plan, "control": area.control, "progress": area.progress("000000")}[name]
    put(archive, key, b"[" + b" " * most)

    result = archive.run("replay", "status", plan.replay_id)
    assert result.code == (0 if name == "progress" else 1)
    told = " ".join((result.out + result.err).split())
    assert f"must have at most {most:,} bytes, got {most + 1:,}" in told


def test_a_plan_that_workers_would_have_no_memory_for_is_neither_saved_nor_applied(
    archive: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive.planned()
    saved = path.read_bytes()
    for module in (replay_commands, applying):
        monkeypatch.setattr(module, "MAX_PLAN_BYTES", len(saved) - 1)

    refused(archive, path, "a plan has at most", "and this file has more")
    result = archive.plan("--out", str(path), "--overwrite")
    assert result.code == 2
    assert "bytes for 1 ranges of lines, and a replay takes" in result.err
    assert path.read_bytes() == saved


@pytest.mark.parametrize("verb", ["status", "pause", "resume", "cancel"])
def test_a_plan_that_was_put_in_the_place_of_one_whose_apply_died_is_refused(
    archive: World, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive.planned()
    with monkeypatch.context() as patched:
        patched.setattr(type(archive.executions), "start", _dies)
        assert archive.apply(path).code == 1
    plan = read_plan(path.read_bytes())
    put(archive, WorkArea("orders", plan.replay_id).plan, replace(plan, rate=50_000).sealed().to_bytes())

    assert f"is not the plan that was applied: control.json names {plan.sha256}" in said(archive, verb, plan.replay_id)
    assert archive.executions.names == []


def test_another_plan_of_the_same_id_is_not_applied_where_an_apply_died(
    archive: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive.planned()
    with monkeypatch.context() as patched:
        patched.setattr(type(archive.executions), "start", _dies)
        assert archive.apply(path).code == 1
    plan = read_plan(path.read_bytes())
    path.write_bytes(replace(plan, rate=50_000).sealed().to_bytes())

    result = archive.apply(path)

    assert result.code == 2
    assert f"another plan was applied as {plan.replay_id}: its sha256 is {plan.sha256}" in result.err
    assert archive.executions.names == []
    assert read_plan(archive.object(WorkArea("orders", plan.replay_id).plan)) == plan


def test_a_plan_that_was_put_in_the_place_of_the_applied_one_is_refused(archive: World) -> None:
    plan = archive.applied()
    other = replace(plan, event_types=("order.paid",)).sealed()
    put(archive, WorkArea("orders", plan.replay_id).plan, other.to_bytes())

    for verb in ("status", "pause", "resume"):
        assert "is not the plan that was applied" in said(archive, verb, plan.replay_id)
    assert "is left out" in archive.run("replay", "list").err


def test_of_a_very_long_value_only_the_beginning_is_said(archive: World) -> None:
    sentence = said(archive, "status", "x" * 100_000)

    assert sentence.endswith(f"received '{'x' * 299}... (100,002 characters)")


@pytest.mark.parametrize("replay_id", ["..", "../orders/replay-1", "a/b", "x" * 65])
def test_what_is_no_id_is_bad_input(archive: World, replay_id: str) -> None:
    assert "the id of a replay must be 1 to 64 letters, digits, - or _" in said(archive, "status", replay_id)


# -- who did what, and modules that somebody planted -------------------------------------------------------------------


def called_by(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """STS says that the caller is this user."""
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    monkeypatch.setattr(AwsSettings, "caller", lambda _: arn)
    monkeypatch.setattr(AwsSettings, "sts", lambda _: _Sts(arn))


class _Sts:
    def __init__(self, arn: str) -> None:
        self._arn = arn

    def get_caller_identity(self) -> dict[str, str]:
        return {"Arn": self._arn}


def test_list_says_who_applied_paused_and_resumed_each_with_its_time(
    archive: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN a plan that says it was made by somebody else than it was
    path = resealed(archive, lambda document: document.update(created_by="arn:aws:iam::123456789012:user/boss"))
    called_by(monkeypatch, "ana")
    replay_id = archive.apply(path).json["replay_id"]
    called_by(monkeypatch, "ben")
    assert archive.run("replay", "pause", replay_id, "--reason", "deploy").code == 0
    archive.executions.end(execution_arn(MACHINE, replay_id))
    called_by(monkeypatch, "eve")
    assert archive.run("replay", "resume", replay_id, "--no-watch").code == 0

    # WHEN the replays are listed THEN each is named by STS's word of that moment
    (listed,) = archive.run("replay", "list", "--output", "json").json
    who = [(change["what"], change["by"].rpartition("/")[2], change["reason"]) for change in listed["changes"]]
    assert who == [("applied", "ana", "applied"), ("paused", "ben", "deploy"), ("resumed", "eve", "resumed")]
    assert listed["applied_by"] == f"arn:aws:iam::{ACCOUNT}:user/ana"
    assert all(change["at"].startswith("20") for change in listed["changes"])
    table = archive.run("replay", "list").out
    for name in ("ana", "ben", "eve"):
        assert name in table
    assert "boss" not in table


def test_an_apply_that_goes_on_where_another_died_is_the_one_that_is_named(
    archive: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive.planned()
    called_by(monkeypatch, "ana")
    with monkeypatch.context() as patched:
        patched.setattr(type(archive.executions), "start", _dies)
        assert archive.apply(path).code == 1
    called_by(monkeypatch, "ben")

    status = archive.apply(path).json

    assert [(change["what"], change["by"].rpartition("/")[2]) for change in status["changes"]] == [("applied", "ben")]


def _dies(*_: object) -> str:
    raise KeyboardInterrupt


def record(world: World, name: str, value: str) -> None:
    world.ssm.put_parameter(Name=f"{PARAMETERS}{name}/archive-replay", Value=value, Type="String", Overwrite=True)


def planted(**changes: str) -> str:
    found = {"state_machine_arn": MACHINE, "bucket": BUCKET, "prefix": "", "region": REGION, "targets": []}
    return json.dumps({**found, **changes})


@pytest.mark.parametrize("value", ["", "no JSON", "[]", "[" * 1_000, '{"bucket": 7}', '{"memory": NaN}'])
def test_a_parameter_that_cannot_be_read_does_not_end_list(archive: World, value: str) -> None:
    plan = archive.applied()
    record(archive, "broken", value or " ")

    result = archive.run("replay", "list", "--output", "json")

    assert [entry["replay_id"] for entry in result.json] == [plan.replay_id]
    assert f"note: a replay module is left out: parameter {PARAMETERS}broken/archive-replay" in result.err


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("evil", {}),  # another module's state machine
        ("evil", {"state_machine_arn": MACHINE.replace(ACCOUNT, "999999999999").replace("orders", "evil")}),
        ("evil", {"state_machine_arn": MACHINE.replace("orders", "evil"), "region": "us-east-1"}),
        ("a/b", {"state_machine_arn": MACHINE.replace("orders", "a/b")}),
    ],
)
def test_a_module_is_only_the_one_that_its_parameter_is_named_after(
    archive: World, name: str, changes: dict[str, str]
) -> None:
    plan = archive.applied()
    record(archive, name, planted(**changes))

    assert archive.run("replay", "pause", plan.replay_id).code == 0
    result = archive.run("replay", "list", "--output", "json")
    assert len(result.json) == 1
    assert f"is left out: parameter {PARAMETERS}{name}/archive-replay" in result.err


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"arn": "CheckoutQueue", "url": "https://sqs.example/1/CheckoutQueue"}, "targets[0].arn must be the ARN of a"),
        ({"arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:CheckoutQueue", "url": "x"}, "targets[0].url must be the URL of arn"),
    ],
)
def test_a_planted_target_is_one_sentence(archive: World, target: dict[str, str], words: str) -> None:
    found = {**json.loads(planted()), "targets": [target]}
    record(archive, "orders", json.dumps(found))

    result = archive.plan()

    assert result.code == 0
    assert f"a replay module is left out: parameter {PARAMETERS}orders/archive-replay.{words}" in result.err


def test_what_is_left_out_takes_no_other_replays_place_in_list(archive: World) -> None:
    plan = archive.applied()
    put(archive, WorkArea("orders", "zzz-1").plan, b"{}")
    put(archive, WorkArea("orders", "zzz-2").control, b"{}")

    result = archive.run("replay", "list", "--limit", "1", "--output", "json")

    assert [entry["replay_id"] for entry in result.json] == [plan.replay_id]
    assert "note: zzz-1 is left out: plan.format must be" in result.err


HOSTILE = "\x1b[2J\rstate  done\x9b\u202e"


def test_what_others_wrote_cannot_write_over_the_operators_screen(archive: World) -> None:
    plan = archive.applied()
    assert archive.run("replay", "pause", plan.replay_id, "--reason", HOSTILE).code == 0

    table = archive.run("replay", "status", plan.replay_id).out
    text = archive.run("replay", "status", plan.replay_id, "--output", "json").out
    assert "\\u001b[2J" in table
    assert "done\\u009b\\u202e" in table
    assert json.loads(text)["reason"] == HOSTILE
    sentence = said(archive, "pause", plan.replay_id)
    for shown in (table, text, sentence):
        assert not set(shown) & {"\x1b", "\r", "\x9b", "\u202e"}


def forged(world: World, plan: Plan, name: str) -> WorkArea:
    """A module of that name on the same bucket, with a replay of the same id in its own work area."""
    record(world, name, planted(state_machine_arn=MACHINE.replace("orders", name)))
    area = WorkArea(name, plan.replay_id)
    put(world, area.plan, plan.to_bytes())
    put(world, area.control, world.object(WorkArea("orders", plan.replay_id).control))
    return area


def test_a_planted_module_with_a_replay_of_the_same_id_diverts_nothing(archive: World) -> None:
    plan = archive.applied()
    area = forged(archive, plan, "aaa")
    before = archive.object(area.control)

    assert "several replay modules have a replay" in said(archive, "pause", plan.replay_id)
    assert archive.run("replay", "pause", plan.replay_id, "--replay", "orders").code == 0

    assert archive.object(area.control) == before
    assert archive.control(plan.replay_id).state == "paused"


def test_a_planted_module_whose_bucket_is_not_there_ends_nothing(archive: World) -> None:
    plan = archive.applied()
    record(archive, "aaa", planted(state_machine_arn=MACHINE.replace("orders", "aaa"), bucket="nowhere-at-all"))

    assert archive.run("replay", "pause", plan.replay_id).code == 0
    result = archive.run("replay", "list", "--output", "json")
    assert len(result.json) == 1
    assert "note: the replays of aaa are left out: s3://nowhere-at-all" in result.err
