"""The pieces of Python on the pages are Python, and what they import is there."""

import ast
import importlib

import pytest

from testbench.paths import PROJECT
from tests.docs.pages import fenced, name_of, pages

BLOCKS = {
    f"{name_of(page)}-{number}": code
    for page in pages()
    for number, code in enumerate(fenced(page.read_text(), "python"))
}


@pytest.mark.parametrize("name", BLOCKS)
def test_what_it_imports_is_there(name: str) -> None:
    for node in ast.walk(ast.parse(BLOCKS[name], filename=name)):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = importlib.import_module(node.module)
            assert [each.name for each in node.names if not hasattr(module, each.name)] == []
        elif isinstance(node, ast.Import):
            for imported in node.names:
                importlib.import_module(imported.name)


def test_the_redaction_that_the_runbook_tries_out_masks(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = fenced((PROJECT / "docs" / "operations.md").read_text(), "python")

    exec(compile(code, "operations.md", "exec"), {})

    assert capsys.readouterr().out == '{"payment": {"cardNumber": "***"}}\n'


def test_there_are_pieces() -> None:
    assert len(BLOCKS) >= 3
