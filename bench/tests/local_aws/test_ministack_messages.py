"""What SNS and SQS refuse, and what becomes of messages that do not fit. Corrections: topic_settings,
subscription_settings, sns_messages, queue_settings, queue_messages, subscription_redrive, message_move_tasks,
dead_letter_sources."""

import base64
import json
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from testbench import Bench
from testbench.polling import eventually

KIB = 1024


def text(value: str, kind: str = "String") -> dict[str, str]:
    return {"DataType": kind, "StringValue": value}


class Account:
    """Topics and queues with unique names."""

    def __init__(self, bench: Bench) -> None:
        self.client = bench.client
        self.sns, self.sqs = bench.client("sns"), bench.client("sqs")

    def topic(self, **attributes: str) -> str:
        return str(self.sns.create_topic(Name=f"messages-{uuid.uuid4().hex[:8]}", Attributes=attributes)["TopicArn"])

    def queue(self, **attributes: str) -> tuple[str, str]:
        """(URL, ARN) of a new queue that SNS may send to."""
        url = self.sqs.create_queue(QueueName=f"messages-{uuid.uuid4().hex[:8]}", Attributes=attributes)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = {"Version": "2012-10-17", "Statement": [allow | {"Resource": arn}]}
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        return url, arn

    def subscribe(self, topic: str, queue_arn: str, **attributes: str) -> str:
        answer = self.sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes=attributes, ReturnSubscriptionArn=True
        )
        return str(answer["SubscriptionArn"])

    def received(self, url: str) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def dead_letters(self, number: int) -> tuple[tuple[str, str], tuple[str, str]]:
        """A queue and its dead-letter queue, in which that many messages of it are."""
        dead = self.queue(VisibilityTimeout="0")
        redrive = json.dumps({"deadLetterTargetArn": dead[1], "maxReceiveCount": 1})
        queue = self.queue(RedrivePolicy=redrive, VisibilityTimeout="0")
        attributes = {"kind": text("order")}
        for count in range(number):
            self.sqs.send_message(QueueUrl=queue[0], MessageBody=f"message {count}", MessageAttributes=attributes)
        eventually(lambda: self.received(queue[0]), lambda found: not found, within=20, what="all dead letters")
        return queue, dead


@pytest.fixture(scope="module")
def account(bench: Bench) -> Account:
    return Account(bench)


