"""The port to the work area of one replay, and how control.json is changed by several writers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from event_fork.archive_replay.errors import ControlConflictError
from event_fork.events.time_window import timestamp_text
from event_fork.replay_plan.control import Control
from event_fork.replay_plan.plan import Plan
from event_fork.replay_plan.progress import Progress

ATTEMPTS_TO_CHANGE = 5


class VersionedControl(NamedTuple):
    """control.json and the ETag it was read with."""

    control: Control
    etag: str


class ReplayDocuments(Protocol):
    """plan.json, control.json and the progress objects of one replay.

    All calls raise CallFailedError, reading ones DocumentError too.
    """

    def plan(self) -> Plan:
        """The plan, its hash checked."""

    def control(self) -> VersionedControl:
        """control.json as it is now."""

    def replace_control(self, control: Control, etag: str) -> bool:
        """Write control.json if it still has that ETag; False when somebody else was faster."""

    def progress(self, item_id: str) -> Progress | None:
        """How far the item got; None when no worker has written anything yet."""

    def put_progress(self, progress: Progress) -> None:
        """Write the item's progress."""


def change_control(
    documents: ReplayDocuments, change: Callable[[Control], Control | None], *, changed_by: str
) -> Control:
    """Read, change, write; again when somebody else wrote in between. `change` returns None to leave it as it is.

    Returns what control.json says afterwards. Raises ControlConflictError.
    """
    for _ in range(ATTEMPTS_TO_CHANGE):
        current, etag = documents.control()
        wanted = change(current)
        if wanted is None:
            return current
        wanted = replace(wanted, changed_by=changed_by, changed_at=timestamp_text(datetime.now(UTC)))
        if documents.replace_control(wanted, etag):
            return wanted
    raise ControlConflictError(f"control.json was changed by others {ATTEMPTS_TO_CHANGE} times in a row")
