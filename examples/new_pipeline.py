"""Make a pipeline of this project from the living example, examples/custom-pipeline: make new-pipeline NAME=invoices

Copies module, function, tests and example under the new name and prints what to do next. Asks nothing, overwrites
nothing. What the copies have that the example has not is in `_FILES`, and a line that is no longer there is an error.
The module takes every input that the shipped pipelines share, from a copy of their file.
"""

import argparse
import builtins
import io
import keyword
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from docs.generate_terraform import SHARED_INPUTS, SHARED_OUTPUTS, aligned
from docs.terraform_inputs import blocks_as_written

PROJECT = Path(__file__).resolve().parents[1]
TEMPLATE = Path("examples/custom-pipeline")
LONGEST = 24
"""A fork's name has at most 40 characters; the rest is for the topic's name before it."""
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class BadNameError(ValueError):
    """The sentence has the rule, an example and the value received."""

    def __init__(self, rule: str, received: str) -> None:
        super().__init__(f"NAME {rule}, for example make new-pipeline NAME=audit-log; received {received!r}")


@dataclass(frozen=True)
class Names:
    """A pipeline's name in all its spellings."""

    kebab: str

    @property
    def snake(self) -> str:
        return self.kebab.replace("-", "_")

    @property
    def words(self) -> str:
        return self.kebab.replace("-", " ")

    def in_place_of(self, other: "Names", text: str) -> str:
        """The text with the other pipeline's name replaced in every spelling."""
        for new, old in (
            (self.kebab, other.kebab),
            (self.snake, other.snake),
            (self.words, other.words),
            (self.words.capitalize(), other.words.capitalize()),
        ):
            text = text.replace(old, new)
        return text


LIVING = Names("audit-log")


@dataclass(frozen=True)
class Copy:
    """A file of the living example, where it goes (`{kebab}` and `{snake}`: the name), and what is said otherwise."""

    source: str
    target: str
    edits: tuple[tuple[str, str], ...] = ()


def _handed_on(names: Iterable[str]) -> str:
    """Arguments of a call that are inputs of the module around it."""
    return "".join(f"{line}\n" for line in aligned([(name, f"var.{name}") for name in names], "  "))


_PLACE = ("../../../", "../../")
"""A module of the project lies one folder higher than the example's."""
_FILES = (
    Copy(
        f"{TEMPLATE}/module/main.tf",
        "modules/{kebab}/main.tf",
        (
            ("../../../modules/fork", "../fork"),
            ('"audit_log.handler"', '"event_fork.audit_log.handler"'),
            (
                _handed_on(blocks_as_written(PROJECT / TEMPLATE / "module/variables.tf", "variable")),
                _handed_on(blocks_as_written(SHARED_INPUTS, "variable")),
            ),
        ),
    ),
    Copy("modules/fork/variables.fork.tf", "modules/{kebab}/variables.fork.tf"),
    Copy("modules/storage-backup/outputs.fork.tf", "modules/{kebab}/outputs.fork.tf"),
    Copy(
        f"{TEMPLATE}/module/outputs.tf",
        "modules/{kebab}/outputs.tf",
        tuple(
            (f"\n{block}", "")
            for name, block in blocks_as_written(PROJECT / TEMPLATE / "module/outputs.tf", "output").items()
            if name in blocks_as_written(SHARED_OUTPUTS, "output")
        ),
    ),
    Copy(f"{TEMPLATE}/module/versions.tf", "modules/{kebab}/versions.tf"),
    Copy(
        f"{TEMPLATE}/module/README.md",
        "modules/{kebab}/README.md",
        (
            (
                '  source = "./module"\n\n  name      =',
                '  source  = "<namespace>/event-fork-pipelines/aws//modules/audit-log"\n'
                '  version = "~> 0.1"\n\n  name      =',
            ),
            (
                "what every fork costs.\n",
                "what every fork costs.\n\n<!-- tables of audit-log: begin (made by `make docs`) -->\n"
                "<!-- tables of audit-log: end -->\n",
            ),
        ),
    ),
    Copy(f"{TEMPLATE}/module/tests/audit_log.tftest.hcl", "modules/{kebab}/tests/{snake}.tftest.hcl", (_PLACE,)),
    Copy(f"{TEMPLATE}/function/audit_log.py", "lambdas/event_fork/{snake}.py"),
    Copy(
        f"{TEMPLATE}/main.tf",
        "examples/{kebab}/main.tf",
        (
            ("# A pipeline of one's own: module/ is the pipeline, function/ its code.\n", ""),
            ('"./module"', '"../../modules/audit-log"'),
            (
                '  lambda_package       = { filename = coalesce(var.function_zip, "${path.module}/audit_log.zip") }\n',
                "",
            ),
        ),
    ),
    Copy(f"{TEMPLATE}/outputs.tf", "examples/{kebab}/outputs.tf"),
    Copy(
        f"{TEMPLATE}/variables.tf",
        "examples/{kebab}/variables.tf",
        (
            (
                '\nvariable "function_zip" {\n'
                '  description = "Zip of function/audit_log.py; null = audit_log.zip beside this file."\n'
                "  type        = string\n  default     = null\n}\n",
                "",
            ),
        ),
    ),
    Copy(f"{TEMPLATE}/versions.tf", "examples/{kebab}/versions.tf"),
    Copy(
        "tests/functional/custom_pipeline/test_audit_log_function.py",
        "tests/functional/event_fork/test_{snake}_function.py",
        (
            ("import audit_log\n", ""),
            ("from moto import mock_aws\n", "from moto import mock_aws\n\nfrom event_fork import audit_log\n"),
        ),
    ),
    Copy(
        "tests/e2e/test_modules_custom_pipeline.py",
        "tests/e2e/test_modules_{snake}.py",
        (
            ("import subprocess\nimport sys\n", ""),
            ("from testbench.paths import PROJECT\n", ""),
            (", tmp_path_factory: pytest.TempPathFactory", ""),
            (
                '    function_zip = tmp_path_factory.mktemp("function") / "audit_log.zip"\n'
                '    source = PROJECT / "examples/custom-pipeline/function/audit_log.py"\n'
                '    subprocess.run([sys.executable, "-m", "zipfile", "-c", function_zip, source], check=True)\n',
                "",
            ),
            (", function_zip=str(function_zip)", ""),
            ("examples/custom-pipeline", "examples/audit-log"),
            ("_of_the_custom_pipeline_is_empty", "_of_audit_log_is_empty"),
            ("test_the_custom_pipeline_is_destroyed", "test_audit_log_is_destroyed"),
        ),
    ),
)
_CONTRACTS = Copy(
    ".importlinter",
    ".importlinter",
    (
        ("replay_worker | replay_governor\n", "replay_worker | replay_governor | audit_log\n"),
        ("    event_fork.replay_governor\n", "    event_fork.replay_governor\n    event_fork.audit_log\n"),
        (
            "    event_fork.redact -> os\n",
            "    event_fork.redact -> os\n    event_fork.audit_log -> os\n"
            "    # Until it has an adapter of its own.\n    event_fork.audit_log -> boto3\n"
            "    event_fork.audit_log -> botocore\n    event_fork.audit_log -> aws_lambda_powertools\n",
        ),
    ),
)
"""Where a new handler stands in the import contracts."""
_MARKERS = ("root",)
"""What stands for another thing where a module's name stands: `tables of root`."""
_EXAMPLE_PAGE = """# Audit log

A topic with [modules/audit-log](../../modules/audit-log/README.md) on it.

    cd examples/audit-log
    terraform init
    terraform apply
"""
_NEXT = """made:
{files}
next:
  1. make build docs                        the function goes into the zip, inputs and outputs onto the module's page
  2. make it yours: modules/{name}/main.tf, {function}, their tests
  3. link modules/{name}/README.md and examples/{name}/README.md from README.md; what its role may do in
     docs/security.md; what it costs in docs/costs.md; a line in CHANGELOG.md
  4. make check, then make e2e EXAMPLE=modules_{snake}"""


