"""What can go wrong with the documents of a replay.

EventForkError
├── DocumentError          plan, item, control or progress is not what its format says
└── ControlConflictError   control.json was changed again and again by others while we changed it
"""

from event_fork.errors import EventForkError


class DocumentError(EventForkError):
    """A document of a replay breaks its format. The text names the field."""


class ControlConflictError(EventForkError):
    """Every attempt to change control.json met somebody else's change."""
