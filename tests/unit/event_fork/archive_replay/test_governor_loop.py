"""The governor's looks: when they end, what they write, and what happens when others write too."""

from dataclasses import dataclass, field, replace

from event_fork.archive_replay.governor import Memory, Policy
from event_fork.archive_replay.governor_loop import BLIND_LOOKS, LOOK_SECONDS, GovernorLoop
from event_fork.archive_replay.observation import Observation
from event_fork.errors import CallFailedError
from event_fork.replay_plan.control import CANCELLED, PAUSED, RUNNING, Control
from event_fork.replay_plan.plan import Health
from event_fork.sending.backoff import Deadline
from tests.support.fakes import Clock
from tests.support.replay_world import ReplayWorld, stored


@dataclass
class Target:
    """Health that a test sets; `blind` fails every look."""

    clock: Clock
    age: float = 0.0
    dead: int = 0
    blind: bool = False
    looks: int = 0

    def look(self, rate: float) -> Observation:
        self.looks += 1
        if self.blind:
            raise CallFailedError("AccessDenied", "no", transient=False)
        return Observation(self.clock.now, 0, self.dead, self.age)


@dataclass
class Runs:
    """A Map Run that ends at a time; None as its state before it begins."""

    clock: Clock
    begins: float = 0.0
    ends: float = 1e9

    def state(self) -> str | None:
        if self.clock.now < self.begins:
            return None
        return "RUNNING" if self.clock.now < self.ends else "SUCCEEDED"


@dataclass
class World:
    """A governed replay at 100 events a second, whose target may be 60 s behind and get no dead letter."""

    replay: ReplayWorld = field(default_factory=lambda: ReplayWorld([stored(0)], rate=100.0))

    def __post_init__(self) -> None:
        self.clock = self.replay.clock
        self.target = Target(self.clock)
        self.runs = Runs(self.clock)
        self.changes: list[Control] = []
        self.blind_looks: list[CallFailedError] = []

    def loop(self, seconds: float = 1e6) -> GovernorLoop:
        return GovernorLoop(
            policy=Policy(None, False, Health(60, 0, None)),
            execution="replay-1",
            documents=self.replay.documents,
            target=self.target,
            map_run=self.runs,
            memory=Memory(),
            deadline=Deadline(self.clock.now + seconds, self.clock),
            elapsed=0.0,
            changed=self.changes.append,
            blind=self.blind_looks.append,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    @property
    def control(self) -> Control:
        return self.replay.documents.control()


def test_it_ends_with_the_map() -> None:
    world = World()
    world.runs.ends = 100

    assert world.loop().run() is True

    assert 100 <= world.clock.now <= 100 + LOOK_SECONDS
    assert (world.control.state, world.control.rate) == (RUNNING, 100), "a healthy target at full rate needs no change"


def test_it_hands_over_to_the_next_invocation_before_its_time_is_up() -> None:
    world = World()

    loop = world.loop(seconds=42)

    assert loop.run() is False
    assert world.clock.now <= 42
    assert world.control.dead_letters_at_first == 0


def test_a_map_that_never_begins_does_not_keep_it_for_ever() -> None:
    world = World()
    world.runs.begins = 1e9

    assert world.loop().run() is True
    assert world.clock.now <= 130


def test_it_waits_for_a_map_that_begins_late() -> None:
    world = World()
    world.runs.begins, world.runs.ends = 60, 200

    assert world.loop().run() is True
    assert world.clock.now >= 200


def test_it_ends_when_the_operator_pauses() -> None:
    world = World()
    world.replay.documents.set_control(state=PAUSED)

    assert world.loop().run() is True
    assert world.target.looks == 0


def test_a_slow_target_gets_less_and_its_pause_ends_the_loop() -> None:
    world = World()
    world.target.age = 100.0

    assert world.loop().run() is True

    assert world.control.state == PAUSED
    assert world.control.changed_by == "governor"
    assert [change.rate for change in world.changes][:2] == [50, 25]


def test_the_operators_change_between_look_and_write_is_not_lost() -> None:
    world = World()
    world.target.age = 100.0
    world.runs.ends = 5
    documents = world.replay.documents
    written = documents.store.replace
    raced: list[bool] = []

    def race(key: str, content: bytes, etag: str) -> str | None:
        if not raced:
            raced.append(True)
            documents.set_control(limit=40.0, rate=40.0)
        return written(key, content, etag)

    documents.store.replace = race  # type: ignore[method-assign]
    world.loop().run()

    assert (world.control.limit, world.control.rate) == (40.0, 20.0)


def test_a_target_that_cannot_be_seen_pauses_the_replay_after_a_minute() -> None:
    world = World()
    world.target.blind = True

    world.loop().run()

    assert world.control.state == PAUSED
    assert world.control.reason == "target-unseen: AccessDenied for 60 s"
    assert world.target.looks == BLIND_LOOKS
    assert [error.code for error in world.blind_looks] == ["AccessDenied"] * BLIND_LOOKS


def test_a_passing_blindness_changes_nothing() -> None:
    world = World()
    world.target.blind = True
    world.runs.ends = BLIND_LOOKS * LOOK_SECONDS - 10

    world.loop().run()

    assert replace(world.control, changed_at="") == replace(world.control, state=RUNNING, rate=100.0, changed_at="")


def test_a_governor_that_crashed_and_begins_anew_still_counts_from_the_first_dead_letters() -> None:
    # GIVEN a replay that may cause no dead letter, and a governor that has seen the target once and then crashed
    world = World()
    world.target.dead = 5
    world.loop(seconds=2 * LOOK_SECONDS).run()

    # WHEN it begins anew, without its memory, after there was one more
    world.target.dead = 6
    world.loop().run()

    assert world.control.state == PAUSED
    assert world.control.reason.startswith("dead-letters: 1 more")


def test_a_cancel_during_the_last_look_at_a_target_that_cannot_be_seen_stays() -> None:
    world = World()
    world.target.blind = True
    look = world.target.look

    def cancelled_in_the_last(rate: float) -> Observation:
        if world.target.looks == BLIND_LOOKS - 1:
            world.replay.documents.set_control(state=CANCELLED, reason="wrong target", changed_by="ana")
        return look(rate)

    world.target.look = cancelled_in_the_last  # type: ignore[method-assign]

    world.loop().run()

    assert (world.control.state, world.control.reason, world.control.changed_by) == (CANCELLED, "wrong target", "ana")


def test_the_governor_of_an_earlier_execution_changes_nothing_and_ends() -> None:
    # GIVEN a replay that was resumed while its first execution's governor goes on
    world = World()
    world.target.age = 100.0
    world.replay.documents.set_control(execution="replay-1-r1")

    assert world.loop().run() is True

    assert (world.control.rate, world.target.looks) == (100.0, 0)
