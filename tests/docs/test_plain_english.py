"""What users read is read once: short sentences, no idioms of our own, a README that fits on two screens."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from docs.terraform_inputs import inputs, outputs
from event_fork_cli.app import app
from testbench.paths import PROJECT
from tests.docs.pages import name_of, pages, prose, sentences

MOST_WORDS = 36
MOST_README_LINES = 110

IDIOMS = {
    r"\bmostly\b": "usually",
    r"\bmost of them\b|\bthere must be a most\b": "a limit, at most",
    r"\b(?:no|any|every|all|each|everything|nothing)(?: \w+)? but (?:the|a|what|for)\b": "except",
    r"\bof before\b|\bof after\b": "from before, from after",
    r"\bbut for\b": "except",
    r"[.:] beside\b|\bbeside the ones? that\b|\bbeside that\b": "in addition to, besides",
    r"\bIt also [^.]*\. It also\b": "one sentence, or a list",
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


_MESSAGE = re.compile(r'^ *(?:error_message|alarm_description) *= "(.*)"$', re.MULTILINE)


def _texts() -> Iterator[tuple[str, str]]:
    """Place -> text: every page, what Terraform modules say of themselves and answer, the help of the command."""
    for page in pages():
        yield name_of(page), page.read_text(encoding="utf-8")
    for folder in sorted({file.parent for file in PROJECT.glob("*.tf")} | {*PROJECT.glob("modules/*/")}):
        described = [*(each.description for each in inputs(folder)), *(each.description for each in outputs(folder))]
        messages = [
            re.sub(r"\$\{[^}]*\}", "X", message)
            for file in sorted(folder.glob("*.tf"))
            for message in _MESSAGE.findall(file.read_text(encoding="utf-8"))
        ]
        yield f"modules/{folder.name}" if folder != PROJECT else "root module", "\n\n".join(described + messages)
    yield "event-fork --help", "\n\n".join(_help(typer.main.get_command(app)))


def _help(command: Any) -> Iterator[str]:
    yield command.help or ""
    yield from (text for option in command.params if (text := getattr(option, "help", None)))
    for verb in getattr(command, "commands", {}).values():
        yield from _help(verb)


TEXTS = dict(_texts())


@pytest.mark.parametrize("place", TEXTS)
def test_no_sentence_is_longer_than_36_words(place: str) -> None:
    assert [sentence for sentence in sentences(TEXTS[place]) if len(sentence.split()) > MOST_WORDS] == []


@pytest.mark.parametrize("place", TEXTS)
def test_no_idiom_of_our_own_is_left(place: str) -> None:
    text = re.sub(r"\s+", " ", prose(TEXTS[place]))
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
