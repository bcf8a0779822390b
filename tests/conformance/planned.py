"""The resources that the judges look at: of every example, and of every variant of every module. Planned once.

Several pytest processes ask at the same time and in later runs, so the answer lies in `build`, under a name that
changes with what it was made from.
"""

import hashlib
import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock

from testbench import run_terraform
from testbench.paths import PROJECT
from tests.conformance import planning
from tests.conformance.planning import Resource
from tests.conformance.variants import REGIONS, Variant, variants

WORK = PROJECT / "build" / "conformance"
EXAMPLES = sorted(file.parent for file in PROJECT.glob("examples/*/versions.tf"))


@cache
def resources() -> tuple[Resource, ...]:
    """All of them, examples first."""
    shown = json.loads(plan_file().read_text())
    return tuple(planning.resources(shown))


@cache
def plan_file() -> Path:
    """The plan of everything, as `terraform show -json` gives it."""
    folder = WORK / fingerprint()
    done = folder / "plan.json"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            write(folder, configuration(folder))
            run_terraform(["init", "-backend=false", "-no-color"], folder)
            temporary = folder / "plan.json.part"
            temporary.write_text(json.dumps(planning.known(folder, region_of)))
            temporary.rename(done)
    return done


def configuration(folder: Path) -> planning.Configuration:
    """Every example and every variant as a module of one configuration: one start of the provider for all."""
    up = "../" * len(folder.relative_to(PROJECT).parts)
    calls: dict[str, Any] = {
        f"example_{example.name.replace('-', '_')}": {"source": f"{up}examples/{example.name}", "name": f"ex-{number}"}
        for number, example in enumerate(EXAMPLES)
    }
    # their own packages are built by the user; what is in them does not matter here
    for name in ("custom_pipeline", "idempotent_consumer"):
        calls[f"example_{name}"]["function_zip"] = f"{up}lambdas/dist/event_fork.zip"
    for variant in variants():
        calls[variant.name] = {"source": f"{up}modules/{variant.module}", **literal(variant.inputs)}
        if variant.region != REGIONS[0]:
            calls[variant.name]["providers"] = {"aws": f"aws.{variant.region}"}
    return {**planning.providers(), "module": calls}


def write(folder: Path, content: planning.Configuration) -> None:
    """A configuration that `terraform init` can be run on."""
    shutil.copy2(PROJECT / "versions.tf", folder)
    (folder / "main.tf.json").write_text(json.dumps(content, indent=1))


def literal(value: Any) -> Any:
    """Strings in JSON configurations are templates; here they are not."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, dict):
        return {name: literal(inner) for name, inner in value.items()}
    return [literal(inner) for inner in value] if isinstance(value, list) else value


@cache
def _by_name() -> dict[str, Variant]:
    return {variant.name: variant for variant in variants()}


def variant_of(address: str) -> Variant | None:
    """The variant that an address belongs to; None for an example's."""
    return _by_name().get(address.split(".")[1])


def region_of(address: str) -> str:
    """Where a resource is: examples are in the first Region."""
    variant = variant_of(address)
    return variant.region if variant else REGIONS[0]


@cache
def fingerprint() -> str:
    """Changes with everything that a plan is made from."""
    digest = hashlib.sha256(json.dumps(configuration(WORK / "any")).encode())
    here = Path(__file__).parent
    files = [*PROJECT.glob("*.tf"), *PROJECT.glob("modules/*/*.tf"), *PROJECT.glob("examples/**/*.tf")]
    files += [here / name for name in ("made_up.py", "planning.py")]
    files += [*PROJECT.glob("lambdas/dist/*.zip"), *PROJECT.glob("examples/*/dist/*.zip")]
    for file in sorted(files):
        digest.update(str(file.relative_to(PROJECT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]
