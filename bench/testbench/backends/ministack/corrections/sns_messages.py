"""What SNS refuses of a message, how large it may be, and binary attributes on their way.

MiniStack 1.5.33 takes empty messages and attributes of any kind, knows no MaximumMessageSize of a topic, and loses the
bytes of binary attributes. On AWS they are base64 in the envelope.
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from testbench.backends.ministack.corrections import hooks, topic_settings

NAME = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")
TYPE = re.compile(r"(?=.{1,256}$)(String|Number|Binary)(\..+)?")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that neither SNS nor SQS takes in texts."""
GROUP = re.compile(r"[!-~]{1,128}")
"""Ids of groups and for deduplication: letters, digits and punctuation."""
ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
TARGETS = ("TopicArn", "TargetArn", "PhoneNumber")
LONGEST_SUBJECT = 100


def attribute_problem(name: str, attribute: Mapping[str, str]) -> str | None:
    """What is wrong with a message attribute, None when SNS takes it."""
    kind = attribute.get("DataType") or ""
    if not NAME.fullmatch(name):
        return (
            f"The message attribute name '{name}' is invalid: 1 to 256 letters, digits, underscores, hyphens and "
            "periods, no period at the ends or twice in a row."
        )
    if not TYPE.fullmatch(kind):
        return (
            f"The message attribute '{name}' has an invalid message attribute type, the set of supported type "
            "prefixes is Binary, Number, and String."
        )
    if attribute.get("BinaryValue") and attribute.get("StringValue"):
        return f"The message attribute '{name}' has more than one value."
    if CONTROLS.search(attribute.get("StringValue") or ""):
        return f"The message attribute '{name}' contains characters outside the allowed set."
    if not attribute.get("BinaryValue" if kind.startswith("Binary") else "StringValue"):
        return (
            f"The message attribute '{name}' must contain non-empty message attribute value for message attribute "
            f"type '{kind}'."
        )
    if kind.startswith("Number"):
        try:
            float(attribute["StringValue"])
        except ValueError:
            return f"Could not cast message attribute '{name}' value to number."
    return None


def message_problem(message: str, subject: str, structure: str) -> str | None:
    """What is wrong with a message, None when SNS takes it."""
    if not message:
        return "Empty message"
    if len(subject) > LONGEST_SUBJECT or re.search(r"[\x00-\x1f]", subject):
        return "Subject"
    if not structure:
        return None
    if structure != "json":
        return "MessageStructure"
    try:
        forms = json.loads(message)
    except ValueError:
        return "Message Structure - JSON message body failed to parse"
    if not isinstance(forms, dict) or not isinstance(forms.get("default"), str):
        return "Message Structure - No default entry in JSON message body"
    return None


def id_problem(group: str, deduplication: str, *, fifo: bool) -> str | None:
    """What is wrong with the ids of a message, None when SNS takes them."""
    for name, value in (("MessageGroupId", group), ("MessageDeduplicationId", deduplication)):
        if value and not GROUP.fullmatch(value):
            return f"The {name} parameter must be 1 to 128 letters, digits and punctuation"
    if deduplication and not fifo:
        return "MessageDeduplicationId Reason: The request includes a parameter that is not valid for this topic type"
    return None


def size(message: str, attributes: Mapping[str, Mapping[str, str]]) -> int:
    """Bytes of a message with names, types and values of its attributes, as SNS and SQS count them."""
    total = len(message.encode(errors="surrogatepass"))
    for name, attribute in attributes.items():
        total += len(name.encode()) + len((attribute.get("DataType") or "").encode())
        binary = attribute.get("BinaryValue") or ""  # base64
        total += len((attribute.get("StringValue") or "").encode()) + len(binary) * 3 // 4 - binary.count("=")
    return total


