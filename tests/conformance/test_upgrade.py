"""What an earlier commit made stays when the modules of today are applied."""

from testbench.paths import PROJECT
from tests.conformance import planned, planning, upgrade_from


def test_an_upgrade_replaces_and_destroys_nothing() -> None:
    state = upgrade_from.saved_state()
    assert len(state["resources"]) >= 100
    folder = planned.WORK / "upgrade"
    upgrade_from.initialised(folder, "../" * (len(folder.relative_to(PROJECT).parts) - 1) + "..")
    shown = planning.plan(folder, state)
    assert upgrade_from.replaced(shown) == []
    stands = sum(len(each["instances"]) for each in state["resources"])
    kept = [each for each in shown["resource_changes"] if each["change"]["actions"] in (["no-op"], ["update"])]
    assert len(kept) == stands
