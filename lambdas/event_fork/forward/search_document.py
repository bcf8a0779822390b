"""The document that the search index holds for an event: the message's own JSON object plus members of ours.

    @timestamp        SNS's publish time
    event_id          SNS's MessageId, the key that every fork shares
    event_attributes  {name: value} of the message attributes, values as the strings SNS writes
    event_type        the value of the message attribute that names the type, or null
    event_text        what can be no field, each as the text `path=value`; not there when there is nothing of the kind:
                      `message._id="65f0"`: a member of the message whose name is OpenSearch's or ours, as published
                      `attributes.note=...`: a message attribute that the index may have no field for

A text with `=` after a name is never taken for a date or a number, so no index refuses `event_text`, whatever is in it:
docs/decisions/0006-search-documents.md. All else is copied as text: numbers stay as published. Firehose sends one line
per document, so line ends between the tokens become spaces.
"""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from event_fork.errors import NotEncodableError
from event_fork.events.envelope import StoredEvent, quoted, utf8_json
from event_fork.events.json_path import Member
from event_fork.events.json_places import NamedPath, Place, removal
from event_fork.events.json_text import after_child, end_of_value, member_name, require_object, skip_white_space
from event_fork.events.text_edits import edited

TIMESTAMP, ID, ATTRIBUTES, TYPE, TEXT = "@timestamp", "event_id", "event_attributes", "event_type", "event_text"

# Names of OpenSearch's own fields, of which a document may have none: those that 2.19 and 3 refuse or read as an order
# (_doc_count), those of Elasticsearch 7 (_type) and of the plugin mapper-size (_size). tests/e2e asks the node.
METADATA = (
    *("_data_stream_timestamp", "_doc_count", "_feature", "_field_names", "_id", "_ignored", "_index", "_nested_path"),
    *(
        "_primary_term",
        "_recovery_source",
        "_routing",
        "_seq_no",
        "_size",
        "_source",
        "_tombstone",
        "_type",
        "_version",
    ),
)
_OURS = (TIMESTAMP, ID, ATTRIBUTES, TYPE, TEXT)
_reserved = frozenset((*_OURS, *METADATA))
_OF_MESSAGE = "message."

_MAX_FIELD_CHARACTERS = 8_000
"""At most 32,000 bytes, and with the name before them less than Lucene's longest term (32,766 bytes)."""


def search_document(event: StoredEvent, event_type_attribute: str, *, attribute_fields: bool = True) -> bytes:
    """One line of JSON in UTF-8 with a newline at its end.

    `attribute_fields`: whether the index has the module's template. Without it OpenSearch would give each attribute a
    field of the type of its first value, so all of them are texts then.

    Raises NotJsonObjectError when the message is no JSON object, NotEncodableError when it has no UTF-8 form.
    """
    members = require_object(event.message)
    # Inside strings valid JSON has line ends only as escapes, so each one found here lies between tokens.
    message = event.message.replace("\r", " ").replace("\n", " ")  # not translate: 50 times slower on text beyond ASCII
    reserved = [name for name in members if is_reserved(name)]
    rest, texts = _parted(message, members, reserved) if reserved else (_inside(message), [])
    fields = []
    for name, attribute in (event.attributes or {}).items():
        value = attribute["Value"]
        if attribute_fields and len(value) <= _MAX_FIELD_CHARACTERS:
            fields.append(f"{quoted(name)}:{quoted(value)}")
        else:
            texts.append(f"attributes.{name}={value}")
    event_type = event.attribute(event_type_attribute)
    if event_type is not None and not attribute_fields and _may_be_a_date(event_type):
        event_type = None
    parts = [f'{{"{TIMESTAMP}":{quoted(event.timestamp)},"{ID}":{quoted(event.message_id)}']
    if attribute_fields:
        parts.append(f'"{ATTRIBUTES}":{{{",".join(fields)}}}')
    parts.append(f'"{TYPE}":{"null" if event_type is None else quoted(event_type)}')
    if texts:
        parts.append(f'"{TEXT}":[{",".join(map(quoted, texts))}]')
    try:
        return b"%b%b%b}\n" % (utf8_json(",".join(parts) + "}")[:-1], b"," if rest else b"", rest.encode())
    except UnicodeEncodeError as error:
        raise NotEncodableError("the message holds a lone surrogate, which has no UTF-8 form") from error


def published(document: Mapping[str, Any]) -> dict[str, Any]:
    """The message that a document was made of: without members of ours, and with those that stand in `event_text`."""
    message = {name: value for name, value in document.items() if name not in _OURS}
    texts = document.get(TEXT)
    for text in texts if isinstance(texts, list) else ():
        if isinstance(text, str) and text.startswith(_OF_MESSAGE):
            name, value = _named_value(text.removeprefix(_OF_MESSAGE))
            message[name] = value
    return message


def _named_value(text: str) -> tuple[str, Any]:
    """`name=JSON`, where the name may hold `=` itself."""
    place = text.find("=")
    while place >= 0:
        try:
            return text[:place], json.loads(text[place + 1 :])
        except (ValueError, RecursionError):
            place = text.find("=", place + 1)
    return text, None


def _inside(message: str) -> str:
    """What stands between the braces of an object."""
    return message.strip()[1:-1].strip()


def _parted(message: str, members: dict[str, object], reserved: list[str]) -> tuple[str, list[str]]:
    """The members that can be fields of the document, and the others as texts, all in the order of the message."""
    found: list[tuple[Place, str]] = []
    for name in reserved:
        path = None if "\\u" in message else _path(name)
        places = path.places(message, members) if path else None
        if places is None or len(places) != 1:
            return _parted_one_by_one(message)
        found.append((places[0], name))
    edits, texts, gone = [], [], set[int]()
    for (start, value, known_end), name in sorted(found):
        end = known_end or end_of_value(message, value)
        edits.append((*removal(message, start, end, gone), ""))
        texts.append(f"{_OF_MESSAGE}{name}={message[value:end]}")
    return _inside(edited(message, edits)), texts


@lru_cache(maxsize=256)
def _path(name: str) -> NamedPath | None:
    path = (Member(name),)
    return NamedPath(path) if NamedPath.is_one(path) else None


def _parted_one_by_one(message: str) -> tuple[str, list[str]]:
    """The same, whatever the names are and how often they stand there."""
    fields, texts = [], []
    for name, member, value in _members(message):
        if is_reserved(name):
            texts.append(f"{_OF_MESSAGE}{name}={value}")
        else:
            fields.append(member)
    return ",".join(fields), texts


def _members(message: str) -> Iterator[tuple[str, str, str]]:
    """Name, text and value's text of each member of an object."""
    start = skip_white_space(message, skip_white_space(message, 0) + 1)
    is_last = message[start] == "}"
    while not is_last:
        name, value = member_name(message, start)
        end = end_of_value(message, value)
        yield name, message[start:end], message[value:end]
        is_last, start = after_child(message, end)


def is_reserved(name: str) -> bool:
    """Whether a member of that name can be no field, and stands in `event_text`."""
    # A field `event_id.x` would be one below event_id, so the first part of a name decides.
    return name.partition(".")[0] in _reserved


def _may_be_a_date(value: str) -> bool:
    """Whether the first value of a field that begins so could make it a field of dates."""
    return value[:1] in ("+", "-", *"0123456789")
