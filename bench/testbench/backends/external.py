"""An emulator that already runs: `LOCALSTACK_ENDPOINT=http://127.0.0.1:4566` uses it instead of starting MiniStack.

Meant for LocalStack (any edition) or anything that answers like it. The bench's own Data Firehose and the OpenSearch
node are started beside it as always. Functions reach that Firehose only when the emulator hands them
AWS_ENDPOINT_URL_FIREHOSE, which is a setting of the emulator (bench/README.md) that the bench cannot make from outside.
"""

import os
from urllib.parse import urlsplit

from testbench.errors import BenchError
from testbench.parts import answers

VARIABLE = "LOCALSTACK_ENDPOINT"
NAME = "localstack"


def endpoint() -> str | None:
    """The address that the environment names, without a path; None when it names none. Raises `BenchError`."""
    given = os.environ.get(VARIABLE, "").strip()
    if not given:
        return None
    parts = urlsplit(given if "//" in given else f"http://{given}")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise BenchError(f"{VARIABLE} must be like http://127.0.0.1:4566, it is {given!r}")
    return f"{parts.scheme}://{parts.netloc}"


def check(url: str) -> None:
    """Raise `BenchError` when nothing healthy answers there."""
    if not answers(f"{url}/_localstack/health", seconds=10):
        raise BenchError(f"{VARIABLE}: nothing healthy answers at {url}/_localstack/health")
