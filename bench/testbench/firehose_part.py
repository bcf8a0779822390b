"""The bench's own Data Firehose (bench/local_firehose) as a part of the bench."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from local_firehose.partition_keys import newer_jq
from testbench.endpoints import Endpoints
from testbench.parts import Command, answers
from testbench.ports import LOOPBACK
from testbench.progress import Say


@dataclass(frozen=True)
class DataFirehose:
    """The server's process. It delivers to the backend's S3 and, for every domain, to the OpenSearch node.

    Where the backend enforces policies it works in sessions of the streams' roles, so these are proven, too.
    """

    @property
    def name(self) -> str:
        return "firehose"

    def install(self, say: Say) -> None:
        """Nothing: it runs in the project's own virtualenv. Say in what it differs there."""
        if warning := newer_jq():
            say(self.name, warning)

    def command(self, port: int, endpoints: Endpoints, state: Path) -> Command:
        own_state = state / "firehose"
        own_state.mkdir(exist_ok=True)
        argv = [sys.executable, "-m", "testbench.lease", "local_firehose", "--port", str(port)]
        argv += ["--aws-endpoint", endpoints.aws_endpoint_url, "--state", str(own_state)]
        if endpoints.opensearch_url:
            argv += ["--opensearch", endpoints.opensearch_url]
        if endpoints.authorise:
            argv += ["--assume-roles"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return Command(argv, environment | endpoints.environment() | {"PYTHONUNBUFFERED": "1"})

    def ready(self, port: int) -> bool:
        return answers(f"http://{LOOPBACK}:{port}/_firehose/health")
