"""Where the documents of a replay lie: in the archive's bucket, outside the archive's own keys."""

from dataclasses import dataclass

ROOT = "event-fork-replays/"


@dataclass(frozen=True, slots=True)
class WorkArea:
    """The keys of one replay. `prefix` ends with a slash and is the `work_prefix` of the state machine's input."""

    prefix: str

    @classmethod
    def of(cls, replay_id: str) -> "WorkArea":
        """The work area of a replay."""
        return cls(f"{ROOT}{replay_id}/")

    @property
    def replay_id(self) -> str:
        """Whose work area it is."""
        return self.prefix.removeprefix(ROOT).rstrip("/")

    @property
    def plan(self) -> str:
        """The plan as it was applied."""
        return f"{self.prefix}plan.json"

    @property
    def items(self) -> str:
        """What the running or last execution works on: all items, or after a resume the ones that were left."""
        return f"{self.prefix}items.jsonl"

    @property
    def control(self) -> str:
        """What operator and governor want."""
        return f"{self.prefix}control.json"

    @property
    def progress_prefix(self) -> str:
        """All progress objects lie under it."""
        return f"{self.prefix}progress/"

    def progress(self, item_id: str) -> str:
        """How far an item got."""
        return f"{self.progress_prefix}{item_id}.json"

    @property
    def results_prefix(self) -> str:
        """The Distributed Map's ResultWriter writes under it."""
        return f"{self.prefix}results/"
