"""What the pages repeat of the code is what the code says: reasons, alarms, permissions, inputs, counted figures."""

import inspect
import re
from functools import partial

import pytest

from benchmarks.__main__ import committed
from benchmarks.forwarding import MESSAGES, STREAM_BYTES_PER_SECOND
from docs.terraform_inputs import inputs, outputs
from event_fork import errors, telemetry
from event_fork.errors import PermanentMessageError
from event_fork.events.redaction import Redactor
from event_fork.sending.outcome import Outcome
from event_fork.telemetry import report_forwarding, report_replay
from testbench.paths import PROJECT
from tests.docs.pages import sentences

_CODE = re.compile(r"`([^`]+)`")


def page(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its own two first lines."""
    table = re.search(r"^\|.*?(?=\n(?!\|))", text.partition(f"{heading}\n")[2] + "\n\n", re.DOTALL | re.MULTILINE)
    assert table, heading
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[0].splitlines()[2:]]


def terraform_of(*modules: str) -> str:
    return "\n".join(file.read_text() for name in modules for file in sorted((PROJECT / "modules" / name).glob("*.tf")))


ALL_MODULES = tuple(folder.name for folder in sorted((PROJECT / "modules").iterdir()) if folder.is_dir())


def names_in(module: str) -> set[str]:
    folder = PROJECT / "modules" / module
    return {each.name for each in inputs(folder)} | {each.name for each in outputs(folder)}


def test_the_runbook_has_every_reason_of_a_dead_letter() -> None:
    in_code = {
        error.reason
        for _, error in inspect.getmembers(errors, inspect.isclass)
        if issubclass(error, PermanentMessageError) and error is not PermanentMessageError
    }
    on_page = [row[0].strip("`") for row in rows(page("docs/operations.md"), "## Dead letters")]

    assert sorted(on_page) == sorted(in_code)


def test_the_runbook_has_every_alarm() -> None:
    in_code = re.findall(r'alarm_name\s+= "([^"]+)"', terraform_of(*ALL_MODULES))
    of_streams = re.findall(r"^    ([a-z-]+)\s+= merge\(", terraform_of("delivery"), re.MULTILINE)
    in_code.remove("${var.name}-${each.key}")
    in_code += [f"${{var.name}}-{key}" for key in of_streams]
    as_shown = {
        name.replace("${var.name}", "<name>").replace("${local.state_machine_name}", "<name>-archive")
        for name in in_code
    }
    assert 'state_machine_name = "${var.name}-archive"' in terraform_of("archive-replay")

    assert {row[0].strip("`") for row in rows(page("docs/operations.md"), "## Alarms")} == as_shown


def test_the_security_page_has_every_statement_of_every_policy() -> None:
    in_code = set(re.findall(r'\b[Ss]id\s+= "(\w+)"', terraform_of(*ALL_MODULES)))
    on_page = set(re.findall(r"^\| `(\w+)` \|", page("docs/security.md"), re.MULTILINE))

    assert on_page == in_code


ORIGINAL = {
    "storage-backup": (
        "## Storage and backup: parameters of the original",
        "TopicArn SubscriptionFilterPolicy StreamPrefix StreamCompressionFormat BucketArn"
        " StreamBufferingIntervalInSeconds StreamBufferingSizeInMBs DataTransformationFunctionArn LogLevel",
    ),
    "search-analytics": (
        "## Search and analytics",
        "TopicArn SubscriptionFilterPolicy LogLevel DataTransformationFunctionArn StreamCompressionFormat"
        " StreamBufferingIntervalInSeconds StreamBufferingSizeInMBs SearchIndexName SearchTypeName SearchDomainArn"
        " SearchIndexRotationPeriod StreamRetryDurationInSeconds",
    ),
    "replay": (
        "## Replay",
        "TopicArn SubscriptionFilterPolicy LogLevel DestinationQueueName ReplayQueueRetentionPeriodInSeconds",
    ),
}
"""The parameters of the original suite's three templates."""


@pytest.mark.parametrize("module", ORIGINAL)
def test_the_migration_page_gives_every_parameter_a_name_that_exists(module: str) -> None:
    heading, parameters = ORIGINAL[module]
    table = rows(page("docs/migration.md"), heading)
    on_page = {name for row in table for name in _CODE.findall(row[0])}
    new_names = {re.split(r"[ .=]", name)[0] for row in table for name in _CODE.findall(row[1])}

    assert set(parameters.split()) <= on_page
    assert new_names <= names_in(module)


@pytest.mark.parametrize("module", ["storage-backup", "search-analytics", "replay", "fork"])
def test_the_inputs_that_the_readme_names_exist(module: str) -> None:
    text = page("README.md")
    row = re.search(rf"^\| \[{module}\]\(modules/{module}/README\.md\).*", text, re.MULTILINE)
    assert row
    named = set(_CODE.findall(row[0]))
    every = set(_CODE.findall(re.findall(r"^Every module has (.*?)\. Everything else", text, re.MULTILINE)[0]))

    assert len(named) >= 4
    assert named | every <= names_in(module)


def test_the_decisions_are_listed_and_numbered_without_gaps() -> None:
    listed = re.findall(r"^\| \[(\d{4})\]\((\d{4})-", page("docs/decisions/README.md"), re.MULTILINE)
    there = [file.name[:4] for file in sorted((PROJECT / "docs" / "decisions").glob("0*.md"))]

    assert listed == [(number, number) for number in there]
    assert there == [f"{number:04}" for number in range(1, len(there) + 1)]
    assert all(
        page(f"docs/decisions/{file.name}").startswith(f"# {file.name[:4]}: ")
        for file in (PROJECT / "docs" / "decisions").glob("0*.md")
    )


@pytest.mark.slow
@pytest.mark.parametrize("row", rows(page("docs/costs.md"), "## Calls and bytes, counted"), ids=lambda row: row[0])
def test_the_counted_figures_are_those_of_the_committed_table(row: list[str]) -> None:
    size, *counted = (int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\d", " ".join(row[:3])))
    ways = [committed()[f"storage, {way}, {size:,} B"] for way in ("original", "packed", "compressed")]
    theirs, packed, compressed = ways

    assert counted[:2] == [theirs["calls"], compressed["calls"]]
    assert counted[2:] == [way["billed KB"] for way in ways]
    assert row[3] == f"{theirs['billed KB'] / compressed['billed KB']:.1f}x less"
    rates = [STREAM_BYTES_PER_SECOND * MESSAGES // way["bytes"] for way in (compressed, packed)]
    assert row[4] == f"{rates[0]:,} ({rates[1]:,} plain)"


def test_the_costs_page_counts_metrics_and_alarms_as_the_code_has_them() -> None:
    month = {row[0]: row for row in rows(page("docs/costs.md"), "## What a month costs in addition")}
    forwarded = Outcome(5, delivered=list("12345"), records_put=1, record_bytes=9, calls=1)
    replayed = Outcome(5, delivered=list("12345"), marked=5, calls=1)
    counts = []
    for report, outcome in ((partial(report_forwarding, redactor=Redactor(())), forwarded), (report_replay, replayed)):
        telemetry.metrics.clear_metrics()
        report(outcome)
        counts.append(len(telemetry.metrics.metric_set))
    telemetry.metrics.clear_metrics()
    assert f"{counts[0]} and {counts[1]} metrics" in month["custom metrics"][2]
    assert re.findall(r"\d[.]\d\d", month["custom metrics"][1]) == [f"{count * 0.3:.2f}" for count in counts]

    of_fork, of_engine = (
        terraform_of(name).count('resource "aws_cloudwatch_metric_alarm"') for name in ("fork", "archive-replay")
    )
    assert "rate(1 hour)" in terraform_of("search-analytics")
    assert "730 invocations, one an hour" in month["the index's function (`index_management.retention_days`)"][2]
    always = re.findall(r"watched += (true|local[.]indexes|try[(])", terraform_of("delivery"))
    of_index = terraform_of("search-analytics").count('resource "aws_cloudwatch_metric_alarm"')
    of_topic = [of_fork, of_fork + len(always) - 1, of_fork + len(always) + of_index]
    of_replay = of_fork - 1  # messages are meant to wait there
    assert re.findall(r"\d[.]\d\d", month["alarms (`alarms`, off)"][1]) == [
        f"{count / 10:.2f}" for count in (*of_topic, of_replay, of_replay + of_engine)
    ]


ENDPOINTS = {"firehose": "kinesis-firehose", "cloudwatch": "monitoring"}
"""Service in IAM -> in the name of its VPC endpoint, where the two differ."""


def test_the_security_page_has_the_endpoint_of_every_service_that_functions_in_a_vpc_call() -> None:
    engine = terraform_of("archive-replay").partition("function_statements = {")[2].partition('module "function"')[0]
    worker, governor = engine.split("governor = concat(")
    written = {
        "`storage-backup`, `search-analytics`": terraform_of("storage-backup").partition("function_statements")[2],
        "the 14-day queue of `replay`": terraform_of("replay").partition("function_statements = concat")[2],
        "the worker of a replay from the archive": worker,
        "the governor of a replay from the archive": governor,
    }
    on_page = {row[0]: set(_CODE.findall(row[1])) for row in rows(page("docs/security.md"), "## Functions in a VPC")}
    on_page.pop("a fork of your own")

    assert on_page == {
        functions: {
            ENDPOINTS.get(service, service)
            for actions in re.findall(r"actions += \[(.*?)\]", text.partition("\n################")[0])
            for service in re.findall(r'"(\w+):', actions)
            if service != "kms"  # through the service that is called
        }
        | {"sqs"}  # every fork's dead-letter queue
        for functions, text in written.items()
    }


_OUR_FILE = re.compile(r"(?:tests|docs|modules|lambdas|cli|testbench|benchmarks|examples)/[\w/.-]+")


def test_every_path_in_backticks_is_there() -> None:
    """Names of files of this project that pages give without a link."""
    pages = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]
    named = {
        (file.name, name) for file in pages for name in _CODE.findall(file.read_text()) if _OUR_FILE.fullmatch(name)
    }

    assert len(named) >= 10
    assert sorted(each for each in named if not (PROJECT / each[1]).exists()) == []


def test_a_table_is_read() -> None:
    assert rows("## H\ntext\n\n| a | b |\n|---|---|\n| `x` | y |\n\nmore", "## H") == [["`x`", "y"]]


@pytest.mark.parametrize("page", ["architecture.md", "modules.md"])
def test_a_page_names_every_internal_module(page: str) -> None:
    internal = {name for name in ALL_MODULES if not (PROJECT / "modules" / name / "README.md").exists()}
    (said,) = [each for each in sentences((PROJECT / "docs" / page).read_text()) if "internal" in each]

    assert set(re.findall(r"[\w-]+", said.partition("internal")[0])) & set(ALL_MODULES) == internal


def test_the_page_on_the_architecture_says_which_modules_call_the_one_of_functions() -> None:
    callers = {name for name in ALL_MODULES if '"../function"' in terraform_of(name)}
    (said,) = [each for each in sentences((PROJECT / "docs/architecture.md").read_text()) if " call function" in each]

    assert set(re.findall(r"[\w-]+", said.partition(" call ")[0])) & set(ALL_MODULES) == callers


def test_pages_agree_how_long_all_tests_take_and_what_a_million_events_cost() -> None:
    readme = re.search(r"^make test +# about (\d+) minutes", page("README.md"), re.MULTILINE)
    contributing = re.search(r"^\| `make test` .*\| about (\d+) minutes", page("CONTRIBUTING.md"), re.MULTILINE)
    assert readme is not None
    assert contributing is not None
    assert readme[1] == contributing[1]

    costs = {row[0]: row[-1].strip("| ") for row in rows(page("docs/costs.md"), "## A million events of 1 KB, live")}
    compared = re.findall(
        r"^\| \$ a million 1 KB events, live \| (\S+) \| (\S+) ", page("docs/comparison.md"), re.MULTILINE
    )
    ours, original = "storage-backup, packed and compressed", "original: batches of 10, `PutRecord` each"
    assert compared == [(costs[ours], costs[original])]
