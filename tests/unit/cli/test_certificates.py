"""Certificates: written, read again, refused when they were changed, and what they find changed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from event_fork_cli.errors import BadInputError, RefusedError
from event_fork_cli.verification.certificates import (
    FORMAT,
    Certificate,
    CertifiedIndex,
    CertifiedObject,
    changes,
    read_certificate,
)

INDEX = CertifiedIndex("orders-search", 8, 7, 1, 0, "ab")
WHOLE = Certificate(
    FORMAT,
    "2026-11-24T00:00:00.000Z",
    ("orders-backup", "orders-search"),
    "arn:aws:sns:eu-west-1:000000000000:orders",
    "s3://archive/",
    "2026-11-23T00:00:00.000Z",
    "2026-11-24T00:00:00.000Z",
    10,
    0,
    "cd",
    10,
    (INDEX,),
    (CertifiedObject("a\x1b.gz", "e1", 6), CertifiedObject("b.gz", "e2", 4)),
).sealed()


def test_a_certificate_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "day.json"
    file.write_bytes(WHOLE.to_bytes())
    assert read_certificate(file) == WHOLE
    assert changes(WHOLE, read_certificate(file)) == []


@pytest.mark.parametrize("member", ["archived", "checksum", "end", "objects", "sha256"])
def test_a_certificate_that_was_changed_in_any_member_is_refused(tmp_path: Path, member: str) -> None:
    content = json.loads(WHOLE.to_bytes())
    content[member] = {"archived": 9, "objects": content["objects"][:1]}.get(member, "2026-11-25T00:00:00.000Z")
    file = tmp_path / "day.json"
    file.write_text(json.dumps(content))
    with pytest.raises(RefusedError, match="not as it was written"):
        read_certificate(file)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 1}', "[" * 100_000])
def test_what_is_no_certificate_is_bad_input(tmp_path: Path, text: str) -> None:
    file = tmp_path / "day.json"
    file.write_text(text)
    with pytest.raises(BadInputError, match="must be a file that `verify --certificate` has written"):
        read_certificate(file)
    with pytest.raises(BadInputError):
        read_certificate(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("now", "sentence"),
    [
        (replace(WHOLE, archived=9), "events in the archive was 10 and is 9"),
        (replace(WHOLE, published=11), "events that SNS counted was 10 and is 11"),
        (replace(WHOLE, checksum="ce"), "the archive holds other events than it did, though as many"),
        (replace(WHOLE, objects=WHOLE.objects[:1]), "the object b.gz is gone"),
        (replace(WHOLE, objects=(WHOLE.objects[0], CertifiedObject("b.gz", "e3", 4))), "the object b.gz has changed"),
        (replace(WHOLE, indices=(replace(INDEX, indexed=6),)), "orders-search: events in the index were 7 and are 6"),
        (replace(WHOLE, indices=(replace(INDEX, checksum="x"),)), "orders-search: the index holds other events"),
        (replace(WHOLE, indices=()), "orders-search was not looked at"),
    ],
)
def test_what_is_not_as_it_was_is_said(now: Certificate, sentence: str) -> None:
    assert any(one.startswith(sentence) for one in changes(WHOLE, now)), changes(WHOLE, now)


def test_a_dead_letter_that_was_healed_since_and_cloudwatch_that_forgot_are_no_change_for_the_worse() -> None:
    healed = replace(WHOLE, published=None, indices=(replace(INDEX, indexed=8, dead_letters=0, checksum="ac"),))
    assert changes(WHOLE, healed) == []


def test_what_cloudwatch_has_only_by_whole_hours_later_is_no_change() -> None:
    odd = replace(WHOLE, start="2026-11-23T00:07:00.000Z")
    later = replace(odd, made_at="2026-12-24T00:00:00.000Z", published=9)
    assert changes(odd, later) == []
    even = replace(later, start=WHOLE.start)
    assert changes(WHOLE, even) == ["events that SNS counted was 10 and is 9"]


@pytest.mark.parametrize("start", ["yesterday", "2026-11-25T00:00:00.000Z", "2026-11-23"])
def test_a_certificate_of_no_window_is_bad_input(tmp_path: Path, start: str) -> None:
    file = tmp_path / "day.json"
    file.write_bytes(replace(WHOLE, start=start).sealed().to_bytes())
    with pytest.raises(BadInputError, match="must be a file that `verify --certificate` has written"):
        read_certificate(file)
