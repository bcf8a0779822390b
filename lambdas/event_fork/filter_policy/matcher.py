"""The compiled policy: what callers use."""

import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn, Protocol

from event_fork.filter_policy.attributes import AttributesMatch, compile_for_attributes
from event_fork.filter_policy.body import BodyMatch, compile_for_body
from event_fork.filter_policy.constraints import check_flat, check_keys, check_wildcards
from event_fork.filter_policy.document import read_policy
from event_fork.filter_policy.errors import InvalidFilterPolicyError
from event_fork.filter_policy.structure import alternatives_of

MESSAGE_ATTRIBUTES: Final = "MessageAttributes"
MESSAGE_BODY: Final = "MessageBody"


class Filterable(Protocol):
    """What a policy looks at; event_fork.events.envelope.StoredEvent is one."""

    @property
    def attributes(self) -> Mapping[str, Any] | None:
        """Message attributes in the shape of SNS's envelope, name -> {"Type", "Value"}; None or {}: none."""

    @property
    def message(self) -> str:
        """The published message."""


class Matcher:
    """A policy ready to be asked. Made by compile_policy; immutable and safe to share between threads."""

    __slots__ = ("_attributes_match", "_body_match", "scope")

    def __init__(self, scope: str, attributes_match: AttributesMatch | None, body_match: BodyMatch | None) -> None:
        self.scope = scope
        self._attributes_match = attributes_match
        self._body_match = body_match

    def matches(self, stored_event: Filterable) -> bool:
        """Would SNS deliver this event to a subscription with this policy? Never raises."""
        return self.matches_message(stored_event.attributes, stored_event.message)

    def matches_message(self, attributes: Mapping[str, Any] | None, message: str) -> bool:
        """The same, from the two parts that can matter. The message is read as JSON only in the scope MessageBody."""
        if self._attributes_match is not None:
            return bool(attributes) and self._attributes_match(attributes or {})
        if self._body_match is None:
            return True
        try:
            body = _JSON.decode(message)
            return isinstance(body, dict) and self._body_match(body)
        except (ValueError, RecursionError):
            # Not JSON, or nested deeper than any JSON reader goes (SNS's stops at 1,000 levels): no match.
            return False


def compile_policy(policy: Mapping[str, object] | str, scope: str = MESSAGE_ATTRIBUTES) -> Matcher:
    """The policy, checked and compiled. `scope` is SNS's FilterPolicyScope: MessageAttributes or MessageBody.

    An empty policy ({}) matches everything, as it does in SNS. Raises InvalidFilterPolicyError.
    """
    if scope not in (MESSAGE_ATTRIBUTES, MESSAGE_BODY):
        raise InvalidFilterPolicyError(
            f"FilterPolicyScope: Invalid value [{scope}]. Please use either MessageBody or MessageAttributes",
            rule="the scope says what the policy is about, the message's attributes or its JSON body",
            example=MESSAGE_BODY,
            received=scope,
        )
    document = read_policy(policy)
    alternatives = alternatives_of(document)
    if scope == MESSAGE_ATTRIBUTES:
        check_flat(alternatives)
    check_keys(document)
    check_wildcards(alternatives)
    if not document:
        return Matcher(scope, None, None)
    if scope == MESSAGE_ATTRIBUTES:
        return Matcher(scope, compile_for_attributes(alternatives), None)
    return Matcher(scope, None, compile_for_body(alternatives))


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_JSON = json.JSONDecoder(parse_constant=_not_json)
