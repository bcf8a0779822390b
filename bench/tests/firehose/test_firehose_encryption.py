"""Server-side encryption of a stream. Notes 1.6."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from firehose.harness import Harness, StreamUnderTest, eventually

from local_firehose.fakes.aws import FakeAws
from local_firehose.fakes.server import RunningFirehose
from local_firehose.settings import Settings

KEY = "arn:aws:kms:eu-west-1:000000000000:key/11111111-2222-3333-4444-555555555555"
CUSTOMER = {"KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": KEY}


def encryption(stream: StreamUnderTest) -> dict[str, object]:
    """The encryption member of the description."""
    found: dict[str, object] = stream.describe()["DeliveryStreamEncryptionConfiguration"]
    return found


def wait(stream: StreamUnderTest, status: str) -> dict[str, object]:
    """Once the status is reached."""
    eventually(lambda: encryption(stream)["Status"] == status, what=status)
    return encryption(stream)


@pytest.mark.behaviour("1.6", "observed", "stackd")
def test_describe_always_tells_the_encryption_of_a_direct_put_stream(harness: Harness) -> None:
    assert encryption(harness.s3_stream()) == {"Status": "DISABLED"}


@pytest.mark.behaviour("1.6", "documented")
def test_start_goes_through_enabling_to_enabled_and_stop_through_disabling_to_disabled(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.control.clock(speed=0)
    harness.client.start_delivery_stream_encryption(
        DeliveryStreamName=stream.name, DeliveryStreamEncryptionConfigurationInput=CUSTOMER
    )
    assert encryption(stream) == {"Status": "ENABLING", "KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": KEY}
    harness.control.clock(advance_seconds=1)
    assert wait(stream, "ENABLED") == {"Status": "ENABLED", "KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": KEY}
    harness.client.stop_delivery_stream_encryption(DeliveryStreamName=stream.name)
    assert encryption(stream)["Status"] == "DISABLING"
    harness.control.clock(advance_seconds=1)
    assert wait(stream, "DISABLED") == {"Status": "DISABLED"}


@pytest.mark.behaviour("1.6", "documented")
def test_without_a_key_the_aws_owned_one_is_used(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.client.start_delivery_stream_encryption(DeliveryStreamName=stream.name)
    assert wait(stream, "ENABLED") == {"Status": "ENABLED", "KeyType": "AWS_OWNED_CMK"}


@pytest.mark.behaviour("1.6", "documented")
def test_encryption_can_be_asked_for_at_creation(harness: Harness) -> None:
    stream = harness.s3_stream(request={"DeliveryStreamEncryptionConfigurationInput": CUSTOMER})
    assert encryption(stream) == {"Status": "ENABLED", "KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": KEY}


@pytest.mark.behaviour("1.6", "observed", "preflight")
@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"KeyType": "CUSTOMER_MANAGED_CMK"}, "KeyARN has to be specified when KeyType is CUSTOMER_MANAGED_CMK"),
        ({"KeyType": "AWS_OWNED_CMK", "KeyARN": KEY}, "KeyARN cannot be specified when KeyType is AWS_OWNED_CMK"),
        (
            {**CUSTOMER, "KeyARN": KEY.replace("eu-west-1", "us-east-1")},
            "Cross-region keys are not allowed for SSE. Please provide CMKs in the same region as firehose",
        ),
    ],
)
def test_a_customer_key_and_only_that_is_named_and_lies_in_the_region(
    harness: Harness, wanted: dict[str, str], message: str
) -> None:
    stream = harness.s3_stream()
    with pytest.raises(ClientError) as caught:
        harness.client.start_delivery_stream_encryption(
            DeliveryStreamName=stream.name, DeliveryStreamEncryptionConfigurationInput=wanted
        )
    assert caught.value.response["Error"] == {"Code": "InvalidArgumentException", "Message": message}


@pytest.mark.behaviour("1.6", "model")
@pytest.mark.parametrize(
    "wanted",
    [
        {"KeyType": "MINE"},
        {"KeyARN": KEY},
        {**CUSTOMER, "KeyARN": "arn:aws:kms:eu-west-1:000000000000:alias/mine"},
    ],
)
def test_a_customer_key_is_given_by_its_key_arn(harness: Harness, wanted: dict[str, str]) -> None:
    stream = harness.s3_stream()
    with pytest.raises(ClientError, match="ValidationException"):
        harness.client.start_delivery_stream_encryption(
            DeliveryStreamName=stream.name, DeliveryStreamEncryptionConfigurationInput=wanted
        )


@pytest.mark.behaviour("1.6", "documented")
def test_a_stream_whose_encryption_is_changing_is_in_use_for_another_change_and_takes_records(
    harness: Harness,
) -> None:
    stream = harness.s3_stream()
    harness.control.clock(speed=0)
    harness.client.start_delivery_stream_encryption(DeliveryStreamName=stream.name)
    with pytest.raises(ClientError, match="ResourceInUseException"):
        harness.client.stop_delivery_stream_encryption(DeliveryStreamName=stream.name)
    stream.put(b"x")
    assert stream.describe()["DeliveryStreamStatus"] == "ACTIVE"


@pytest.mark.behaviour("1.6", "documented")
def test_at_most_25_changes_are_made_in_24_hours(harness: Harness) -> None:
    stream = harness.s3_stream()
    for number in range(25):
        if number % 2:
            harness.client.stop_delivery_stream_encryption(DeliveryStreamName=stream.name)
            wait(stream, "DISABLED")
        else:
            harness.client.start_delivery_stream_encryption(DeliveryStreamName=stream.name)
            wait(stream, "ENABLED")
    with pytest.raises(ClientError, match="LimitExceededException"):
        harness.client.stop_delivery_stream_encryption(DeliveryStreamName=stream.name)
    harness.control.clock(advance_seconds=24 * 3600)
    harness.client.stop_delivery_stream_encryption(DeliveryStreamName=stream.name)


# --- the key itself -----------------------------------------------------------------------------------------------


@pytest.fixture
def strict() -> Iterator[Harness]:
    """A server that asks KMS about keys, as is the default."""
    with FakeAws() as aws:
        settings = Settings(aws_endpoint=aws.endpoint, clock_speed=300, check_roles=False)
        with RunningFirehose(settings) as firehose:
            yield Harness(aws, None, firehose)  # type: ignore[arg-type]


@pytest.mark.behaviour("1.6", "documented")
def test_a_key_that_is_not_there_is_an_invalid_kms_resource(strict: Harness) -> None:
    stream = strict.s3_stream()
    with pytest.raises(ClientError) as caught:
        strict.client.start_delivery_stream_encryption(
            DeliveryStreamName=stream.name, DeliveryStreamEncryptionConfigurationInput=CUSTOMER
        )
    assert caught.value.response["Error"]["Code"] == "InvalidKMSResourceException"
    answer: Any = caught.value.response
    assert answer["code"] == "KMS.NotFoundException"


@pytest.mark.behaviour("1.6", "documented")
def test_a_key_that_is_disabled_while_enabling_makes_enabling_failed(strict: Harness) -> None:
    strict.aws.keys[KEY] = {}
    stream = strict.s3_stream()
    strict.control.clock(speed=0)
    strict.client.start_delivery_stream_encryption(
        DeliveryStreamName=stream.name, DeliveryStreamEncryptionConfigurationInput=CUSTOMER
    )
    strict.aws.keys[KEY] = {"KeyState": "Disabled"}
    strict.control.clock(advance_seconds=1)
    failed = wait(stream, "ENABLING_FAILED")
    assert failed["FailureDescription"] == {"Type": "DISABLED_KMS_KEY", "Details": f"{KEY} is disabled."}


@pytest.mark.behaviour("1.6", "documented")
def test_while_a_key_is_changed_and_when_that_fails_encryption_goes_on_with_the_old_key(strict: Harness) -> None:
    new = KEY.replace("1111", "9999")
    strict.aws.keys[KEY] = strict.aws.keys[new] = {}
    stream = strict.s3_stream(request={"DeliveryStreamEncryptionConfigurationInput": CUSTOMER})
    strict.control.clock(speed=0)
    strict.client.start_delivery_stream_encryption(
        DeliveryStreamName=stream.name, DeliveryStreamEncryptionConfigurationInput={**CUSTOMER, "KeyARN": new}
    )
    assert encryption(stream)["Status"] == "ENABLING"
    assert stream.put_batch(b"x")["Encrypted"] is True
    strict.aws.keys[new] = {"KeyState": "Disabled"}
    strict.control.clock(advance_seconds=60)
    assert wait(stream, "ENABLING_FAILED")["FailureDescription"]
    assert stream.put_batch(b"x")["Encrypted"] is True
    strict.aws.keys[KEY] = {"KeyState": "Disabled"}
    strict.control.clock(advance_seconds=60)
    with pytest.raises(ClientError, match="InvalidKMSResourceException"):
        stream.put(b"x")
    strict.client.stop_delivery_stream_encryption(DeliveryStreamName=stream.name)
    strict.control.clock(advance_seconds=60)
    wait(stream, "DISABLED")
    assert stream.put_batch(b"x")["Encrypted"] is False


@pytest.mark.behaviour("1.6", "documented")
def test_a_first_key_that_fails_leaves_the_stream_without_encryption_until_another_try(strict: Harness) -> None:
    strict.aws.keys[KEY] = {}
    stream = strict.s3_stream()
    strict.control.clock(speed=0)
    start = {"DeliveryStreamName": stream.name, "DeliveryStreamEncryptionConfigurationInput": CUSTOMER}
    strict.client.start_delivery_stream_encryption(**start)
    assert stream.put_batch(b"x")["Encrypted"] is False
    strict.aws.keys[KEY] = {"KeyState": "Disabled"}
    strict.control.clock(advance_seconds=60)
    wait(stream, "ENABLING_FAILED")
    assert stream.put_batch(b"x")["Encrypted"] is False
    strict.aws.keys[KEY] = {}
    strict.client.start_delivery_stream_encryption(**start)
    strict.control.clock(advance_seconds=60)
    wait(stream, "ENABLED")
    assert stream.put_batch(b"x")["Encrypted"] is True


@pytest.mark.behaviour("1.6", "documented")
def test_a_key_that_fails_at_creation_makes_creating_failed(strict: Harness) -> None:
    strict.aws.keys[KEY] = {}
    strict.control.clock(speed=0)
    name = strict.name()
    strict.client.create_delivery_stream(
        DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration=strict.s3_configuration(strict.bucket()),
        DeliveryStreamEncryptionConfigurationInput=CUSTOMER,
    )
    strict.aws.keys[KEY] = {"KeyState": "PendingDeletion"}
    strict.control.clock(advance_seconds=1)
    eventually(lambda: strict.describe(name)["DeliveryStreamStatus"] == "CREATING_FAILED")
    assert strict.describe(name)["FailureDescription"]["Type"] == "INVALID_KMS_KEY"
    strict.client.delete_delivery_stream(DeliveryStreamName=name)


@pytest.mark.behaviour("1.6", "documented")
def test_records_of_a_stream_whose_key_became_unusable_are_refused(strict: Harness) -> None:
    strict.aws.keys[KEY] = {}
    stream = strict.s3_stream(request={"DeliveryStreamEncryptionConfigurationInput": CUSTOMER})
    assert stream.put_batch(b"x")["Encrypted"] is True
    strict.aws.keys[KEY] = {"KeyState": "Disabled"}
    strict.control.clock(advance_seconds=60)
    with pytest.raises(ClientError) as caught:
        stream.put(b"x")
    assert caught.value.response["Error"]["Code"] == "InvalidKMSResourceException"
    answer: Any = caught.value.response
    assert answer["code"] == "KMS.DisabledException"
