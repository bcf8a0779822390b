"""What one walk-through saw, read back from the API's answers, S3, the index, the table, the queues and Terraform."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from examples.ecommerce.demo.orders import FILTER_FROM
from examples.ecommerce.demo.place import Answer
from examples.ecommerce.demo.read_archive import Archive
from examples.ecommerce.demo.read_checkout import Row, wrong_rows
from examples.ecommerce.demo.read_index import Document, Rejected
from examples.ecommerce.demo.unindexable import is_indexable
from testbench.athena import QueryResult


def expected_ids(archive: Archive) -> set[str]:
    """Ids of the archive's orders that pass the search fork's filter and that the index can take."""
    return {order["id"] for order in _dear_orders(archive) if is_indexable(order)}


def unindexable_ids(archive: Archive) -> set[str]:
    """Ids of the archive's orders that pass the filter and that the index cannot take."""
    return {order["id"] for order in _dear_orders(archive) if not is_indexable(order)}


def _dear_orders(archive: Archive) -> Iterator[dict[str, Any]]:
    return (order for order in archive.orders if Decimal(order["amount"]) >= FILTER_FROM)


@dataclass(frozen=True)
class Search:
    """The documents of the index, and what it rejected."""

    documents: list[Document]
    rejected: list[Rejected]

    @property
    def ids(self) -> set[str]:
        """Ids of the indexed orders."""
        return {document["id"] for document in self.documents}

    @property
    def rejected_ids(self) -> set[str]:
        """Ids of the orders in the bucket."""
        return {found.order["id"] for found in self.rejected}


@dataclass(frozen=True)
class Healing:
    """CheckoutTable and the replay queue before the fix and after the replay."""

    rows_before: dict[str, Row]
    rows_after: dict[str, Row]
    waiting_before: int
    waiting_after: int
    dead_letters: dict[str, int]

    @property
    def replayed(self) -> int:
        """Messages that left the replay queue for CheckoutQueue."""
        return self.waiting_before - self.waiting_after - self.dead_letters["replay"]


@dataclass(frozen=True)
class ArchiveReplay:
    """A replay from the backup: what was planned and sent, and CheckoutTable after it."""

    planned: int
    sent: int
    state: str
    rows_after: dict[str, Row]


@dataclass(frozen=True)
class Applied:
    """Resources in Terraform's state, what a second plan would change, and what the services have."""

    resources: list[str]
    second_plan: list[str]
    in_account: list[str]


@dataclass(frozen=True)
class Destroyed:
    """What is still there after `terraform destroy`: in its state, and by asking the services."""

    in_state: list[str]
    in_account: list[str]


@dataclass(frozen=True)
class Seen:
    """Everything; None stands for a destroy that was not made (the example was kept), or a replay from the backup."""

    answers: list[Answer]
    archive: Archive
    queries: dict[str, QueryResult]
    search: Search
    healing: Healing
    archive_replay: ArchiveReplay | None
    applied: Applied
    destroyed: Destroyed | None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def accepted(self) -> list[Answer]:
        """Answers of accepted orders."""
        return [answer for answer in self.answers if answer.status == 201]

    @property
    def refused(self) -> list[Answer]:
        """Answers of refused orders."""
        return [answer for answer in self.answers if answer.status == 400]

    @property
    def card_data(self) -> list[str]:
        """Places in the archive with anything of a card that was sent."""
        return self.archive.card_data({number for answer in self.answers for number in answer.sample.card_numbers})

    @property
    def expected_ids(self) -> set[str]:
        """Ids of the orders that have to be in the index."""
        return expected_ids(self.archive)

    @property
    def unindexable_ids(self) -> set[str]:
        """Ids of the orders that have to be in the bucket of rejected ones."""
        return unindexable_ids(self.archive)

    @property
    def corrupted_before(self) -> list[str]:
        """Ids of orders whose row was wrong while the bug was on."""
        return wrong_rows(self.healing.rows_before, self.archive.orders)

    @property
    def corrupted_after(self) -> list[str]:
        """Ids of orders whose row is wrong after the replay."""
        return wrong_rows(self.healing.rows_after, self.archive.orders)
