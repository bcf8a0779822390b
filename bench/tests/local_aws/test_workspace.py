"""Terraform configurations applied to the bench: alarms included, the second plan is empty."""

import uuid
import zipfile
from pathlib import Path

import pytest

from testbench import Bench, BenchError
from testbench.errors import TerraformError
from testbench.iam_roles import make_role
from testbench.terraform_driver import TerraformProgress

PROVIDERS = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
"""
TOPIC = (
    PROVIDERS
    + """
variable "name" { type = string }

resource "aws_sns_topic" "this" {
  name = var.name
}

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name                = var.name
  alarm_description         = "older than 5 min & growing"
  namespace                 = "AWS/SQS"
  metric_name               = "ApproximateAgeOfOldestMessage"
  dimensions                = { QueueName = "q" }
  statistic                 = "Maximum"
  period                    = 60
  evaluation_periods        = 3
  threshold                 = 300
  comparison_operator       = "GreaterThanThreshold"
  treat_missing_data        = "notBreaching"
  alarm_actions             = [aws_sns_topic.this.arn]
  ok_actions                = [aws_sns_topic.this.arn]
  insufficient_data_actions = [aws_sns_topic.this.arn]
}

resource "aws_cloudwatch_composite_alarm" "this" {
  alarm_name    = "${var.name}-any"
  alarm_rule    = "ALARM(\\"${aws_cloudwatch_metric_alarm.this.alarm_name}\\")"
  alarm_actions = [aws_sns_topic.this.arn]
}

output "arn" {
  value     = aws_sns_topic.this.arn
  sensitive = true
}
"""
)


PRODUCTION = {
    "production.auto.tfvars": 'name = "production"',
    "provider.tf": """
terraform {
  backend "s3" {
    bucket = "corp-state"
    key    = "production"
    region = "eu-central-1"
  }
}

provider "aws" {
  profile             = "corp-production"
  allowed_account_ids = ["123456789012"]
  assume_role {
    role_arn = "arn:aws:iam::123456789012:role/deploy"
  }
}
""",
}


def name() -> str:
    return f"workspace-{uuid.uuid4().hex[:8]}"


def test_a_configuration_is_applied_planned_empty_changed_and_destroyed_whatever_it_says_of_production(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_WORKSPACE", "production")
    monkeypatch.setenv("TF_CLI_ARGS_apply", "-no-such-option")
    own = name()
    files = {"main.tf": TOPIC, **PRODUCTION}
    workspace = bench.workspace(configuration="tests/topic", files=files, variables={"name": own})
    seen: list[TerraformProgress] = []
    try:
        workspace.apply(progress=seen.append)
        assert [(step.done, step.total) for step in seen] == [(1, 3), (2, 3), (3, 3)]
        assert workspace.output() == {"arn": f"arn:aws:sns:{bench.endpoints.region}:000000000000:{own}"}
        assert workspace.planned_changes() == []
        assert workspace.resources() == [
            "aws_cloudwatch_composite_alarm.this",
            "aws_cloudwatch_metric_alarm.this",
            "aws_sns_topic.this",
        ]
    finally:
        workspace.destroy()
    assert workspace.resources() == []
    topics = bench.client("sns").list_topics()["Topics"]
    assert not [topic for topic in topics if topic["TopicArn"].endswith(own)]
    workspace.remove()
    assert not workspace.root.exists()


CLEARED = (
    PROVIDERS
    + """
variable "name" { type = string }
variable "maximum_concurrency" {
  type    = number
  default = null
}
variable "filter_policy" {
  type    = string
  default = null
}
variable "role" { type = string }

resource "aws_sns_topic" "this" {
  name = var.name
}

resource "aws_sqs_queue" "this" {
  name = var.name
}

resource "aws_sns_topic_subscription" "this" {
  topic_arn     = aws_sns_topic.this.arn
  protocol      = "sqs"
  endpoint      = aws_sqs_queue.this.arn
  filter_policy = var.filter_policy
}

