"""What can be wrong with a filter policy.

EventForkError
└── InvalidFilterPolicyError   AWS would refuse this policy, or what it means is not documented
"""

import json

from event_fork.errors import EventForkError

_QUOTED_CHARACTERS = 200


class InvalidFilterPolicyError(EventForkError):
    """A filter policy that Amazon SNS refuses, or one this package refuses because its meaning is not documented.

    The text has four parts: AWS's own reason where one is known, the rule, an example that keeps it (a whole policy),
    and the value received. `reason` is the first part alone, as SNS's InvalidParameter error has it after
    "Invalid parameter: ".
    """

    def __init__(self, reason: str, *, rule: str, example: str, received: object) -> None:
        super().__init__(f"Invalid parameter: {reason}. Rule: {rule}. Example: {example}. Received: {_quote(received)}")
        self.reason = reason
        self.rule = rule
        self.example = example
        self.received = received


def refusal(reason: str, *, rule: str, example: str, received: object) -> InvalidFilterPolicyError:
    """The error for a reason that SNS puts after "FilterPolicy: "."""
    return InvalidFilterPolicyError(f"FilterPolicy: {reason}", rule=rule, example=example, received=received)


def _quote(received: object) -> str:
    try:
        text = received if isinstance(received, str) else json.dumps(received, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(type(received))
    return text if len(text) <= _QUOTED_CHARACTERS else text[:_QUOTED_CHARACTERS] + "..."
