"""Write what Terraform makes one repeat: the root module, and what all pipelines have in common.

python -m docs.generate_terraform            write the files
python -m docs.generate_terraform --check    exit 1 and name the files that are not current

An input stands in one place. What fork and pipelines share: modules/fork/variables.fork.tf, copied into each module
that is built on modules/fork; the outputs of these: modules/storage-backup/outputs.fork.tf, copied likewise. What the
two that store share in addition: modules/storage-backup/variables.delivery.tf and variables.redact.tf, copied into
search-analytics. All others: variables.tf and outputs.tf of their module. Maps, calls and outputs of the root module
are made from these; its own inputs are those that are the same for all forks.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from docs.terraform_inputs import Input, blocks_as_written, inputs, outputs, without_defaults

PROJECT = Path(__file__).resolve().parents[1]
MODULES = PROJECT / "modules"
SHARED_INPUTS = MODULES / "fork" / "variables.fork.tf"
SHARED_OUTPUTS = MODULES / "storage-backup" / "outputs.fork.tf"
SHARED_BY_STORES = ("variables.delivery.tf", "variables.redact.tf")
FOR_ALL_FORKS = ("lambda_package", "powertools_layer_arn", "log_kms_key", "roles")
"""Inputs that the root module takes once for every fork, beside the topic, the name (a map's key) and the tags."""


@dataclass(frozen=True)
class Forks:
    """A map of the root module: its forks are calls of one pipeline's module."""

    name: str
    module: str
    description: str

    def own_inputs(self) -> list[Input]:
        """What each fork of the map may set for itself, tags among it."""
        for_all = ("name", "topic_arn", *FOR_ALL_FORKS)
        return [each for each in inputs(MODULES / self.module) if each.name not in for_all]


_MADE = "# Made by `make docs` from the inputs and outputs of the modules: edit those.\n"
_KEPT = "# Made by `make docs` from the inputs of the modules: edit those. Only validations of maps are written here.\n"
_ATTRIBUTES = "Attributes are the inputs of [modules/{module}](modules/{module}/README.md), with the same defaults"

FORKS = (
    Forks(
        "storage_backups",
        "storage-backup",
        "Archives to make, by name: every event to S3. The name (1-40 letters, digits, `-` or `_`) names queue, "
        f"function and stream. {_ATTRIBUTES}; {{{{}}}} takes them all. "
        'For example `{{ orders-backup = {{ prefix = \\"orders/\\" }} }}`.',
    ),
    Forks(
        "search_analytics",
        "search-analytics",
        f"Search indexes to make, by name: every event to OpenSearch. {_ATTRIBUTES}; `index_name` is required. "
        'For example `{{ orders-search = {{ index_name = \\"orders\\" }} }}`.',
    ),
    Forks(
        "replays",
        "replay",
        "Replays to make, by name: events of the last 14 days, held until they are sent to the regular pipeline again. "
        f"{_ATTRIBUTES}; `destination_queue` is required. For example `{{{{ orders-replay = {{{{ destination_queue = "
        "{{ arn = aws_sqs_queue.checkout.arn, url = aws_sqs_queue.checkout.url }} }} }}`.",
    ),
)

_MAP = """variable "{name}" {{
  description = "{description}"
  type = map(object({{
{attributes}
  }}))
  default  = {{}}
  nullable = false
{rules}}}
"""
_OUTPUT = """output "{name}" {{
  description = "Of each fork in `{name}`, by its name: the outputs of [{page}]({page}/README.md#outputs)."
  value = {{ for name, fork in module.{name} : name => {{
{values}
  }} }}
}}
"""


_DASHBOARD = """module "dashboard" {{
  source = "./modules/dashboard"
  count  = var.dashboard ? 1 : 0

  # Dashboards are global in an account, and no fork's ends so.
  name      = "${{replace(join("-", [for part in [5, 3] : split(":", var.topic_arn)[part]]), ".", "-")}}-event-forks"
  topic_arn = var.topic_arn
  forks = merge(
{maps}
  )
}}
"""
_DASHBOARD_FORKS = """    {{ for name, fork in module.{name} : name => {{
      queue_arn              = fork.queue_arn
      dead_letter_queue_name = fork.dead_letter_queue_name
      function_name          = fork.function_name
      streams                = {streams}
    }}{condition} }},"""
_WITH_A_QUEUE = ' if var.storage_backups[name].ingest == "queue"'
_STREAMS = '{{ names = fork.delivery_stream_names, destination = "{}" }}'
_DESTINATIONS = {
    "storage-backup": _STREAMS.format("S3"),
    "search-analytics": _STREAMS.format("AmazonOpenSearchService"),
}
_DASHBOARD_INPUT = """variable "dashboard" {
  description = "Whether CloudWatch gets one dashboard of all forks, `<topic>-<region>-event-forks`: events, lag and failures of each, and what SNS counts of the topic. Default false: the first 3 dashboards of an account are free, others cost 3 dollars a month."
  type        = bool
  default     = false
  nullable    = false
}
"""  # noqa: E501


def copies() -> dict[Path, str]:
    """What several modules have in common: copy -> text of the file that is written by hand."""
    shared = (SHARED_INPUTS, SHARED_OUTPUTS)
    made = {module / file.name: file.read_text() for module in pipelines() for file in shared}
    del made[MODULES / "storage-backup" / SHARED_OUTPUTS.name]
    stores = {name: (MODULES / "storage-backup" / name).read_text() for name in SHARED_BY_STORES}
    return made | {MODULES / "search-analytics" / name: text for name, text in stores.items()}


def pipelines() -> list[Path]:
    """The modules that are built on modules/fork: they must have the copies, whether these are there or not."""
    return sorted(main.parent for main in MODULES.glob("*/main.tf") if '"../fork"' in main.read_text())


def generated() -> dict[Path, str]:
    """Every file that is made: path -> text."""
    return copies() | root()


def root() -> dict[Path, str]:
    """The files of the root module."""
    return {
        PROJECT / "main.tf": _calls(),
        PROJECT / "variables.tf": _variables(),
        PROJECT / "outputs.tf": _outputs(),
    }


def _calls() -> str:
    return _file(_MADE, [*map(_call, FORKS), _dashboard()])


def _dashboard() -> str:
    maps = [
        _DASHBOARD_FORKS.format(
            name=forks.name,
            streams=_DESTINATIONS.get(forks.module, "null"),
            condition=_WITH_A_QUEUE if forks.module == "storage-backup" else "",
        )
        for forks in FORKS
    ]
    return _DASHBOARD.format(maps="\n".join(maps))


def _call(forks: Forks) -> str:
    own = [(each.name, f"each.value.{each.name}") for each in forks.own_inputs() if each.name != "tags"]
    for_all = [(name, f"var.{name}") for name in FOR_ALL_FORKS]
    groups = [
        [("source", f'"./modules/{forks.module}"'), ("for_each", f"var.{forks.name}")],
        [("name", "each.key"), ("topic_arn", "var.topic_arn")],
        own,
        [*for_all, ("tags", "merge(var.tags, each.value.tags)")],
    ]
    body = "\n".join("".join(f"{line}\n" for line in aligned(group, "  ")) for group in groups)
    return f'module "{forks.name}" {{\n{body}}}\n'


def _variables() -> str:
    shared = blocks_as_written(SHARED_INPUTS, "variable")
    return _file(
        _KEPT,
        [
            shared["topic_arn"],
            *(_map(forks) for forks in FORKS),
            _DASHBOARD_INPUT,
            *(shared[name] for name in FOR_ALL_FORKS),
            shared["tags"],
        ],
    )


def _map(forks: Forks) -> str:
    attributes = [(each.name, _attribute_type(each)) for each in forks.own_inputs()]
    return _MAP.format(
        name=forks.name,
        description=forks.description.format(module=forks.module),
        attributes="\n".join(aligned(attributes, "    ")),
        rules=_rules(forks.name),
    )


def _rules(name: str) -> str:
    """The validation blocks of a map: they are written by hand, where they act."""
    written = blocks_as_written(PROJECT / "variables.tf", "variable").get(name, "")
    return "".join(re.findall(r"^\n  validation \{\n.*?^  \}\n", written, re.MULTILINE | re.DOTALL))


def _attribute_type(each: Input) -> str:
    """Without defaults: what is left out in the root is null in the module, and null is the default there."""
    bare = without_defaults(each.written_type)
    return bare if each.default is None else f"optional({bare})"


def _outputs() -> str:
    return _file(_MADE, (_output(forks) for forks in FORKS))


def _output(forks: Forks) -> str:
    values = [(each.name, f"fork.{each.name}") for each in outputs(MODULES / forks.module)]
    return _OUTPUT.format(name=forks.name, page=f"modules/{forks.module}", values="\n".join(aligned(values, "    ")))


def _file(heading: str, blocks: Iterable[str]) -> str:
    return "\n".join([heading, *blocks])


def aligned(arguments: list[tuple[str, str]], indent: str) -> Iterator[str]:
    """Lines as `terraform fmt` wants them: neighbours of one line each are aligned, what takes several lines is not."""
    for several_lines, group in groupby(arguments, key=lambda argument: "\n" in argument[1]):
        members = list(group)
        width = 0 if several_lines else max(len(name) for name, _ in members)
        for name, value in members:
            yield f"{indent}{name:<{width}} = {value}".replace("\n", f"\n{indent[2:]}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, only say what is not current")
    check = parser.parse_args(arguments).check
    stale = 0
    for made in (copies, root):  # in this order: the root is made from what the modules have then
        for path, text in made().items():
            if path.exists() and path.read_text() == text:
                continue
            stale += 1
            print(f"{path.relative_to(PROJECT)}: {'not current, run `make docs`' if check else 'written'}")
            if not check:
                path.write_text(text)
    return int(check and stale > 0)


if __name__ == "__main__":
    sys.exit(main())
