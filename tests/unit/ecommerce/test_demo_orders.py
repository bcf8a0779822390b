"""The demo's orders: repeatable, varied, wrong in many ways, on both sides of the filter."""

import json
from decimal import Decimal

import pytest
from checkout.order import InvalidOrderError, parse_order

from examples.ecommerce.demo.orders import FILTER_FROM, samples
from examples.ecommerce.demo.unindexable import CASES, is_indexable
from examples.ecommerce.demo.wrong import WRONG


def test_the_same_seed_gives_the_same_orders_and_another_seed_others() -> None:
    assert samples(50, bad=5, seed=7) == samples(50, bad=5, seed=7)
    assert samples(50, bad=5, seed=7) != samples(50, bad=5, seed=8)


def test_good_orders_are_taken_and_bad_ones_are_refused_for_the_field_they_name() -> None:
    for sample in samples(100, bad=40, seed=11):
        if sample.wrong_field is None:
            parse_order(sample.body)
        else:
            with pytest.raises(InvalidOrderError) as refused:
                parse_order(sample.body)
            assert sample.wrong_field in {fault.field for fault in refused.value.faults}


def test_counts_are_as_asked() -> None:
    made = samples(200, bad=20, seed=1)
    assert len(made) == 200
    assert sum(sample.wrong_field is not None for sample in made) == 20


def test_twenty_bad_orders_are_wrong_in_twenty_ways() -> None:
    assert len(WRONG) >= 20
    bodies = {sample.body for sample in samples(21, bad=20, seed=1) if sample.wrong_field}
    assert len(bodies) == 20


def test_the_limit_of_the_filter_is_met_from_both_sides() -> None:
    amounts = [parse_order(sample.body)["amount"] for sample in samples(60, bad=0, seed=1)]
    assert Decimal("99.99") in amounts
    assert FILTER_FROM in amounts
    assert sum(amount < FILTER_FROM for amount in amounts) >= 10
    assert sum(amount >= FILTER_FROM for amount in amounts) >= 10


def test_each_case_the_index_cannot_take_comes_once_and_passes_the_filter() -> None:
    orders = [parse_order(sample.body) for sample in samples(60, bad=0, seed=1)]
    unindexable = [order for order in orders if not is_indexable(order)]
    assert len(unindexable) == len(CASES)
    assert all(order["amount"] >= FILTER_FROM for order in unindexable)


def test_card_numbers_are_listed_with_their_order() -> None:
    for sample in samples(60, bad=0, seed=1):
        payment = json.loads(sample.body)["payment"]
        assert sample.card_numbers == ((payment["cardNumber"],) if payment["method"] == "card" else ())


def test_as_many_bad_orders_as_orders_are_refused() -> None:
    with pytest.raises(ValueError, match="bad must be from 0 to 9"):
        samples(10, bad=10, seed=1)
