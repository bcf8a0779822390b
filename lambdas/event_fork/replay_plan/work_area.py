"""Where the documents of a replay lie: in the archive's bucket, outside the archive's own keys, a folder per module."""

import re
from dataclasses import dataclass

from event_fork.archive.layout import WORK_AREAS
from event_fork.replay_plan.json_values import ID_PATTERN, ID_WORDS

_PREFIX = re.compile(rf"{WORK_AREAS}(?P<module>{ID_PATTERN})/(?P<replay_id>{ID_PATTERN})/")


@dataclass(frozen=True, slots=True)
class WorkArea:
    """The keys of one replay of a replay module. The roles of a module may use its own folder only.

    Raises ValueError when one of the two is no id, and so might lead to another folder.
    """

    module: str
    replay_id: str

    def __post_init__(self) -> None:
        for name, value in (("the name of a replay module", self.module), ("the id of a replay", self.replay_id)):
            if not re.fullmatch(ID_PATTERN, value):
                raise ValueError(f"{name} must be {ID_WORDS}, got {value!r}")

    @classmethod
    def of_prefix(cls, prefix: str) -> "WorkArea":
        """The one with that prefix. Raises ValueError."""
        match = _PREFIX.fullmatch(prefix)
        if match is None:
            raise ValueError(f"must be {WORK_AREAS}<module>/<replay id>/, got {prefix!r}")
        return cls(**match.groupdict())

    @property
    def prefix(self) -> str:
        """Ends with a slash and is the `work_prefix` of the state machine's input."""
        return f"{folder_of(self.module)}{self.replay_id}/"

    @property
    def plan(self) -> str:
        """The plan as it was applied."""
        return f"{self.prefix}plan.json"

    @property
    def items(self) -> str:
        """What the running or last execution works on: all items, or after a resume the ones that were left."""
        return f"{self.prefix}items.jsonl"

    @property
    def ids(self) -> str:
        """The ids that the plan is narrowed to, one a line, if it is."""
        return f"{self.prefix}ids.txt"

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


def folder_of(module: str) -> str:
    """Where the work areas of a replay module lie."""
    return f"{WORK_AREAS}{module}/"
