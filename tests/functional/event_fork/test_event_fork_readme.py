"""lambdas/README.md names every metric, reason and variable that the code has."""

import inspect
import re

import pytest

from event_fork import errors, settings, telemetry
from event_fork.errors import PermanentMessageError
from event_fork.telemetry import archive_replay
from tests.functional.event_fork.conftest import REPOSITORY

README = (REPOSITORY / "lambdas" / "README.md").read_text(encoding="utf-8")
DOCUMENTED = set(re.findall(r"`([^`\s]+)`", README))


def constants_of(module: object, pattern: str) -> set[str]:
    return {value for name, value in vars(module).items() if isinstance(value, str) and re.fullmatch(pattern, name)}


METRICS = constants_of(telemetry, r"(EVENTS|RECORDS|RECORD|ENTRIES)_[A-Z_]+|CALLS") | constants_of(
    archive_replay, r"(EVENTS|ENTRIES|ITEMS|REPLAYS)_[A-Z_]+"
)
VARIABLES = {name for name, value in vars(settings).items() if name.isupper() and name == value}
REASONS = {
    error.reason
    for _, error in inspect.getmembers(errors, inspect.isclass)
    if issubclass(error, PermanentMessageError) and error is not PermanentMessageError
}


def test_the_lists_are_read_from_the_code() -> None:
    assert len(METRICS) >= 13
    assert len(VARIABLES) >= 8
    assert len(REASONS) == 8


@pytest.mark.parametrize("name", sorted(METRICS | VARIABLES | REASONS))
def test_it_is_in_the_readme(name: str) -> None:
    assert name in DOCUMENTED


def test_the_tree_in_the_docstring_has_every_error() -> None:
    drawn = set(re.findall(r"\w+Error\b", errors.__doc__ or ""))

    assert drawn == {
        name for name, error in inspect.getmembers(errors, inspect.isclass) if issubclass(error, Exception)
    }
