"""Handlers only put parts together."""

import ast
from pathlib import Path

import pytest

import event_fork

PACKAGE = Path(event_fork.__path__[0])
HANDLERS = (
    "storage_backup",
    "search_analytics",
    "search_index",
    "replay",
    "redact",
    "replay_worker",
    "replay_governor",
)
MAX_HANDLER_LINES = 10


@pytest.mark.parametrize("module", HANDLERS)
def test_a_handler_has_at_most_ten_lines(module: str) -> None:
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    (handler,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "handler"]

    assert handler.end_lineno is not None
    assert handler.end_lineno - handler.lineno + 1 <= MAX_HANDLER_LINES
