"""Every range that a validation states: both ends are planned, and what lies beyond each is refused."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from docs.generate_terraform import copies
from tests.terraform.limits import LIMITS
from tests.terraform.native import MODULES
from tests.terraform.refusals import REFUSALS

_MESSAGE = re.compile(r'error_message = "(?P<path>[\w.*\[\]]+)(?: and [\w.]+)? must (?:be|have|take) (?P<rule>.*)')
_BOTH = re.compile(r"(?:(?!for example)[^\d.])*(?P<low>\d+(?:[.]\d+)?)-(?P<high>\d+(?:[.]\d+)?)\b")
_ONE = re.compile(r"(?:empty, or |a whole number, )?at (?P<end>least|most) (?P<bound>\d+)\b(?! KiB)")
_INTERNAL = ("delivery", "bucket", "archive-replay")
"""Modules whose inputs are planned through the pipelines."""
_COUNTED_OTHERWISE = ("filter_policy", "environment_variables", "redact", "index_management.dashboards")
"""Combinations, bytes, characters of JSON, two lists: their ends are in limits.py, refusals.py and test_refusals.py."""
BEYOND_THE_PROVIDER = {("max_message_bytes", 1048576)}
"""Version 5.100 of the provider refuses these itself: nothing can be planned at that end."""


@dataclass(frozen=True)
class Range:
    """What a validation allows of an input: a number, or how long a text or a list may be."""

    module: str
    path: str
    low: float | None
    high: float | None


def ranges() -> Iterator[Range]:
    for file in sorted(MODULES.glob("*/variables*.tf")):
        for line in file.read_text().splitlines() if file not in copies() else []:
            found = _MESSAGE.search(line)
            both, one = (_BOTH.match(found["rule"]), _ONE.match(found["rule"])) if found else (None, None)
            if found and found["path"] in _COUNTED_OTHERWISE:
                continue
            if found and both:
                yield Range(file.parent.name, found["path"], float(both["low"]), float(both["high"]))
            elif found and one:
                bound = float(one["bound"])
                low, high = (bound, None) if one["end"] == "least" else (None, bound)
                yield Range(file.parent.name, found["path"], low, high)


def measures(inputs: dict[str, Any], path: str) -> list[float]:
    """The value at a path as a range counts it."""
    values: list[Any] = [inputs]
    for step in path.replace("[*]", ".*").split("."):
        if step == "*":
            values = [inner for value in values if isinstance(value, list) for inner in value]
        else:
            values = [value[step] for value in values if isinstance(value, dict) and value.get(step) is not None]
    values = [value for value in values if value is not None]
    return [float(len(value)) if isinstance(value, str | list | dict) else float(value) for value in values]


def of(module: str, cases: list[Any], path: str) -> set[float]:
    modules = {module} if module not in _INTERNAL else {case.module for case in cases}
    return {value for case in cases if case.module in modules for value in measures(case.inputs, path)}


RANGES = list(ranges())


def test_the_ranges_are_found() -> None:
    assert len(RANGES) >= 35
    assert {"queue.max_receive_count", "partition_by.keys", "vpc.security_group_ids"} <= {each.path for each in RANGES}


@pytest.mark.parametrize("each", RANGES, ids=[f"{each.module}-{each.path}" for each in RANGES])
def test_both_ends_of_a_range_are_planned_and_what_is_beyond_is_refused(each: Range) -> None:
    planned = of(each.module, LIMITS, each.path)
    refused = of(each.module, REFUSALS, each.path)
    ends = {end for end in (each.low, each.high) if end is not None and (each.path, end) not in BEYOND_THE_PROVIDER}
    assert ends - planned == set(), "not among LIMITS"
    assert each.low is None or any(value < each.low for value in refused), "nothing below is among REFUSALS"
    assert each.high is None or any(value > each.high for value in refused), "nothing above is among REFUSALS"


def test_more_than_110_wrong_values_and_all_limits_are_counted() -> None:
    assert len(REFUSALS) >= 110
    assert len(LIMITS) >= 90
