import pytest

from event_fork.errors import JsonPathError
from event_fork.events.json_path import Descendant, Element, EveryChild, JsonPath, Member, parse_path
from tests.support.redaction_rules import REFUSED_PATHS


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
        ("$.payment.card-*", (Member("payment"), Member("card-", by_prefix=True))),
        ("$..card*.x", (Descendant("card", by_prefix=True), Member("x"))),
        ("$['a b'*][0]", (Member("a b", by_prefix=True), Element(0))),
        ('$..["a*"*]', (Descendant("a*", by_prefix=True),)),
    ],
)
def test_the_whole_path_language_is_read(text: str, steps: JsonPath) -> None:
    assert parse_path(text) == steps


@pytest.mark.parametrize("text", REFUSED_PATHS)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(JsonPathError):
        parse_path(text)


def test_a_refusal_names_the_part_that_was_not_understood_and_what_is_allowed() -> None:
    with pytest.raises(JsonPathError, match=r"'\.\*' in '\$\.a\.\*' is not one of \$, \.name"):
        parse_path("$.a.*")
