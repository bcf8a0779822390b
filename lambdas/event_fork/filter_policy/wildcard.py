"""The operator wildcard: `*` stands for any number of characters, none included.

Sources: AWS page "String value matching", sections "Wildcard" and "anything-but wildcard"; the escapes `\\*` and `\\\\`
and the refusal of `**` from the rule engine AWS published (aws/event-ruler), which speaks the same language.
"""

from event_fork.filter_policy.errors import refusal
from event_fork.filter_policy.leaf_match import TextMatch, always

MOST_WILDCARDS = 3
_RULE = (
    f"wildcard takes one string with at most {MOST_WILDCARDS} wildcards (*), never two in a row; "
    "a literal * is written \\* and a literal \\ is written \\\\"
)
_EXAMPLE = '{"path": [{"wildcard": "*/src/*.js"}]}'


def parse_wildcard(pattern: object) -> tuple[str, ...]:
    """The literal parts of a pattern, split at its wildcards: "*ball" is ("", "ball")."""
    if not isinstance(pattern, str):
        raise refusal("wildcard match pattern must be a string", rule=_RULE, example=_EXAMPLE, received=pattern)
    parts = [""]
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "*":
            if pattern[position + 1 : position + 2] == "*":
                reason = f"Consecutive wildcard characters at pos {position}"
                raise refusal(reason, rule=_RULE, example=_EXAMPLE, received=pattern)
            parts.append("")
        elif character == "\\":
            position += 1
            if pattern[position : position + 1] not in ("*", "\\"):
                reason = f"Invalid escape character at pos {position - 1}"
                raise refusal(reason, rule=_RULE, example=_EXAMPLE, received=pattern)
            parts[-1] += pattern[position]
        else:
            parts[-1] += character
        position += 1
    if len(parts) - 1 > MOST_WILDCARDS:
        reason = f"Wildcard pattern can not have more than {MOST_WILDCARDS} wildcards"
        raise refusal(reason, rule=_RULE, example=_EXAMPLE, received=pattern)
    return tuple(parts)


def wildcard_match(parts: tuple[str, ...]) -> TextMatch:
    """A match in one pass over the text: no regular expression, so no pattern can make it slow."""
    first, *middle, last = parts if len(parts) > 1 else (parts[0], "")
    if len(parts) == 1:
        return first.__eq__
    if not middle and not first and not last:
        return always
    shortest = sum(map(len, parts))

    def matches(text: str) -> bool:
        if len(text) < shortest or not text.startswith(first) or not text.endswith(last):
            return False
        position, end = len(first), len(text) - len(last)
        for part in middle:
            found = text.find(part, position, end)
            if found < 0:
                return False
            position = found + len(part)
        return True

    return matches
