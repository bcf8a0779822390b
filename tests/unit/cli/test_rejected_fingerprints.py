"""What a domain says about documents that fail for one reason is one group, whatever is in the documents."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from event_fork_cli.rejected.fingerprints import fingerprint_of
from event_fork_cli.repairs import groups
from event_fork_cli.repairs.groups import Fingerprint, Grouping

KIND = "AmazonOpenSearchService-failed"


def said(kind: str, reason: str) -> str:
    return json.dumps({"type": kind, "reason": reason})


@pytest.mark.parametrize(
    ("reason", "field"),
    [
        (
            "failed to parse field [amount] of type [long] in document with id '7'. Preview of field's value: 'x'",
            "amount",
        ),
        (
            "object mapping for [customer] tried to parse field [customer] as object, but found a concrete value",
            "customer",
        ),
        ("mapper [total] cannot be changed from type [long] to [text]", "total"),
        ("can't merge a non object mapping [a.b] with an object mapping", "a.b"),
        ("Could not dynamically add mapping for field [x.y]. Existing mapping for [x] must be of type object", "x.y"),
        ("Field [_id] is a metadata field and cannot be added inside a document.", "_id"),
        ("mapping set to strict, dynamic introduction of [new] within [_doc] is not allowed", "new"),
        ("Duplicate field 'a'\n at [Source: (byte[])]", "a"),
    ],
)
def test_the_field_is_found_in_what_opensearch_says(reason: str, field: str) -> None:
    found = fingerprint_of(KIND, "400", said("mapper_parsing_exception", reason))

    assert found == Fingerprint(KIND, "400 mapper_parsing_exception", field)


def test_ids_values_and_numbers_make_no_new_group() -> None:
    texts = [
        said("illegal_argument_exception", f"Limit of total fields [{number}] has been exceeded in document '{number}'")
        for number in (1000, 2000)
    ] + [said("illegal_argument_exception", "Limit of total fields [7] has been exceeded in document 'x'")]

    assert len({fingerprint_of(KIND, "400", text) for text in texts}) == 1
    assert "Limit of total fields" in fingerprint_of(KIND, "400", texts[0]).error


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("", "500"),
        ("The Lambda function timed out after 60000 ms", "500: The Lambda function timed out after N ms"),
        (
            '{"error": {"type": "security_exception", "reason": "no permissions"}}',
            "500 security_exception: no permissions",
        ),
        ('{"error": "Forbidden"}', "500: Forbidden"),
        ("[1, 2]", "500: [...]"),
        ("OpenSearchStatusException[nothing]", "500 OpenSearchStatusException: OpenSearchStatusException[...]"),
        ("[" * 100_000, "500"),
        ('{"type": 7, "reason": null}', "500 7"),
    ],
)
def test_whatever_a_destination_says_has_a_fingerprint(message: str, error: str) -> None:
    found = fingerprint_of("processing-failed", "500", message)

    assert (found.error if message != "[" * 100_000 else found.error[:3]) == error
    assert len(found.error) < 300


@dataclass(frozen=True)
class One:
    fingerprint: Fingerprint
    id: str = "e"
    at: str = ""
    size: int = 1
    event_type: str | None = None
    document: Any = None


def test_a_group_knows_first_and_last_and_an_example() -> None:
    fingerprint = Fingerprint("r", "e", "f")
    times = ["2026-11-23T12:00:00.000Z", "2026-11-21T12:00:00.000Z", "", "2026-11-24T12:00:00.000Z"]

    (group,) = Grouping(One(fingerprint, f"id-{n}", at) for n, at in enumerate(times)).largest_first()

    assert (group.count, group.first, group.last, group.example) == (4, times[1], times[3], "id-0")
    assert group.id == fingerprint.id


def test_names_that_never_end_make_no_more_groups_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MOST_GROUPS", 10)

    grouping = Grouping(One(Fingerprint("r", "e", f"field-{number}")) for number in range(10_000))

    found = grouping.largest_first()
    assert len(found) == 11
    assert len(grouping) == 10_000
    assert (found[0].error, found[0].count) == (groups.MANY, 9_990)


def test_a_fingerprints_id_does_not_change_and_tells_apart() -> None:
    assert Fingerprint("a", "b", "c").id == Fingerprint("a", "b", "c").id
    assert len({Fingerprint("a", "b", "c").id, Fingerprint("ab", "", "c").id, Fingerprint("a", "bc").id}) == 3
    assert Fingerprint("\ud800", "").id
