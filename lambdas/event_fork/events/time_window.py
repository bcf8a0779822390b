"""A half-open time window on an event's own time: SNS's `Timestamp`, the moment of publishing."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

# SNS always writes milliseconds and Z. Text of this one shape sorts as time does, so it is compared as it is.
_CANONICAL = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d\.\d{3}Z").fullmatch

FIRST_YEAR, LAST_YEAR = 2000, 2999
"""Times far outside what SNS could have written are slips of the pen, and overflow what is reckoned with them."""


class NotATimeError(ValueError):
    """A text is no moment; the words do not quote it."""


def timestamp_text(moment: datetime) -> str:
    """SNS's way to write a time: UTC, milliseconds, `Z`. Microseconds are cut off."""
    if moment.tzinfo is None:
        raise ValueError("a time without an offset could mean any zone; give one, UTC for instance")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def canonical_timestamp(text: str) -> str:
    """The same moment in SNS's own shape; raises NotATimeError when `text` is no ISO 8601 time with an offset."""
    try:
        moment = datetime.fromisoformat(text)
        return text if _CANONICAL(text) else timestamp_text(moment)
    except (ValueError, OverflowError) as error:  # overflow: the first or last day there is, and an offset
        raise NotATimeError("is no ISO 8601 time with an offset") from error


def timestamp_of(text: str) -> datetime:
    """The moment an ISO 8601 text with an offset names. Raises ValueError, also for a year that nobody can mean."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset (end it with Z for UTC)")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"{text!r} is not in the years {FIRST_YEAR} to {LAST_YEAR}")
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


EVER = Window(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 12, 31, tzinfo=UTC))
"""All times that an event can have."""
