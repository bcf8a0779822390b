from datetime import UTC, datetime
from typing import Any

import pytest

from event_fork.errors import InvocationShapeError
from event_fork.index_management.managed_index import ManagedIndex, Request, period_end

INDEX: dict[str, Any] = {
    "name": "orders",
    "pattern": "orders-2*",
    "template_name": "event-fork-orders",
    "template": {"index_patterns": ["orders-2*"]},
    "alias": "orders-all",
    "retention_days": 2,
}
MIDNIGHT = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.mark.parametrize(
    ("suffix", "end"),
    [
        ("-2026-11-23-13", datetime(2026, 11, 23, 14, tzinfo=UTC)),
        ("-2026-11-23-00", datetime(2026, 11, 23, 1, tzinfo=UTC)),
        ("-2026-12-31", datetime(2027, 1, 1, tzinfo=UTC)),
        ("-2026-12", datetime(2027, 1, 1, tzinfo=UTC)),
        ("-2028-02", datetime(2028, 3, 1, tzinfo=UTC)),
        ("-2026-w01", datetime(2026, 1, 8, tzinfo=UTC)),
        ("", None),
        ("-2026", None),
        ("-2026-13", None),
        ("-2026-02-30", None),
        ("-2026-11-23-13-1", None),
        ("-eu-2026-11-23", None),
        ("-2026-11-23 ", None),
    ],
)
def test_the_end_of_a_period_is_read_from_the_name_that_firehose_gives(suffix: str, end: datetime | None) -> None:
    assert period_end(suffix) == end


def test_only_indices_whose_period_ended_longer_ago_than_they_are_kept_are_too_old() -> None:
    names = [
        "orders-2026-11-25",
        "orders-2026-11-24",
        "orders-2026-10",
        "orders-eu-2020-01-01",
        "orders",
        "orders-2020-x",
    ]

    assert ManagedIndex(**INDEX).too_old(names, MIDNIGHT) == ["orders-2026-10", "orders-2026-11-24"]


def test_without_a_number_of_days_nothing_is_too_old() -> None:
    assert ManagedIndex(**{**INDEX, "retention_days": None}).too_old(["orders-1999-01-01"], MIDNIGHT) == []


def test_terraforms_three_actions_and_the_schedules_one_are_told_apart() -> None:
    index = ManagedIndex(**INDEX)
    other = {**INDEX, "alias": None}

    def of(action: str, previous: object) -> Request:
        return Request.from_event({"index": INDEX, "tf": {"action": action, "prev_input": previous}})

    assert of("create", None) == Request(index)
    assert of("update", {"index": other}) == Request(index, previous=ManagedIndex(**other))
    assert of("delete", {"index": INDEX}) == Request(index, remove=True, previous=index)
    assert Request.from_event({"action": "delete_old", "index": INDEX}) == Request(index, delete_old=True)


@pytest.mark.parametrize("event", [{}, {"index": INDEX}, {"Records": []}, {"action": "delete_old", "index": {}}])
def test_any_other_invocation_is_refused(event: dict[str, object]) -> None:
    with pytest.raises(InvocationShapeError):
        Request.from_event(event)
