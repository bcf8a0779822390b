"""The bench, which may not import the product, judges filter policies by the same table."""

import pytest

from event_fork.filter_policy import InvalidFilterPolicyError, compile_policy
from testbench.filter_policies import problem
from tests.support.filter_policies import REFUSED, TAKEN, Case


@pytest.mark.parametrize("case", TAKEN)
def test_the_bench_takes_what_sns_takes(case: Case) -> None:
    assert problem(*case) is None


@pytest.mark.parametrize("case", REFUSED)
def test_the_bench_refuses_what_sns_refuses_with_the_same_reason(case: Case) -> None:
    with pytest.raises(InvalidFilterPolicyError) as refused:
        compile_policy(*case)
    assert problem(*case) == refused.value.reason
