"""Puts a managed index's template, alias and dashboards into the domain, takes them away, deletes indices too old."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from event_fork.errors import DomainRefusedError
from event_fork.index_management.dashboards import Dashboards
from event_fork.index_management.managed_index import TEMPLATE_PREFIX, ManagedIndex, Request
from event_fork.index_management.search_domain import MISSING, NONE, Answer, SearchDomain, answered, is_transient
from event_fork.sending.backoff import Backoff, Deadline

# A role that was just made is not known everywhere for some seconds: the domain refuses it at first.
_NOT_ALLOWED = (401, 403)
PATIENCE = Backoff(attempts=8, base=1.0, draw=lambda _, longest: longest)
"""About 25 seconds."""
_SECURITY = "/_plugins/_security/api"
# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/fgac.html
_MAY_BULK, _MAY_WRITE = ["cluster_composite_ops", "cluster_monitor"], ["crud", "create_index"]
_SAVED_OBJECTS = "/_dashboards/api/saved_objects"
_BOUNDARY = "event-fork-saved-objects"
_MOST_NAMES = 30
"""With names of 100 characters."""


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
        self._install(index, request.previous)
        if request.previous is not None:
            self._remove_what_changed(request.previous, index)
        return {"installed": index.template_name}

    def _install(self, index: ManagedIndex, previous: ManagedIndex | None) -> None:
        if index.alias is not None and index.alias in self._indices(index.alias):
            # Every new index with this alias would be refused, and with it all documents.
            raise DomainRefusedError(
                f"the alias {index.alias} is the name of an index: give index_management.alias another"
            )
        if index.only_template:
            self._refuse_others(index)
        if index.delivery_role_arn is not None:
            self._let_write(index, index.delivery_role_arn)
        self._call("PUT", f"/_index_template/{index.template_name}", index.template)
        if index.alias is not None and (previous is None or not index.is_seen_as(previous)):
            # Where an index has it already, later ones got it by the template, and one without it was taken out of it:
            # `event-fork search rebuild` has put another in its place, perhaps of all of them.
            there = self._call("GET", f"/{index.pattern}/_alias/{index.alias}", accept=[MISSING])
            if there.status == MISSING or not there.body:
                for names in _batched([name for name in self._indices(index.pattern) if index.is_own(name)]):
                    self._call("PUT", f"/{','.join(names)}/_alias/{index.alias}", accept=[MISSING])
        if index.dashboards is not None:
            self._import(index.dashboards)

    def _refuse_others(self, index: ManagedIndex) -> None:
        # Templates do not add up: of all that match, OpenSearch takes the one with the highest priority.
        answer = self._call("POST", f"/_index_template/_simulate/{index.template_name}", index.template)
        if others := sorted(
            other["name"] for other in answer.body["overlapping"] if not _of_another_fork(other, index)
        ):
            raise DomainRefusedError(
                f"other index templates ({', '.join(others)}) match {index.pattern} too, and only the one with the "
                "highest priority acts: move what they hold to index_management.mappings and settings and delete them, "
                "or say which one is to act with index_management.priority"
            )

    def _remove(self, index: ManagedIndex) -> None:
        self._call("DELETE", f"/_index_template/{index.template_name}", accept=[MISSING])
        self._remove_alias(index)
        self._let_write_no_more(index)
        if index.dashboards is not None:
            self._forget(index.dashboards, index.dashboards.identities())

    def _remove_what_changed(self, previous: ManagedIndex, index: ManagedIndex) -> None:
        if previous.template_name != index.template_name:
            self._call("DELETE", f"/_index_template/{previous.template_name}", accept=[MISSING])
        if not index.is_seen_as(previous):
            self._remove_alias(previous)
        if index.delivery_role_arn is None or previous.template_name != index.template_name:
            self._let_write_no_more(previous)
        if (before := previous.dashboards) is not None:
            after = index.dashboards
            kept = after.identities() if after is not None and after.tenant == before.tenant else []
            self._forget(before, [key for key in before.identities() if key not in kept])

    def _remove_alias(self, index: ManagedIndex) -> None:
        if index.alias is not None:
            self._call("DELETE", f"/{index.pattern}/_alias/{index.alias}", accept=[MISSING])

    def _let_write(self, index: ManagedIndex, role_arn: str) -> None:
        allowed = {"index_patterns": [index.pattern], "allowed_actions": _MAY_WRITE}
        role = {"cluster_permissions": _MAY_BULK, "index_permissions": [allowed]}
        self._call("PUT", f"{_SECURITY}/roles/{index.template_name}", role)
        self._call("PUT", f"{_SECURITY}/rolesmapping/{index.template_name}", {"backend_roles": [role_arn]})

    def _let_write_no_more(self, index: ManagedIndex) -> None:
        if index.delivery_role_arn is not None:
            self._call("DELETE", f"{_SECURITY}/rolesmapping/{index.template_name}", accept=[MISSING])
            self._call("DELETE", f"{_SECURITY}/roles/{index.template_name}", accept=[MISSING])

    def _import(self, dashboards: Dashboards) -> None:
        lines = "".join(f"{json.dumps(each)}\n" for each in dashboards.saved_objects())
        disposition = 'Content-Disposition: form-data; name="file"; filename="event-fork.ndjson"'
        file_type = "Content-Type: application/ndjson"
        form = f"--{_BOUNDARY}\r\n{disposition}\r\n{file_type}\r\n\r\n{lines}\r\n--{_BOUNDARY}--\r\n".encode()
        headers = {**_headers(dashboards), "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
        path = f"{_SAVED_OBJECTS}/_import?overwrite=true"
        answer = self._call("POST", path, form, headers=headers)
        if answer.body.get("success") is not True:  # also then the status is 200
            errors = [f"{each['type']} {each['id']}: {_why(each['error'])}" for each in answer.body.get("errors", [])]
            # A page to log in on, or none at all.
            what = "; ".join(errors) or f"anything: it answered {answer.status} to a request without a session"
            raise DomainRefusedError(f"OpenSearch Dashboards refused to import {what}")

    def _forget(self, dashboards: Dashboards, keys: list[tuple[str, str]]) -> None:
        for kind, identity in keys:
            path = f"{_SAVED_OBJECTS}/{kind}/{quote(identity, safe='')}"
            self._call("DELETE", path, accept=[MISSING], headers=_headers(dashboards))

    def _delete_old(self, index: ManagedIndex, now: datetime) -> list[str]:
        old = index.too_old(self._indices(index.pattern), now)
        for name in old:
            self._call("DELETE", f"/{name}", accept=[MISSING])
        return old

    def _indices(self, pattern: str) -> list[str]:
        answer = self._call("GET", f"/{pattern}/_alias", accept=[MISSING])
        return [] if answer.status == MISSING else list(answer.body)

    def _call(
        self,
        method: str,
        path: str,
        body: object = None,
        accept: Collection[int] = (),
        headers: Mapping[str, str] = NONE,
    ) -> Answer:
        def call() -> Answer:
            return self.domain.call(method, path, body, headers)

        answer = answered(call, accept, _can_change, self.backoff, self.deadline)
        if answer.is_taken(accept):
            return answer
        raise _refusal(method, path, answer)


def _batched(names: list[str]) -> Iterator[list[str]]:
    """Names that together fit into the address of a request: OpenSearch takes 4,096 bytes."""
    for first in range(0, len(names), _MOST_NAMES):
        yield names[first : first + _MOST_NAMES]


def _of_another_fork(template: Mapping[str, Any], index: ManagedIndex) -> bool:
    """Whether it is that of a fork like `orders-2` beside `orders`: the longer name has the higher priority."""
    return template["name"].startswith(TEMPLATE_PREFIX) and template.get("index_patterns") != [index.pattern]


def _can_change(status: int) -> bool:
    return status in _NOT_ALLOWED or is_transient(status)


def _headers(dashboards: Dashboards) -> dict[str, str]:
    # Without the second one a domain with several tenants takes the private one of the role, which nobody sees.
    return {"osd-xsrf": "true", "securitytenant": dashboards.tenant}


def _why(error: Mapping[str, Any]) -> str:
    """Of one object: {"type": "unknown", "message": ...}, or a type that says all."""
    return str(error.get("message", error["type"]))


def _refusal(method: str, path: str, answer: Answer) -> DomainRefusedError:
    hint = ""
    if answer.status in _NOT_ALLOWED:
        hint = (
            "; let the role in the output index_management_role_arn do it, or give index_management.credentials_secret"
        )
    return DomainRefusedError(f"the domain refused {method} {path} with {answer.status}: {answer.reason}{hint}")
