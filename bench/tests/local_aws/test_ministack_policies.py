"""Policy documents that AWS refuses are refused: correction policy_documents."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from testbench import Bench

ALLOW = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}


def document(*statements: Any, **top: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **top})


WRONG = {
    "no JSON": "{",
    "no object": "[]",
    "no statements": document(),
    "a member that is none": document(ALLOW, Statements=[]),
    "a version that is none": document(ALLOW, Version="2012-10-18"),
    "an effect that is none": document(ALLOW | {"Effect": "allow"}),
    "an action without a service": document(ALLOW | {"Action": "SendMessage"}),
    "no action": document({"Effect": "Allow", "Resource": "*"}),
    "no action in a list": document(ALLOW | {"Action": []}),
    "both kinds of action": document(ALLOW | {"NotAction": "sqs:PurgeQueue"}),
    "a resource that is no ARN": document(ALLOW | {"Resource": "myqueue"}),
    "a partition that is none": document(ALLOW | {"Resource": "arn:asw:sqs:eu-west-1:000000000000:q"}),
    "a condition's operator that is none": document(ALLOW | {"Condition": {"StringIs": {"aws:SourceArn": "x"}}}),
    "an empty operator that is none": document(ALLOW | {"Condition": {"StringIs": {}}}),
    "a condition that is a text": document(ALLOW | {"Condition": {"StringEquals": "x"}}),
    "a statement's member that is none": document(ALLOW | {"Conditions": {}}),
    "two statements of one name": document(ALLOW | {"Sid": "A"}, ALLOW | {"Sid": "A"}),
}
OF_ROLES = {
    "a name of a statement with a blank": document(ALLOW | {"Sid": "two words"}),
    "a principal": document(ALLOW | {"Principal": "*"}),
    "no resource": document({"Effect": "Allow", "Action": "*"}),
}
TRUSTING = {
    "a name of a statement with a hyphen": document(TRUST | {"Sid": "a-b"}),
    "an action of another service": document(TRUST | {"Action": "sqs:SendMessage"}),
    "a resource": document(TRUST | {"Resource": "*"}),
    "no principal": document({"Effect": "Allow", "Action": "sts:AssumeRole"}),
    "a service that is none": document(TRUST | {"Principal": {"Service": "lambda"}}),
    "an account that is none": document(TRUST | {"Principal": {"AWS": "12345"}}),
    "a kind of principal that is none": document(TRUST | {"Principal": {"Lambda": "*"}}),
}


@pytest.fixture(scope="module")
def role(bench: Bench) -> str:
    name = f"policies-{uuid.uuid4().hex[:8]}"
    bench.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document(TRUST))
    return name


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        call(**arguments)
    return str(refusal.value.response["Error"]["Code"])


@pytest.mark.parametrize("policy", (WRONG | OF_ROLES).values(), ids=(WRONG | OF_ROLES).keys())
def test_a_policy_of_a_role_that_iam_does_not_take_is_refused(bench: Bench, role: str, policy: str) -> None:
    iam = bench.client("iam")
    assert (
        refused(iam.put_role_policy, RoleName=role, PolicyName="p", PolicyDocument=policy) == "MalformedPolicyDocument"
    )
    assert refused(iam.create_policy, PolicyName="p", PolicyDocument=policy) == "MalformedPolicyDocument"


@pytest.mark.parametrize("policy", TRUSTING.values(), ids=TRUSTING.keys())
def test_a_trust_policy_that_iam_does_not_take_is_refused(bench: Bench, role: str, policy: str) -> None:
    iam = bench.client("iam")
    create, update = iam.create_role, iam.update_assume_role_policy
    assert refused(create, RoleName="never", AssumeRolePolicyDocument=policy) == "MalformedPolicyDocument"
    assert refused(update, RoleName=role, PolicyDocument=policy) == "MalformedPolicyDocument"


def of_resource(policy: str, action: str, resource: str) -> str:
    """The document for a resource of that kind: with a principal, its action and resource where they are right."""
    own = policy.replace('"sqs:SendMessage"', f'"{action}"').replace('"Resource": "*"', f'"Resource": "{resource}"')
    return own.replace('"Effect"', '"Principal": "*", "Effect"')


OF_RESOURCES = WRONG | {"another service": document(ALLOW | {"Action": "lambda:InvokeFunction"})}


@pytest.mark.parametrize("policy", OF_RESOURCES.values(), ids=OF_RESOURCES.keys())
def test_a_policy_of_a_queue_a_topic_or_a_bucket_that_its_service_does_not_take_is_refused(
    bench: Bench, policy: str
) -> None:
    sqs, sns, s3, name = (
        bench.client("sqs"),
        bench.client("sns"),
        bench.client("s3"),
        f"policies-{uuid.uuid4().hex[:8]}",
    )
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes = {"Policy": of_resource(policy, "sqs:SendMessage", "*")}
    assert refused(sqs.set_queue_attributes, QueueUrl=url, Attributes=attributes) == "InvalidAttributeValue"
    topic = {"TopicArn": sns.create_topic(Name=name)["TopicArn"], "AttributeName": "Policy"}
    value = of_resource(policy, "sns:Publish", topic["TopicArn"])
    assert refused(sns.set_topic_attributes, **topic, AttributeValue=value) == "InvalidParameter"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": bench.endpoints.region})
    value = of_resource(policy, "s3:GetObject", f"arn:aws:s3:::{name}/*")
    assert refused(s3.put_bucket_policy, Bucket=name, Policy=value) == "MalformedPolicy"


def test_good_documents_are_taken(bench: Bench, role: str) -> None:
    conditions = {"NumericLessThan": {"s3:max-keys": 10}, "ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a*"]}}
    good = document(ALLOW | {"Condition": conditions}, {"Effect": "Deny", "NotAction": "iam:*", "Resource": ["*"]})
    bench.client("iam").put_role_policy(RoleName=role, PolicyName="good", PolicyDocument=good)
    sqs, sns = bench.client("sqs"), bench.client("sns")
    url = sqs.create_queue(QueueName=f"policies-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    old = json.dumps({"Version": "2008-10-17", "Statement": ALLOW | {"Principal": {"AWS": "000000000000"}}})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": old})
    topic = sns.create_topic(Name=f"policies-{uuid.uuid4().hex[:8]}")["TopicArn"]
    default = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=default)


def test_a_document_above_iams_quotas_is_refused_and_its_white_space_does_not_count(bench: Bench, role: str) -> None:
    iam = bench.client("iam")
    queues = [f"arn:aws:sqs:eu-west-1:000000000000:queue-{number:05d}" for number in range(150)]
    large = document(ALLOW | {"Resource": queues})
    assert 6144 < len(large) < 10240
    assert refused(iam.create_policy, PolicyName="large", PolicyDocument=large) == "LimitExceeded"
    iam.put_role_policy(RoleName=role, PolicyName="large", PolicyDocument=large)
    spread = json.dumps(json.loads(document(ALLOW | {"Resource": queues[:90]})), indent=60)
    assert len(spread) > 6144
    iam.create_policy(PolicyName=f"spread-{uuid.uuid4().hex[:8]}", PolicyDocument=spread)


def test_a_role_has_policies_up_to_iams_quotas_and_only_those_that_are_there(bench: Bench) -> None:
    iam, role = bench.client("iam"), f"policies-{uuid.uuid4().hex[:8]}"
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=document(TRUST))
    half = document(ALLOW | {"Resource": [f"arn:aws:sqs:eu-west-1:000000000000:queue-{n:05d}" for n in range(110)]})
    iam.put_role_policy(RoleName=role, PolicyName="half", PolicyDocument=half)
    iam.put_role_policy(RoleName=role, PolicyName="half", PolicyDocument=half)
    assert refused(iam.put_role_policy, RoleName=role, PolicyName="other", PolicyDocument=half) == "LimitExceeded"
    iam.delete_role_policy(RoleName=role, PolicyName="half")
    none = "arn:aws:iam::000000000000:policy/none"
    assert refused(iam.attach_role_policy, RoleName=role, PolicyArn=none) == "NoSuchEntity"
    for number in range(11):
        name = f"attached-{uuid.uuid4().hex[:8]}"
        arn = iam.create_policy(PolicyName=name, PolicyDocument=document(ALLOW))["Policy"]["Arn"]
        if number < 10:
            iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    assert refused(iam.attach_role_policy, RoleName=role, PolicyArn=arn) == "LimitExceeded"
