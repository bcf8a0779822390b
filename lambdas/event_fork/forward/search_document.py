"""The document that the search index holds for an event: the message's own JSON object plus four members of ours.

    @timestamp        SNS's publish time
    event_id          SNS's MessageId, the key that every fork shares
    event_attributes  {name: value} of the message attributes, values as the strings SNS writes. Strings always:
                      a name with a number in one event and text in the next would make the index refuse the second
    event_type        the value of the message attribute that names the type, or null

Members of these names in the message give way to ours. All else is copied as text: numbers stay as published. Firehose
sends one line per document, so line ends between the tokens become spaces.
"""

import json

from event_fork.errors import NotEncodableError
from event_fork.events.envelope import StoredEvent
from event_fork.events.json_path import Member
from event_fork.events.json_search import Paths
from event_fork.events.json_text import require_object, skip_white_space
from event_fork.events.text_edits import edited

TIMESTAMP, ID, ATTRIBUTES, TYPE = "@timestamp", "event_id", "event_attributes", "event_type"

_our_names = Paths([(Member(name),) for name in (TIMESTAMP, ID, ATTRIBUTES, TYPE)])
_LINE_ENDS = str.maketrans("\r\n", "  ")
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def search_document(event: StoredEvent, event_type_attribute: str) -> bytes:
    """One line of JSON in UTF-8 with a newline at its end.

    Raises NotJsonObjectError when the message is no JSON object, NotEncodableError when it has no UTF-8 form.
    """
    require_object(event.message)
    text = edited(event.message, _our_names.search(event.message, lambda _: ""))
    # Inside strings valid JSON has line ends only as escapes, so each one found here lies between tokens.
    rest = text[skip_white_space(text, 0) + 1 :].translate(_LINE_ENDS).rstrip()
    ours = _json(
        {
            TIMESTAMP: event.timestamp,
            ID: event.message_id,
            ATTRIBUTES: {name: attribute["Value"] for name, attribute in (event.attributes or {}).items()},
            TYPE: event.attribute(event_type_attribute),
        }
    )
    comma = "" if rest.lstrip() == "}" else ","
    try:
        return f"{ours[:-1]}{comma}{rest}\n".encode()
    except UnicodeEncodeError as error:
        raise NotEncodableError("the message holds a lone surrogate, which has no UTF-8 form") from error
