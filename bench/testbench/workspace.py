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
from testbench.paths import WORKSPACES
from testbench.terraform import terraform_binary, terraform_environment
from testbench.terraform_driver import TerraformDriver, TerraformProgress, planned_changes
from testbench.terraform_override import write_override

PARALLELISM = 40
"""Nearly all of an apply is the provider's own waiting, so many at once cost nothing."""
_NOT_COPIED = re.compile(r"\..*|.*\.(tfstate|tfstate\..*|tfplan|tftest\.hcl)")
"""Hidden files (.terraform, its lock file, .git), states, plans, native tests."""
_VARIABLES = "~bench.auto.tfvars.json"
"""Terraform reads all *.auto.tfvars in the order of their names, the last one counts: a tilde comes after letters."""
_OF_A_SHELL = ("TF_CLI_ARGS", "TF_DATA_DIR", "TF_WORKSPACE")
"""How the user's shell runs terraform on what is in production."""
_DATA_SOURCE = re.compile(r"(^|\.)data\.[a-z0-9_]+\.")

Progress = Callable[[TerraformProgress], None]


@dataclass
class Workspace:
    """Its own folder below .bench/workspaces, so that several runs never share state.

    The files of the configuration are copied. The folders in and around it are links to the original ones, so that
    every relative path leads where it leads in the project: module sources, templates, zips.

    `variables` are written to a file before each command, so they may be changed between two applies. They come before
    those of the configuration's own files.
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

        `configuration` is a folder relative to `source`, below which all its relative paths must end. `files` (relative
        name -> text) are written into its copy, so that a test can bring a configuration of its own; the folder need
        not exist then.
        """
        root = WORKSPACES / f"{Path(configuration).name or 'root'}-{secrets.token_hex(4)}"
        folder = root / configuration
        try:
            _copy(source.resolve(), root, Path(configuration))
            for name, text in files.items():
                _write(folder, name, text)
            if not any(folder.glob("*.tf")):
                raise BenchError(f"{source / configuration} holds no .tf file")
            write_override(folder, endpoints)
        except BaseException:
            shutil.rmtree(root)
            raise
        shell = {name: text for name, text in terraform_environment().items() if not name.startswith(_OF_A_SHELL)}
        environment = endpoints.within(shell)
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
        (self.folder / _VARIABLES).write_text(json.dumps(self.variables, indent=2) + "\n")


def _copy(source: Path, root: Path, configuration: Path) -> None:
    """Folders on the way from `source` to the configuration are made, its files copied, everything beside is linked."""
    for above in reversed(configuration.parents):
        (root / above).mkdir(parents=True, exist_ok=True)
        for entry in _entries(source / above):
            (root / above / entry.name).symlink_to(entry)
        way = root / above / configuration.relative_to(above).parts[0]
        way.unlink(missing_ok=True)
    folder = root / configuration
    folder.mkdir(parents=True, exist_ok=True)
    for entry in _entries(source / configuration):
        if entry.is_dir():
            (folder / entry.name).symlink_to(entry)
        else:
            shutil.copy2(entry, folder / entry.name)


def _entries(folder: Path) -> list[Path]:
    return [entry for entry in folder.glob("*") if not _NOT_COPIED.fullmatch(entry.name)]


def _write(folder: Path, name: str, text: str) -> None:
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise BenchError(f"a file of a workspace must lie in a folder of its own, {name} leads to {target.resolve()}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