def apply() -> None:
    """Check before the emulator takes the message; complete the envelope that it builds."""
    topics = hooks.service("sns")

    def limit(topic_arn: str) -> int:
        topic = topics._topic_by_arn_any_scope(topics._normalize_arn(topic_arn)) or {}
        return topic_settings.message_limit(topic.get("attributes", {}))

    def refusal(message: str, subject: str, structure: str, attributes: Mapping[str, Any]) -> tuple[str, str] | None:
        for name, attribute in attributes.items():
            if wrong := attribute_problem(name, attribute):
                return "ParameterValueInvalid", wrong
        wrong = message_problem(message, subject, structure)
        return ("InvalidParameter", f"Invalid parameter: {wrong}") if wrong else None

    def ids(topic_arn: str, group: str, deduplication: str) -> Any:
        wrong = id_problem(group, deduplication, fifo=topic_arn.endswith(".fifo"))
        return topics._error("InvalidParameter", f"Invalid parameter: {wrong}", 400) if wrong else None

    def publish(original: Callable[..., Any], params: Any) -> Any:
        targets = [found for name in TARGETS if (found := topics._p(params, name))]
        if len(targets) > 1:
            return topics._error("InvalidParameter", f"Invalid parameter: only one of {', '.join(TARGETS)}", 400)
        if (phone := topics._p(params, "PhoneNumber")) and not re.fullmatch(r"\+?[\d -]{5,20}", phone):
            return topics._error(
                "InvalidParameter", f"Invalid parameter: PhoneNumber Reason: {phone} is not valid", 400
            )
        group, deduplication = (topics._p(params, name) for name in ("MessageGroupId", "MessageDeduplicationId"))
        if targets and not phone and (refused := ids(targets[0], group, deduplication)):
            return refused
        message, subject, structure = (topics._p(params, name) for name in ("Message", "Subject", "MessageStructure"))
        attributes = topics._parse_message_attributes(params)
        if wrong := refusal(message, subject, structure, attributes):
            return topics._error(*wrong, 400)
        if size(message, attributes) > limit(topics._p(params, "TopicArn") or topics._p(params, "TargetArn")):
            return topics._error("InvalidParameter", "Invalid parameter: Message too long", 400)
        return original(params)

    def publish_batch(original: Callable[..., Any], params: Any) -> Any:
        total = 0
        entries = topics._parse_batch_entries(params)
        if not entries:
            words = "The batch request doesn't contain any entries."
            return topics._error("EmptyBatchRequest", words, 400)
        for entry in entries:
            if not ENTRY_ID.fullmatch(entry.get("id") or ""):
                words = "The Id of a batch entry must be 1 to 80 letters, digits, hyphens and underscores."
                return topics._error("InvalidBatchEntryId", words, 400)
            given = entry.get("message_group_id", ""), entry.get("message_dedup_id", "")
            if refused := ids(topics._p(params, "TopicArn"), *given):
                return refused
            attributes = entry["message_attributes"]
            if wrong := refusal(entry["message"], entry["subject"], entry["message_structure"], attributes):
                return topics._error(*wrong, 400)
            total += size(entry["message"], attributes)
        if total > limit(topics._p(params, "TopicArn")):
            words = "The length of all the messages put together is more than the limit."
            return topics._error("BatchRequestTooLong", words, 400)
        return original(params)

    def batch_entries(original: Callable[..., list[dict[str, Any]]], params: Mapping[str, Any]) -> Any:
        entries = original(params)
        for number, entry in enumerate(entries, start=1):
            prefix = f"PublishBatchRequestEntries.member.{number}."
            own = {name.removeprefix(prefix): value for name, value in params.items() if name.startswith(prefix)}
            entry["message_attributes"] = topics._parse_message_attributes(own)
        return entries

    def envelope(original: Callable[..., str], *given: Any) -> str:
        made = original(*given)
        *_, attributes, raw = given
        binary = {name: found["BinaryValue"] for name, found in attributes.items() if found.get("BinaryValue")}
        if raw or not binary:
            return made
        whole = json.loads(made)
        for name, value in binary.items():
            whole["MessageAttributes"][name]["Value"] = value
        return json.dumps(whole)

    hooks.wrap(topics, "_publish", ("params",), publish)
    hooks.wrap(topics, "_publish_batch", ("params",), publish_batch)
    hooks.wrap(topics, "_parse_batch_entries", ("params",), batch_entries)
    parameters = ("topic_arn", "msg_id", "message", "subject", "message_attributes", "raw")
    hooks.wrap(topics, "_build_envelope", parameters, envelope)
    # publish_internal's own limit, of every topic: the topic's is asked above
    hooks.set_constant(topics, "_SNS_MAX_PAYLOAD_BYTES", topic_settings.DEFAULT, topic_settings.LARGEST)
