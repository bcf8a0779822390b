"""The port to the search domain."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

from event_fork.errors import CallFailedError
from event_fork.sending.backoff import Backoff, Leave

NONE: Mapping[str, str] = {}
MISSING, TOO_MANY, CLIENT_ERROR, SERVER_ERROR = 404, 429, 400, 500


@dataclass(frozen=True)
class Answer:
    """Of the domain."""

    status: int
    body: Mapping[str, Any]

    def is_taken(self, accept: Collection[int] = ()) -> bool:
        """Whether the domain has done it, or refused it in a way that the caller expects."""
        return self.status < CLIENT_ERROR or self.status in accept

    @property
    def reason(self) -> str:
        """Why it refused, in its own words."""
        texts = ("message", "Message", "error")  # of Dashboards, of AWS, of a proxy
        error = self.body.get("error")
        if not isinstance(error, Mapping):
            error = next((self.body[name] for name in texts if name in self.body), "it gave no reason")
        if not isinstance(error, Mapping):
            return str(error)
        while isinstance(error.get("caused_by"), Mapping):
            error = error["caused_by"]
        return str(error.get("reason"))


class SearchDomain(Protocol):
    """An OpenSearch domain."""

    def call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] = NONE) -> Answer:
        """One request; a body of bytes is JSON lines unless `headers` say otherwise.

        Raises CallFailedError when the domain gives no answer.
        """


def is_transient(status: int) -> bool:
    """Whether the same again may be taken a moment later."""
    return status == TOO_MANY or status >= SERVER_ERROR


def answered(
    call: Callable[[], Answer],
    accept: Collection[int],
    again: Callable[[int], bool],
    backoff: Backoff,
    leave: Leave,
) -> Answer:
    """The answer to a call that is repeated while that can help: one that is taken, or the last refusal.

    `again`: whether a status can change. Raises CallFailedError when the last call got no answer.
    """
    for attempt in count(1):
        outcome: Answer | CallFailedError
        try:
            outcome = call()
            if outcome.is_taken(accept) or not again(outcome.status):
                return outcome
        except CallFailedError as error:
            if not error.transient:
                raise
            outcome = error
        wait = backoff.wait_after(attempt)
        if wait is None or not leave.allows(wait):
            if isinstance(outcome, CallFailedError):
                raise outcome
            return outcome
        backoff.sleep(wait)
    raise AssertionError("there is always a next attempt or an answer")
