"""Requests to a search domain that are tried again while that can help."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import count

from event_fork.errors import CallFailedError, DomainRefusedError
from event_fork.index_management.search_domain import Answer, SearchDomain
from event_fork.sending.backoff import Backoff

MISSING, CLIENT_ERROR, SERVER_ERROR = 404, 400, 500
TOO_MANY = 429
PATIENCE = Backoff(attempts=8, base=0.5, cap=20.0)
"""At most a minute and a half: what a busy node needs."""


@dataclass(frozen=True)
class Calls:
    """Of one domain. `name`: what an operator calls it."""

    domain: SearchDomain
    name: str = "the domain"
    backoff: Backoff = field(default_factory=lambda: PATIENCE)

    def __call__(self, method: str, path: str, body: object = None, accept: Collection[int] = ()) -> Answer:
        """The domain's answer. Raises DomainRefusedError for a status above 399 that is not in `accept`."""
        for attempt in count(1):
            outcome: Answer | CallFailedError
            try:
                outcome = self.domain.call(method, path, body)
                if outcome.status < CLIENT_ERROR or outcome.status in accept:
                    return outcome
                transient = is_transient(outcome.status)
            except CallFailedError as error:
                outcome, transient = error, error.transient
            wait = self.backoff.wait_after(attempt)
            if not transient or wait is None:
                if isinstance(outcome, CallFailedError):
                    raise outcome
                raise DomainRefusedError(f"{self.name} refused {method} {path} with {outcome.status}: {outcome.reason}")
            self.backoff.sleep(wait)
        raise AssertionError("there is always a next attempt or an answer")


def is_transient(status: int) -> bool:
    """Whether the same again may be taken a moment later."""
    return status == TOO_MANY or status >= SERVER_ERROR
