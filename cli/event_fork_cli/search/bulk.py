"""Documents into an index, each under the id of its event, so that none is ever there twice.

They are created and never overwritten: what is there already stays, and is counted as such. Who was interrupted does
the same once more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from event_fork.errors import DomainRefusedError
from event_fork.index_management.search_domain import is_transient
from event_fork_cli.search.calls import Calls

BATCH_DOCUMENTS, BATCH_BYTES = 2_000, 5 * 1024 * 1024
"""AWS advises 3 to 5 MiB: https://docs.aws.amazon.com/opensearch-service/latest/developerguide/bp.html"""
_CONFLICT = 409


class Document(NamedTuple):
    """The id of an event, the index that its document goes to, and the document: one line of JSON with its newline."""

    event_id: str
    index_name: str
    line: bytes


class Refused(NamedTuple):
    """A document that the index does not take, and why."""

    event_id: str
    reason: str


@dataclass(slots=True)
class Indexed:
    """What became of documents."""

    created: int = 0
    there: int = 0
    refused: list[Refused] = field(default_factory=list)


def index_documents(calls: Calls, documents: Iterable[Document]) -> Iterator[Indexed]:
    """Creates the documents; says after each request what became of its part.

    Raises DomainRefusedError when a document is not taken for now, however often it is tried.
    """
    for batch in _batches(documents):
        yield _create(calls, batch)


def _create(calls: Calls, batch: Sequence[Document]) -> Indexed:
    done = Indexed()
    attempt, left = 0, list(batch)
    while left:
        attempt += 1
        answer = calls("POST", "/_bulk?filter_path=items.create.status,items.create.error", _body(left))
        again: list[Document] = []
        status = 0
        for document, item in zip(left, answer.body["items"], strict=True):
            result = item["create"]
            status = result["status"]
            if status < 300:
                done.created += 1
            elif status == _CONFLICT:
                done.there += 1
            elif is_transient(status):
                again.append(document)
                reason = result["error"].get("reason")
            else:
                done.refused.append(Refused(document.event_id, _reason(result["error"])))
        if again:
            wait = calls.backoff.wait_after(attempt)
            if wait is None:
                raise DomainRefusedError(f"{calls.name} takes no documents for now: {reason}")
            calls.backoff.sleep(wait)
        left = again
    return done


def _body(documents: Sequence[Document]) -> bytes:
    return b"".join(
        b'{"create":{"_index":%b,"_id":%b}}\n%b'
        % (json.dumps(document.index_name).encode(), json.dumps(document.event_id).encode(), document.line)
        for document in documents
    )


def _reason(error: dict[str, object]) -> str:
    """The error and what caused it, without the value that caused it: OpenSearch adds "Preview of field's value"."""
    kind, reason = error.get("type"), str(error.get("reason"))
    return f"{kind}: {reason.partition(' Preview of field')[0].partition(' in document with id')[0]}"


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += len(document.line)
        if len(batch) >= BATCH_DOCUMENTS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
