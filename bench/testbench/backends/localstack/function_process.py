"""One execution environment of a Python function: a process of AWS's runtime interface client (awslambdaric).

It is started once and serves one invocation after the other. A timeout ends it, an exit is an error of the invocation;
the next invocation starts it again, as Lambda does. The standard library only, so that it can be tried alone.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

import json
import math
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty

from testbench.backends.localstack.runtime_api import Event, Invocation, RuntimeApi

SECONDS_TO_BEGIN = 60.0
"""Lambda gives an initialisation 10 s, and the whole timeout when it is tried again; a busy machine is slower."""


@dataclass(frozen=True)
class Function:
    """What is run: the folders of its code and its layers, its handler and settings."""

    handler: str
    code: Path
    layers: tuple[Path, ...]
    timeout: float
    memory: int
    version: str
    environment: Mapping[str, str]

    def variables(self, python: Path, runtime_api: str) -> dict[str, str]:
        """The process's whole environment. A later layer wins over an earlier one, the code (its cwd) over both."""
        return {
            "PATH": os.environ.get("PATH", ""),
            "LANG": "en_US.UTF-8",
            **self.environment,
            "AWS_LAMBDA_RUNTIME_API": runtime_api,
            "LAMBDA_TASK_ROOT": str(self.code),
            "LAMBDA_RUNTIME_DIR": str(python.parent),
            "PYTHONPATH": os.pathsep.join(str(layer / "python") for layer in reversed(self.layers)),
        }


@dataclass(frozen=True)
class Result:
    """What Invoke answers, and what goes to the log group."""

    payload: bytes
    is_error: bool
    logs: str


class FunctionProcess:
    """Its methods are called by one thread at a time, except `stop`."""

    def __init__(self, function: Function, python: Path) -> None:
        self._function = function
        self._python = python
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 -- lives as long as this object
        self._read = 0
        self._api: RuntimeApi | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._failed: Event | None = None

    def start(self) -> None:
        """Start it and wait until it asks for an invocation. How it failed is the next invocation's to say."""
        self._api = api = RuntimeApi()
        self._process = process = subprocess.Popen(
            [self._python, "-m", "awslambdaric", self._function.handler],
            cwd=self._function.code,
            env=self._function.variables(self._python, api.address),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        threading.Thread(target=_watch, args=(process, api), name="function-exit", daemon=True).start()
        event = self._next(api, time.monotonic() + SECONDS_TO_BEGIN)
        self._failed = None if event and event.kind == "ready" else event or Event("exit", b"no answer")
        if self._failed:
            self._end()

    def invoke(self, request_id: str, function_arn: str, trace_id: str, event: bytes) -> Result:
        """Run the handler once."""
        if self._process is not None and self._process.poll() is not None:
            self._end()  # it ended while nobody asked anything of it
        if self._process is None and self._failed is None:
            self.start()
        began, limit = time.monotonic(), self._function.timeout
        failed, self._failed = self._failed, None  # it is tried again by the next invocation
        if failed is None and self._api is not None:
            self._api.invocations.put(Invocation(request_id, function_arn, trace_id, time.time() + limit, event))
            outcome = self._outcome(self._api, request_id, began + limit)
        else:
            outcome = failed
        seconds = time.monotonic() - began
        match outcome:
            case None:
                self._end()
                said = f"Task timed out after {limit:.2f} seconds"
                payload, is_error = _error("Sandbox.Timedout", request_id, said), True
                note = f"{datetime.now(UTC).isoformat(timespec='milliseconds')[:-6]}Z {request_id} {said}\n\n"
            case Event("exit"):
                self._end()
                said = f"Runtime exited with error: {outcome.body.decode()}"
                payload, is_error = _error("Runtime.ExitError", request_id, said), True
                note = f"RequestId: {request_id} Error: {said}\nRuntime.ExitError\n"
            case _:
                payload, is_error, note = outcome.body, outcome.kind != "response", ""
        return Result(payload, is_error, self._report(request_id, self.printed() + note, seconds))

    def stop(self) -> None:
        """End it; an invocation that runs becomes an error."""
        self._end()

    @staticmethod
    def _next(api: RuntimeApi, deadline: float) -> Event | None:
        """What the runtime does next, None when the time is over."""
        try:
            return api.events.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            return None

    def _outcome(self, api: RuntimeApi, request_id: str, deadline: float) -> Event | None:
        """How that invocation ended. That the runtime asks for the next one is no end."""
        while event := self._next(api, deadline):
            if event.kind == "exit" or event.request_id == request_id:
                return event
        return None

    def _end(self) -> None:
        process, self._process = self._process, None
        api, self._api = self._api, None
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what the handler started, too
            process.wait()
        if api is not None:
            api.close()

    def printed(self) -> str:
        """What it printed since the last time. From a file: it is all there when the answer is."""
        data = os.pread(self._log.fileno(), 2**24, self._read)
        self._read += len(data)
        return data.decode(errors="replace")

    def _report(self, request_id: str, printed: str, seconds: float) -> str:
        milliseconds = seconds * 1000
        text = printed if not printed or printed.endswith("\n") else printed + "\n"
        return (
            f"START RequestId: {request_id} Version: {self._function.version}\n{text}END RequestId: {request_id}\n"
            f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\t"
            f"Billed Duration: {math.ceil(milliseconds)} ms\tMemory Size: {self._function.memory} MB\t"
            f"Max Memory Used: {self._function.memory} MB\n"
        )


def _watch(process: "subprocess.Popen[bytes]", api: RuntimeApi) -> None:
    code = process.wait()
    api.events.put(Event("exit", f"signal: {-code}".encode() if code < 0 else f"exit status {code}".encode()))


def _error(kind: str, request_id: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {message}"}).encode()
