"""The demo's verdict: the report's shape, and that every broken promise is found and named."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from examples.ecommerce.demo.orders import Sample
from examples.ecommerce.demo.place import Answer
from examples.ecommerce.demo.read_archive import Archive, ArchivedObject
from examples.ecommerce.demo.read_index import Rejected
from examples.ecommerce.demo.report import broken_promises, report_of
from examples.ecommerce.demo.seen import Applied, ArchiveReplay, Destroyed, Healing, Search, Seen

CARD = "4111111111111111"


def order(name: str, amount: float, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "id": name,
        "amount": amount,
        "customer": {"id": "c-1"},
        "payment": {"method": "card"},
        "items": [{"sku": "MUG", "quantity": 1, "unitPrice": amount}],
        "metadata": metadata or {},
    }


CHEAP, DEAR, ODD = order("o-1", 99.99), order("o-2", 100.0), order("o-3", 349.0, {"utm": {"": "x"}})
ORDERS = (CHEAP, DEAR, ODD)


def row(given: dict[str, Any], **changes: Any) -> dict[str, Any]:
    amount = Decimal(str(given["amount"]))
    return {
        "id": given["id"],
        "status": "paid",
        "amount": amount,
        "customerId": "c-1",
        "paymentMethod": "card",
        "items": [{"sku": "MUG", "quantity": Decimal(1), "unitPrice": amount}],
    } | changes


def rows(**changes: Any) -> dict[str, Any]:
    return {given["id"]: row(given, **(changes if given is DEAR else {})) for given in ORDERS}


def archive(*orders: dict[str, Any], **changes: Any) -> Archive:
    text = "".join(json.dumps({"MessageId": "m", "Message": json.dumps(given)}) + "\n" for given in orders).encode()
    stored = ArchivedObject(key="date=2026-11-23/hour=09/a.gz", compression="GZIP", encryption="aws:kms", text=text)
    return Archive((replace(stored, **changes),), ())


def accepted(name: str) -> Answer:
    return Answer(Sample("{}", None, (CARD,)), 201, {"orderId": name})


def refused(**changes: Any) -> Answer:
    errors = [{"field": "payment.cvc", "reason": "is missing"}]
    return replace(
        Answer(Sample("{}", "payment.cvc", ()), 400, {"message": "Invalid order", "errors": errors}), **changes
    )


REJECTED = Rejected("errors/a", ODD, "400", json.dumps({"type": "t", "reason": "r"}), 1)
NO_DEAD_LETTERS = {"checkout": 0, "backup": 0, "search": 0, "replay": 0}
SEEN = Seen(
    answers=[accepted("o-1"), accepted("o-2"), accepted("o-3"), refused()],
    archive=archive(*ORDERS),
    queries={},
    search=Search([DEAR], [REJECTED]),
    healing=Healing(rows(status="unpaid"), rows(), 3, 0, NO_DEAD_LETTERS),
    archive_replay=ArchiveReplay(3, 3, "done", rows()),
    applied=Applied(["aws_sns_topic.a", "aws_sqs_queue.b"], [], ["sns shop"]),
    destroyed=Destroyed([], []),
    seconds={"apply": 90.27},
)


def test_the_report_has_the_figures_of_what_was_read_back() -> None:
    assert report_of(SEEN) == {
        "orders": {"sent": 4, "accepted": 3, "refused": 1},
        "backup": {"objects": 1, "events": 3, "card_data_found": 0, "compression": "GZIP", "encryption": "aws:kms"},
        "search": {"expected": 1, "indexed": 1, "rejected": 1, "rejected_in_bucket": 1},
        "replay": {"corrupted_before": 1, "replayed": 3, "corrupted_after": 0},
        "archive_replay": {"planned": 3, "sent": 3, "state": "done"},
        "terraform": {"second_plan_changes": 0, "resources": 2, "destroyed": True},
        "seconds": {"apply": 90.3},
    }


def test_a_run_that_kept_everything_has_no_broken_promise() -> None:
    assert broken_promises(SEEN) == []


def test_an_example_that_was_kept_is_reported_as_not_destroyed_and_that_is_no_fault() -> None:
    kept = replace(SEEN, destroyed=None)
    assert report_of(kept)["terraform"]["destroyed"] is False
    assert broken_promises(kept) == []


def with_healing(**changes: Any) -> Seen:
    return replace(SEEN, healing=replace(SEEN.healing, **changes))


def with_archive_replay(**changes: Any) -> Seen:
    assert SEEN.archive_replay is not None
    return replace(SEEN, archive_replay=replace(SEEN.archive_replay, **changes))


def test_an_aws_without_distributed_map_replays_nothing_of_the_backup_and_that_is_no_fault() -> None:
    without = replace(SEEN, archive_replay=None)
    assert report_of(without)["archive_replay"] is None
    assert broken_promises(without) == []


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (lambda: replace(SEEN, answers=[*SEEN.answers, refused(status=502)]), "answered 502"),
        (lambda: replace(SEEN, answers=[*SEEN.answers, refused(body={"message": "no"})]), "payment.cvc"),
        (lambda: replace(SEEN, answers=[*SEEN.answers, accepted("o-4")]), "not in the backup: o-4"),
        (lambda: replace(SEEN, archive=archive(*ORDERS, order("o-9", 1))), "never accepted: o-9"),
        (lambda: replace(SEEN, archive=archive(*ORDERS, CHEAP)), "4 events for 3 orders"),
        (lambda: replace(SEEN, archive=archive(CHEAP, DEAR, ODD | {"note": CARD})), CARD),
        (lambda: replace(SEEN, archive=archive(CHEAP, DEAR, ODD | {"cvc": "1"})), "card data is in the backup 1 times"),
        (lambda: replace(SEEN, archive=archive(*ORDERS, compression="none")), "compression is none"),
        (lambda: replace(SEEN, archive=archive(*ORDERS, encryption="AES256")), "encryption is AES256"),
        (lambda: replace(SEEN, archive=replace(SEEN.archive, error_keys=("errors/x",))), "errors/x"),
        (lambda: replace(SEEN, search=Search([], [REJECTED])), "1 orders are not in the index: o-2"),
        (lambda: replace(SEEN, search=Search([DEAR, CHEAP], [REJECTED])), "should not be: o-1"),
        (lambda: replace(SEEN, search=Search([DEAR, DEAR], [REJECTED])), "2 documents for 1 orders"),
        (lambda: replace(SEEN, search=Search([DEAR], [])), "rejected orders differs"),
        (lambda: with_healing(rows_before=rows()), "nothing to heal"),
        (lambda: with_healing(rows_after=rows(amount=Decimal(1))), "1 rows are wrong after the replay: o-2"),
        (lambda: with_healing(rows_after={}), "3 rows are wrong after the replay: o-1, o-2, o-3"),
        (lambda: with_healing(waiting_after=1), "2 orders were replayed, not the 3"),
        (lambda: with_healing(dead_letters=NO_DEAD_LETTERS | {"backup": 2}), "dead-letter queue of backup"),
        (lambda: with_archive_replay(planned=2, sent=2), "planned 2 orders of the backup, not the 3"),
        (lambda: with_archive_replay(sent=2, state="incomplete"), "is incomplete after 2 of 3"),
        (lambda: with_archive_replay(rows_after=rows(status="unpaid")), "changed rows that were right"),
        (lambda: replace(SEEN, applied=replace(SEEN.applied, second_plan=["update a.b"])), "would change update a.b"),
        (lambda: replace(SEEN, destroyed=Destroyed([], ["sqs shop-queue"])), "still sqs shop-queue"),
        (lambda: replace(SEEN, destroyed=Destroyed(["aws_sqs_queue.b"], [])), "still aws_sqs_queue.b"),
    ],
)
def test_a_broken_promise_is_said_in_a_sentence(broken: Callable[[], Seen], sentence: str) -> None:
    said = broken_promises(broken())
    assert any(sentence in one for one in said), said


def test_messages_that_died_on_the_way_are_not_counted_as_replayed() -> None:
    assert with_healing(dead_letters=NO_DEAD_LETTERS | {"replay": 1}).healing.replayed == 2
