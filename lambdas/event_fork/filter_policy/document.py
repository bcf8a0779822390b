"""From what the caller has (text or a mapping) to the policy's JSON object.

Source: AWS page "Filter policy constraints": a valid UTF-8 string of at most 256 KB.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Final, NoReturn

from event_fork.filter_policy.errors import InvalidFilterPolicyError, refusal

LARGEST_POLICY_BYTES: Final = 256 * 1024

_RULE = (
    "a filter policy is a JSON object that gives every key an array of values, or in the MessageBody scope an object"
)
_EXAMPLE = '{"event_type": ["order.placed"]}'


def read_policy(policy: Mapping[str, object] | str) -> Mapping[str, object]:
    """The policy as a mapping; raises InvalidFilterPolicyError for what is no JSON object or too large."""
    text = policy if isinstance(policy, str) else _as_text(policy)
    size = len(text.encode(errors="surrogatepass"))
    if size > LARGEST_POLICY_BYTES:
        rule = f"a filter policy has at most {LARGEST_POLICY_BYTES:,} bytes"
        raise refusal("Filter policy is too large", rule=rule, example=_EXAMPLE, received=f"{size:,} bytes")
    # A mapping takes the same way as text, so that both mean the same: JSON's types only, keys are strings.
    try:
        document = json.loads(text, object_pairs_hook=_unique_members, parse_constant=_not_json)
    except (ValueError, RecursionError) as error:
        reason = f"failed to parse JSON. {error}"
        raise refusal(reason, rule=_RULE, example=_EXAMPLE, received=text) from error
    if not isinstance(document, dict):
        raise refusal("Filter is not an object", rule=_RULE, example=_EXAMPLE, received=document)
    return document


def _as_text(policy: object) -> str:
    if not isinstance(policy, Mapping):
        raise refusal("Filter is not an object", rule=_RULE, example=_EXAMPLE, received=policy)
    try:
        return json.dumps(dict(policy), ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        reason = f"failed to parse JSON. {error}"
        raise refusal(reason, rule=_RULE, example=_EXAMPLE, received=policy) from error


def _unique_members(members: list[tuple[str, object]]) -> dict[str, object]:
    unique = dict(members)
    if len(unique) < len(members):
        names = Counter(name for name, _ in members)
        raise repeated_path(names.most_common(1)[0][0])
    return unique


def repeated_path(path: str) -> InvalidFilterPolicyError:
    """SNS keeps one of the two without saying which; a replay must not guess."""
    return refusal(
        f"Path `{path}` cannot be allowed multiple times",
        rule="a key occurs once in a policy, also when it is spelt with dots or in and beside $or",
        example=_EXAMPLE,
        received=path,
    )


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
