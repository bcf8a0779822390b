"""Which of the waiting events a replay of the 14-day queue wants: the document that the command writes for a run.

    {from?, until, filter_policy?, filter_policy_scope?, rate?, workers?, hold_seconds?, holder, started_at, replay_id}

Times are ISO 8601 with an offset; an event is wanted when from <= its time < until and it passes the filter. {} is no
window: everything is wanted.

A run names itself in every invocation: while it lasts, the event source mapping invokes the function by an alias that
is called like the run's replay_id. So a window that is not the run's own, be it cached or read late, shows as that, and
is never obeyed. docs/decisions/0002-replay-window.md says why, and why kept events are hidden and for how long.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from event_fork.errors import WindowError
from event_fork.events.messages import MessageAttribute, ReceivedMessage
from event_fork.events.time_window import timestamp_of, timestamp_text
from event_fork.filter_policy import MESSAGE_ATTRIBUTES, InvalidFilterPolicyError, Matcher, compile_policy
from event_fork.queue_replay.run_report import MAX_HOLD_SECONDS
from event_fork.sending.copies import ORIGINAL_TIME_ATTRIBUTE
from event_fork.sending.ports import TextParameter

RUN_PREFIX = "queue-"
"""Begins the id of every run of a queue, and so the name of its alias."""
DEFAULT_WORKERS = 2
"""The fewest invocations at a time that a mapping can be limited to."""
_LARGEST = 1_000_000
"""No rate, number of workers or seconds of a run is larger."""
DEFAULT_HOLD_SECONDS = 900


@dataclass(frozen=True, slots=True)
class ReplayWindow:
    """A window that somebody holds: events published in [start, until) that pass the filter policy; None: no bound.

    `rate`: events a second of all instances together, None = as fast as it goes. `workers`: how many instances share
    it; None = DEFAULT_WORKERS. `hold_seconds`: for how long what is not wanted is hidden at most. `holder`: who runs
    it, since `started_at`.
    """

    until: datetime
    replay_id: str
    start: datetime | None = None
    filter_policy: Mapping[str, Any] | None = None
    filter_policy_scope: str = MESSAGE_ATTRIBUTES
    rate: float | None = None
    workers: int | None = None
    hold_seconds: int = DEFAULT_HOLD_SECONDS
    holder: str = ""
    started_at: str = ""
    filter: Matcher | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        policy = self.filter_policy
        matcher = None if policy is None else compile_policy(policy, self.filter_policy_scope)
        object.__setattr__(self, "filter", matcher)

    def to_text(self) -> str:
        """The document; what is not set is left out."""
        document = {
            "from": None if self.start is None else timestamp_text(self.start),
            "until": timestamp_text(self.until),
            "filter_policy": self.filter_policy,
            "filter_policy_scope": None if self.filter_policy is None else self.filter_policy_scope,
            "rate": self.rate,
            "workers": None if self.rate is None else self.workers,
            "hold_seconds": self.hold_seconds,
            "holder": self.holder,
            "started_at": self.started_at,
            "replay_id": self.replay_id,
        }
        return json.dumps({name: value for name, value in document.items() if value is not None}, ensure_ascii=False)

    def wants(self, message: ReceivedMessage) -> bool:
        """Whether this replay is to forward the message. One that tells no time is wanted only without `from`."""
        event = message.event
        moment = _time(message)
        if moment is None:
            moment = datetime.min.replace(tzinfo=UTC)
        if moment >= self.until or (self.start is not None and moment < self.start):
            return False
        if self.filter is None:
            return True
        if event is not None:
            return self.filter.matches(event)
        return self.filter.matches_message(_sns_attributes(message.attributes), message.body)

    def hold(self, message: ReceivedMessage, now: float, retention_seconds: int) -> int:
        """For how many seconds to hide a message that is kept.

        At most half of what is left of its life in the queue, so that it can be had again before it expires. `now` is
        in seconds since the epoch.
        """
        if message.sent_ms is None:
            return self.hold_seconds
        left = retention_seconds - (now - message.sent_ms / 1000)
        return max(0, min(self.hold_seconds, int(left / 2)))


def run_of(invoked_function_arn: str) -> str | None:
    """The run whose alias the function was invoked by; None when the mapping was switched on without a run.

    The ARN is arn:aws:lambda:<region>:<account>:function:<name>, with :<alias or version> behind it when it was asked
    for: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """
    qualifier = invoked_function_arn.split(":")[7:]
    return qualifier[0] if qualifier and qualifier[0].startswith(RUN_PREFIX) else None


def window_of(run: str | None, parameter: TextParameter) -> ReplayWindow | None:
    """The window to obey in an invocation by that run; None: everything is wanted, which a run never means.

    Raises CallFailedError, and WindowError when the parameter holds another window than the run's, or none.
    """
    window = read_window(parameter.text())
    if run is None or _belongs(window, run):
        return window
    window = read_window(parameter.read())
    if not _belongs(window, run):
        raise WindowError(f"the invocation belongs to the run {run} and the window does not: nothing is forwarded")
    return window


def _belongs(window: ReplayWindow | None, run: str) -> bool:
    return window is not None and window.replay_id == run


def read_window(text: str) -> ReplayWindow | None:
    """The window in the parameter; None for {}. Raises WindowError, which names the field."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WindowError("the replay window is not JSON") from error
    if not isinstance(document, dict):
        raise WindowError("the replay window is not a JSON object")
    if not document:
        return None
    until, replay_id = _moment(document, "until"), document.get("replay_id")
    if until is None:
        raise WindowError("the replay window has no until")
    if not isinstance(replay_id, str) or not replay_id:
        raise WindowError("the replay window has no replay_id")
    hold = _number(document, "hold_seconds", DEFAULT_HOLD_SECONDS)
    rate = _number(document, "rate", 0)
    try:
        return ReplayWindow(
            until=until,
            replay_id=replay_id,
            start=_moment(document, "from"),
            filter_policy=document.get("filter_policy"),
            filter_policy_scope=document.get("filter_policy_scope") or MESSAGE_ATTRIBUTES,
            rate=rate or None,
            workers=max(1, int(_number(document, "workers", DEFAULT_WORKERS))),
            hold_seconds=int(min(hold, MAX_HOLD_SECONDS)),
            holder=str(document.get("holder", "")),
            started_at=str(document.get("started_at", "")),
        )
    except InvalidFilterPolicyError as error:
        raise WindowError(f"the replay window's filter_policy: {error}") from error


