"""Functions and mappings: what Lambda refuses, their states, what is told of one that fails. Corrections:
function_settings, function_errors, mapping_states, public_layers."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError
from local_aws.functions import DONE, Functions, zipped

from testbench import Bench
from testbench.polling import eventually

FAILS = """
class OrderError(Exception):
    pass

def check():
    raise OrderError("no such order")

def handler(event, context):
    print("before")
    check()
"""
LAYER = """
import aws_lambda_powertools
def handler(event, context):
    return aws_lambda_powertools.__name__
"""


@pytest.fixture(scope="module")
def functions(bench: Bench) -> Functions:
    return Functions(bench)


def refusal(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def size(number: int) -> dict[str, str]:
    """Variables that are, as JSON, so many bytes."""
    return {"AA": "x" * (number - len('{"AA":""}'))}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (size(4097), "exceeded the 4KB limit"),
        ({"AWS_REGION": "eu-west-1"}, "reserved keys"),
        ({"A": "too short a name"}, "failed to satisfy constraint"),
        ({"WITH-HYPHEN": "x"}, "failed to satisfy constraint"),
    ],
)
def test_variables_that_lambda_does_not_take_are_refused_at_creation_and_update(
    functions: Functions, variables: dict[str, str], said: str
) -> None:
    with pytest.raises(ClientError, match=said):
        functions.make(Environment={"Variables": variables})
    name = functions.active(functions.make(Environment={"Variables": size(4096)}))
    update = functions.api.update_function_configuration
    assert said in refusal(update, FunctionName=name, Environment={"Variables": variables})[1]


@pytest.mark.parametrize("name", ["f" * 65, "two words"])
def test_a_name_that_lambda_does_not_take_is_refused(functions: Functions, name: str) -> None:
    with pytest.raises(ClientError, match="functionName"):
        functions.make(name=name)


def test_a_new_function_is_pending_and_cannot_be_invoked_or_changed_until_it_is_active(functions: Functions) -> None:
    name = functions.make()
    pending = "The function is currently in the following state: Pending"
    assert functions.api.get_function_configuration(FunctionName=name)["State"] == "Pending"
    for call, given in (
        (functions.api.invoke, {}),
        (functions.api.update_function_configuration, {"Timeout": 5}),
        (functions.api.update_function_code, {"ZipFile": zipped(DONE)}),
    ):
        code, message = refusal(call, FunctionName=name, **given)
        assert (code, pending in message) == ("ResourceConflictException", True)
    assert functions.api.invoke(FunctionName=functions.active(name))["Payload"].read() == b'"done"'


def test_a_function_serves_while_it_is_updated_and_takes_no_second_update(functions: Functions) -> None:
    name = functions.active(functions.make())
    answer = functions.api.update_function_configuration(FunctionName=name, Timeout=5)
    assert answer["LastUpdateStatus"] == "InProgress"
    assert functions.api.get_function_configuration(FunctionName=name)["State"] == "Active"
    code, message = refusal(functions.api.update_function_configuration, FunctionName=name, Timeout=6)
    assert (code, "An update is in progress" in message) == ("ResourceConflictException", True)
    assert functions.api.invoke(FunctionName=name)["Payload"].read() == b'"done"'
    functions.state(name, "LastUpdateStatus", "Successful")


def test_an_alias_that_is_not_there_can_be_deleted(functions: Functions) -> None:
    answer = functions.api.delete_alias(FunctionName=functions.make(), Name="none")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refusal(functions.api.delete_alias, FunctionName="none", Name="none")[0] == "ResourceNotFoundException"


def test_an_exception_has_its_class_its_stack_and_the_request(functions: Functions) -> None:
    name = functions.make(FAILS)
    found = functions.failure(name)
    assert (found["errorType"], found["errorMessage"]) == ("OrderError", "no such order")
    assert uuid.UUID(found["requestId"])
    assert [line.split(" in ")[1].split("\n")[0] for line in found["stackTrace"]] == ["handler", "check"]
    log = functions.log(name)
    assert "before" in log
    assert "[ERROR] OrderError: no such order" in log
    assert found["requestId"] in log


@pytest.mark.parametrize(
    ("code", "handler", "kind", "said"),
    [
        (
            "import nowhere",
            "main.handler",
            "ImportModuleError",
            "Unable to import module 'main': No module named 'nowhere'",
        ),
        (DONE, "other.handler", "ImportModuleError", "Unable to import module 'other': No module named 'other'"),
        ("def handler(:", "main.handler", "UserCodeSyntaxError", "Syntax error in module 'main'"),
        (DONE, "main.other", "HandlerNotFound", "Handler 'other' missing on module 'main'"),
        (DONE, "handler", "MalformedHandlerName", "Bad handler 'handler'"),
        (f"{DONE.partition('return')[0]}return object()", "main.handler", "MarshalError", "Unable to marshal response"),
    ],
)
def test_what_is_wrong_with_the_code_is_in_the_payload_and_in_the_log_group(
    functions: Functions, code: str, handler: str, kind: str, said: str
) -> None:
    name = functions.make(code, handler)
    found = functions.failure(name)
    assert (found["errorType"], said in found["errorMessage"]) == (f"Runtime.{kind}", True), found
    assert found["requestId"]
    assert f"[ERROR] Runtime.{kind}: {said}" in functions.log(name)


def test_an_exception_at_import_keeps_its_class(functions: Functions) -> None:
    name = functions.make("raise ValueError('at import')")
    assert functions.failure(name)["errorType"] == "ValueError"
    assert "[ERROR] ValueError: at import" in functions.log(name)


def test_a_process_that_ends_and_one_that_takes_too_long_are_named_with_their_request(functions: Functions) -> None:
    ended = functions.failure(functions.make("import os\ndef handler(event, context):\n    os._exit(1)"))
    assert ended["errorType"] == "Runtime.ExitError"
    assert ended["errorMessage"].startswith("RequestId: ")
    slow = functions.failure(functions.make("import time\ndef handler(event, context):\n    time.sleep(9)", Timeout=1))
    assert slow["errorType"] == "Sandbox.Timedout"
    assert slow["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")


@pytest.mark.parametrize(
    ("payload", "invocation", "code"),
    [
        (b"{", "RequestResponse", "InvalidRequestContentException"),
        (b"{", "Event", "InvalidRequestContentException"),
        (b'"%s"' % (b"x" * 6_291_455), "RequestResponse", "RequestTooLargeException"),
        (b'"%s"' % (b"x" * 1_048_575), "Event", "RequestTooLargeException"),
    ],
    ids=["no-json", "no-json-later", "large", "large-later"],
)
def test_a_payload_that_lambda_does_not_take_is_refused(
    functions: Functions, payload: bytes, invocation: str, code: str
) -> None:
    name = functions.active(functions.make())
    found = refusal(functions.api.invoke, FunctionName=name, Payload=payload, InvocationType=invocation)
    assert found[0] == code


def test_a_mapping_of_a_queue_that_is_not_there_is_refused(functions: Functions) -> None:
    queue = functions.queue() + "-gone"
    code, message = refusal(
        functions.api.create_event_source_mapping, FunctionName=functions.make(), EventSourceArn=queue
    )
    assert (code, "NonExistentQueue" in message) == ("InvalidParameterValueException", True)


def test_a_layer_of_another_account_is_said_to_be_empty_where_a_module_is_missing(functions: Functions) -> None:
    arn = "arn:aws:lambda:eu-west-1:111122223333:layer:theirs:1"
    name = functions.make("import theirs\ndef handler(event, context): pass", Layers=[arn])
    assert functions.failure(name)["errorType"] == "Runtime.ImportModuleError"
    eventually(lambda: functions.log(name), lambda text: f"The layer {arn} is empty here" in text, within=20, what="it")


def test_a_second_mapping_of_the_same_queue_and_function_is_refused(functions: Functions) -> None:
    name, queue = functions.make(), functions.queue()
    first = functions.api.create_event_source_mapping(FunctionName=name, EventSourceArn=queue)
    code, message = refusal(functions.api.create_event_source_mapping, FunctionName=name, EventSourceArn=queue)
    assert (code, first["UUID"] in message) == ("ResourceConflictException", True)
    functions.api.create_event_source_mapping(FunctionName=functions.make(), EventSourceArn=queue, Enabled=False)


def test_a_mapping_goes_through_its_states_and_takes_no_change_meanwhile(functions: Functions) -> None:
    name, queue = functions.make(), functions.queue()
    made = functions.api.create_event_source_mapping(FunctionName=name, EventSourceArn=queue)
    identifier = made["UUID"]
    assert made["State"] == "Creating"
    for call in (functions.api.update_event_source_mapping, functions.api.delete_event_source_mapping):
        assert refusal(call, UUID=identifier)[0] == "ResourceInUseException"
    functions.mapping(identifier, "Enabled")
    for enabled, state, then in ((False, "Disabling", "Disabled"), (True, "Enabling", "Enabled")):
        answer = functions.api.update_event_source_mapping(UUID=identifier, Enabled=enabled)
        assert answer["State"] == state
        functions.mapping(identifier, then)
    assert functions.api.update_event_source_mapping(UUID=identifier, BatchSize=5)["State"] == "Updating"
    functions.mapping(identifier, "Enabled")
    assert functions.api.delete_event_source_mapping(UUID=identifier)["State"] == "Deleting"
    assert functions.api.get_event_source_mapping(UUID=identifier)["State"] == "Deleting"
    eventually(
        lambda: gone(functions, identifier), lambda found: found == "ResourceNotFoundException", within=20, what="end"
    )


def gone(functions: Functions, identifier: str) -> str:
    try:
        functions.api.get_event_source_mapping(UUID=identifier)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_awss_public_powertools_layer_is_the_one_that_the_bench_built(bench: Bench, functions: Functions) -> None:
    arn = "arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python313-x86_64:27"
    assert bench.client("lambda").get_layer_version_by_arn(Arn=arn)["LayerVersionArn"] == arn
    name = functions.active(functions.make(LAYER, Layers=[arn], Timeout=30))
    assert functions.api.invoke(FunctionName=name)["Payload"].read() == b'"aws_lambda_powertools"'
    [layer] = functions.api.get_function_configuration(FunctionName=name)["Layers"]
    assert layer["CodeSize"] > 0
