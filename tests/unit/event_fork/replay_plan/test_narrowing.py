"""What narrows a plan: conditions on values, samples, sets of ids."""

import time

import pytest

from event_fork.events.envelope import StoredEvent
from event_fork.replay_plan import narrowing
from event_fork.replay_plan.narrowing import Condition, Narrowing, seal_ids


def passes(condition: str, message: str) -> bool:
    event = StoredEvent("id", "arn:aws:sns:eu-west-1:123456789012:orders", message, "2026-11-23T12:00:00.000Z")
    (matches,) = Narrowing(where=(Condition.read(condition),)).matchers(None)
    return matches(event)


@pytest.mark.parametrize(
    ("condition", "message", "wanted"),
    [
        ("$.a=x", '{"a":"x"}', True),
        ("$.a = x", '{"a":"x"}', True),
        ("$.a=", '{"a":""}', True),
        ("$.a=x=y", '{"a":"x=y"}', True),
        ("$['a=b']=1", '{"a=b":1}', True),
        ("$.a=1", '{"a":1}', True),
        ("$.a=1", '{"a":1.0}', True),
        ("$.a=1", '{"a":"1"}', True),
        ('$.a="1"', '{"a":"1"}', True),
        ('$.a="1"', '{"a":1}', False),
        ("$.a=1.0", '{"a":"1"}', False),
        ("$.a=1", '{"a":true}', False),
        ("$.a=true", '{"a":true}', True),
        ("$.a=true", '{"a":"true"}', True),
        ("$.a=true", '{"a":1}', False),
        ("$.a=null", '{"a":null}', True),
        ("$.a=null", "{}", False),
        ("$.a=NaN", '{"a":NaN}', False),
        ("$.a=[1]", '{"a":[1]}', False),
        ("$.a=[1]", '{"a":"[1]"}', True),
        ("$.a[1]=y", '{"a":["x","y"]}', True),
        ("$.a[*].b=y", '{"a":[{"b":"x"},{"b":"y"}]}', True),
        ("$..b=y", '{"a":[{"c":{"b":"y"}}]}', True),
        ("$.card-*=y", '{"card-holder":"y"}', True),
        ("$=7", "7", True),
        ("$.a=x", "no JSON", False),
        ("$.a=x", '"a"', False),
        ("$.a=1", '{"a":' + "9" * 5000 + "}", False),
        ("$.a=" + "9" * 5000, '{"a":1}', False),
        ("$.a=" + "[" * 100_000, '{"a":1}', False),
    ],
)
def test_a_condition_holds_for_a_value_as_text_or_as_what_json_takes_it_for(
    condition: str, message: str, wanted: bool
) -> None:
    assert passes(condition, message) is wanted


def test_a_path_at_any_depth_takes_time_by_the_size_of_the_message_alone() -> None:
    depth = 900
    message = '{"a":' * depth + "1" + "}" * depth
    began = time.process_time()
    for _ in range(20):
        assert not passes("$..a..a..a..a=2", message)
    assert time.process_time() - began < 1


def test_a_sample_is_a_share_of_the_ids() -> None:
    (matches,) = Narrowing(sample_percent=10).matchers(None)
    ids = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(20_000)]
    events = [StoredEvent(one, "arn", "{}", "2026-11-23T12:00:00.000Z") for one in [*ids, "\ud800"]]
    assert 1_850 < sum(map(matches, events)) < 2_150


def test_ids_are_sealed_by_their_content_in_any_order_and_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed, content = seal_ids(["b", "a", "b"])
    assert (sealed.count, content) == (2, b"a\nb\n")
    assert seal_ids(["a", "b"])[0] == sealed
    assert sealed.read(content) == {"a", "b"}
    monkeypatch.setattr(narrowing, "MAX_IDS", 2)
    with pytest.raises(ValueError, match="must be 1 to 2 ids"):
        seal_ids("abc")


def test_a_plan_with_ids_cannot_be_read_without_them() -> None:
    sealed, _ = seal_ids(["a"])
    with pytest.raises(ValueError, match="the ids of the plan must be given"):
        list(Narrowing(ids=sealed).matchers(None))
    with pytest.raises(ValueError, match="the ids of the plan must be given"):
        list(Narrowing().matchers(frozenset({"a"})))
