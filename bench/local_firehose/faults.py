"""Faults on demand: what real AWS does now and then, made to happen when a test wants it.

A fault is armed at one point of the server and hits the next ``times`` chances there (or each with probability
``rate``, or all for ``seconds``). Points and their options are in POINTS; README.md documents the control API.
"""

import fnmatch
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from local_firehose.clock import Clock


@dataclass(frozen=True, slots=True)
class Point:
    """A place where faults can be armed: what one chance is, and the options with their defaults."""

    chance: str
    options: dict[str, Any]


POINTS: dict[str, Point] = {
    "put-entry": Point(
        "one record of a PutRecordBatch: it is not accepted, FailedPutCount counts it",
        {"code": "ServiceUnavailableException", "message": "Slow down."},
    ),
    "call": Point(
        "one API call: it is refused whole; `operation` is a pattern, default both puts",
        {"operation": "PutRecord*", "code": "ServiceUnavailableException", "message": "Slow down.", "status": 503},
    ),
    "lost-answer": Point(
        "one PutRecord or PutRecordBatch: the records are accepted, the answer is an InternalFailure (a retry doubles)",
        {"code": "InternalFailure", "message": "The answer was lost on purpose.", "status": 500},
    ),
    "latency": Point(
        "one API call: it is answered `delay` wall-clock seconds later; `operation` is a pattern, default all",
        {"operation": "*", "delay": 1.0},
    ),
    "s3": Point(
        "one object written: refused with `code`; `bucket` is a pattern",
        {"code": "AccessDenied", "message": "Access Denied", "bucket": "*"},
    ),
    "s3-duplicate": Point(
        "one object written: it is there, but counts as failed, so the records are delivered again", {}
    ),
    "lambda": Point(
        "one invocation; `mode` is throttle, timeout, function-error, malformed, missing-records or not-found",
        {"mode": "throttle"},
    ),
    "opensearch": Point(
        "one _bulk request: refused whole with `status`",
        {"status": 503, "type": "", "reason": "armed fault"},
    ),
    "opensearch-item": Point(
        "one document of a _bulk request: answered with `status`, the others go to the domain",
        {"status": 429, "type": "", "reason": "armed fault"},
    ),
    "opensearch-duplicate": Point(
        "one _bulk request: it is made, but counts as timed out, so the documents are sent again", {}
    ),
}
LAMBDA_MODES = ("throttle", "timeout", "function-error", "malformed", "missing-records", "not-found")


class FaultError(ValueError):
    """The fault asked for makes no sense; the message says why."""


@dataclass(slots=True)
class Fault:
    """An armed fault. ``times`` counts down; None is no limit. ``deadline`` is a clock reading."""

    id: str
    point: str
    stream: str
    times: int | None
    rate: float
    deadline: float | None
    options: dict[str, Any]
    hits: int = 0

    def to_json(self) -> dict[str, Any]:
        """As the control API shows it."""
        return {
            "id": self.id,
            "point": self.point,
            "stream": self.stream,
            "times": self.times,
            "rate": self.rate,
            "hits": self.hits,
            **self.options,
        }


@dataclass(slots=True)
class Faults:
    """All armed faults; ``seed`` makes rates repeatable."""

    clock: Clock
    seed: int = 0
    armed: list[Fault] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _random: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self._random.seed(self.seed)

    def arm(self, wanted: dict[str, Any]) -> Fault:
        """Arm one fault: ``{"point", "stream"?, "times"?, "rate"?, "seconds"?, <options of the point>}``."""
        given = dict(wanted)
        name = given.pop("point", None)
        if not isinstance(name, str) or name not in POINTS:
            raise FaultError(f"point must be one of {', '.join(POINTS)}; got {name!r}")
        stream, times = given.pop("stream", ""), given.pop("times", None)
        rate, seconds = given.pop("rate", 1.0), given.pop("seconds", None)
        if not isinstance(stream, str):
            raise FaultError(f"stream must be the name of a stream; got {stream!r}")
        if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
            raise FaultError(f"times must be a whole number of at least 1; got {times!r}")
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= 1:
            raise FaultError(f"rate must be above 0 and at most 1; got {rate!r}")
        if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0):
            raise FaultError(f"seconds must be above 0; got {seconds!r}")
        options = POINTS[name].options
        if unknown := sorted(set(given) - set(options)):
            raise FaultError(f"{name} has no option {', '.join(unknown)}; it has {', '.join(options) or 'none'}")
        for option, value in given.items():
            _check_option(option, value, options[option])
        if name == "lambda" and given.get("mode", "throttle") not in LAMBDA_MODES:
            raise FaultError(f"mode must be one of {', '.join(LAMBDA_MODES)}; got {given['mode']!r}")
        deadline = None if seconds is None else self.clock.elapsed() + seconds
        fault = Fault(f"fault-{next(self._numbers)}", name, stream, times, float(rate), deadline, {**options, **given})
        self.armed.append(fault)
        return fault

    def disarm(self, fault_id: str = "") -> int:
        """Take one fault away, or all; how many went."""
        keep = [fault for fault in self.armed if fault_id and fault.id != fault_id]
        gone = len(self.armed) - len(keep)
        self.armed = keep
        return gone

    def any_at(self, point: str) -> bool:
        """Whether anything can still hit there (a cheap look before asking record by record)."""
        return any(fault.point == point and fault.times != 0 for fault in self.armed)

    def hit(self, point: str, stream: str = "", **matches: str) -> Fault | None:
        """The fault that hits this chance, or None. ``matches``: values for the options that are patterns."""
        for fault in self.armed:
            if fault.point != point or (fault.stream and fault.stream != stream):
                continue
            if not all(fnmatch.fnmatchcase(value, fault.options[name]) for name, value in matches.items()):
                continue
            if fault.deadline is not None and self.clock.elapsed() >= fault.deadline:
                continue
            if fault.times == 0 or (fault.rate < 1 and self._random.random() >= fault.rate):
                continue
            if fault.times is not None:
                fault.times -= 1
            fault.hits += 1
            return fault
        return None


def _check_option(name: str, value: Any, default: Any) -> None:
    """The value is of the default's kind: a status of HTTP, seconds, or text."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(default, str) and not isinstance(value, str):
        raise FaultError(f"{name} must be text such as {default!r}; got {value!r}")
    if isinstance(default, int) and not (number and isinstance(value, int) and 100 <= value <= 599):
        raise FaultError(f"{name} must be a status of HTTP such as {default}; got {value!r}")
    if isinstance(default, float) and not (number and 0 <= value < float("inf")):
        raise FaultError(f"{name} must be 0 or more seconds such as {default}; got {value!r}")
