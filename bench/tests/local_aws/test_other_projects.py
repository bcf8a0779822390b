"""The page's test of a user's own Terraform, run as it stands in a project that is not this one."""

import os
import re
import subprocess
import sys
from pathlib import Path

from testbench import Bench
from testbench.paths import CACHE

README = Path(__file__).parents[2] / "README.md"


def block(language: str, holding: str) -> str:
    """The fenced block of that language on the page that has the text."""
    [found] = [
        code for code in re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.DOTALL) if holding in code
    ]
    return str(found)


def test_the_ten_line_test_passes_in_an_empty_project(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "main.tf").write_text(block("hcl", "aws_sns_topic_subscription"))
    (tmp_path / "test_shop.py").write_text(block("python", "def test_billing"))
    (tmp_path / ".bench").symlink_to(CACHE)  # what is installed there already, and the bench that runs
    environment = {**os.environ, "BENCH_PROJECT": str(tmp_path)}
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    answer = subprocess.run(
        argv, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "1 passed" in answer.stdout
    topics = bench.client("sns").list_topics()["Topics"]
    assert not [topic for topic in topics if topic["TopicArn"].endswith(":shop")]


def test_the_command_works_where_the_folder_of_what_is_installed_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / ".bench").symlink_to(tmp_path / "elsewhere")
    environment = {**os.environ, "BENCH_PROJECT": str(tmp_path / "project")}
    argv = [sys.executable, "-m", "testbench", "down"]
    answer = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (answer.returncode, answer.stdout[:20]) == (0, "no bench was running"), answer.stderr
