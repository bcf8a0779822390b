"""Reading terraform's machine-readable lines."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from testbench.errors import TerraformError
from testbench.terraform_driver import TerraformDriver, TerraformProgress, planned_changes
from testbench.workspace import Workspace

SAYS = """#!{python}
import sys
sys.stdout.write({lines!r})
sys.stderr.write("x" * 1_000_000)
sys.exit({code})
"""


def lines(*messages: dict[str, Any]) -> str:
    """What terraform prints with -json."""
    return "".join(json.dumps({"@level": "info", "@message": "m", **message}) + "\n" for message in messages)


def planned(action: str, address: str) -> dict[str, Any]:
    return {"type": "planned_change", "change": {"action": action, "resource": {"addr": address}}}


def completed(action: str, address: str) -> dict[str, Any]:
    hook = {"action": action, "resource": {"addr": address}}
    return {"type": "apply_complete", "hook": hook, "@message": f"{address}: done"}


def driver(folder: Path, output: str, code: int) -> TerraformDriver:
    """A driver of a terraform that prints that and ends so."""
    binary = folder / "terraform"
    binary.write_text(SAYS.format(python=sys.executable, lines=output, code=code))
    binary.chmod(0o755)
    return TerraformDriver(folder, str(binary), {})


def test_changes_of_resources_and_outputs_are_listed_and_reads_are_not() -> None:
    outputs = {"arn": {"action": "update"}, "name": {"action": "noop"}}
    output = lines(
        planned("update", "aws_sqs_queue.this"),
        planned("noop", "aws_sns_topic.this"),
        planned("read", "data.aws_region.this"),
        {"type": "outputs", "outputs": outputs},
    )
    assert planned_changes(output) == ["update aws_sqs_queue.this", "update output arn"]


def test_drift_that_the_plan_does_not_act_on_is_no_change() -> None:
    drift = {"type": "resource_drift", "change": {"action": "update", "resource": {"addr": "a.b"}}}
    assert planned_changes(lines(drift)) == []


def test_progress_counts_resources_and_not_data_sources(tmp_path: Path) -> None:
    output = lines(
        planned("create", "a.one"),
        planned("create", "a.two"),
        planned("read", "data.b.c"),
        completed("create", "a.one"),
        completed("read", "data.b.c"),
        completed("create", "a.two"),
    )
    seen: list[TerraformProgress] = []
    terraform = driver(tmp_path, output, 0)
    with terraform.reporting(seen.append):
        terraform.apply(skip_plan=True)
    assert seen == [TerraformProgress(1, 2, "a.one: done"), TerraformProgress(2, 2, "a.two: done")]


def test_an_error_is_raised_with_address_and_place(tmp_path: Path) -> None:
    diagnostic = {
        "summary": "invalid name",
        "detail": "it has a blank",
        "address": "aws_sns_topic.this",
        "range": {"filename": "main.tf", "start": {"line": 7}},
    }
    output = lines({"type": "diagnostic", "@level": "error", "diagnostic": diagnostic})
    with pytest.raises(TerraformError, match=r"invalid name\n  with aws_sns_topic.this on main.tf line 7\nit has"):
        driver(tmp_path, output, 1).apply(skip_plan=True)


@pytest.mark.parametrize("code", [1, 2, 11, 137])
def test_every_exit_code_but_zero_is_an_error(tmp_path: Path, code: int) -> None:
    with pytest.raises(TerraformError, match=rf"exit code {code}"):
        driver(tmp_path, "killed", code).cmd("plan")


def test_a_warning_is_not_an_error(tmp_path: Path) -> None:
    warning = {"type": "diagnostic", "@level": "warn", "diagnostic": {"summary": "deprecated"}}
    _, printed, _ = driver(tmp_path, lines(warning), 0).apply(skip_plan=True)
    assert "deprecated" in printed


def test_an_interrupted_terraform_gets_time_to_write_its_state(tmp_path: Path) -> None:
    binary = tmp_path / "terraform"
    binary.write_text(
        f"#!{sys.executable}\n"
        "import signal, sys, time\n"
        "def end(number, frame):\n"
        "    open('state', 'w').write('written')\n"
        "    sys.exit(1)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        f"print({lines(completed('create', 'a.one'))!r}, end='', flush=True)\n"
        "time.sleep(600)\n"
    )
    binary.chmod(0o755)
    terraform = TerraformDriver(tmp_path, str(binary), {})

    def interrupt(progress: TerraformProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), terraform.reporting(interrupt):
        terraform.apply(skip_plan=True)
    assert (tmp_path / "state").read_text() == "written"


def test_no_command_asks_a_question_or_has_an_option_that_terraform_dropped(tmp_path: Path) -> None:
    binary = tmp_path / "terraform"
    binary.write_text(
        f"#!{sys.executable}\nimport json, sys\nprint(json.dumps({{'argv': {{'value': sys.argv[1:]}}}}))\n"
    )
    binary.chmod(0o755)
    workspace = Workspace(tmp_path, tmp_path, {}, TerraformDriver(tmp_path, str(binary), {}))
    called: list[list[str]] = []
    original = workspace._driver.generate_cmd_string

    def noted(*args: Any, **kwargs: Any) -> list[str]:
        called.append(original(*args, **kwargs)[1:])
        return [str(binary), *called[-1]]

    workspace._driver.generate_cmd_string = noted
    workspace._driver.init()
    workspace.apply()
    workspace.planned_changes()
    workspace.destroy()
    assert workspace.output()["argv"] == ["output", "-json"]
    assert [sorted(argv) for argv in called] == [
        ["-backend=true", "-input=false", "-no-color", "-reconfigure", "init"],
        ["-auto-approve=true", "-input=false", "-json", "-no-color", "-parallelism=40", "apply"],
        ["-input=false", "-json", "-no-color", "-parallelism=40", "plan"],
        ["-auto-approve", "-input=false", "-json", "-no-color", "-parallelism=40", "destroy"],
        ["-json", "output"],
    ]


def test_a_misspelled_name_is_no_terraform_command(tmp_path: Path) -> None:
    with pytest.raises(AttributeError, match="aply"):
        driver(tmp_path, "", 0).aply()