def refusal(call: Any, **arguments: Any) -> tuple[str, str]:
    """(code, message) of the error with which the call is refused."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"FilterPolicy": '{"a":[{"numeric":[">"]}]}'}, "FilterPolicy: Value of > must be numeric"),
        ({"FilterPolicy": "event = x"}, "FilterPolicy: failed to parse JSON."),
        ({"FilterPolicy": '{"a": {"b": ["x"]}}'}, "scope MessageAttributes does not support nested"),
        ({"FilterPolicyScope": "Body"}, "FilterPolicyScope: Invalid value [Body]."),
        ({"RawMessageDelivery": "yes"}, "RawMessageDelivery: Invalid value [yes]."),
        ({"RedrivePolicy": "{"}, "RedrivePolicy: failed to parse JSON."),
        ({"RedrivePolicy": "{}"}, "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
        ({"RedrivePolicy": '{"deadLetterTargetArn": "dlq"}'}, "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
        ({"RedrivePolicy": '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:1:q"}'}, "in the region and the account"),
        ({"DeliveryPolicy": "{"}, "DeliveryPolicy: failed to parse JSON."),
        ({"SubscriptionRoleArn": "role"}, "SubscriptionRoleArn"),
        ({"Filter": "{}"}, "AttributeName"),
    ],
)
def test_wrong_subscription_attributes_are_refused_when_made_and_when_changed(
    account: Account, attributes: dict[str, str], said: str
) -> None:
    topic, (_, queue) = account.topic(), account.queue()
    code, message = refusal(
        account.sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=attributes
    )
    assert (code, said in message) == ("InvalidParameter", True), message
    [(name, value)] = attributes.items()
    subscription = account.subscribe(topic, queue)
    code, message = refusal(
        account.sns.set_subscription_attributes,
        SubscriptionArn=subscription,
        AttributeName=name,
        AttributeValue=value,
    )
    assert (code, said in message) == ("InvalidParameter", True), message


def test_a_nested_policy_is_taken_in_the_scope_of_bodies(account: Account) -> None:
    topic, (_, queue) = account.topic(), account.queue()
    account.subscribe(topic, queue, FilterPolicyScope="MessageBody", FilterPolicy='{"a": {"b": ["x"]}}')


def test_a_second_subscription_with_other_attributes_is_refused_and_the_same_one_is_found(account: Account) -> None:
    topic, (_, queue) = account.topic(), account.queue()
    first = account.subscribe(topic, queue, RawMessageDelivery="true")
    assert account.subscribe(topic, queue, RawMessageDelivery="true") == first
    assert account.subscribe(topic, queue) == first
    other = {"FilterPolicy": '{"a": ["x"]}'}
    code, message = refusal(account.sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=other)
    assert (code, message) == (
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
    )


@pytest.mark.parametrize(
    ("protocol", "attributes", "said"),
    [
        ("queue", {}, "does not support this protocol string: queue"),
        ("email", {"RawMessageDelivery": "true"}, "[email] does not support raw message delivery"),
        ("firehose", {}, "SubscriptionRoleArn"),
    ],
)
def test_a_subscription_that_its_protocol_cannot_have_is_refused(
    account: Account, protocol: str, attributes: dict[str, str], said: str
) -> None:
    stream = "arn:aws:firehose:eu-west-1:000000000000:deliverystream/s"
    endpoint = "orders@example.com" if protocol == "email" else stream
    found = refusal(
        account.sns.subscribe,
        TopicArn=account.topic(),
        Protocol=protocol,
        Endpoint=endpoint,
        Attributes=attributes,
    )
    assert found[0] == "InvalidParameter"
    assert said in found[1]


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [
        ("http", "https://example.com"),
        ("https", "http://example.com"),
        ("email", "nobody"),
        ("sms", "orders"),
        ("sqs", "arn:aws:sqs:eu-west-1:000000000000:orders.fifo"),
    ],
)
def test_a_subscription_that_does_not_fit_its_protocol_or_topic_is_refused(
    account: Account, protocol: str, endpoint: str
) -> None:
    found = refusal(account.sns.subscribe, TopicArn=account.topic(), Protocol=protocol, Endpoint=endpoint)
    assert found[0] == "InvalidParameter"


def test_a_fifo_topic_has_queues_only_and_its_envelope_a_sequence_number_and_no_signature(account: Account) -> None:
    topic = account.sns.create_topic(
        Name=f"messages-{uuid.uuid4().hex[:8]}.fifo",
        Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"},
    )["TopicArn"]
    found = refusal(account.sns.subscribe, TopicArn=topic, Protocol="email", Endpoint="a@example.com")
    assert found[0] == "InvalidParameter"
    url, queue = account.queue()
    account.subscribe(topic, queue)
    group = {"MessageGroupId": "g"}
    first = account.sns.publish(TopicArn=topic, Message="one", **group)
    entries = [{"Id": "1", "Message": "two", **group}, {"Id": "2", "Message": "one", **group}]
    second, again = account.sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)["Successful"]
    assert again["SequenceNumber"] == first["SequenceNumber"]
    bodies = [json.loads(message["Body"]) for message in account.received(url)]
    numbers = {body["Message"]: body["SequenceNumber"] for body in bodies}
    assert numbers == {"one": first["SequenceNumber"], "two": second["SequenceNumber"]}
    assert list(bodies[0])[:4] == ["Type", "MessageId", "SequenceNumber", "TopicArn"]
    assert not {"Signature", "SignatureVersion", "SigningCertURL"} & bodies[0].keys()
    for wrong in (
        {"MessageGroupId": "two words"},
        {"MessageGroupId": "g" * 129},
        {**group, "MessageDeduplicationId": "ü"},
    ):
        assert refusal(account.sns.publish, TopicArn=topic, Message="m", **wrong)[0] == "InvalidParameter"


TAGS = {
    "more than 50": {f"k{number}": "v" for number in range(51)},
    "a reserved key": {"aws:k": "v"},
    "a long key": {"k" * 129: "v"},
    "a long value": {"k": "v" * 257},
}


@pytest.mark.parametrize("tags", TAGS.values(), ids=TAGS.keys())
def test_tags_that_no_service_takes_are_refused(account: Account, tags: dict[str, str]) -> None:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    refusal(account.sns.create_topic, Name="messages-tags", Tags=listed)
    refusal(account.sns.tag_resource, ResourceArn=account.topic(), Tags=listed)
    refusal(account.sqs.create_queue, QueueName="messages-tags", tags=tags)
    refusal(account.sqs.tag_queue, QueueUrl=account.queue()[0], Tags=tags)


@pytest.mark.parametrize("name", ["x" * 257, "two words", "a.b", "x" * 252 + ".fifo", "standard.fifo"])
def test_a_topic_name_that_sns_does_not_take_is_refused(account: Account, name: str) -> None:
    assert refusal(account.sns.create_topic, Name=name) == ("InvalidParameter", "Invalid parameter: Topic Name")


@pytest.mark.parametrize("name", ["x" * 81, "two words", "a.b", "x" * 76 + ".fifo"])
def test_a_queue_name_that_sqs_does_not_take_is_refused(account: Account, name: str) -> None:
    code, message = refusal(account.sqs.create_queue, QueueName=name)
    assert (code, "1 to 80 in length" in message) == ("InvalidParameterValue", True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MaximumMessageSize", "1048577"),
        ("MaximumMessageSize", "1023"),
        ("TracingConfig", "On"),
        ("Size", "1"),
        ("DisplayName", "x" * 101),
        ("DeliveryPolicy", "{"),
        ("DeliveryPolicy", '{"htp": {}}'),
        ("DataProtectionPolicy", "{"),
        ("ContentBasedDeduplication", "true"),
        ("FifoThroughputScope", "Topic"),
        ("SQSSuccessFeedbackSampleRate", "101"),
        ("SQSFailureFeedbackRoleArn", "role"),
    ],
)
def test_wrong_topic_attributes_are_refused(account: Account, name: str, value: str) -> None:
    found = refusal(
        account.sns.set_topic_attributes, TopicArn=account.topic(), AttributeName=name, AttributeValue=value
    )
    assert found[0] == "InvalidParameter"


def test_a_topics_policy_and_arns_are_looked_at(account: Account) -> None:
    for policy in ("{", "{}"):
        found = refusal(account.sns.create_topic, Name="messages-policy", Attributes={"Policy": policy})
        assert found[0] == "InvalidParameter"
    for call, name in ((account.sns.get_topic_attributes, "TopicArn"), (account.sns.unsubscribe, "SubscriptionArn")):
        code, message = refusal(call, **{name: "orders"})
        assert (code, "An ARN must have at least 6 elements, not 1" in message) == ("InvalidParameter", True)


def test_a_topic_made_again_with_other_attributes_is_refused(account: Account) -> None:
    name = f"messages-{uuid.uuid4().hex[:8]}"
    arn = account.sns.create_topic(Name=name, Attributes={"DisplayName": "Orders"})["TopicArn"]
    assert account.sns.create_topic(Name=name)["TopicArn"] == arn
    code, message = refusal(account.sns.create_topic, Name=name, Attributes={"DisplayName": "Others"})
    assert (code, "different attributes" in message) == ("InvalidParameter", True)


@pytest.mark.parametrize(
    ("message", "code", "said"),
    [
        ({"Message": ""}, "InvalidParameter", "Empty message"),
        ({"Message": "m", "Subject": "s" * 101}, "InvalidParameter", "Subject"),
        ({"Message": "m", "Subject": "s\x01"}, "InvalidParameter", "Subject"),
        ({"Message": "m", "MessageDeduplicationId": "d"}, "InvalidParameter", "not valid for this topic type"),
        ({"Message": "m", "MessageAttributes": {"a": text("x\x01")}}, "ParameterValueInvalid", "characters"),
        ({"Message": "no json", "MessageStructure": "json"}, "InvalidParameter", "failed to parse"),
        ({"Message": '{"sqs": "m"}', "MessageStructure": "json"}, "InvalidParameter", "No default entry"),
        ({"Message": "m" * (256 * KIB + 1)}, "InvalidParameter", "Message too long"),
        (
            {"Message": "m" * (256 * KIB - 10), "MessageAttributes": {"a": text("long")}},
            "InvalidParameter",
            "Message too long",
        ),
        ({"Message": "m", "MessageAttributes": {"a": text("x", "Text")}}, "ParameterValueInvalid", "type"),
        ({"Message": "m", "MessageAttributes": {"a": text("")}}, "ParameterValueInvalid", "empty"),
        ({"Message": "m", "MessageAttributes": {"a": text("x", "Number")}}, "ParameterValueInvalid", "cast"),
        ({"Message": "m", "MessageAttributes": {"a b": text("x")}}, "ParameterValueInvalid", "name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "message",
)
def test_a_message_that_sns_does_not_take_is_refused_alone_and_in_a_batch(
    account: Account, message: dict[str, Any], code: str, said: str
) -> None:
    topic = account.topic()
    found = refusal(account.sns.publish, TopicArn=topic, **message)
    assert (found[0], said in found[1]) == (code, True), found
    entries = [{"Id": "1", **message}]
    found = refusal(account.sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries)
    assert found[0] == ("BatchRequestTooLong" if "too long" in said else code)


@pytest.mark.parametrize(
    ("message", "code", "said"),
    [
        ({"MessageBody": ""}, "MissingParameter", "MessageBody"),
        ({"MessageBody": "m", "DelaySeconds": 901}, "InvalidParameterValue", "DelaySeconds"),
        ({"MessageBody": "m" * 1025}, "InvalidParameterValue", "shorter than 1024 bytes"),
        (
            {"MessageBody": "m" * 1020, "MessageAttributes": {"a": text("long")}},
            "InvalidParameterValue",
            "shorter than 1024 bytes",
        ),
        (
            {
                "MessageBody": "m",
                "MessageAttributes": {f"a{number}": text("x") for number in range(11)},
            },
            "InvalidParameterValue",
            "maximum [10]",
        ),
        (
            {"MessageBody": "m", "MessageAttributes": {"AWS.a": text("x")}},
            "InvalidParameterValue",
            "reserved",
        ),
        ({"MessageBody": "m", "MessageDeduplicationId": "d"}, "InvalidParameterValue", "not valid for this queue type"),
        ({"MessageBody": "m", "MessageGroupId": "two words"}, "InvalidParameterValue", "MessageGroupId"),
        (
            {"MessageBody": "m", "MessageAttributes": {"a": {**text("x"), "BinaryValue": b"x"}}},
            "InvalidParameterValue",
            "more than one value",
        ),
        (
            {"MessageBody": "m", "MessageSystemAttributes": {"Trace": text("x")}},
            "InvalidParameterValue",
            "AWSTraceHeader",
        ),
    ],
    ids=[
        "empty",
        "delay",
        "long",
        "long-with-attributes",
        "attributes",
        "reserved-name",
        "deduplication",
        "group",
        "two-values",
        "system",
    ],
)
def test_a_message_that_sqs_does_not_take_is_refused(
    account: Account, message: dict[str, Any], code: str, said: str
) -> None:
    url, _ = account.queue(MaximumMessageSize="1024")
    found = refusal(account.sqs.send_message, QueueUrl=url, **message)
    assert (found[0], said in found[1]) == (code, True), found


@pytest.mark.parametrize("wrong", [{"WaitTimeSeconds": 21}, {"WaitTimeSeconds": -1}, {"VisibilityTimeout": 43_201}])
def test_seconds_that_sqs_does_not_take_are_refused(account: Account, wrong: dict[str, int]) -> None:
    url, _ = account.queue()
    code, message = refusal(account.sqs.receive_message, QueueUrl=url, **wrong)
    [(name, value)] = wrong.items()
    assert (code, message.startswith(f"Value {value} for parameter {name}")) == ("InvalidParameterValue", True)


def test_a_message_is_hidden_for_12_hours_at_most(account: Account) -> None:
    url, _ = account.queue()
    account.sqs.send_message(QueueUrl=url, MessageBody="m")
    [message] = account.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    change, handle = account.sqs.change_message_visibility, message["ReceiptHandle"]
    assert refusal(change, QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=43_201)[0] == "InvalidParameterValue"
    change(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=43_200)


def test_a_message_is_deleted_twice_in_silence_and_one_that_is_not_in_flight_is_not_hidden(account: Account) -> None:
    url, _ = account.queue()
    account.sqs.send_message(QueueUrl=url, MessageBody="m")
    [message] = account.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    own = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    account.sqs.change_message_visibility(**own, VisibilityTimeout=0)
    code, said = refusal(account.sqs.change_message_visibility, **own, VisibilityTimeout=5)
    assert (code, "not available for visibility timeout change" in said) == ("InvalidParameterValue", True)
    account.sqs.delete_message(**own)
    account.sqs.delete_message(**own)
    assert refusal(account.sqs.delete_message, QueueUrl=url, ReceiptHandle="none")[0] == "ReceiptHandleIsInvalid"


def test_attributes_that_queues_do_not_have_cannot_be_read(account: Account) -> None:
    url, arn = account.queue()
    assert (
        refusal(account.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["Colour"])[0] == "InvalidAttributeName"
    )
    names = ["QueueArn", "ApproximateNumberOfMessages", "VisibilityTimeout"]
    found = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    assert (found["QueueArn"], set(found)) == (arn, set(names))


@pytest.mark.parametrize(
    "attributes",
    [
        {"RedriveAllowPolicy": '{"redrivePermission": "some"}'},
        {"RedriveAllowPolicy": '{"redrivePermission": "byQueue"}'},
        {"RedriveAllowPolicy": '{"redrivePermission": "denyAll", "sourceQueueArns": []}'},
        {"RedriveAllowPolicy": "denyAll"},
        {"RedriveAllowPolicy": '{"redrivePermission": "byQueue", "sourceQueueArns": ["orders"]}'},
        {"Visibility": "3"},
        {"FifoQueue": "true"},
        {"ContentBasedDeduplication": "true"},
        {"DeduplicationScope": "queue"},
        {"SqsManagedSseEnabled": "yes"},
        {"SqsManagedSseEnabled": "true", "KmsMasterKeyId": "alias/aws/sqs"},
    ],
)
def test_wrong_queue_attributes_are_refused(account: Account, attributes: dict[str, str]) -> None:
    url, _ = account.queue()
    assert refusal(account.sqs.set_queue_attributes, QueueUrl=url, Attributes=attributes)[0] in (
        "InvalidParameterValue",
        "InvalidAttributeName",
        "InvalidAttributeValue",
    )


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"FifoQueue": "false"},
        {"FifoQueue": "true", "DeduplicationScope": "topic"},
        {"FifoQueue": "true", "FifoThroughputLimit": "perMessageGroupId"},
    ],
)
def test_a_fifo_queue_says_so_and_has_what_fits(account: Account, attributes: dict[str, str]) -> None:
    refusal(account.sqs.create_queue, QueueName=f"messages-{uuid.uuid4().hex[:8]}.fifo", Attributes=attributes)


def test_a_dead_letter_queue_takes_only_queues_that_its_redrive_allow_policy_lets_in(account: Account) -> None:
    url, source = account.queue()
    dead, dead_arn = account.queue(RedriveAllowPolicy='{"redrivePermission": "denyAll"}')
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 3})}
    assert refusal(account.sqs.set_queue_attributes, QueueUrl=url, Attributes=redrive)[0] == "InvalidParameterValue"
    by_queue = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [source]})
    account.sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": by_queue})
    account.sqs.set_queue_attributes(QueueUrl=url, Attributes=redrive)


BINARY = bytes(range(256))


def test_a_binary_attribute_is_base64_in_the_envelope_and_whole_in_a_raw_delivery(account: Account) -> None:
    topic, (url, queue), (raw_url, raw_queue) = account.topic(), account.queue(), account.queue()
    account.subscribe(topic, queue)
    account.subscribe(topic, raw_queue, RawMessageDelivery="true")
    attributes = {"bytes": {"DataType": "Binary", "BinaryValue": BINARY}}
    account.sns.publish(TopicArn=topic, Message="one", MessageAttributes=attributes)
    entries = [{"Id": "1", "Message": "two", "MessageAttributes": attributes}]
    account.sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    envelopes = [json.loads(message["Body"]) for message in account.received(url)]
    encoded = base64.b64encode(BINARY).decode()
    assert [envelope["MessageAttributes"]["bytes"] for envelope in envelopes] == [
        {"Type": "Binary", "Value": encoded}
    ] * 2
    raw = [message["MessageAttributes"]["bytes"]["BinaryValue"] for message in account.received(raw_url)]
    assert raw == [BINARY] * 2


def bodies(account: Account, url: str) -> list[int]:
    return [len(message["Body"]) for message in account.received(url)]


def test_what_is_larger_than_the_queue_takes_with_its_envelope_goes_to_the_subscriptions_dead_letter_queue(
    account: Account,
) -> None:
    topic = account.topic()
    url, queue = account.queue(MaximumMessageSize=str(256 * KIB))
    dead, dead_arn = account.queue()
    account.subscribe(topic, queue, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn}))
    message = '"' * 160 * KIB  # each quote is two bytes in the envelope
    account.sns.publish(TopicArn=topic, Message=message)
    assert bodies(account, url) == []
    [length] = bodies(account, dead)
    assert length > 320 * KIB


def test_a_raw_delivery_with_more_attributes_than_sqs_takes_does_not_arrive(account: Account) -> None:
    topic, (url, queue) = account.topic(), account.queue()
    account.subscribe(topic, queue, RawMessageDelivery="true")
    attributes = {f"a{number}": text("x") for number in range(11)}
    account.sns.publish(TopicArn=topic, Message="m", MessageAttributes=attributes)
    account.sns.publish(TopicArn=topic, Message="fits")
    assert [message["Body"] for message in account.received(url)] == ["fits"]


def test_a_topic_with_a_raised_limit_takes_messages_up_to_it(account: Account) -> None:
    topic = account.topic()
    account.sns.set_topic_attributes(TopicArn=topic, AttributeName="MaximumMessageSize", AttributeValue=str(KIB * KIB))
    large, large_arn = account.queue(MaximumMessageSize=str(KIB * KIB))
    small, small_arn = account.queue(MaximumMessageSize=str(256 * KIB))
    account.subscribe(topic, large_arn)
    account.subscribe(topic, small_arn)
    account.sns.publish(TopicArn=topic, Message="m" * 400 * KIB)
    assert len(bodies(account, large)) == 1
    assert bodies(account, small) == []
    found = refusal(account.sns.publish, TopicArn=topic, Message="m" * (KIB * KIB + 1))
    assert found == ("InvalidParameter", "Invalid parameter: Message too long")
    assert "email" in refusal(account.sns.subscribe, TopicArn=topic, Protocol="email", Endpoint="a@example.com")[1]


def test_a_dead_letter_queue_tells_whose_it_is(account: Account) -> None:
    dead, dead_arn = account.queue()
    source, _ = account.queue(RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "3"}))
    assert account.sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [source]
    assert account.sqs.list_dead_letter_source_queues(QueueUrl=source)["queueUrls"] == []
    assert "NonExistentQueue" in refusal(account.sqs.list_dead_letter_source_queues, QueueUrl=f"{dead}-x")[0]


def task(account: Account, dead_arn: str) -> Mapping[str, Any]:
    [found] = account.sqs.list_message_move_tasks(SourceArn=dead_arn)["Results"]
    return dict(found)


def finished(account: Account, dead_arn: str) -> Mapping[str, Any]:
    return eventually(
        lambda: task(account, dead_arn), lambda found: found["Status"] != "RUNNING", within=20, what="the task's end"
    )


def test_dead_letters_go_back_as_new_messages_with_their_attributes(account: Account) -> None:
    (url, _), (dead, dead_arn) = account.dead_letters(3)
    old = {message["MessageId"] for message in account.received(dead)}
    account.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "30"})
    account.sqs.start_message_move_task(SourceArn=dead_arn)
    end = finished(account, dead_arn)
    assert (end["Status"], end["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 3)
    back = account.received(url)
    assert [message["Body"] for message in back] == ["message 0", "message 1", "message 2"]
    assert {message["MessageAttributes"]["kind"]["StringValue"] for message in back} == {"order"}
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in back} == {"1"}
    assert not old & {message["MessageId"] for message in back}


def test_a_task_moves_to_another_queue_at_its_rate_until_it_is_cancelled(account: Account) -> None:
    _, (dead, dead_arn) = account.dead_letters(5)
    other, other_arn = account.queue()
    handle = account.sqs.start_message_move_task(
        SourceArn=dead_arn, DestinationArn=other_arn, MaxNumberOfMessagesPerSecond=2
    )["TaskHandle"]
    assert task(account, dead_arn)["TaskHandle"] == handle
    second = refusal(account.sqs.start_message_move_task, SourceArn=dead_arn)
    assert (second[0], "already a task running" in second[1]) == ("InvalidParameterValue", True)
    eventually(lambda: account.received(other), bool, within=20, what="a message that was moved")
    account.sqs.cancel_message_move_task(TaskHandle=handle)
    end = eventually(
        lambda: task(account, dead_arn), lambda found: found["Status"] == "CANCELLED", within=20, what="the end"
    )
    assert end["ApproximateNumberOfMessagesMoved"] < 5
    assert account.received(dead)


def test_dead_letters_of_no_known_queue_need_a_destination(account: Account) -> None:
    (_, _), (dead, dead_arn) = account.dead_letters(0)
    account.sqs.send_message(QueueUrl=dead, MessageBody="sent here by hand")
    account.sqs.start_message_move_task(SourceArn=dead_arn)
    end = finished(account, dead_arn)
    assert (end["Status"], end["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert account.received(dead)


def test_tasks_that_sqs_does_not_take_are_refused(account: Account) -> None:
    _, plain = account.queue()
    (_, source), (_, dead) = account.dead_letters(0)
    start = account.sqs.start_message_move_task
    assert refusal(start, SourceArn=plain) == (
        "InvalidParameterValue",
        "Source queue must be configured as a Dead Letter Queue.",
    )
    assert refusal(start, SourceArn=plain + "x")[0] == "ResourceNotFoundException"
    assert refusal(start, SourceArn=dead, DestinationArn=source + "x")[0] == "ResourceNotFoundException"
    assert refusal(start, SourceArn=dead, DestinationArn=dead)[0] == "InvalidParameterValue"
    assert refusal(start, SourceArn=dead, MaxNumberOfMessagesPerSecond=501)[0] == "InvalidParameterValue"
    assert refusal(account.sqs.cancel_message_move_task, TaskHandle="x")[0] == "InvalidParameterValue"
