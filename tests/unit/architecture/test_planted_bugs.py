"""`make mutants` takes a quarter of an hour, so it is not part of `make test`; that its bugs can be planted is."""

from pathlib import Path

import pytest

from testbench.paths import PROJECT
from tests.mutants.planted import PLANTED, Bug


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.what.replace(" ", "-"))
def test_a_planted_bug_changes_one_place_of_todays_code(bug: Bug) -> None:
    assert (PROJECT / bug.file).read_text().count(bug.before) == 1
    assert bug.before != bug.after
    assert all(Path(PROJECT / place).exists() for place in bug.tests)
