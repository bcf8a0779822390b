"""Puts a managed index's template and alias into the domain, takes them away, and deletes indices that are too old."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from event_fork.errors import CallFailedError, DomainRefusedError
from event_fork.index_management.managed_index import ManagedIndex, Request
from event_fork.index_management.search_domain import Answer, SearchDomain
from event_fork.sending.backoff import Backoff, Deadline

MISSING, CLIENT_ERROR, SERVER_ERROR = 404, 400, 500
# A role that was just made is not known everywhere for some seconds: the domain refuses it at first.
_NOT_ALLOWED = (401, 403)
_TRY_AGAIN = (*_NOT_ALLOWED, 429)
PATIENCE = Backoff(attempts=8, base=1.0, draw=lambda _, longest: longest)
"""About 25 seconds."""


@dataclass(frozen=True)
class Installer:
    """Says in one sentence what the domain refused: it is what `terraform apply` shows."""

    domain: SearchDomain
    deadline: Deadline
    backoff: Backoff = field(default_factory=lambda: PATIENCE)

    def run(self, request: Request, now: datetime | None = None) -> dict[str, Any]:
        """Do what is asked for; what was done. Raises DomainRefusedError and CallFailedError."""
        index = request.index
        if request.delete_old:
            return {"deleted": self._delete_old(index, now or datetime.now(UTC))}
        if request.remove:
            self._remove(index)
            return {"removed": index.template_name}
        self._install(index)
        if request.previous is not None:
            self._remove_what_changed(request.previous, index)
        return {"installed": index.template_name}

    def _install(self, index: ManagedIndex) -> None:
        if index.alias is not None and index.alias in self._indices(index.alias):
            # Every new index with this alias would be refused, and with it all documents.
            raise DomainRefusedError(
                f"the alias {index.alias} is the name of an index: give index_management.alias another"
            )
        if index.only_template:
            self._refuse_others(index)
        self._call("PUT", f"/_index_template/{index.template_name}", index.template)
        if index.alias is not None:
            # Where an index has it already, later ones got it by the template, and one without it was taken out of it:
            # `event-fork search rebuild` has put another in its place.
            there = self._call("GET", f"/{index.pattern}/_alias/{index.alias}", accept=[MISSING])
            if there.status == MISSING or not there.body:
                self._call("PUT", f"/{index.pattern}/_alias/{index.alias}", accept=[MISSING])

    def _refuse_others(self, index: ManagedIndex) -> None:
        # Templates do not add up: of all that match, OpenSearch takes the one with the highest priority.
        answer = self._call("POST", f"/_index_template/_simulate/{index.template_name}", index.template)
        if others := sorted(other["name"] for other in answer.body["overlapping"]):
            raise DomainRefusedError(
                f"other index templates ({', '.join(others)}) match {index.pattern} too, and only the one with the "
                "highest priority acts: move what they hold to index_management.mappings and settings and delete them, "
                "or say which one is to act with index_management.priority"
            )

    def _remove(self, index: ManagedIndex) -> None:
        self._call("DELETE", f"/_index_template/{index.template_name}", accept=[MISSING])
        self._remove_alias(index)

    def _remove_what_changed(self, previous: ManagedIndex, index: ManagedIndex) -> None:
        if previous.template_name != index.template_name:
            self._call("DELETE", f"/_index_template/{previous.template_name}", accept=[MISSING])
        if (previous.alias, previous.pattern) != (index.alias, index.pattern):
            self._remove_alias(previous)

    def _remove_alias(self, index: ManagedIndex) -> None:
        if index.alias is not None:
            self._call("DELETE", f"/{index.pattern}/_alias/{index.alias}", accept=[MISSING])

    def _delete_old(self, index: ManagedIndex, now: datetime) -> list[str]:
        old = index.too_old(self._indices(index.pattern), now)
        for name in old:
            self._call("DELETE", f"/{name}", accept=[MISSING])
        return old

    def _indices(self, pattern: str) -> list[str]:
        answer = self._call("GET", f"/{pattern}/_alias", accept=[MISSING])
        return [] if answer.status == MISSING else list(answer.body)

    def _call(self, method: str, path: str, body: object = None, accept: Collection[int] = ()) -> Answer:
        for attempt in count(1):
            outcome: Answer | CallFailedError
            try:
                outcome = self.domain.call(method, path, body)
                if outcome.status < CLIENT_ERROR or outcome.status in accept:
                    return outcome
                transient = outcome.status in _TRY_AGAIN or outcome.status >= SERVER_ERROR
            except CallFailedError as error:
                outcome, transient = error, error.transient
            wait = self.backoff.wait_after(attempt)
            if not transient or wait is None or not self.deadline.allows(wait):
                raise outcome if isinstance(outcome, CallFailedError) else _refusal(method, path, outcome)
            self.backoff.sleep(wait)
        raise AssertionError("there is always a next attempt or an answer")


def _refusal(method: str, path: str, answer: Answer) -> DomainRefusedError:
    hint = ""
    if answer.status in _NOT_ALLOWED:
        hint = (
            "; let the role in the output index_management_role_arn do it, or give index_management.credentials_secret"
        )
    return DomainRefusedError(f"the domain refused {method} {path} with {answer.status}: {answer.reason}{hint}")
