"""A copy of one Terraform configuration that is applied to the bench, driven through python-terraform."""

import json
import re
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_terraform import IsFlagged

from testbench.endpoints import Endpoints
from testbench.errors import BenchError
from testbench.paths import BUILD
from testbench.terraform import terraform_binary, terraform_environment
from testbench.terraform_driver import TerraformDriver, TerraformProgress, planned_changes
from testbench.terraform_override import write_override

PARALLELISM = 40
"""Nearly all of an apply is the provider's own waiting, so many at once cost nothing."""
_SHARED = ("modules", "lambdas/dist")
_IGNORED = shutil.ignore_patterns(
    ".terraform", ".terraform.lock.hcl", "*.tfstate", "*.tfstate.*", "*.tfplan", "__pycache__", "*.tftest.hcl"
)
_DATA_SOURCE = re.compile(r"(^|\.)data\.[a-z0-9_]+\.")

Progress = Callable[[TerraformProgress], None]


@dataclass
class Workspace:
    """Its own folder below build/bench, so that several runs never share state.

    `variables` are written to terraform.tfvars.json before each command, so they may be changed between two applies.
    """

    folder: Path
    """The copied configuration, where terraform runs."""
    root: Path
    """The copied tree, which `remove` deletes."""
    variables: dict[str, Any]
    _driver: TerraformDriver

    @classmethod
    def prepared(
        cls,
        endpoints: Endpoints,
        source: Path,
        configuration: str,
        variables: Mapping[str, Any],
        files: Mapping[str, str],
    ) -> "Workspace":
        """Copy, point at the bench, `terraform init`.

        `configuration` is a folder relative to `source`; `files` (relative name -> text) are written into its copy, so
        that a test can bring a configuration of its own; the folder need not exist then.
        """
        root = BUILD / f"{Path(configuration).name or 'root'}-{secrets.token_hex(4)}"
        folder = (root / configuration).resolve()
        _copy(source, root, configuration)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        if not any(folder.glob("*.tf")):
            shutil.rmtree(root)
            raise BenchError(f"{source / configuration} holds no .tf file")
        write_override(folder, endpoints)
        environment = terraform_environment(endpoints.environment())
        driver = TerraformDriver(folder, terraform_binary(), environment)
        driver.init()
        return cls(folder, root, dict(variables), driver)

    def apply(self, progress: Progress | None = None) -> None:
        """Create or change everything. `progress` is called after each resource. Raises `TerraformError`."""
        self._write_variables()
        with self._driver.reporting(progress):
            self._driver.apply(skip_plan=True, json=IsFlagged, parallelism=PARALLELISM)

    def destroy(self, progress: Progress | None = None) -> None:
        """Destroy everything in the state. Raises `TerraformError`."""
        self._write_variables()
        with self._driver.reporting(progress):
            self._driver.destroy(force=None, auto_approve=IsFlagged, json=IsFlagged, parallelism=PARALLELISM)

    def output(self) -> dict[str, Any]:
        """The outputs as plain values, sensitive ones included."""
        return {name: output["value"] for name, output in self._driver.output(full_value=True).items()}

    def planned_changes(self) -> list[str]:
        """What an apply would change now, as "update module.x.aws_y.z" or "update output name"; [] when nothing."""
        self._write_variables()
        _, printed, _ = self._driver.plan(detailed_exitcode=None, json=IsFlagged, parallelism=PARALLELISM)
        return planned_changes(printed)

    def plan_changes(self) -> int:
        """How many resources and outputs an apply would change now; 0 is an empty plan."""
        return len(self.planned_changes())

    def resources(self) -> list[str]:
        """Addresses of the managed resources in the state, sorted."""
        _, listed, _ = self._driver.cmd("state list")
        return sorted(address for address in listed.splitlines() if not _DATA_SOURCE.search(address))

    def terraform(self, command: str, *arguments: str) -> str:
        """Any other terraform command in this workspace; returns what it printed."""
        self._write_variables()
        _, printed, _ = self._driver.cmd(command, *arguments)
        return printed

    def remove(self) -> None:
        """Delete the copy. Destroy first: what is still applied stays in the bench."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _write_variables(self) -> None:
        (self.folder / "terraform.tfvars.json").write_text(json.dumps(self.variables, indent=2) + "\n")


def _copy(source: Path, root: Path, configuration: str) -> None:
    root.mkdir(parents=True)
    for file in source.glob("*.tf"):
        shutil.copy2(file, root / file.name)
    for name in _SHARED:
        if (source / name).is_dir():
            shutil.copytree(source / name, root / name, ignore=_IGNORED, dirs_exist_ok=True)
    folder = source / configuration
    if folder.is_dir() and folder.resolve() != source.resolve():
        shutil.copytree(folder, root / configuration, ignore=_IGNORED, dirs_exist_ok=True)
