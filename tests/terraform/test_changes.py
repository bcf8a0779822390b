"""docs/changes.md is true: each input is changed against a saved state, and the plan does what its row says."""

import json
import re
from collections import Counter
from functools import cache

import pytest

from docs.terraform_inputs import inputs
from testbench.paths import PROJECT
from tests.terraform.changes import HARMLESS, ROOT, ROWS, STORES, calls, changes
from tests.terraform.saved_state import Call, Change, Plan, Workspace

pytestmark = pytest.mark.slow


@cache
def plans() -> tuple[Plan, list[str]]:
    """All changes, permitted; and what is said of those that need a permission without it."""
    bases: dict[str, Call] = {}
    copies: dict[str, str] = {}
    after: dict[str, Call] = {}
    for name, (module, rows) in calls().items():
        before = rows[0].before(module)
        copies[name] = next((known for known, call in bases.items() if call == before), f"base_{len(bases)}")
        bases.setdefault(copies[name], before)
        after[name] = rows[0].after(module) | {key: value for row in rows for key, value in row.to.items()}
    workspace = Workspace("changes")
    workspace.save_state(bases)
    workspace.copy_state(copies)
    permitted = workspace.plan(after)
    guarded = [name for name, (_, rows) in calls().items() if rows[0].guarded]
    workspace.copy_state({name: name for name in guarded})
    without = {name: {key: value for key, value in after[name].items() if key != "replace_stores"} for name in guarded}
    return permitted, workspace.plan(without).refusals


def in_aws(name: str) -> list[Change]:
    permitted, _ = plans()
    assert permitted.refusals == []
    return [change for change in permitted.changes[name] if change.kind != "terraform_data"]


def gone(name: str) -> tuple[set[str], set[str]]:
    """Kinds that are replaced, and kinds that are removed and not made elsewhere."""
    replaced = {change.kind for change in in_aws(name) if change.replaces}
    return replaced, {change.kind for change in in_aws(name) if change.actions == ("delete",)} - replaced


@pytest.mark.parametrize("name", calls(), ids=[f"{call}-{rows[0].input}" for call, (_, rows) in calls().items()])
def test_changes_of_inputs_do_what_the_page_says(name: str) -> None:
    (module, rows), (replaced, removed) = calls()[name], gone(name)
    expected = {kind for row in rows for kind in row.replaces}, {kind for row in rows for kind in row.removes}
    if rows[0].stores():
        assert (replaced & STORES.keys(), removed & STORES.keys()) == expected
    else:
        assert (replaced, removed) == expected
        assert {*replaced, *removed} <= HARMLESS.keys()
    assert (in_aws(name) == []) == rows[0].nothing, f"{module}: {[row.input for row in rows]}"


def test_changes_that_replace_a_store_are_refused_without_a_new_text_in_replace_stores() -> None:
    # a failed postcondition does not say of which call it is, so the refusals of each kind are counted
    _, refusals = plans()
    expected = Counter(words for _, row, _ in changes() if row.guarded for words in row.refusals())
    assert {words: sum(words in refusal for refusal in refusals) for words in expected} == expected
    assert all(re.search(r"replace_stores = \"[\w ]+\" \(any new text\)", refusal) for refusal in refusals)


def test_every_store_that_a_module_replaces_is_guarded() -> None:
    unguarded = [row for row in ROWS if row.stores() and not row.guarded]
    assert {row.input for row in unguarded if row.modules != (ROOT,)} == {"new_domain.engine_version"}
    assert all("nothing refuses it" in row.how.lower() for row in unguarded)


def attributes_of(type_text: str) -> set[str]:
    """Names of the attributes of an object, without those of objects in it."""
    depth, outer = 0, ""
    for character in type_text.removeprefix("object({").removesuffix("})"):
        depth += (character in "([{") - (character in ")]}")
        outer += character if depth == 0 else ""
    return set(re.findall(r"(\w+) *=", outer))


@pytest.mark.parametrize("module", ["fork", "storage-backup", "search-analytics", "replay", "root"])
def test_the_page_has_every_input_and_every_attribute_of_an_object(module: str) -> None:
    folder = PROJECT if module == ROOT else PROJECT / "modules" / module
    rows = [row for row in ROWS if module in row.modules]
    for each in inputs(folder):
        changed = [
            row.to[each.name] for row in rows if each.name in row.to and row.input.partition(".")[0] == each.name
        ]
        assert changed, f"docs/changes.md has no row for {each.name}"
        if each.type.startswith("object({"):
            attributes = attributes_of(each.type)
            told = {attribute for value in changed for attribute in (value or {})}
            assert attributes - told == set(), f"docs/changes.md says nothing of these attributes of {each.name}"


def test_an_input_that_replaces_a_store_says_so() -> None:
    for row in ROWS:
        for module in row.modules:
            if row.stores() and module != ROOT:
                (each,) = [
                    each for each in inputs(PROJECT / "modules" / module) if each.name == row.input.partition(".")[0]
                ]
                assert "replace_stores" in each.description, f"{module}: {each.name}"


def test_a_row_changes_what_it_names() -> None:
    for row in ROWS:
        for module in row.modules:
            assert json.dumps(row.before(module)) != json.dumps(row.after(module)), row.input
