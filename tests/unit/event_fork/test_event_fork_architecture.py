"""Arrows go one way: handler -> domain -> port <- adapter. Read from the imports in the source."""

import ast
from pathlib import Path

import pytest

import event_fork

PACKAGE = Path(event_fork.__path__[0])
HANDLERS = {"storage_backup", "search_analytics", "replay", "redact", "replay_worker", "replay_governor"}
TELEMETRY = {"telemetry"}
ADAPTERS = {f"adapters.{path.stem}" for path in (PACKAGE / "adapters").glob("*.py")} | {"adapters"}
# Modules of this package itself; archive, filter_policy and so on are packages with owners and rules of their own.
MODULES = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
DOMAIN = MODULES - HANDLERS - TELEMETRY
MAX_HANDLER_LINES = 10


def source(module: str) -> Path:
    return PACKAGE / f"{module.replace('.', '/')}.py"


def imports(module: str) -> set[str]:
    """Names of the modules that a module imports, also inside functions and `if TYPE_CHECKING`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source(module).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("module", sorted(DOMAIN))
def test_the_domain_knows_neither_aws_nor_powertools_nor_the_environment(module: str) -> None:
    outside = {name.split(".")[0] for name in imports(module)} - {"event_fork"}
    ours = {name.removeprefix("event_fork.") for name in imports(module) if name.startswith("event_fork.")}

    assert not outside & {"boto3", "botocore", "aws_lambda_powertools", "aws_xray_sdk", "os", "mypy_boto3_sqs"}
    assert not ours & (HANDLERS | TELEMETRY | ADAPTERS)


@pytest.mark.parametrize("module", sorted(ADAPTERS - {"adapters", "adapters.__init__"}))
def test_adapters_know_ports_and_values_but_no_use_case(module: str) -> None:
    ours = {name.split(".")[1] for name in imports(module) if name.startswith("event_fork.")}

    assert not ours & (MODULES - {"ports", "messages", "packing", "errors"})


@pytest.mark.parametrize("module", sorted(HANDLERS))
def test_a_handler_has_at_most_ten_lines(module: str) -> None:
    tree = ast.parse(source(module).read_text())
    (handler,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "handler"]

    assert handler.end_lineno is not None
    assert handler.end_lineno - handler.lineno + 1 <= MAX_HANDLER_LINES


def test_only_adapters_and_telemetry_import_third_party_code() -> None:
    third_party = {"boto3", "botocore", "aws_lambda_powertools"}
    importing = {
        module
        for module in MODULES | ADAPTERS - {"adapters"}
        if {name.split(".")[0] for name in imports(module)} & third_party
    }

    assert importing <= TELEMETRY | ADAPTERS | {"replay_worker"}
    assert importing >= TELEMETRY
