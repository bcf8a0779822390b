"""What the bench's own tests share: an environment without the host's, properties that repeat, known differences."""

import pytest
from hypothesis import HealthCheck, settings

from testbench import composition, host

host.leave()

# A property is tried with the same examples in every run; --hypothesis-profile=explore tries others. A deadline on one
# example would fail on a busy machine, not on a wrong result: the time limit of a test is pytest's.
_ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", _ANY_MACHINE)
settings.register_profile("repeatable", _ANY_MACHINE, derandomize=True)
settings.load_profile("repeatable")


_FIRST = frozenset({"test_workspace.py", "test_other_projects.py"})
"""They wait for Terraform for minutes. As the last files they would keep one worker, and the other has nothing left."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a backend is known to do otherwise must still be so: else the mark, and its row on the page, have to go."""
    items.sort(key=lambda item: item.path.name not in _FIRST)
    for item in items:
        for mark in item.iter_markers("differs"):
            if reason := mark.kwargs.get(composition.backend().name):
                item.add_marker(pytest.mark.xfail(strict=True, reason=reason))
