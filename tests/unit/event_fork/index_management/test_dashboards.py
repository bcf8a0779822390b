import hashlib
import json
import re

from event_fork.index_management.dashboards import Dashboards
from testbench.paths import PROJECT

WANTED = Dashboards("orders", "orders-2*", "global", ["amount"], ["country.keyword"], "In a bucket.")
# Of the edition in modules/search-analytics/index.tf. Panels that changed are installed by the next apply only where
# the edition has changed too: give it a new number there, and write the new hash here.
EDITION, SHA256 = 1, "e6e7efa719c94677b6c723b11fa3404057bbf74914ced84ffddb841dead9f120"


def test_panels_that_changed_have_a_new_edition() -> None:
    written = json.dumps(WANTED.saved_objects(), sort_keys=True).encode()
    (edition,) = re.findall(r"edition += (\d+)", (PROJECT / "modules/search-analytics/index.tf").read_text())

    assert (int(edition), hashlib.sha256(written).hexdigest()) == (EDITION, SHA256)


def test_the_dashboard_names_each_panel_and_every_id_is_the_forks_own() -> None:
    *others, dashboard = WANTED.saved_objects()
    panels = {each["id"] for each in others if each["type"] == "visualization"}

    assert {reference["id"] for reference in dashboard["references"]} == panels
    assert all(identity.startswith("event-fork-orders") for _, identity in WANTED.identities())
    assert len(set(WANTED.identities())) == len(others) + 1


def test_a_fields_name_is_text_wherever_it_stands() -> None:
    odd = "a\\b [c] 'd' é"
    objects = Dashboards("orders", "orders-2*", "global", [odd], [f"{odd}.keyword"]).saved_objects()
    specs = [
        json.loads(json.loads(each["attributes"]["visState"])["params"]["spec"])
        for each in objects
        if each["type"] == "visualization" and odd in each["attributes"]["title"]
    ]

    assert specs[0]["data"]["url"]["body"]["aggs"]["time"]["aggs"]["numbers"]["stats"]["field"] == odd
    assert specs[1]["data"]["url"]["body"]["aggs"]["values"]["terms"]["field"] == f"{odd}.keyword"
    assert all(odd not in part["field"] for spec in specs for part in spec["encoding"]["tooltip"])


def test_types_are_counted_by_the_field_that_the_users_mapping_has() -> None:
    written = json.dumps(Dashboards("orders", "orders-all", "global", type_field="event_type").saved_objects())
    assert "event_type" in written
    assert "event_type.keyword" not in written
