"""The OpenSearch node as a part of the bench."""

import json
import os
import secrets
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from testbench.endpoints import Endpoints
from testbench.parts import Command
from testbench.ports import LOOPBACK
from testbench.progress import Say, quiet


@dataclass(frozen=True)
class OpenSearch:
    """The node's process. Its data lies in the state folder and goes with it."""

    @property
    def name(self) -> str:
        return "opensearch"

    def install(self, say: Say) -> None:
        self._home(say)

    def command(self, port: int, endpoints: Endpoints, state: Path) -> Command:  # noqa: ARG002 -- needs no other part
        settings = {
            "path.data": state / "opensearch" / "data",
            "path.logs": state / "opensearch" / "logs",
            "discovery.type": "single-node",
            "network.host": LOOPBACK,
            "http.port": port,
            "transport.port": f"{port + 1}-{port + 99}",  # nobody uses it: the first free one
            "cluster.name": "bench",
            "node.name": "bench",
            # a machine whose disk is nearly full would otherwise make every index read-only
            "cluster.routing.allocation.disk.threshold_enabled": "false",
        }
        argv = [sys.executable, "-m", "testbench.opensearch.node", str(self._home(quiet))]
        argv += [f"{name}={value}" for name, value in settings.items()]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("JAVA_", "JDK_"))}
        return Command(argv, environment)

    def _home(self, say: Say) -> Path:
        from testbench.opensearch import home  # needs the extra `opensearch`, which a bench to look at does not

        return home.prepare(say)

    def ready(self, port: int) -> bool:
        """Whether it can make an index: a node that lacks something answers "green" and then refuses every index."""
        url = f"http://{LOOPBACK}:{port}/bench-readiness-{secrets.token_hex(4)}"  # others may ask at the same time
        settings = {"settings": {"number_of_shards": 1, "number_of_replicas": 0}}
        return _call("PUT", f"{url}?timeout=5s", settings) and _call("DELETE", url)


def _call(method: str, url: str, body: object = None) -> bool:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 -- always http on loopback
        url, data, {"Content-Type": "application/json"}, method=method
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
