"""What can go wrong with an archive.

EventForkError
└── ArchiveError
    ├── UnreadableObjectError   one object cannot be read to its end; its key and the reason go into the plan
    └── ObjectChangedError      the object is no longer the version that was planned
"""

from event_fork.errors import EventForkError


class ArchiveError(EventForkError):
    """Base of everything this package raises knowingly."""


class UnreadableObjectError(ArchiveError):
    """An object cannot be read to its end. The text is the reason; it does not repeat the object's key."""


class ConnectionBrokenError(UnreadableObjectError):
    """The connection broke while the object was read. The object itself may be sound: read it again from its start."""


class ObjectChangedError(ArchiveError):
    """The object that was planned has been replaced or deleted since. The text says which of the two."""
