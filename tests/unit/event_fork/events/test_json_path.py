import pytest

from event_fork.errors import JsonPathError
from event_fork.events.json_path import Descendant, Element, EveryChild, JsonPath, Member, parse_path


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("$", ()),
        ("$.payment.card", (Member("payment"), Member("card"))),
        ("$.card-number._x9", (Member("card-number"), Member("_x9"))),
        ("$.größe", (Member("größe"),)),
        ("$['a.b']['c d']", (Member("a.b"), Member("c d"))),
        ('$["it\'s"]', (Member("it's"),)),
        (r"""$['it\'s "so"']""", (Member("""it's "so\""""),)),
        (r"$['back\\slash']", (Member("back\\slash"),)),
        (r"$['caf\u00e9']", (Member("café"),)),
        ("$['']", (Member(""),)),
        ("$.items[*].price", (Member("items"), EveryChild(), Member("price"))),
        ("$[0][12]", (Element(0), Element(12))),
        ("$..card", (Descendant("card"),)),
        ("$.a..['b c'][*]", (Member("a"), Descendant("b c"), EveryChild())),
    ],
)
def test_the_whole_path_language_is_read(text: str, steps: JsonPath) -> None:
    assert parse_path(text) == steps


@pytest.mark.parametrize(
    "text",
    [
        "", "payment", ".a", "$a", "$.", "$..", "$...a", "$.a.", "$.*", "$..*", "$..[*]", "$..[0]", "$[-1]", "$[01]",
        "$[1:2]", "$['a','b']", "$[?(@.a)]", "$[]", "$['a", "$.a b", "$ .a", "$.a ", r"$['\x']", "$.a[", "$['a\n']",
    ],
)  # fmt: skip
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(JsonPathError):
        parse_path(text)


def test_a_refusal_names_the_part_that_was_not_understood_and_what_is_allowed() -> None:
    with pytest.raises(JsonPathError, match=r"'\.\*' in '\$\.a\.\*' is not one of \$, \.name"):
        parse_path("$.a.*")
