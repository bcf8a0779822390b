"""A half-open time window on an event's own time: SNS's `Timestamp`, the moment of publishing."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

# SNS always writes milliseconds and Z. Text of this one shape sorts as time does, so it is compared without parsing.
_CANONICAL = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d\.\d{3}Z").fullmatch


def timestamp_text(moment: datetime) -> str:
    """SNS's way to write a time: UTC, milliseconds, `Z`. Microseconds are cut off."""
    if moment.tzinfo is None:
        raise ValueError("a time without an offset could mean any zone; give one, UTC for instance")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def canonical_timestamp(text: str) -> str:
    """The same moment in SNS's own shape; raises ValueError when `text` is no ISO 8601 time with an offset."""
    if _CANONICAL(text):
        return text
    return timestamp_text(datetime.fromisoformat(text))


def timestamp_of(text: str) -> datetime:
    """The moment an ISO 8601 text with an offset names."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset (end it with Z for UTC)")
    return moment.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """[start, end): an event published at `start` is inside, one published at `end` is not. Whole milliseconds."""

    start: datetime
    end: datetime
    start_text: str = field(init=False, repr=False)
    end_text: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "start_text", timestamp_text(self.start))
        object.__setattr__(self, "end_text", timestamp_text(self.end))
        if self.end_text <= self.start_text:
            raise ValueError(f"the window ends ({self.end_text}) before or when it starts ({self.start_text})")

    def holds(self, canonical: str) -> bool:
        """Whether a time in SNS's own shape (`canonical_timestamp`) lies in the window."""
        return self.start_text <= canonical < self.end_text
