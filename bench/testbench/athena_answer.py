"""One answer of Athena's API: `python -m testbench.athena_answer`, a query on its input, the answer on its output.

A process of its own, on the bench's interpreter: the emulator that needs the answer has no DuckDB in its virtualenv.
Where AWS is, the environment says.
"""

import json
import sys
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from testbench.errors import BenchError

NO_ENGINE = "this bench has no SQL engine: pip install 'terraform-test-bench[athena]'"


def answer(sql: str, database: str, parameters: list[str]) -> dict[str, Any]:
    """Columns, types, rows and bytes of the answer, or the error."""
    try:
        from testbench.athena import Athena
    except ImportError:
        return {"error": NO_ENGINE}
    make: Any = boto3.client  # its overloads want a literal service name
    config = Config(s3={"addressing_style": "path"}, proxies={})
    try:
        found = Athena(lambda service: make(service, config=config)).run(sql, database, parameters)
    except (BenchError, ClientError) as error:
        return {"error": str(error)}
    rows = [[as_text(value) for value in row] for row in found.rows]
    return {"columns": found.columns, "types": found.types, "rows": rows, "bytes": found.bytes_scanned}


def as_text(value: Any) -> str | None:
    """A value as Athena writes it in a result."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
        case list():
            return f"[{', '.join(str(as_text(each)) for each in value)}]"
        case dict():
            return "{" + ", ".join(f"{key}={as_text(each)}" for key, each in value.items()) + "}"
        case _:
            return str(value)


if __name__ == "__main__":
    json.dump(answer(**json.load(sys.stdin)), sys.stdout)
