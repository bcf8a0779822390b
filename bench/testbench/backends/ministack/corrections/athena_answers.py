"""Queries through Athena's API are answered by the bench's own Athena, DuckDB over the objects, or fail.

MiniStack 1.5.33 without DuckDB in its virtualenv says SUCCEEDED with an invented row; with it, it knows neither the
catalog's types nor partition projection nor the values of question marks. See testbench/athena.py for how far it goes.
"""

import asyncio
import contextvars
import json
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from testbench.backends.ministack.corrections import hooks

_ANSWERED = re.compile(r"\s*(\(\s*)*(select|with|values)\b", re.IGNORECASE)


def athena_type(name: str, simple: Mapping[str, str]) -> str:
    """Athena's name of DuckDB's type; `simple` are those without parts."""
    if name.endswith("]"):
        return "array"
    begin = name.upper().partition("(")[0].strip()
    return {"MAP": "map", "STRUCT": "row"}.get(begin) or simple.get(begin, "varchar")


def apply() -> None:
    """Answer every statement that is none of the catalog's."""
    athena, responses = hooks.service("athena"), hooks.core("responses")
    request: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("query")

    def start(original: Callable[..., Any], data: dict[str, Any]) -> Any:
        request.set({"parameters": data.get("ExecutionParameters") or [], "bytes": 0})
        return original(data)

    async def run(query: str, database: str, _catalog: Any = None) -> Any:
        if not _ANSWERED.match(query):
            raise ValueError("NOT_SUPPORTED: this bench answers SELECT and changes nothing; make the objects otherwise")
        region = responses.get_region()
        environment = os.environ | {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        question = {"sql": query, "database": database, "parameters": request.get()["parameters"]}
        process = await asyncio.create_subprocess_exec(
            os.environ["BENCH_PYTHON"],
            "-m",
            "testbench.athena_answer",
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, complaints = await process.communicate(json.dumps(question).encode())
        answer = json.loads(out) if process.returncode == 0 else {"error": complaints.decode(errors="replace")}
        if "error" in answer:
            raise ValueError(answer["error"])
        request.get()["bytes"] = answer["bytes"]
        types = [athena_type(name, athena._DUCKDB_TYPE_MAP) for name in answer["types"]]
        return {"columns": answer["columns"], "column_types": types, "rows": answer["rows"]}

    async def execute(original: Callable[..., Any], query_id: str, *given: Any, **named: Any) -> None:
        await original(query_id, *given, **named)
        athena._executions[query_id]["Statistics"]["DataScannedInBytes"] = request.get()["bytes"]

    hooks.set_constant(athena, "ATHENA_ENGINE", "auto", "duckdb")  # never its mock
    hooks.wrap(athena, "_start_query_execution", ("data",), start)
    hooks.replace(athena, "_run_duckdb", ("query", "database", "catalog"), run)
    hooks.wrap(athena, "_execute_query", ("query_id", "query", "database", "ddl", "catalog"), execute)
