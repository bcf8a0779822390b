"""Every link of every page leads somewhere: to a file of the project, and to a heading that is there."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from testbench.paths import PROJECT
from tests.docs.pages import anchors, links, name_of, pages


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_link_resolves(page: Path) -> None:
    assert broken_links(page, page.read_text(encoding="utf-8")) == []


def test_every_page_of_docs_is_reached_from_the_readme() -> None:
    found, left = set(), [PROJECT / "README.md"]
    while left:
        page = left.pop()
        if page not in found and page.suffix == ".md" and page.is_file():
            found.add(page)
            left += [
                (page.parent / urlsplit(link).path).resolve()
                for link in links(page.read_text(encoding="utf-8"))
                if not urlsplit(link).scheme and urlsplit(link).path
            ]
    ours = {name_of(page) for page in pages() if ".github" not in page.parts}  # GitHub itself shows its templates
    assert sorted(ours - set(map(name_of, found))) == []


def test_a_broken_link_is_found() -> None:
    page = PROJECT / "README.md"
    text = "# Here\n## Two words, `code`\n"
    good = "[a](#here) [b](#two-words-code) [c](LICENSE) [d](docs/cli.md#all-commands) [e](https://aws.amazon.com/sns/)"
    bad = "[f](#nowhere) [g](LICENCE) [h](docs/cli.md#nothing) [i](http://aws.amazon.com/sns/)"

    assert broken_links(page, text + good) == []
    assert [each.split(":")[0] for each in broken_links(page, text + bad)] == [
        "#nowhere",
        "LICENCE",
        "docs/cli.md#nothing",
        "http",
    ]


def broken_links(page: Path, text: str) -> list[str]:
    """The links that lead nowhere, each with why. Addresses of others are only asked to be https."""
    broken = []
    for link in links(text):
        address = urlsplit(link)
        if address.scheme:
            if address.scheme not in ("https", "mailto"):
                broken.append(f"{link}: not https")
            continue
        target = (page.parent / address.path).resolve() if address.path else page
        if not target.exists():
            broken.append(f"{link}: no such file")
        elif address.fragment:
            there = anchors(text if target == page else target.read_text(encoding="utf-8"))
            if address.fragment not in there:
                broken.append(f"{link}: no such heading")
    return broken
