"""What counts as a right answer of the API, and what the demo's small parts do."""

from typing import Any

import pytest

from examples.ecommerce.demo.orders import Sample
from examples.ecommerce.demo.place import Answer
from examples.ecommerce.demo.unindexable import CASES, is_indexable
from examples.ecommerce.demo.wait import until


def answer(wrong_field: str | None, status: int, body: dict[str, Any]) -> Answer:
    return Answer(Sample("{}", wrong_field, ()), status, body)


def test_a_good_order_has_to_be_accepted() -> None:
    assert answer(None, 201, {"orderId": "o-1"}).as_expected
    assert not answer(None, 400, {"message": "no"}).as_expected
    assert not answer(None, 200, {}).as_expected


def test_a_bad_order_has_to_be_refused_with_its_field() -> None:
    errors = [{"field": "currency", "reason": "must be USD"}, {"field": "payment.cvc", "reason": "is missing"}]
    assert answer("payment.cvc", 400, {"errors": errors}).as_expected
    assert not answer("payment.expiry", 400, {"errors": errors}).as_expected
    assert not answer("payment.cvc", 500, {"errors": errors}).as_expected
    assert not answer("payment.cvc", 201, {"orderId": "o-1"}).as_expected


def test_the_gateways_own_refusal_names_the_last_part_of_the_path() -> None:
    said = {"message": "Invalid request body", "validation": '[object has missing required properties (["city"])]'}
    assert answer("shipping.address.city", 400, said).as_expected
    assert not answer("shipping.address.line1", 400, said).as_expected


def test_a_variable_the_gateway_left_in_its_answer_names_nothing() -> None:
    said = {"validation": "$context.error.validationErrorString"}
    assert not answer("customer", 400, said).as_expected


@pytest.mark.parametrize("case", CASES)
def test_what_the_index_cannot_take_is_told_from_the_order(case: object) -> None:
    assert callable(case)
    assert not is_indexable({"metadata": case()})


def test_an_everyday_order_is_indexable() -> None:
    assert is_indexable({"amount": 1.5, "gift": True, "items": [{"n": 2**63 - 1}], "metadata": {"a": None, "b": "x"}})


def test_waiting_ends_with_what_was_waited_for() -> None:
    numbers = iter(range(10))
    assert until(lambda: next(numbers), lambda found: found == 3, seconds=5, every=0) == 3


def test_waiting_ends_at_its_limit_with_what_there_is() -> None:
    assert until(lambda: "not yet", lambda _: False, seconds=0, every=0) == "not yet"
