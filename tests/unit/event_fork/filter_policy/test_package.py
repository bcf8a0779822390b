"""What the package promises as a whole: pure, quick, and described in docs/filter-policies.md."""

import ast
import sys
import timeit
from pathlib import Path

import event_fork.filter_policy
from event_fork.filter_policy import compile_policy
from event_fork.filter_policy.patterns import OPERATORS

PACKAGE = Path(event_fork.filter_policy.__file__).parent
DOCS = Path(__file__).parents[4] / "docs" / "filter-policies.md"


def imported_modules() -> set[str]:
    names: set[str] = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names.add(node.module or "")
    return names


def test_only_the_standard_library_and_the_error_tree_are_imported() -> None:
    others = {name for name in imported_modules() if name.split(".")[0] not in sys.stdlib_module_names}
    assert {name for name in others if not name.startswith("event_fork.filter_policy")} == {"event_fork.errors"}


def test_every_operator_is_in_the_docs() -> None:
    text = DOCS.read_text()
    for operator in (*OPERATORS, "$or"):
        assert f'"{operator}": ' in text


def test_three_keys_on_attributes_cost_a_few_microseconds() -> None:
    # 3 us is the aim, about 1 us is what a quiet machine needs; the limit leaves room for a busy one.
    matcher = compile_policy(
        {
            "event_type": ["order.placed", "order.paid"],
            "store": [{"prefix": "sh"}],
            "price": [{"numeric": [">", 0, "<=", 150]}],
        }
    )
    attributes = {
        "event_type": {"Type": "String", "Value": "order.paid"},
        "store": {"Type": "String", "Value": "shop-1"},
        "price": {"Type": "Number", "Value": "99.5"},
    }
    assert matcher.matches_message(attributes, "")
    rounds = 2_000
    best = min(timeit.repeat(lambda: matcher.matches_message(attributes, ""), number=rounds, repeat=20)) / rounds
    assert best < 10e-6
