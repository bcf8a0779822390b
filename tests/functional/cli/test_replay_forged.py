"""Whoever can write one document that the command reads gets no more than a sentence out of it, whatever he writes."""

import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from event_fork.errors import EventForkError
from event_fork.replay_plan.plan import Plan, digest
from event_fork.replay_plan.work_area import WorkArea
from event_fork_cli.archive_replay import steering
from event_fork_cli.archive_replay.executions import execution_arn
from tests.functional.cli.conftest import BUCKET, MACHINE, World, event
from tests.functional.cli.test_replay_sealed import put
from tests.unit.event_fork.replay_plan.test_reading import HOSTILE, leaves, with_hostile

CASES = 12
"""Of 60 none found anything, on 27 November 2026; they take minutes."""
VERBS = {
    "status": ["{}"],
    "list": [],
    "pause": ["{}"],
    "resume": ["{}", "--no-watch"],
    "rate": ["{}", "5"],
    "cancel": ["{}"],
}
_TOLD = ("note: ", "resumed ", "workers in ", "started ")
ENGINE = "/event-fork-pipelines/orders/archive-replay"
STRANGE = [
    '"\\u0000"',
    '"\\u202e\\u001b[2J"',
    '"x"',
    "0",
    "1",
    "2",
    "1e15",
    "999999999999999",
    '{"a": ["b"]}',
    "[1, 1]",
]
"""Of the right shape now and then, and so further in than what is refused at once."""


def forged(document: Any, chance: Random) -> str:
    """The document with one to three values that somebody made up, or that stand elsewhere in it."""
    for _ in range(chance.randint(0, 2)):
        own = document
        for name in chance.choice(leaves(document)):
            own = own[name]
        document = json.loads(with_hostile(document, chance.choice(leaves(document)), json.dumps(own)))
    return with_hostile(document, chance.choice(leaves(document)), chance.choice([*HOSTILE, *STRANGE]))


def sealed(text: str) -> str:
    try:
        document = json.loads(text)
        document["sha256"] = digest(document)
        return json.dumps(document)
    except (AttributeError, TypeError, ValueError, RecursionError, EventForkError):
        return text  # it cannot be sealed


@pytest.fixture
def replay(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[World, Plan]:
    """A replay with a ramp, a pace and bounds, a part of it sent."""
    world.put(*(event(number, number / 10) for number in range(100)))
    plan = world.applied("--ramp", "10,100", "--pace", "10x", "--max-age", "60s", "--max-dead-letters", "5")
    world.work(plan, 0, 2, finished=False, failed=2, claimed=True)
    for wait in ("_RELEASE_SECONDS", "_DRAIN_SECONDS"):
        monkeypatch.setattr(steering, wait, 0.0)
    return world, plan


def says_at_most_a_sentence(world: World, *arguments: str) -> None:
    result = world.run(*arguments)  # what is no sentence is raised
    assert result.code in {0, 1, 2}, result
    said = [line for line in result.err.splitlines() if not line.startswith(_TOLD)]
    assert len(said) == (0 if result.code == 0 else 1), result
    assert not set(result.out + result.err) & {"\x1b", "\x00", "\u202e"}


@pytest.mark.parametrize("name", ["plan", "control", "progress", "engine"])
def test_a_forged_document_of_a_replay_is_at_most_a_sentence(replay: tuple[World, Plan], name: str) -> None:
    world, plan = replay
    area, arn = WorkArea("orders", plan.replay_id), execution_arn(MACHINE, plan.replay_id)
    keys = {"plan": area.plan, "control": area.control, "progress": area.progress(plan.items[0].id)}
    right = {key: world.object(key) for key in keys.values()}
    engine = world.ssm.get_parameter(Name=ENGINE)["Parameter"]["Value"]
    first = world.executions.executions[arn]
    for seed in range(CASES):
        chance = Random(f"{name} {seed}")
        for key, content in right.items():
            put(world, key, content)
        if name == "engine":
            value = forged(json.loads(engine), chance)[:4_000] or " "
            world.ssm.put_parameter(Name=ENGINE, Value=value, Type="String", Overwrite=True)
        else:
            text = forged(json.loads(right[keys[name]]), chance)
            put(world, keys[name], (sealed(text) if name == "plan" else text).encode())
        status = chance.choice(["RUNNING", "SUCCEEDED", "FAILED"])
        world.executions.executions = {arn: replace(first, status=status)}
        verb = chance.choice(list(VERBS))
        says_at_most_a_sentence(world, "replay", verb, *(one.format(plan.replay_id) for one in VERBS[verb]))


def test_a_forged_plan_that_is_applied_is_at_most_a_sentence(world: World) -> None:
    world.put(*(event(number, number / 10) for number in range(100)))
    options = ("--ramp", "10,100", "--pace", "10x", "--max-age", "60s", "--head-room", "25")
    right = world.planned(*options).read_text()
    for seed in range(4 * CASES):
        for found in world.s3.list_objects_v2(Bucket=BUCKET, Prefix="event-fork-replays/").get("Contents", []):
            world.s3.delete_object(Bucket=BUCKET, Key=found["Key"])
        world.executions.executions.clear()
        path = world.folder / "forged.json"
        path.write_text(sealed(forged(json.loads(right), Random(f"apply {seed}"))))
        says_at_most_a_sentence(world, "replay", "apply", str(path), "--yes", "--no-watch")


@pytest.mark.parametrize("room", ["0.99", "0.990001", "1", "-1"])
@pytest.mark.parametrize("minutes", ["1e4", "1e9", "1e12", "1e300"])
def test_any_head_room_and_any_estimate_can_be_shown_or_is_refused(world: World, room: str, minutes: str) -> None:
    world.put(event(1), event(2))
    document = json.loads(world.planned("--max-age", "60s", "--head-room", "25").read_text())
    document["health"]["head_room"], document["estimate"]["minutes"] = float(room), float(minutes)
    path = world.folder / "forged.json"
    path.write_text(sealed(json.dumps(document)))

    result = world.run("replay", "apply", str(path), "--no-watch")  # it shows the plan before it asks

    assert result.code == 2
    assert ("no terminal to ask on" in result.err) == (room == "0.99" and minutes == "1e4")