def new_pipeline(name: str, project: Path) -> list[Path]:
    """Writes the files of a new pipeline; their paths in the project. Raises BadNameError before it writes anything."""
    names = _checked(name, project)
    written = [Path(copy.target.format(kebab=names.kebab, snake=names.snake)) for copy in _FILES]
    texts = [names.in_place_of(LIVING, _edited(copy, project)) for copy in _FILES]
    contracts = names.in_place_of(LIVING, _edited(_CONTRACTS, project))
    written.append(Path("examples", name, "README.md"))
    texts.append(names.in_place_of(LIVING, _EXAMPLE_PAGE))
    for path, text in zip(written, texts, strict=True):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text, encoding="utf-8")
    (project / _CONTRACTS.target).write_text(contracts, encoding="utf-8")
    # Another name has another length: imports in their order and lines of their width are ruff's.
    python = [project / path for path in written if path.suffix == ".py"]
    for arguments in (["check", "--fix", "--select", "I"], ["format"]):
        subprocess.run([sys.executable, "-m", "ruff", *arguments, "--quiet", *python], cwd=project, check=True)
    return written


def _checked(name: str, project: Path) -> Names:
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise BadNameError(
            f"must be 1 to {LONGEST} small letters, digits and single hyphens, beginning with a letter", name
        )
    names = Names(name)
    if keyword.iskeyword(names.snake):
        raise BadNameError("must not be a word of Python, whose function could not be imported", name)
    targets = [copy.target.format(kebab=names.kebab, snake=names.snake) for copy in _FILES]
    folders = [f"modules/{name}", f"examples/{name}", f"lambdas/event_fork/{names.snake}"]
    taken = next((path for path in (*folders, *targets) if (project / path).exists()), None)
    if taken is not None:
        raise BadNameError(f"must not be taken, and {taken} is there", name)
    if names.snake in {*dir(builtins), *_MARKERS, *_words_of_the_copies(project)}:
        raise BadNameError("must not be a word that the files of a new pipeline use for something else", name)
    return names


def _words_of_the_copies(project: Path) -> set[str]:
    """Every name in the Python that is copied, but those that the new name replaces."""
    texts = [_edited(copy, project) for copy in _FILES if copy.source.endswith(".py")]
    tokens = (token for text in texts for token in tokenize.generate_tokens(io.StringIO(text).readline))
    return {token.string for token in tokens if token.type == tokenize.NAME} - {LIVING.snake}


def _edited(copy: Copy, project: Path) -> str:
    text = (project / copy.source).read_text(encoding="utf-8")
    for old, new in copy.edits:
        if old not in text:
            raise LookupError(f"{copy.source} no longer says what {Path(__file__).name} replaces in it: {old!r}")
        text = text.replace(old, new)
    return text


def main(arguments: list[str] | None = None) -> int:
    """0 when made, 2 when the name is refused."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", metavar="NAME", nargs="?", default="")
    try:
        written = new_pipeline(name := parser.parse_args(arguments).name, PROJECT)
    except BadNameError as error:
        print(error, file=sys.stderr)
        return 2
    snake = Names(name).snake
    files = "\n".join(f"  {path}" for path in written)
    print(_NEXT.format(files=files, name=name, snake=snake, function=f"lambdas/event_fork/{snake}.py"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
