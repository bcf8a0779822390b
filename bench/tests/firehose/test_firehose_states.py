"""States of a stream, deletion, roles. Notes 1.4, 1.5 (roles)."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from firehose.harness import ROLE, Harness, eventually, lines, processing, processor

from local_firehose.fakes.aws import FIREHOSE_TRUST, FakeAws
from local_firehose.fakes.opensearch import FakeOpenSearch
from local_firehose.fakes.server import RunningFirehose
from local_firehose.settings import Settings
from local_firehose.streams.roles import trusts_firehose

ARN = "arn:aws:firehose:eu-west-1:000000000000:deliverystream/s"


def creating(harness: Harness) -> str:
    """A stream that stays in CREATING: the clock stands still."""
    harness.control.clock(speed=0)
    name = harness.name()
    harness.client.create_delivery_stream(
        DeliveryStreamName=name, ExtendedS3DestinationConfiguration=harness.s3_configuration(harness.bucket())
    )
    assert harness.describe(name)["DeliveryStreamStatus"] == "CREATING"
    return name


def error(call: Any, **arguments: Any) -> tuple[str, str]:
    """Code and message of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.mark.behaviour("1.4", "model")
def test_a_new_stream_is_creating_for_a_while_and_then_active(harness: Harness) -> None:
    name = creating(harness)
    harness.control.clock(advance_seconds=0.5)
    assert harness.describe(name)["DeliveryStreamStatus"] == "CREATING"
    harness.control.clock(advance_seconds=0.5)
    eventually(lambda: harness.describe(name)["DeliveryStreamStatus"] == "ACTIVE")


@pytest.mark.behaviour("1.4", "observed", "stackd")
def test_while_creating_puts_find_no_active_stream(harness: Harness) -> None:
    name = creating(harness)
    assert error(harness.client.put_record, DeliveryStreamName=name, Record={"Data": b"x"}) == (
        "ResourceNotFoundException",
        f"Firehose {name} is not active in 000000000000 account.",
    )


@pytest.mark.behaviour("1.4", "observed", "stackd")
def test_while_creating_updates_and_deletes_find_it_in_use(harness: Harness) -> None:
    name = creating(harness)
    assert error(harness.client.delete_delivery_stream, DeliveryStreamName=name) == (
        "ResourceInUseException",
        f"Firehose {name} under account 000000000000 cannot be deleted in CREATING state",
    )
    code, _ = error(
        harness.client.update_destination,
        DeliveryStreamName=name,
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={"Prefix": "x/"},
    )
    assert code == "ResourceInUseException"


@pytest.mark.behaviour("1.4", "observed", "stackd")
def test_while_creating_tags_can_be_changed(harness: Harness) -> None:
    name = creating(harness)
    harness.client.tag_delivery_stream(DeliveryStreamName=name, Tags=[{"Key": "a", "Value": "b"}])
    assert harness.client.list_tags_for_delivery_stream(DeliveryStreamName=name)["Tags"]


