"""The corrections' own rules, without the emulator; that they work inside it is in test_contract.py."""

import re
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from testbench.backends import idle_connections
from testbench.backends.ministack import corrections
from testbench.backends.ministack.corrections import (
    alarms,
    batch_responses,
    function_environment,
    hooks,
    mapping_limits,
    s3_managed_key,
    subscription_redrive,
)
from testbench.errors import CorrectionError

IDS = {"a", "b"}


@pytest.mark.parametrize(
    "response",
    [
        None,
        {},
        {"batchItemFailures": None},
        {"batchItemFailures": []},
        {"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "b"}]},
        {"statusCode": 200},
    ],
)
def test_a_response_in_aws_form_is_valid(response: Any) -> None:
    assert batch_responses.problem(response, IDS) is None


@pytest.mark.parametrize(
    "response",
    [
        "done",
        [],
        {"batchItemFailures": "a"},
        {"batchItemFailures": ["a"]},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"messageId": "a"}]},
        {"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "of another batch"}]},
    ],
)
def test_a_response_that_aws_takes_as_failure_of_all_is_one(response: Any) -> None:
    assert batch_responses.problem(response, IDS)


def refusal(batch: int = 10, window: int = 0, fifo: bool = False, visibility: int = 30) -> str:
    found = mapping_limits.refusal(batch, window, fifo=fifo, visibility_timeout=visibility, function_timeout=30)
    return found[1] if found else ""


@pytest.mark.parametrize("batch", [1, 10])
def test_small_batches_need_no_window(batch: int) -> None:
    assert refusal(batch) == ""


def test_a_batch_over_ten_needs_a_window() -> None:
    assert "Maximum batch window in seconds must be greater than 0" in refusal(11)
    assert refusal(10_000, window=1) == ""


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"batch": 0}, "greater than or equal to 1"),
        ({"batch": 10_001, "window": 1}, "less than or equal to 10000"),
        ({"window": 301}, "less than or equal to 300"),
        ({"batch": 11, "window": 1, "fifo": True}, "FIFO"),
        ({"window": 1, "fifo": True}, "FIFO"),
        ({"visibility": 29}, "Queue visibility timeout: 29 seconds is less than Function timeout: 30 seconds"),
    ],
)
def test_settings_that_lambda_refuses_are_refused(settings: dict[str, Any], said: str) -> None:
    assert said in refusal(**settings)


def test_query_parameters_become_the_json_request() -> None:
    query = {
        "Action": ["PutMetricAlarm"],
        "AlarmName": ["a"],
        "ActionsEnabled": ["false"],
        "Dimensions.member.1.Name": ["QueueName"],
        "Dimensions.member.1.Value": ["q"],
        "AlarmActions.member.2": ["second"],
        "AlarmActions.member.1": ["first"],
    }
    assert alarms.from_query(query) == {
        "AlarmName": "a",
        "ActionsEnabled": False,
        "Dimensions": [{"Name": "QueueName", "Value": "q"}],
        "AlarmActions": ["first", "second"],
    }


def test_an_alarm_becomes_the_query_protocols_xml() -> None:
    alarm = {"AlarmName": "x < y", "Unit": None, "ActionsEnabled": True, "OKActions": ["o"], "StateUpdatedTimestamp": 0}
    assert alarms.to_xml("member", alarm) == (
        "<member><AlarmName>x &lt; y</AlarmName><ActionsEnabled>true</ActionsEnabled>"
        "<OKActions><member>o</member></OKActions>"
        "<StateUpdatedTimestamp>1970-01-01T00:00:00Z</StateUpdatedTimestamp></member>"
    )


def test_a_function_gets_its_own_variables_and_awss_and_no_others() -> None:
    spawned = {"LOG_LEVEL": "INFO", "TMPDIR": "/x", "AWS_REGION": "r", "AWS_PROFILE": "mine", "_LAMBDA_TIMEOUT": "3"}
    config = {"FunctionName": "f", "Handler": "f.handler", "Runtime": "python3.13"}
    environment = function_environment.of_function(spawned, {"TABLE": "t"}, config, {"PATH": "/bin"})
    assert {name: environment[name] for name in ("TABLE", "AWS_REGION", "PATH", "_LAMBDA_TIMEOUT")} == {
        "TABLE": "t",
        "AWS_REGION": "r",
        "PATH": "/bin",
        "_LAMBDA_TIMEOUT": "3",
    }
    assert not {"LOG_LEVEL", "TMPDIR", "AWS_PROFILE"} & set(environment)
    assert environment["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"


def test_a_functions_own_variable_wins_also_when_the_emulator_has_one_of_that_name() -> None:
    environment = function_environment.of_function({"LOG_LEVEL": "INFO"}, {"LOG_LEVEL": "DEBUG"}, {}, {})
    assert environment["LOG_LEVEL"] == "DEBUG"


def test_only_the_subscription_of_that_queue_gives_its_dead_letter_queue() -> None:
    subscriptions = [
        {"protocol": "sqs", "endpoint": "q1", "attributes": {"RedrivePolicy": '{"deadLetterTargetArn": "dlq1"}'}},
        {"protocol": "sqs", "endpoint": "q2", "attributes": {}},
        {"protocol": "lambda", "endpoint": "q1", "attributes": {"RedrivePolicy": '{"deadLetterTargetArn": "no"}'}},
    ]
    assert subscription_redrive.dead_letter_queues(subscriptions, "q1") == ["dlq1"]
    assert subscription_redrive.dead_letter_queues(subscriptions, "q2") == []


def test_the_managed_key_is_one_per_account_and_region() -> None:
    first = s3_managed_key.managed_key_arn("eu-west-1", "000000000000")
    assert first == s3_managed_key.managed_key_arn("eu-west-1", "000000000000")
    assert first != s3_managed_key.managed_key_arn("eu-west-2", "000000000000")


def test_another_version_of_the_emulator_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: "9.9.9")
    with pytest.raises(CorrectionError, match=r"MiniStack 9\.9\.9 is installed, the corrections are for 1\.5\.33"):
        hooks.check_version()


def test_a_function_that_is_gone_from_the_emulator_is_named() -> None:
    with pytest.raises(CorrectionError, match=r"no function sqs\._receive"):
        hooks.expected(SimpleNamespace(__name__="sqs"), "_receive", "url")


def test_a_function_that_takes_other_arguments_is_named() -> None:
    def receive(url: str, most: int) -> None: ...

    with pytest.raises(CorrectionError, match=r"sqs\._receive takes \(url, most\), not \(url\)"):
        hooks.expected(SimpleNamespace(__name__="sqs", _receive=receive), "_receive", "url")


def test_a_connection_may_wait_longer_than_any_client_keeps_it() -> None:
    config = SimpleNamespace(keep_alive_timeout=75)
    served: list[Any] = []
    idle_connections.serve(
        lambda app, config, **options: served.append((app, config, options)), "app", config, mode="asgi"
    )
    assert served == [("app", config, {"mode": "asgi"})]
    assert config.keep_alive_timeout > 90, "the SDK of Terraform's provider"


def test_every_correction_is_in_the_one_list_and_has_its_row_on_the_page() -> None:
    folder = Path(str(corrections.__file__)).parent
    modules = {entry.stem for entry in folder.iterdir() if not entry.name.startswith("_")} - {"hooks"}
    page = (Path(__file__).parents[2] / "docs" / "emulation.md").read_text()
    rows = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert set(corrections.CORRECTIONS) == modules
    assert rows == modules - {"authorisation"}  # which changes nothing by itself
    for name in corrections.CORRECTIONS:
        assert callable(import_module(f"{corrections.__name__}.{name}").apply)
