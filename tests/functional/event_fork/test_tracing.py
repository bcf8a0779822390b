"""Functions import no more than they need: X-Ray's SDK is a large part of a cold start, redaction a smaller one."""

import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

from testbench.paths import PROJECT

HANDLERS = (
    "storage_backup",
    "search_analytics",
    "replay",
    "replay_worker",
    "replay_governor",
    "redact",
    "search_index",
)


@pytest.mark.parametrize(
    ("disabled", "imported"), [("true", "False"), ("1", "False"), ("false", "True"), ("0", "True")]
)
def test_xray_is_imported_only_where_tracing_is_on(disabled: str, imported: str) -> None:
    assert is_imported("aws_xray_sdk", HANDLERS, disabled) == imported


@pytest.mark.parametrize("handler", ["replay_worker", "replay_governor"])
def test_a_replay_from_the_archive_does_not_import_what_redacts(handler: str) -> None:
    assert is_imported("event_fork.events.redaction", [handler], "true") == "False"


def is_imported(module: str, by: Sequence[str], tracing_disabled: str) -> str:
    names = ", ".join(f"event_fork.{name}" for name in by)
    program = f"import sys, {names}; print({module!r} in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "lambdas"), "POWERTOOLS_TRACE_DISABLED": tracing_disabled}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
