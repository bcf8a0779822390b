"""Functions as processes of this machine: LocalStack 2026.3.0 runs them in Docker only, without their layers.

The process, its environment and its logs: function_process.py. LocalStack decides when one is started and stopped. What
LAMBDA_DOCKER_FLAGS hands to containers by `-e NAME=VALUE`, the processes get.
"""

import importlib
import inspect
import os
import shlex
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from testbench.backends import hooks
from testbench.backends.localstack.function_process import Function, FunctionProcess

PYTHON_VARIABLE = "BENCH_FUNCTIONS_PYTHON"
"""The interpreter with awslambdaric that runs the functions."""
_INVOCATION = "localstack.services.lambda_.invocation"
_TAKEN_BY = (
    f"{_INVOCATION}.execution_environment",
    f"{_INVOCATION}.version_manager",
    "localstack.services.lambda_.provider",
)
_OF_THE_EMULATOR = ("LOCALSTACK_", "EDGE_PORT", "AWS_XRAY_DAEMON", "_AWS_XRAY_DAEMON")


def variables(given: Mapping[str, Any], own: Mapping[str, str], runtime: str, docker_flags: str) -> dict[str, str]:
    """A function's environment: AWS's variables and its own, of what LocalStack would give its container."""
    awss = {name: str(value) for name, value in given.items() if not name.startswith(_OF_THE_EMULATOR)}
    return awss | {"AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}"} | dict(_handed_over(docker_flags)) | dict(own)


def _handed_over(docker_flags: str) -> Iterator[tuple[str, str]]:
    words = shlex.split(docker_flags)
    for flag, value in pairwise(words):
        if flag in ("-e", "--env") and "=" in value:
            name, _, text = value.partition("=")
            yield name, text


class ProcessExecutor:
    """One execution environment, in the place of LocalStack's DockerRuntimeExecutor (its class RuntimeExecutor)."""

    def __init__(self, id: str, function_version: Any) -> None:  # noqa: A002 -- LocalStack calls it by name
        self.id = id
        self.function_version = function_version
        self._process: FunctionProcess | None = None

    def start(self, env_vars: Mapping[str, Any]) -> None:
        config = self.function_version.config
        flags = os.environ.get("LAMBDA_DOCKER_FLAGS", "")
        function = Function(
            handler=config.handler,
            code=Path(config.code.get_unzipped_code_location()),
            layers=tuple(Path(layer.code.get_unzipped_code_location()) for layer in config.layers),
            timeout=config.timeout,
            memory=config.memory_size,
            version=self.function_version.id.qualifier,
            environment=variables(env_vars, config.environment or {}, config.runtime, flags),
        )
        self._process = FunctionProcess(function, Path(os.environ[PYTHON_VARIABLE]))
        self._process.start()

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def invoke(self, payload: Mapping[str, str]) -> Any:
        assert self._process is not None, "LocalStack starts an environment before it invokes it"
        result = self._process.invoke(
            payload["invoke-id"], payload["invoked-function-arn"], payload["trace-id"], payload["payload"].encode()
        )
        models = importlib.import_module(f"{_INVOCATION}.lambda_models")
        return models.InvocationResult(payload["invoke-id"], result.payload, result.is_error, result.logs)

    def get_logs(self) -> str:
        return self._process.printed() if self._process else ""

    def get_address(self) -> str:
        return "127.0.0.1"

    get_endpoint_from_executor = get_address

    def get_runtime_endpoint(self) -> str:
        return ""

    @classmethod
    def prepare_version(cls, function_version: Any) -> None:
        """Unpack the code and the layers. What is raised here becomes the function's state Failed with that reason."""
        config = function_version.config
        if not str(config.runtime).startswith("python"):
            raise NotImplementedError(f"the bench runs Python functions on LocalStack, the runtime is {config.runtime}")
        for code in (config.code, *(layer.code for layer in config.layers)):
            code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: Any) -> None:
        """Nothing: LocalStack removes the code with the function, and another version may share it."""

    @classmethod
    def validate_environment(cls) -> bool:
        return True


def apply() -> None:
    """Have LocalStack take this executor. Raises `CorrectionError` where it asks for another one."""
    abstract = importlib.import_module(f"{_INVOCATION}.runtime_executor").RuntimeExecutor
    for name in abstract.__abstractmethods__:
        hooks.expected(ProcessExecutor, name, *inspect.signature(getattr(abstract, name)).parameters)
    for module in _TAKEN_BY:
        hooks.replace(importlib.import_module(module), "get_runtime_executor", (), lambda: ProcessExecutor)
