"""A function's process on LocalStack: AWS's runtime interface client at our Runtime API, without any emulator."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from testbench.backends.localstack.corrections.process_executor import variables
from testbench.backends.localstack.function_process import Function, FunctionProcess, Result
from testbench.backends.localstack.part import LocalStack
from testbench.progress import quiet

Started = Callable[..., FunctionProcess]


@pytest.fixture(scope="module")
def python() -> Path:
    return LocalStack().runtime(quiet)


@pytest.fixture
def started(tmp_path: Path, python: Path) -> Iterator[Started]:
    """started(CODE, timeout=..., layers=...): the running process of a function with that module `main`."""
    made: list[FunctionProcess] = []

    def start(code: str, timeout: float = 20, layers: tuple[Path, ...] = (), **environment: str) -> FunctionProcess:
        folder = tmp_path / "code"
        folder.mkdir()
        (folder / "main.py").write_text(code)
        made.append(
            FunctionProcess(Function("main.handler", folder, layers, timeout, 128, "$LATEST", environment), python)
        )
        made[0].start()
        return made[0]

    yield start
    for each in made:
        each.stop()


def invoke(process: FunctionProcess, event: Any = None, request_id: str = "r-1") -> Result:
    return process.invoke(request_id, "arn:aws:lambda:eu-west-1:0:function:f", "Root=1-2-3", json.dumps(event).encode())


def test_a_function_gets_its_event_and_its_context_and_keeps_its_process(started: Started) -> None:
    process = started(
        "import os\ndef handler(event, context):\n    print('seen', event)\n"
        "    left = context.get_remaining_time_in_millis()\n"
        "    return [event, context.aws_request_id, context.invoked_function_arn, 0 < left <= 20000, os.getpid()]"
    )
    first, second = invoke(process, {"a": "ä"}), invoke(process, request_id="r-2")
    event, request_id, arn, in_time, pid = json.loads(first.payload)
    assert (event, request_id, arn, in_time) == ({"a": "ä"}, "r-1", "arn:aws:lambda:eu-west-1:0:function:f", True)
    assert json.loads(second.payload)[1:] == ["r-2", arn, True, pid]
    assert first.logs.splitlines()[:3] == [
        "START RequestId: r-1 Version: $LATEST",
        "seen {'a': 'ä'}",
        "END RequestId: r-1",
    ]
    assert "seen {'a'" not in second.logs
    assert not first.is_error


def test_an_exception_is_the_answer_with_its_type_and_its_trace(started: Started) -> None:
    process = started("def handler(event, context):\n    raise KeyError('gone')")
    result = invoke(process)
    said = json.loads(result.payload)
    assert (result.is_error, said["errorType"], said["errorMessage"]) == (True, "KeyError", "'gone'")
    assert "in handler" in said["stackTrace"][0]
    assert "[ERROR] KeyError" in result.logs


def test_a_response_of_six_megabytes_arrives_whole(started: Started) -> None:
    process = started("def handler(event, context):\n    return 'x' * event")
    size = 6_000_000
    assert len(invoke(process, size).payload) == size + 2


def test_a_timeout_is_an_error_and_the_next_invocation_starts_anew(started: Started) -> None:
    process = started(
        "import os, time\ndef handler(event, context):\n    time.sleep(event)\n    return os.getpid()", timeout=2
    )
    pid = json.loads(invoke(process, 0).payload)
    began = time.monotonic()
    result = invoke(process, 60)
    assert time.monotonic() - began < 10
    assert json.loads(result.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: r-1 Error: Task timed out after 2.00 seconds",
    }
    assert "r-1 Task timed out after 2.00 seconds" in result.logs
    assert not psutil.pid_exists(pid)
    assert json.loads(invoke(process, 0).payload) != pid


def test_an_exit_is_an_error_and_the_next_invocation_starts_anew(started: Started) -> None:
    process = started(
        "import os\ndef handler(event, context):\n    print('last words')\n    return os._exit(3) if event else 'well'"
    )
    result = invoke(process, 1)
    assert json.loads(result.payload)["errorType"] == "Runtime.ExitError"
    assert "exit status 3" in json.loads(result.payload)["errorMessage"]
    assert "last words" in result.logs
    assert invoke(process, 0).payload == b'"well"'


def test_a_process_that_was_killed_while_idle_is_started_again(started: Started) -> None:
    process = started("import os\ndef handler(event, context):\n    return os.getpid()")
    pid = int(invoke(process).payload)
    psutil.Process(pid).kill()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert int(invoke(process).payload) != pid


def test_an_import_that_fails_is_the_answer_and_in_the_log_each_time(started: Started) -> None:
    process = started("import no_such_module\ndef handler(event, context): ...")
    for _ in range(2):
        result = invoke(process)
        said = json.loads(result.payload)
        assert (result.is_error, said["errorType"]) == (True, "Runtime.ImportModuleError")
        assert "No module named 'no_such_module'" in said["errorMessage"]
        assert "[ERROR] Runtime.ImportModuleError" in result.logs


def test_the_code_wins_over_layers_and_a_later_layer_over_an_earlier_one(started: Started, tmp_path: Path) -> None:
    layers = (tmp_path / "first", tmp_path / "second")
    for layer in layers:
        (layer / "python").mkdir(parents=True)
        (layer / "python" / "shared.py").write_text(f"WHO = {layer.name!r}")
        (layer / "python" / "main.py").write_text("raise AssertionError('the code is main')")
    (layers[0] / "python" / "alone.py").write_text("WHO = 'first'")
    code = "import alone, shared\ndef handler(event, context):\n    return [alone.WHO, shared.WHO]"
    assert json.loads(invoke(started(code, layers=layers)).payload) == ["first", "second"]


def test_what_a_handler_started_ends_with_it(started: Started) -> None:
    process = started(
        "import subprocess\ndef handler(event, context):\n    return subprocess.Popen(['sleep', '600']).pid"
    )
    child = int(invoke(process).payload)
    assert psutil.pid_exists(child)
    process.stop()
    deadline = time.monotonic() + 10
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_function_sees_nothing_of_the_hosts_environment(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")
    process = started("import os\ndef handler(event, context):\n    return dict(os.environ)", TABLE="orders")
    seen = json.loads(invoke(process).payload)
    assert seen["TABLE"] == "orders"
    assert seen["PATH"] == os.environ["PATH"]
    assert "SECRET_OF_THE_HOST" not in seen


def test_the_environment_is_awss_and_the_functions_own() -> None:
    given = {"AWS_REGION": "eu-west-1", "AWS_LAMBDA_FUNCTION_TIMEOUT": 3, "AWS_EXECUTION_ENV": "AWS_Lambda_rapid"}
    emulators = {"LOCALSTACK_RUNTIME_ID": "x", "EDGE_PORT": "4566", "_AWS_XRAY_DAEMON_PORT": 2000}
    flags = "-e AWS_ENDPOINT_URL_FIREHOSE=http://127.0.0.1:4570 -v /a:/b --env 'A=b c'"
    assert variables(given | emulators, {"A": "own", "LOCALSTACK_X": "own"}, "python3.13", flags) == {
        "AWS_REGION": "eu-west-1",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "3",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_ENDPOINT_URL_FIREHOSE": "http://127.0.0.1:4570",
        "A": "own",
        "LOCALSTACK_X": "own",
    }
