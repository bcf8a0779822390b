"""Requests to a search domain that are tried again while that can help."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from event_fork.errors import DomainRefusedError
from event_fork.index_management.search_domain import Answer, SearchDomain, answered, is_transient
from event_fork.sending.backoff import Always, Backoff

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
        answer = answered(
            lambda: self.domain.call(method, path, body), accept, is_transient, self.backoff, leave=Always()
        )
        if answer.is_taken(accept):
            return answer
        raise DomainRefusedError(f"{self.name} refused {method} {path} with {answer.status}: {answer.reason}")
