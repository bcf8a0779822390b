"""Which parts make up a bench, and what is published to it once they run."""

import importlib.util
from dataclasses import replace
from pathlib import Path

from testbench import layer, stack
from testbench.backends.ministack.part import MiniStack
from testbench.clients import aws_client
from testbench.endpoints import Endpoints
from testbench.firehose_part import DataFirehose
from testbench.opensearch.part import OpenSearch
from testbench.parts import Part
from testbench.progress import Say


def backend_name() -> str:
    """What the AWS APIs come from."""
    return "ministack"


def parts(*, authorise: bool = False) -> list[Part]:
    """The parts in the order in which they are shown."""
    found: list[Part] = [MiniStack(authorise)]
    if importlib.util.find_spec("testbench.firehose") and importlib.util.find_spec("testbench.firehose.__main__"):
        found.append(DataFirehose())
    found.append(OpenSearch())
    return found


def start(parts: list[Part], state: Path, say: Say, *, kept: bool) -> Endpoints:
    """Install and start the parts, publish the layer, write endpoints.json. Nothing is left running on an error."""
    stack.install(parts, say)
    found = stack.start(parts, state, Endpoints(backend_name(), "", "", ""), say)
    try:
        found = replace(found, kept=kept, powertools_layer_arn=_publish_layer(found, say))
        found.save(state)
    except BaseException:
        stack.stop([part.name for part in parts], state)
        raise
    return found


def _publish_layer(found: Endpoints, say: Say) -> str:
    file = layer.build(say)
    answer = aws_client("lambda", found).publish_layer_version(
        LayerName=layer.NAME,
        Description="Powertools for AWS Lambda (Python), built from PyPI for the bench",
        Content={"ZipFile": file.read_bytes()},
        CompatibleRuntimes=["python3.13"],
    )
    return str(answer["LayerVersionArn"])


def keep(found: Endpoints) -> Endpoints:
    """The same bench, not stopped when its last user leaves."""
    return replace(found, kept=True)
