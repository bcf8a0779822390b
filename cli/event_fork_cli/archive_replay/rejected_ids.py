"""The ids in what a delivery stream could not deliver: its error objects hold each record, and what was wrong.

One JSON object a line; `rawData` is the record in base64: a search document (`event_id`), or envelopes (`MessageId`).
Source: https://docs.aws.amazon.com/firehose/latest/dev/retry.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from event_fork.archive.errors import ArchiveError
from event_fork.archive.lines import lines
from event_fork.archive.unpacking import decompress
from event_fork.events.envelope import NOTIFICATION, from_members
from event_fork.forward.search_document import ID
from event_fork_cli.archive_replay.locations import s3_location
from event_fork_cli.aws import OpenArchive
from event_fork_cli.errors import BadInputError

if TYPE_CHECKING:
    from event_fork_cli.aws import AwsSettings

_OPTION = "--from-rejected"
_EXAMPLE = "s3://orders-search-rejected-20261123101500123400000001/errors/"


def ids_of_rejected(text: str, settings: AwsSettings, notes: list[str]) -> list[str]:
    """The ids of all events in the error objects under an S3 address. What cannot be read is noted.

    Raises BadInputError for no address, no bucket, and where there is no event at all.
    """
    place = s3_location(settings.s3(), _OPTION, text, settings.region_name)
    store = OpenArchive(settings, place.bucket, place.region)()
    found: list[str] = []
    unread: list[str] = []
    for listed in store.list(place.prefix):
        try:
            for number, line in enumerate(lines(decompress(store.open(listed.key, etag=listed.etag).chunks()))):
                if not line.strip():
                    continue
                ids = list(ids_in(line))
                if not ids:
                    unread.append(f"{listed.key} line {number}")
                found += ids
        except ArchiveError as error:
            unread.append(f"{listed.key} {error}")
    if unread:
        notes.append(f"{len(unread):,} times {_OPTION} finds no event's id, first in {unread[0]}")
    if not found:
        rule = "must hold error objects of Data Firehose"
        raise BadInputError(_OPTION, rule, example=f"{_OPTION} {_EXAMPLE}", received=text)
    return found


def ids_in(line: bytes) -> Iterator[str]:
    """The ids of the events in the record of a line; none when it is no error of Data Firehose."""
    try:
        record = base64.b64decode(json.loads(line)["rawData"], validate=True)
        parts = list(lines([record]))
    except Exception:  # whatever lies there
        return
    for part in parts:
        with suppress(Exception):
            members = json.loads(part)
            yield from_members(members).message_id if members.get("Type") == NOTIFICATION else str(members[ID])
