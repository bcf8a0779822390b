"""LocalStack as a part of the bench."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from testbench.backends.localstack.corrections.process_executor import PYTHON_VARIABLE
from testbench.endpoints import Endpoints
from testbench.errors import PrerequisiteError
from testbench.parts import Command, answers
from testbench.paths import REQUIREMENTS
from testbench.ports import LOOPBACK
from testbench.progress import Say, quiet
from testbench.pythons import interpreter, virtualenv

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL")
_PYTHONS = ((3, 13), (3, 12))
"""Its code wants 3.12 (it installs on older ones, and does not start), its pinned packages have no wheels for 3.14."""

LACKS = {
    "iam": "LocalStack's open edition stores policies and never asks them",
    "distributed-map": "LocalStack refuses ItemBatcher, JSONL and whole numbers of ToleratedFailurePercentage",
}


def _emulator(say: Say = quiet) -> Path:
    base = next(filter(None, map(interpreter, _PYTHONS)), None)
    if base is None:
        raise PrerequisiteError(
            "LocalStack needs Python 3.13 or 3.12, and there is none on PATH, in pyenv or in uv: install one, for "
            "example by `uv python install 3.13`, or use MiniStack (BENCH_BACKEND=ministack)"
        )
    return virtualenv("localstack", REQUIREMENTS / "localstack.txt", say, base)


@dataclass(frozen=True)
class LocalStack:
    """The emulator's process."""

    @property
    def name(self) -> str:
        return "localstack"

    @property
    def lacks(self) -> Mapping[str, str]:
        return LACKS

    def install(self, say: Say) -> None:
        _emulator(say)
        self.runtime(say)

    def runtime(self, say: Say = quiet) -> Path:
        return virtualenv("lambda-runtime", REQUIREMENTS / "lambda-runtime.txt", say)

    def command(self, port: int, endpoints: Endpoints, state: Path) -> Command:
        own = state / "localstack"
        own.mkdir(exist_ok=True)
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {
            "GATEWAY_LISTEN": f"{LOOPBACK}:{port}",
            "GATEWAY_SERVER": "hypercorn",  # the default one binds every interface
            "LOCALSTACK_HOST": f"localhost:{port}",
            "OVERRIDE_IN_DOCKER": "false",  # a machine may look like a container; it would use system folders
            "FILESYSTEM_ROOT": str(own),
            "TMPDIR": str(own),  # the code of the functions is unpacked there
            "XDG_CACHE_HOME": str(own / "cache"),
            "DISABLE_EVENTS": "1",  # no telemetry
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "DNS_ADDRESS": "0",
            "DISABLE_CORS_CHECKS": "1",  # the correction web_pages decides, as for every part
            "SQS_ENDPOINT_STRATEGY": "off",  # others are no queue URLs for the Terraform provider
            "LAMBDA_KEEPALIVE_MS": "60000",  # a function is a process of 50 MB; tests make many functions
            "LAMBDA_RUNTIME_ENVIRONMENT_TIMEOUT": "90",  # above function_process.SECONDS_TO_BEGIN
            "LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC": "0.01",  # the default: at most one batch a second
            "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC": "0.5",  # an idle queue would wait 10 s
            "DOCKER_HOST": "unix:///nowhere",  # never look for containers on the user's machine
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            PYTHON_VARIABLE: str(self.runtime()),
        }
        if endpoints.firehose_url:
            environment["LAMBDA_DOCKER_FLAGS"] = f"-e AWS_ENDPOINT_URL_FIREHOSE={endpoints.firehose_url}"
        if endpoints.opensearch_url:
            environment["OPENSEARCH_CUSTOM_BACKEND"] = endpoints.opensearch_url
            environment["OPENSEARCH_ENDPOINT_STRATEGY"] = "path"
        return Command([str(_emulator()), "-m", "testbench.backends.localstack.launcher"], environment)

    def ready(self, port: int) -> bool:
        return answers(f"http://{LOOPBACK}:{port}/_localstack/health")
