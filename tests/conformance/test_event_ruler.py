"""Filter policies against event-ruler's own jars; where they differ stands in docs/filter-policies.md by name."""

import json
from collections import Counter
from contextlib import suppress
from itertools import pairwise

import pytest

from event_fork.filter_policy import MESSAGE_BODY, InvalidFilterPolicyError, compile_policy
from event_fork.filter_policy.matcher import Matcher
from testbench.paths import PROJECT
from tests.conformance.event_ruler import VERSIONS, answers, asked

SEED, POLICIES = 13, 5_000

EXISTS = '`exists` and `null` or `""`'
NEAR = "Numbers nearer to each other than a millionth"
LARGE = "Numbers of events beyond +-5,000,000,000"
DIGITS = "Numbers that 64 bits do not hold exactly"
PAGE = (PROJECT / "docs/filter-policies.md").read_text(encoding="utf-8")


def named(version: str, policy: str, event: str) -> str | None:
    """The row of the page that a difference belongs to; None: there is none."""
    value = json.loads(event).get("p")
    numbers = _numbers(value)
    if '"exists"' in policy and value in (None, "", [None]):
        return EXISTS
    if version == "1.7.0" and any(abs(number) > 5_000_000_000 for number in numbers):
        return LARGE
    if version == "1.8.1" and any(float(number) != number or abs(number) >= 2**53 for number in numbers):
        return DIGITS
    in_policy = [part for entry in json.loads(policy)["p"] for part in _numbers(entry)]
    if any(number != other and abs(number - other) <= 2e-6 for number in numbers for other in in_policy):
        return NEAR
    return None


def _numbers(entry: object) -> list[float]:
    if isinstance(entry, dict | list):
        return [number for part in (entry.values() if isinstance(entry, dict) else entry) for number in _numbers(part)]
    return [entry] if isinstance(entry, int | float) and not isinstance(entry, bool) else []


def taken(policy: str) -> Matcher | None:
    with suppress(InvalidFilterPolicyError):
        return compile_policy(policy, MESSAGE_BODY)
    return None


@pytest.mark.parametrize("version", VERSIONS)
def test_every_difference_to_event_ruler_is_one_that_the_page_names(version: str) -> None:
    engine = answers(version, SEED, POLICIES)
    pairs = 0
    differences: Counter[str] = Counter()
    for (policy, events), answer in zip(asked(SEED, POLICIES), engine, strict=True):
        ours = taken(policy)
        if ours is None:
            assert isinstance(answer, str), f"event-ruler takes {policy}, and we refuse it"
            continue
        if isinstance(answer, str):
            numbers = sorted(_numbers(json.loads(policy)["p"]))
            beyond = any(abs(number) >= 5_000_000_000 for number in numbers)
            near = any(0 < upper - lower < 2e-6 for lower, upper in pairwise(numbers))
            assert beyond or (near and version == "1.7.0"), (policy, answer)
            continue
        for event, matches in zip(events, answer, strict=True):
            pairs += 1
            if ours.matches_message(None, event) is not matches:
                row = named(version, policy, event)
                assert row is not None, f"{policy} on {event}: event-ruler {version} says {matches}"
                assert f"| {row} |" in PAGE, row
                differences[row] += 1
    print(f"\nevent-ruler {version}: {pairs:,} pairs, {sum(differences.values()):,} differ: {dict(differences)}")
    assert pairs > 70_000