def _time(message: ReceivedMessage) -> datetime | None:
    """When it was published; with raw delivery SNS's time is not in the message, and the queue's is what there is."""
    event, original = message.event, message.attributes.get(ORIGINAL_TIME_ATTRIBUTE)
    for text in (event.timestamp if event else None, original.value if original else None):
        if isinstance(text, str) and (moment := _parsed(text)):
            return moment
    return None if message.sent_ms is None else datetime.fromtimestamp(message.sent_ms / 1000, UTC)


def _parsed(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _sns_attributes(attributes: Mapping[str, MessageAttribute]) -> dict[str, dict[str, str]]:
    """In the shape of SNS's envelope, which the filter reads."""
    return {
        name: {
            "Type": attribute.data_type,
            "Value": base64.b64encode(attribute.value).decode()
            if isinstance(attribute.value, bytes)
            else attribute.value,
        }
        for name, attribute in attributes.items()
    }


def _moment(document: Mapping[str, Any], name: str) -> datetime | None:
    value = document.get(name)
    if value is None:
        return None
    try:
        return timestamp_of(value if isinstance(value, str) else "")
    except ValueError as error:
        raise WindowError(f"the replay window's {name} is not an ISO 8601 time with an offset") from error


def _number(document: Mapping[str, Any], name: str, default: float) -> float:
    value = document.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST:
        raise WindowError(f"the replay window's {name} is not a number of at least 0 and at most {_LARGEST:g}")
    return value
