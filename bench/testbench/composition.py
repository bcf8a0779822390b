"""Which parts make up a bench, and what is published to it once they run."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from testbench import layer, opensearch, stack
from testbench.backends import external
from testbench.backends.ministack.part import MiniStack
from testbench.clients import aws_client
from testbench.endpoints import Endpoints
from testbench.errors import BenchError
from testbench.firehose_part import DataFirehose
from testbench.installing import in_parallel
from testbench.opensearch.part import OpenSearch
from testbench.parts import Part
from testbench.progress import Say

AUTHORISE_VARIABLE = "BENCH_AUTH"


def authorise() -> bool:
    """Whether a bench that is started shall enforce IAM and resource policies. BENCH_AUTH=0 lets everything pass."""
    given = os.environ.get(AUTHORISE_VARIABLE, "").strip() or "1"
    if given not in ("0", "1"):
        raise BenchError(
            f"{AUTHORISE_VARIABLE} must be 1 (IAM and resource policies are enforced, the default) or 0 (every call "
            f"passes), it is {given!r}"
        )
    return given == "1"


def plan() -> Endpoints:
    """The bench to be started: its backend's name and, where that runs already, its address."""
    running = external.endpoint()
    if running:  # whether it enforces policies is a setting of that emulator
        return Endpoints(external.NAME, running, "", "")
    return Endpoints("ministack", "", "", "", authorise=authorise())


def parts() -> list[Part]:
    """The parts to be started, in the order in which they are shown."""
    backend: list[Part] = [] if external.endpoint() else [MiniStack()]
    node: list[Part] = [OpenSearch()] if opensearch.installed() else []
    return [*backend, DataFirehose(), *node]


def parts_of(found: Endpoints | None) -> list[Part]:
    """The parts of a bench that was started earlier; where none was, those that a start would start."""
    if found is None:
        return parts()
    known: list[Part] = [MiniStack(), DataFirehose(), OpenSearch()]
    return [part for part in known if part.name in found.parts]


def fits(found: Endpoints) -> bool:
    """Whether a bench that was started earlier is what is asked for now."""
    wanted = plan()
    same = (found.backend, found.authorise) == (wanted.backend, wanted.authorise)
    whole = set(found.parts) == {part.name for part in parts()}
    return same and whole and wanted.aws_endpoint_url in ("", found.aws_endpoint_url)


def start(parts: list[Part], state: Path, say: Say, *, kept: bool) -> Endpoints:
    """Install and start the parts, publish the layer, write endpoints.json. Nothing is left running on an error."""
    wanted = plan()
    if wanted.aws_endpoint_url:
        external.check(wanted.aws_endpoint_url)
    if not opensearch.installed():
        say("opensearch", opensearch.HOW_TO_INSTALL)
    requirements = layer.requirements()
    jobs: list[Callable[[], object]] = [partial(part.install, say) for part in parts]
    if requirements:
        jobs.append(partial(layer.build, requirements, say))
    in_parallel(jobs)
    file = layer.build(requirements, say) if requirements else None
    found = stack.start(parts, state, wanted, say)
    try:
        found = replace(found, kept=kept, powertools_layer_arn=_publish(file, found) if file else "")
        found.save(state)
    except BaseException:
        stack.stop([part.name for part in parts], state)
        raise
    return found


def _publish(layer_file: Path, found: Endpoints) -> str:
    answer = aws_client("lambda", found).publish_layer_version(
        LayerName=layer.NAME,
        Description="Powertools for AWS Lambda (Python), built from PyPI for the bench",
        Content={"ZipFile": layer_file.read_bytes()},
        CompatibleRuntimes=["python3.13"],
    )
    return str(answer["LayerVersionArn"])
