"""MiniStack as a part of the bench."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from testbench.endpoints import ACCESS_KEY, ACCOUNT, SECRET_KEY, Endpoints
from testbench.parts import Command, answers
from testbench.paths import REQUIREMENTS
from testbench.ports import LOOPBACK
from testbench.progress import Say, quiet
from testbench.pythons import virtualenv

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT")


@dataclass(frozen=True)
class MiniStack:
    """The emulator's process."""

    @property
    def name(self) -> str:
        return "ministack"

    @property
    def lacks(self) -> Mapping[str, str]:
        return {}

    def install(self, say: Say) -> None:
        self.runtime(say)

    def runtime(self, say: Say = quiet) -> Path:
        """The interpreter of the emulator's virtualenv, which also runs the functions."""
        return virtualenv("ministack", REQUIREMENTS / "ministack.txt", say)

    def command(self, port: int, endpoints: Endpoints, state: Path) -> Command:
        temporary = state / "tmp"
        temporary.mkdir(exist_ok=True)
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": LOOPBACK,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": endpoints.region,
            "AWS_DEFAULT_REGION": endpoints.region,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "IOT_MTLS_ENABLED": "0",  # would listen on every interface
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "LAMBDA_WARM_TTL_SECONDS": "60",  # a function is a process of 50 MB; tests make many functions
            "DOCKER_HOST": "unix:///nowhere",  # never look for containers on the user's machine
            "TMPDIR": str(temporary),
            "S3_DATA_DIR": str(state / "s3"),
            "LOG_LEVEL": "INFO",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "BENCH_PYTHON": sys.executable,  # which has DuckDB, when the bench has it
            "AWS_ENDPOINT_URL": endpoints.aws_endpoint_url,  # the functions inherit these two
        }
        if endpoints.firehose_url:
            environment["AWS_ENDPOINT_URL_FIREHOSE"] = endpoints.firehose_url
        if endpoints.authorise:  # off upstream
            environment["AUTH"] = "true"
        return Command([str(self.runtime()), "-m", "testbench.backends.ministack.launcher"], environment)

    def ready(self, port: int) -> bool:
        return answers(f"http://{LOOPBACK}:{port}/_ministack/ready")
