"""README.md says what the server does: its tables are made from the tests and the code, its options exist."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from firehose.behaviour_table import CONFIDENCES, README, SECTIONS, behaviours, current, sentence

from local_firehose import cli


def test_the_tables_of_the_readme_are_current() -> None:
    text = README.read_text()
    assert text == current(text), "run: python bench/tests/firehose/behaviour_table.py"


def test_every_section_and_confidence_has_behaviours() -> None:
    found = behaviours()
    assert {".".join(str(int(part)) for part in one.section) for one in found} == set(SECTIONS)
    assert {one.confidence for one in found} == set(CONFIDENCES)


def test_every_option_that_the_readme_names_exists_and_every_choice_is_named() -> None:
    options = {text for action in cli.parser()._actions for text in action.option_strings}
    named = set(re.findall(r"`(--[a-z-]+)", README.read_text()))
    assert named <= options
    choices = next(group for group in cli.parser()._action_groups if str(group.title).startswith("relaxations"))
    quiet = {"--no-metrics", "--no-error-logs"}
    assert {text for action in choices._group_actions for text in action.option_strings} - quiet <= named


@pytest.mark.slow
def test_the_job_of_the_readme_runs_as_it_is_written(tmp_path: Path) -> None:
    job = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)[0])["jobs"]["firehose"]
    (script,) = [step["run"] for step in job["steps"] if step.get("run", "").startswith("python")]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(README.parents[1])}
    command = ["bash", "-e", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment, timeout=120, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_a_test_name_becomes_a_sentence() -> None:
    assert sentence("test_a_record_holds_up_to_1000_kib_in_s3") == "A record holds up to 1000 KiB in S3"
