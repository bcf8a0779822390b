"""X-Ray's SDK is imported only where tracing is on: it is a large part of a cold start."""

import os
import subprocess
import sys

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
    names = ", ".join(f"event_fork.{name}" for name in HANDLERS)
    program = f"import sys, {names}; print('aws_xray_sdk' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "lambdas"), "POWERTOOLS_TRACE_DISABLED": disabled}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == imported
