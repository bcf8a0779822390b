"""Amazon SNS subscription filter policies, evaluated here: a replay lets through what a subscription would get.

    matcher = compile_policy('{"event_type": ["order.placed"]}', MESSAGE_ATTRIBUTES)
    matcher.matches(stored_event)

Pure and standard library only; docs/filter-policies.md has the table of operators and what is not certain. The way of a
policy: document (text -> JSON object) -> structure ($or multiplied out, nested keys joined) -> patterns (one entry ->
leaf_match; numeric, cidr and wildcard have modules) -> constraints -> attributes or body (one closure) -> matcher.
"""

from event_fork.filter_policy.complexity import Complexity, complexity, keys_matched
from event_fork.filter_policy.errors import InvalidFilterPolicyError
from event_fork.filter_policy.matcher import MESSAGE_ATTRIBUTES, MESSAGE_BODY, Filterable, Matcher, compile_policy

__all__ = [
    "MESSAGE_ATTRIBUTES",
    "MESSAGE_BODY",
    "Complexity",
    "Filterable",
    "InvalidFilterPolicyError",
    "Matcher",
    "compile_policy",
    "complexity",
    "keys_matched",
]
