"""A user's transformation function: adds a field, drops one kind of event and fails for another."""

import base64
import json
from typing import Any


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html"""
    return {"records": [transformed(record) for record in event["records"]]}


def transformed(record: dict[str, Any]) -> dict[str, str]:
    envelope = json.loads(base64.b64decode(record["data"]))
    wish = json.loads(envelope["Message"]).get("wish", "Ok")
    line = json.dumps({**envelope, "transformed": True}) + "\n"
    data = line.encode() if wish == "Ok" else base64.b64decode(record["data"])
    return {"recordId": record["recordId"], "result": wish, "data": base64.b64encode(data).decode()}
