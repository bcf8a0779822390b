"""Which parts make up a bench, and what is published to it once they run."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from testbench import layer, opensearch, ports, stack
from testbench.backends import external
from testbench.backends.localstack.part import LocalStack
from testbench.backends.ministack.part import MiniStack
from testbench.clients import aws_client
from testbench.endpoints import Endpoints
from testbench.errors import BenchError
from testbench.firehose_part import DataFirehose
from testbench.installing import in_parallel
from testbench.opensearch.part import OpenSearch
from testbench.parts import Backend, Part
from testbench.paths import RUNS
from testbench.progress import Say

BACKEND_VARIABLE = "BENCH_BACKEND"
BACKENDS: Mapping[str, Backend] = {backend.name: backend for backend in (MiniStack(), LocalStack())}
AUTHORISE_VARIABLE = "BENCH_AUTH"


def backend() -> Backend:
    """The one that BENCH_BACKEND names: MiniStack by default, LocalStack where one runs already."""
    running = external.endpoint()
    given = os.environ.get(BACKEND_VARIABLE, "").strip() or (external.NAME if running else MiniStack().name)
    if given not in BACKENDS:
        raise BenchError(f"{BACKEND_VARIABLE} must be {' or '.join(BACKENDS)}, it is {given!r}")
    if running and given != external.NAME:
        raise BenchError(
            f"{external.VARIABLE} names a LocalStack, so {BACKEND_VARIABLE} must be {external.NAME} or not set, "
            f"it is {given!r}"
        )
    return BACKENDS[given]


def authorise() -> bool:
    """Whether a bench that is started shall enforce IAM and resource policies. BENCH_AUTH=0 lets everything pass."""
    given = os.environ.get(AUTHORISE_VARIABLE, "").strip()
    if given not in ("", "0", "1"):
        raise BenchError(
            f"{AUTHORISE_VARIABLE} must be 1 (IAM and resource policies are enforced, the default) or 0 (every call "
            f"passes), it is {given!r}"
        )
    able = "iam" not in backend().lacks
    if given == "1" and not able:
        raise BenchError(
            f"{AUTHORISE_VARIABLE}=1 wants IAM enforced, and {backend().name} cannot: take BENCH_BACKEND=ministack, or "
            f"leave {AUTHORISE_VARIABLE} away"
        )
    return able and given != "0"


def lacking() -> dict[str, str]:
    """What tests may need (`needs`) and the bench that would be started cannot do, each with the reason."""
    off = {} if authorise() else {"iam": "policies are not enforced (BENCH_AUTH=0)"}
    return off | dict(backend().lacks)


def plan() -> Endpoints:
    """The bench to be started: its backend's name and, where that runs already, its address."""
    return Endpoints(backend().name, external.endpoint() or "", "", "", authorise=authorise())


def tests_state() -> Path:
    """The state folder of the tests' bench: one for each kind, so that two kinds never stop each other."""
    words = ["tests", *([] if backend().name == MiniStack().name else [backend().name])]
    if external.endpoint():
        words.append("running")
    return RUNS / "-".join([*words, *([] if authorise() or "iam" in backend().lacks else ["no-auth"])])


def parts() -> list[Part]:
    """The parts to be started, in the order in which they are shown."""
    emulator: list[Part] = [] if external.endpoint() else [backend()]
    node: list[Part] = [OpenSearch()] if opensearch.installed() else []
    return [*emulator, DataFirehose(), *node]


def parts_of(found: Endpoints | None) -> list[Part]:
    """The parts of a bench that was started earlier; where none was, those that a start would start."""
    if found is None:
        return parts()
    known: list[Part] = [*BACKENDS.values(), DataFirehose(), OpenSearch()]
    return [part for part in known if part.name in found.parts]


def fits(found: Endpoints) -> bool:
    """Whether a bench that was started earlier is what is asked for now."""
    wanted = plan()
    same = (found.backend, found.authorise) == (wanted.backend, wanted.authorise)
    whole = set(found.parts) == {part.name for part in parts()}
    placed = all(ports.fixed(name) in (None, urlsplit(found.address(name)).port) for name in found.parts)
    return same and whole and placed and wanted.aws_endpoint_url in ("", found.aws_endpoint_url)


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
        jobs.append(partial(_layer, requirements, say))
    in_parallel(jobs)
    file = _layer(requirements, say) if requirements else None
    found = stack.start(parts, state, wanted, say)
    try:
        found = replace(found, kept=kept, powertools_layer_arn=_publish(file, found) if file else "")
        found.save(state)
    except BaseException:
        stack.stop([part.name for part in parts], state)
        raise
    return found


def _layer(requirements: Path, say: Say) -> Path:
    return layer.build(requirements, backend().runtime(say), say)


def _publish(layer_file: Path, found: Endpoints) -> str:
    answer = aws_client("lambda", found).publish_layer_version(
        LayerName=layer.NAME,
        Description="Powertools for AWS Lambda (Python), built from PyPI for the bench",
        Content={"ZipFile": layer_file.read_bytes()},
        CompatibleRuntimes=["python3.13"],
    )
    return str(answer["LayerVersionArn"])