@pytest.mark.behaviour("1.4", "observed", "stackd")
def test_delete_is_deleting_at_once_repeatable_and_then_not_found(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.control.clock(speed=0)
    harness.client.delete_delivery_stream(DeliveryStreamName=stream.name)
    assert stream.describe()["DeliveryStreamStatus"] == "DELETING"
    harness.client.delete_delivery_stream(DeliveryStreamName=stream.name)
    harness.control.clock(advance_seconds=1)

    def gone() -> bool:
        try:
            stream.describe()
        except ClientError as caught:
            return bool(caught.response["Error"]["Code"] == "ResourceNotFoundException")
        return False

    eventually(gone)
    assert error(harness.client.delete_delivery_stream, DeliveryStreamName=stream.name)[0] == (
        "ResourceNotFoundException"
    )


@pytest.mark.behaviour("1.4", "observed", "floci 1886")
def test_records_not_delivered_when_the_stream_is_deleted_are_discarded(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.control.clock(speed=0)
    stream.put(b"never delivered")
    harness.client.delete_delivery_stream(DeliveryStreamName=stream.name)
    harness.control.clock(advance_seconds=1)
    eventually(lambda: not harness.control.streams(stream.name))
    harness.control.clock(advance_seconds=900)
    # A second stream of the same name starts empty and delivers only its own records.
    harness.control.clock(speed=300)
    harness.client.create_delivery_stream(
        DeliveryStreamName=stream.name,
        ExtendedS3DestinationConfiguration=harness.s3_configuration(stream.bucket),
    )
    again = harness.active(stream.name, stream.bucket)
    again.put(b"second")
    assert again.body() == b"second"


@pytest.mark.behaviour("1.4", "documented")
def test_records_may_still_be_accepted_while_deleting(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.control.clock(speed=0)
    harness.client.delete_delivery_stream(DeliveryStreamName=stream.name)
    stream.put(b"accepted without guarantee")


@pytest.mark.behaviour("1.4", "observed", "stackd")
def test_a_second_stream_of_the_same_name_is_in_use(harness: Harness) -> None:
    stream = harness.s3_stream()
    assert error(
        harness.client.create_delivery_stream,
        DeliveryStreamName=stream.name,
        ExtendedS3DestinationConfiguration=harness.s3_configuration("b"),
    ) == ("ResourceInUseException", f"Firehose {stream.name} under accountId 000000000000 already exists")


@pytest.mark.behaviour("1.4", "uncertain")
def test_an_unknown_stream_is_not_found_under_the_account(harness: Harness) -> None:
    assert error(harness.client.put_record, DeliveryStreamName="nope", Record={"Data": b"x"}) == (
        "ResourceNotFoundException",
        "Firehose nope under account 000000000000 not found.",
    )


@pytest.mark.behaviour("1.4", "documented")
def test_a_stream_stays_active_and_accepts_records_when_its_bucket_is_gone(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.aws.delete_bucket(stream.bucket)
    stream.put(b"kept")
    eventually(lambda: stream.buffers()["primary"]["delivering"] == 1)
    assert stream.describe()["DeliveryStreamStatus"] == "ACTIVE"
    stream.put(b" and delivered later")
    harness.aws.create_bucket(stream.bucket)
    assert {stored.body for stored in stream.all_objects()} == {b"kept", b" and delivered later"}


# --- roles --------------------------------------------------------------------------------------------------------


@pytest.fixture
def strict() -> Iterator[Harness]:
    """A server that looks at roles, as is the default."""
    with FakeAws() as aws, RunningFirehose(Settings(aws_endpoint=aws.endpoint, clock_speed=300)) as firehose:
        yield Harness(aws, None, firehose)  # type: ignore[arg-type]


@pytest.mark.behaviour("1.5", "observed", "stackd")
def test_a_role_that_is_not_there_cannot_be_assumed(strict: Harness) -> None:
    assert error(strict.s3_stream) == (
        "InvalidArgumentException",
        f"Firehose is unable to assume role {ROLE}. Please check the role provided.",
    )


@pytest.mark.behaviour("1.5", "observed", "stackd")
def test_a_role_that_does_not_trust_firehose_cannot_be_assumed(strict: Harness) -> None:
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:*"}]}
    strict.aws.roles["firehose"] = trust
    assert error(strict.s3_stream)[0] == "InvalidArgumentException"
    strict.aws.roles["firehose"] = FIREHOSE_TRUST
    stream = strict.s3_stream()
    assert error(stream.update, RoleARN="arn:aws:iam::000000000000:role/other")[1].startswith(
        "Firehose is unable to assume role arn:aws:iam::000000000000:role/other."
    )


@pytest.mark.behaviour("8", "bench")
@pytest.mark.parametrize("endpoint", ["nobody", "somebody else"])
def test_an_aws_endpoint_that_does_not_answer_is_said_to_be_that(endpoint: str) -> None:
    with FakeAws() as other:
        other.functions.clear()
        url = f"{other.endpoint}/no" if endpoint == "somebody else" else "http://127.0.0.1:9"
        with RunningFirehose(Settings(aws_endpoint=url, transition_seconds=0)) as firehose:
            harness = Harness(other, None, firehose)  # type: ignore[arg-type]
            code, message = error(harness.s3_stream)
    assert code == "InvalidArgumentException", "no SDK tries again"
    assert f"--aws-endpoint {url} gives no answer to iam:GetRole" in message


@pytest.mark.behaviour("8", "bench")
def test_failed_deliveries_are_warnings_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with (
        FakeAws() as aws,
        RunningFirehose(Settings("http://127.0.0.1:9", check_roles=False, clock_speed=300)) as firehose,
    ):
        stream = Harness(aws, None, firehose).s3_stream()  # type: ignore[arg-type]
        stream.put(b"x")
        firehose.server.registry.named(stream.name)[0].pipeline.flush()
        said = eventually(lambda: [one for one in caplog.records if one.name == "local_firehose.error_log"])
    assert said[0].levelname == "WARNING"
    wanted = f"{stream.name}: InternalError --aws-endpoint http://127.0.0.1:9 gives no answer to s3:PutObject: "
    assert said[0].getMessage().startswith(wanted)


@pytest.mark.behaviour("1.5", "observed", "preflight")
def test_a_role_of_another_account_is_an_access_denied(strict: Harness) -> None:
    code, message = error(strict.s3_stream, RoleARN="arn:aws:iam::111122223333:role/theirs")
    assert code == "AccessDeniedException"
    assert message.endswith("is not authorized to access this resource")


ROLES = {name: f"arn:aws:iam::000000000000:role/{name}" for name in ("deliver", "copy")}


@pytest.fixture
def assuming() -> Iterator[Harness]:
    """A server that works in sessions of the streams' roles."""
    with FakeAws() as aws, FakeOpenSearch() as opensearch:
        settings = Settings(aws.endpoint, opensearch=opensearch.endpoint, assume_roles=True, clock_speed=300)
        with RunningFirehose(settings) as firehose:
            aws.roles.update(dict.fromkeys(ROLES, FIREHOSE_TRUST))
            yield Harness(aws, opensearch, firehose)


@pytest.mark.behaviour("1.5", "observed", "stackd")
def test_firehose_can_work_in_a_session_of_the_role_with_the_account_as_external_id(assuming: Harness) -> None:
    bucket = assuming.bucket()
    backup = {"RoleARN": ROLES["copy"], "BucketARN": f"arn:aws:s3:::{bucket}"}
    stream = assuming.s3_stream(RoleARN=ROLES["deliver"], S3BackupMode="Enabled", S3BackupConfiguration=backup)
    stream.put(b"x")
    stream.delivered()
    assert assuming.aws.role_of(stream.objects()[0].headers) == ROLES["deliver"]
    assert assuming.aws.role_of(assuming.aws.objects(bucket)[0].headers) == ROLES["copy"]
    assert set(assuming.aws.role_sessions) == {(role, "AWSFirehoseToS3", "000000000000") for role in ROLES.values()}


@pytest.mark.behaviour("1.5", "documented")
def test_bulk_requests_are_signed_by_the_role(assuming: Harness) -> None:
    stream = assuming.opensearch_stream(RoleARN=ROLES["deliver"], s3={"RoleARN": ROLES["copy"]})
    stream.put(b'{"n": 1}')
    stream.delivered()
    ((headers, _),) = assuming.opensearch.requests
    assert assuming.aws.role_of(headers) == ROLES["deliver"]


@pytest.mark.behaviour("1.4", "documented")
def test_when_the_role_is_gone_objects_wait_and_functions_are_denied(assuming: Harness) -> None:
    function = processor("Lambda", LambdaArn="arn:aws:lambda:eu-west-1:000000000000:function:f", NumberOfRetries="0")
    logging = {"Enabled": True, "LogGroupName": "g", "LogStreamName": "s"}
    stream = assuming.s3_stream(
        RoleARN=ROLES["deliver"], ProcessingConfiguration=processing(function), CloudWatchLoggingOptions=logging
    )
    plain = assuming.s3_stream(RoleARN=ROLES["deliver"])
    del assuming.aws.roles["deliver"]
    stream.put(b"x")
    plain.put(b"y")
    eventually(lambda: plain.buffers()["primary"]["delivering"])
    assuming.aws.roles["deliver"] = FIREHOSE_TRUST
    assert plain.body() == b"y"
    (failure,) = lines(stream.all_objects("processing-failed/"))
    assert failure["errorCode"] == "Lambda.AssumeRoleAccessDenied"


def trust(condition: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A trust policy for Firehose under a condition."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["firehose.amazonaws.com"]},
        "Action": ["sts:AssumeRole"],
        "Condition": condition,
        **changes,
    }
    return {"Statement": statement}


@pytest.mark.behaviour("1.5", "observed", "stackd")
@pytest.mark.parametrize(
    ("policy", "trusted"),
    [
        (trust({"StringEquals": {"sts:ExternalId": "000000000000"}}), True),
        (trust({"StringEquals": {"sts:ExternalId": "111111111111"}}), False),
        (trust({"StringEquals": {"aws:SourceAccount": "000000000000"}, "ArnLike": {"aws:SourceArn": f"{ARN}*"}}), True),
        (trust({"ArnEquals": {"aws:SourceArn": ARN.replace("/s", "/other")}}), False),
        (trust({"StringEqualsIfExists": {"aws:PrincipalTag/x": "y"}}), True),
        (trust({"StringEquals": {"aws:PrincipalTag/x": "y"}}), False),
        (trust({}, Action="s3:*"), False),
        (trust({}, Effect="Deny"), False),
        (trust({}, Principal="*"), True),
        ({"Statement": [trust({})["Statement"], trust({}, Effect="Deny")["Statement"]]}, False),
        ({}, False),
    ],
)
def test_the_role_is_assumed_with_the_account_as_external_id_and_the_stream_as_source(
    policy: dict[str, Any], trusted: bool
) -> None:
    assert trusts_firehose(policy, account="000000000000", stream_arn=ARN) is trusted