resource "aws_lambda_function" "this" {
  function_name = var.name
  role          = var.role
  runtime       = "python3.13"
  handler       = "a.handler"
  filename      = "${path.module}/a.zip"
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn = aws_sqs_queue.this.arn
  function_name    = aws_lambda_function.this.arn

  dynamic "scaling_config" {
    for_each = var.maximum_concurrency[*]
    content {
      maximum_concurrency = scaling_config.value
    }
  }
}
"""
)


def test_a_filter_policy_and_a_concurrency_that_are_cleared_stay_cleared(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(CLEARED)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.py", "def handler(event, context):\n    return None\n")
    reads = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    variables = {"name": name(), "role": make_role(bench.client, "lambda", *reads)}
    workspace = bench.workspace(tmp_path, variables=variables)
    try:
        workspace.variables |= {"maximum_concurrency": 2, "filter_policy": '{"type":["a"]}'}
        workspace.apply()
        assert workspace.planned_changes() == []
        workspace.variables |= {"maximum_concurrency": None, "filter_policy": None}
        workspace.apply()
        assert workspace.planned_changes() == []
    finally:
        workspace.destroy()
        workspace.remove()


def test_two_workspaces_of_one_configuration_share_nothing(bench: Bench) -> None:
    files = {"main.tf": PROVIDERS}
    first = bench.workspace(configuration="tests/empty", files=files)
    second = bench.workspace(configuration="tests/empty", files=files)
    assert first.folder != second.folder
    first.remove()
    assert second.folder.exists()
    second.remove()


def test_terraforms_own_message_is_raised_when_an_apply_fails(bench: Bench) -> None:
    broken = PROVIDERS + 'resource "aws_sns_topic" "this" {\n  name = "not a name"\n}\n'
    workspace = bench.workspace(configuration="tests/broken", files={"main.tf": broken})
    try:
        with pytest.raises(TerraformError, match="invalid topic name: not a name"):
            workspace.apply()
    finally:
        workspace.remove()


def test_a_configuration_that_does_not_exist_is_named(bench: Bench) -> None:
    with pytest.raises(BenchError, match=r"no-such-example holds no \.tf file"):
        bench.workspace(configuration="examples/no-such-example")


def test_relative_paths_lead_where_they_lead_in_the_project_which_stays_untouched(bench: Bench, tmp_path: Path) -> None:
    source = tmp_path / "project"
    (source / "dist").mkdir(parents=True)
    (source / "dist" / "text.txt").write_text("found")
    (source / "modules" / "topic").mkdir(parents=True)
    (source / "modules" / "topic" / "main.tf").write_text(PROVIDERS + 'resource "aws_sns_topic" "this" {}\n')
    (source / "examples" / "one").mkdir(parents=True)
    (source / "examples" / "one" / "main.tf").write_text(
        'module "topic" {\n  source = "../../modules/topic"\n}\n'
        'output "text" {\n  value = file("${path.module}/../../dist/text.txt")\n}\n'
    )
    before = sorted(path.relative_to(source) for path in source.rglob("*"))
    workspace = bench.workspace(source=source, configuration="examples/one")
    try:
        assert "module.topic" in workspace.terraform("providers")
        assert 'text = "found"' in " ".join(workspace.terraform("plan", "-no-color").split())
    finally:
        workspace.remove()
    assert sorted(path.relative_to(source) for path in source.rglob("*")) == before


def test_a_file_of_a_workspace_is_never_written_into_the_project(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "function").mkdir()
    (tmp_path / "main.tf").write_text(PROVIDERS)
    with pytest.raises(BenchError, match=r"folder of its own, function/handler\.py leads to"):
        bench.workspace(source=tmp_path, files={"function/handler.py": "x"})
    assert list((tmp_path / "function").iterdir()) == []


def test_a_domain_made_by_api_has_the_nodes_address(bench: Bench) -> None:
    domain = bench.create_domain(name())
    assert domain["arn"].startswith(f"arn:aws:es:{bench.endpoints.region}:000000000000:domain/")
    assert domain["endpoint"] == bench.opensearch_url.removeprefix("http://")
