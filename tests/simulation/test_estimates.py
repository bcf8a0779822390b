"""What a plan says that it will take, and what the replay then takes: planner, workers and governor as they are."""

from functools import partial

import pytest

from event_fork.events.envelope import parse
from event_fork.events.time_window import timestamp_of
from event_fork.replay_plan.plan import read_plan
from tests.simulation import archive_replay
from tests.simulation.troubles import Troubles
from tests.simulation.world import envelope

pytestmark = pytest.mark.slow

EVENTS = 3_000


@pytest.mark.parametrize(
    ("per_object", "rate", "workers", "options"),
    [
        (500, 100.0, 1, ()),
        (500, 100.0, 4, ()),
        (1_000, 100.0, 2, ()),
        (EVENTS, 400.0, 4, ()),
        (700, 40.0, 4, ()),
        (20, 300.0, 2, ()),
        (500, 100.0, 1, ("--pace", "0.1x")),
        (500, 20.0, 1, ("--pace", "original")),
        (500, 100.0, 2, ("--ramp", "10,50,100")),
        (500, 200.0, 1, ("--ramp", "1,10,100")),
        (500, 50.0, 1, ("--ramp", "50")),
        (500, 100.0, 3, ("--max-age", "2m")),
        (500, 100.0, 1, ("--max-age", "2m", "--head-room", "25")),
        (500, 100.0, 1, ("--max-dead-letters", "5", "--ramp", "20,100")),
        (500, 100.0, 1, ("--sample", "20%")),
        (500, 10.0, 1, ("--where", "$.n=7")),
    ],
)
def test_a_replay_takes_what_its_plan_says(
    per_object: int, rate: float, workers: int, options: tuple[str, ...]
) -> None:
    with archive_replay.Stage(Troubles(seed="estimates"), events=EVENTS, per_object=per_object) as stage:
        stage.aside("consumer", partial(_consume, stage))
        replay_id = stage.plan(*options, rate=rate, workers=workers)
        plan = read_plan((stage.folder / "plan.json").read_bytes())
        if matches := plan.criteria().matches:
            stage.planned = {f"event-{n}" for n in range(EVENTS) if matches(parse(envelope(n, 0.0)))}
        estimated = plan.estimate.minutes * 60
        stage.ended(stage.apply())
        status = stage.until_it_rests(replay_id)
        assert status["state"] == "done", status["reason"]
        took = (timestamp_of(status["ended"]) - timestamp_of(status["started"])).total_seconds()
        assert took == pytest.approx(estimated, rel=0.1, abs=8.0), f"{took:.0f} s, estimated {estimated:.0f} s"


def _consume(stage: archive_replay.Stage) -> None:
    while True:
        stage.scheduler.sleep(5.0)
        stage.target.messages.clear()
