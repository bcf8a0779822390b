"""Pages are read once: short sentences, no idioms of our own, a README that fits on two screens."""

import re
from pathlib import Path

import pytest

from testbench.paths import PROJECT
from tests.docs.pages import name_of, pages, prose, sentences

MOST_WORDS = 36
MOST_README_LINES = 110

IDIOMS = {
    r"\bmostly\b": "usually",
    r"\bmost of them\b|\bthere must be a most\b": "a limit, at most",
    r"\b(?:no|any|every|all|each|everything|nothing)(?: \w+)? but (?:the|a|what|for)\b": "except",
    r"\bof before\b|\bof after\b": "from before, from after",
    r"\bbeside (?:it|them) goes\b": "with it goes",
    r"\bby itself alone\b": "alone",
    r"\bfor ever\b": "forever",
    r"\bmade anew\b|\banew\b": "again",
    r"\bmeanwhile\b": "in the meantime, while ... runs",
    r"\bis none here\b": "there is none here",
    r"\bup to half as long again\b": "up to 1.5 times",
    r"\bas ever\b": "as always",
    r"\bit tells\b|\btells them apart\b|\bid tells\b": "shows which",
    r"\bare yours to\b|\bis yours to\b": "you have to",
    r"\bhave to say\b|\bhas to say\b|\bneed not say\b": "must name",
    r"\bsays for each\b": "states for each",
    r"\bthe very\b": "the same",
    r"\bsee first that\b": "check first that",
    r"\bworks? (?:the queue|it) off\b|\bworked off\b": "process",
}
"""What our own way of speaking had, and what a reader expects instead."""


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_no_sentence_is_longer_than_36_words(page: Path) -> None:
    found = sentences(page.read_text(encoding="utf-8"))

    assert [sentence for sentence in found if len(sentence.split()) > MOST_WORDS] == []


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_no_idiom_of_our_own_is_left(page: Path) -> None:
    text = re.sub(r"\s+", " ", prose(page.read_text(encoding="utf-8")))
    found = [(match[0], plain) for idiom, plain in IDIOMS.items() for match in re.finditer(idiom, text, re.I)]

    assert found == []


def test_the_readme_has_at_most_110_lines_and_its_status_on_the_first_screen() -> None:
    lines = (PROJECT / "README.md").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= MOST_README_LINES
    assert any("has been applied to a real AWS account" in line for line in lines[:30])


def test_long_sentences_and_idioms_are_noticed() -> None:
    page = (
        "# H\n\n"
        + "word " * 41
        + "end.\n\n- "
        + "item " * 20
        + "\n- "
        + "item " * 30
        + "\n\n```\n"
        + "x " * 60
        + "\n```\n"
    )

    assert [len(sentence.split()) > MOST_WORDS for sentence in sentences(page)] == [True, False, False]
    assert sentences("| a. b | c |\n|---|---|\n| d | e: `f.g` |\n") == ["a.", "b", "c", "d", "e: f.g"]
    assert any(re.search(idiom, "no sight but the sea") for idiom in IDIOMS)
