"""Errors of a replay from the archive. modules/archive-replay/state_machine.tf retries by class name.

EventForkError
└── ArchiveReplayError
    ├── OutOfTimeError        the invocation's time is up, the item is not done: the next attempt goes on (retried)
    ├── TargetNotTakingError  the target throttles or fails for longer than one invocation waits (retried)
    ├── TakenOverError        another invocation of the execution has claimed the item (retried: claims it anew)
    ├── TargetRefusedError    the target refuses every call: no access, expired credentials (retried a few times)
    └── PlanMismatchError     the item does not hold the events that the plan counted (not retried)

From event_fork.archive.errors: UnreadableObjectError (retried twice, a connection may have broken) and
ObjectChangedError (not retried); the worker puts the item's key before their texts. From event_fork.replay_plan.errors:
DocumentError (not retried) and ControlConflictError (retried).
"""

from event_fork.errors import EventForkError


class ArchiveReplayError(EventForkError):
    """Base of the errors of this package."""


class OutOfTimeError(ArchiveReplayError):
    """The invocation's time is up before the item is done; progress is written."""


class TargetNotTakingError(ArchiveReplayError):
    """The target could not take events for as long as one invocation tries; progress is written."""


class TargetRefusedError(ArchiveReplayError):
    """The target refuses the calls themselves, not single events; progress is written."""


class TakenOverError(ArchiveReplayError):
    """Somebody else has written the item's progress since this worker did: it must not send any more."""


class PlanMismatchError(ArchiveReplayError):
    """The worker found another number of events than the plan says: planner and worker are of different versions."""
