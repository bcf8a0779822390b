"""Handlers only put parts together."""

import ast
from pathlib import Path

import pytest

import event_fork

PACKAGE = Path(event_fork.__path__[0])
MAX_HANDLER_LINES = 10


def handlers(package: Path) -> dict[str, ast.FunctionDef]:
    """Module -> its handler, of every module of a package that has one."""
    return {
        path.stem: node
        for path in sorted(package.glob("*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name == "handler"
    }


HANDLERS = handlers(PACKAGE)


def test_every_handler_is_found_a_new_one_too(tmp_path: Path) -> None:
    (tmp_path / "new.py").write_text("def handler(event, context):\n    return event\n")

    assert {"storage_backup", "redact", "replay_worker"} <= HANDLERS.keys()
    assert handlers(tmp_path).keys() == {"new"}


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=HANDLERS)
def test_a_handler_has_at_most_ten_lines(handler: ast.FunctionDef) -> None:
    assert handler.end_lineno is not None
    assert handler.end_lineno - handler.lineno + 1 <= MAX_HANDLER_LINES
