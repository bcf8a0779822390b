"""Delivery to OpenSearch. Notes 5."""

import base64
import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from firehose.harness import (
    DOMAIN,
    FAST,
    ROLE,
    Harness,
    StreamUnderTest,
    eventually,
    lines,
    processing,
    processor,
)

from local_firehose.destinations.bulk import action, item_results, retried_item, retried_request, unfit
from local_firehose.destinations.index_names import index_name
from local_firehose.fakes.aws import FakeAws
from local_firehose.fakes.opensearch import FakeOpenSearch
from local_firehose.fakes.server import RunningFirehose
from local_firehose.settings import Settings

AT = 1456405200123  # 2016-02-25T13:00:00.123Z, a Thursday
FAILED = "AmazonOpenSearchService-failed/"
MAPPING = {"type": "mapper_parsing_exception", "reason": "failed to parse field [n]"}
BUSY = {"type": "rejected_execution_exception", "reason": "rejected execution"}


def failures(stream: StreamUnderTest) -> list[dict[str, Any]]:
    """The failed documents, once everything is delivered."""
    return lines(stream.all_objects(FAILED))


def wait_documents(harness: Harness, stream: StreamUnderTest, count: int) -> list[dict[str, Any]]:
    """Documents of the stream's index, once there are ``count``."""
    return (
        eventually(
            lambda: found if len(found := harness.opensearch.documents(stream.name)) >= count else None,
            what=f"{count} documents",
        )
        or []
    )


def attempts_at(harness: Harness, fault: str, *waits: float) -> None:
    """Advance the frozen clock by each wait; after each exactly one more attempt is made."""
    for made, wait in enumerate(waits):
        assert harness.control.hits(fault) == made
        harness.control.clock(advance_seconds=wait)
        eventually(partial(_reached, harness, fault, made + 1), what=f"attempt {made + 1}")


def _reached(harness: Harness, fault: str, attempts: int) -> bool:
    return harness.control.hits(fault) == attempts


def bulk_requests(harness: Harness, stream: StreamUnderTest) -> list[bytes]:
    """Bodies of the bulk requests for the stream's index."""
    return [body for _, body in harness.opensearch.requests if f'"{stream.name}"'.encode() in body]


# --- bulk requests ------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("5", "documented")
def test_one_record_is_one_document_with_its_index_in_the_action(harness: Harness) -> None:
    stream = harness.opensearch_stream()
    stream.put(b'{"n": 1}', b'{"n": 2}\n', b'{"n": 3}\r\n')
    assert wait_documents(harness, stream, 3) == [{"n": 1}, {"n": 2}, {"n": 3}]
    (body,) = bulk_requests(harness, stream)
    assert [set(json.loads(line)["index"]) for line in body.splitlines()[::2]] == [{"_index", "_id"}] * 3


@pytest.mark.behaviour("5", "documented")
def test_requests_are_signed_for_es(harness: Harness) -> None:
    stream = harness.opensearch_stream()
    stream.put(b"{}")
    wait_documents(harness, stream, 1)
    headers = next(h for h, body in harness.opensearch.requests if f'"{stream.name}"'.encode() in body)
    assert "/eu-west-1/es/aws4_request" in headers["authorization"]
    assert headers["content-type"] == "application/x-ndjson"


@pytest.mark.behaviour("5", "documented")
def test_no_type_name_is_sent(harness: Harness) -> None:
    stream = harness.opensearch_stream(TypeName="")
    stream.put(b"{}")
    wait_documents(harness, stream, 1)
    assert b"_type" not in bulk_requests(harness, stream)[0]
    assert stream.destination()["TypeName"] == ""


@pytest.mark.behaviour("5", "observed", "preflight")
def test_a_type_name_is_refused(harness: Harness) -> None:
    with pytest.raises(
        ClientError,
        match=r"Types are deprecated in Elasticsearch version 7\+ and all OpenSearch versions\. TypeName must be empty",
    ):
        harness.opensearch_stream(TypeName="_doc")


@pytest.mark.behaviour("5", "uncertain")
@pytest.mark.parametrize(
    "record",
    [
        b"not json",
        b"[1]",
        b'"text"',
        b'{"a":1}{"a":2}',
        b'{"a":\n1}',
        b'{"a":1}\n{"a":2}',
        b"\xff",
        b"",
        b'{"_id":"x"}',
    ],
)
def test_a_record_that_is_not_one_json_object_on_one_line_fails(harness: Harness, record: bytes) -> None:
    stream = harness.opensearch_stream()
    stream.put(record, b'{"good": true}')
    (failure,) = failures(stream)
    assert base64.b64decode(failure["rawData"]) == record
    assert (failure["errorCode"], failure["attemptsMade"]) == ("400", 1)
    assert json.loads(failure["errorMessage"])["type"] == "mapper_parsing_exception"
    assert harness.opensearch.documents(stream.name) == [{"good": True}]


def test_an_action_is_two_lines() -> None:
    assert action(b'{"a": 1}\n', "i", "id-1") == b'{"index":{"_index":"i","_id":"id-1"}}\n{"a": 1}\n'
    assert action(b"{}", "i", "") == b'{"index":{"_index":"i"}}\n{}\n'
    assert unfit(b'{"a": {"_id": 1}}') is None


def test_an_answer_with_too_few_results_is_a_failed_request(harness: Harness) -> None:
    stream = harness.opensearch_stream()
    harness.opensearch.refuse.append((200, {}))  # 200 without items
    stream.put(b'{"n": 1}')
    assert wait_documents(harness, stream, 1) == [{"n": 1}]


def test_results_of_a_bulk_answer_are_read_in_order() -> None:
    answer = {"items": [{"index": {"status": 201}}, {"create": {"status": 409, "error": {"type": "t"}}}]}
    assert item_results(answer) == [(201, ""), (409, '{"type":"t"}')]


# --- index names --------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("5", "documented")
@pytest.mark.parametrize(
    ("rotation", "name"),
    [
        ("NoRotation", "orders"),
        ("OneHour", "orders-2016-02-25-13"),
        ("OneDay", "orders-2016-02-25"),
        ("OneMonth", "orders-2016-02"),
    ],
)
def test_the_index_is_named_by_arrival_in_utc(rotation: str, name: str) -> None:
    assert index_name("orders", rotation, AT) == name


@pytest.mark.behaviour("5", "uncertain")
def test_weeks_are_us_weeks_by_the_rule_although_the_documented_sample_is_one_less() -> None:
    assert index_name("orders", "OneWeek", AT) == "orders-2016-w09"
    assert index_name("orders", "OneWeek", AT - 21 * 86_400_000) == "orders-2016-w06"


@pytest.mark.behaviour("5", "documented")
@pytest.mark.parametrize(
    ("rotation", "turn", "before", "after"),
    [
        ("OneHour", "2026-11-23T14:00", "2026-11-23-13", "2026-11-23-14"),
        ("OneDay", "2027-01-01T00:00", "2026-12-31", "2027-01-01"),
        ("OneDay", "2028-02-29T00:00", "2028-02-28", "2028-02-29"),
        ("OneMonth", "2027-01-01T00:00", "2026-12", "2027-01"),
        ("OneWeek", "2026-11-22T00:00", "2026-w47", "2026-w48"),  # a Sunday
        ("OneWeek", "2026-12-27T00:00", "2026-w52", "2027-w01"),  # its Saturday is the first of 2027
    ],
)
def test_an_index_ends_with_the_last_millisecond_of_its_period(
    rotation: str, turn: str, before: str, after: str
) -> None:
    first = int(datetime.fromisoformat(f"{turn}+00:00").timestamp() * 1000)
    assert index_name("i", rotation, first - 1) == f"i-{before}"
    assert index_name("i", rotation, first) == f"i-{after}"


@pytest.mark.behaviour("5", "documented")
def test_rotation_follows_the_arrival_of_each_record(harness: Harness) -> None:
    stream = harness.opensearch_stream(IndexRotationPeriod="OneDay")
    harness.control.clock(speed=0, offset_seconds=-86_400)
    stream.put(b'{"day": "yesterday"}')
    harness.control.clock(offset_seconds=0)
    stream.put(b'{"day": "today"}')
    harness.control.clock(speed=300)
    mine = eventually(
        lambda: found if len(found := {i for i in harness.opensearch.indices() if stream.name in i}) == 2 else None
    )
    assert mine is not None
    assert all(name.removeprefix(f"{stream.name}-").count("-") == 2 for name in mine)


# --- document ids -------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("5", "documented")
def test_by_default_a_document_has_an_id_of_its_own_that_stays_the_same_on_every_retry(harness: Harness) -> None:
    stream = harness.opensearch_stream()
    harness.control.arm("opensearch-duplicate", stream=stream.name, times=2)
    stream.put(b'{"n": 1}', b'{"n": 2}')
    stream.delivered()
    assert len(bulk_requests(harness, stream)) == 3
    assert harness.opensearch.documents(stream.name) == [{"n": 1}, {"n": 2}], "sent three times, indexed once"


@pytest.mark.behaviour("5", "documented")
def test_a_default_id_is_56_digits_and_a_number(harness: Harness) -> None:
    stream = harness.opensearch_stream()
    stream.put(b"{}", b"{}")
    wait_documents(harness, stream, 2)
    ids = harness.opensearch.ids(stream.name)
    assert len(set(ids)) == 2
    for document_id in ids:
        number, dot, sub = document_id.partition(".")
        assert (len(number), number.isdigit(), dot, sub) == (56, True, ".", "0")


@pytest.mark.behaviour("5", "documented")
def test_with_no_document_id_the_domain_makes_ids_and_a_retry_duplicates(harness: Harness) -> None:
    stream = harness.opensearch_stream(DocumentIdOptions={"DefaultDocumentIdFormat": "NO_DOCUMENT_ID"})
    harness.control.arm("opensearch-duplicate", stream=stream.name, times=1)
    stream.put(b'{"n": 1}')
    stream.delivered()
    assert harness.opensearch.documents(stream.name) == [{"n": 1}, {"n": 1}]
    assert b'"_id"' not in bulk_requests(harness, stream)[0]
    assert stream.destination()["DocumentIdOptions"] == {"DefaultDocumentIdFormat": "NO_DOCUMENT_ID"}


# --- retries ------------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("5", "uncertain")
@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 502, 503])
def test_a_refused_request_is_tried_again(harness: Harness, status: int) -> None:
    stream = harness.opensearch_stream()
    harness.opensearch.refuse.append((status, {"type": "x", "reason": "y"}))
    stream.put(b'{"n": 1}')
    assert wait_documents(harness, stream, 1)
    assert not failures(stream)


@pytest.mark.behaviour("5", "uncertain")
@pytest.mark.parametrize("status", [400, 413])
def test_a_malformed_request_is_not_tried_again(harness: Harness, status: int) -> None:
    stream = harness.opensearch_stream()
    harness.opensearch.refuse.append((status, {"type": "illegal_argument_exception", "reason": "y"}))
    stream.put(b'{"n": 1}')
    (failure,) = failures(stream)
    assert (failure["errorCode"], failure["attemptsMade"]) == (str(status), 1)
    assert "illegal_argument_exception" in failure["errorMessage"]


@pytest.mark.behaviour("5", "uncertain")
def test_only_documents_with_429_or_5xx_are_sent_again(harness: Harness) -> None:
    stream = harness.opensearch_stream()
    asked: list[int] = []

    def judge(_index: str, _id: str | None, document: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        asked.append(document["n"])
        if document["n"] == 400:
            return 400, MAPPING
        if document["n"] in (429, 503) and asked.count(document["n"]) == 1:
            return document["n"], BUSY
        return None

    harness.opensearch.judge = judge
    stream.put(b'{"n": 400}', b'{"n": 429}', b'{"n": 503}', b'{"n": 1}')
    (failure,) = failures(stream)
    assert json.loads(base64.b64decode(failure["rawData"])) == {"n": 400}
    assert failure["attemptsMade"] == 1
    assert sorted(asked) == [1, 400, 429, 429, 503, 503]
    assert {document["n"] for document in harness.opensearch.documents(stream.name)} == {1, 429, 503}


def test_which_codes_are_tried_again() -> None:
    assert {s for s in range(400, 600) if retried_request(s)} == {401, 403, 408, 429, *range(500, 600)}
    assert {s for s in range(400, 600) if retried_item(s)} == {429, *range(500, 600)}


@pytest.mark.behaviour("5", "documented")
def test_retries_end_with_the_retry_duration_and_the_documents_go_to_s3(harness: Harness) -> None:
    stream = harness.opensearch_stream(RetryOptions={"DurationInSeconds": 30})
    fault = harness.control.arm("opensearch", stream=stream.name, status=503)
    harness.control.clock(speed=0)
    stream.put(b'{"n": 1}')
    # At 0, 1, 3, 7 and 15 seconds, and once more when the 30 are over.
    attempts_at(harness, fault, 60, 1, 2, 4, 8, 15)
    harness.control.disarm()
    harness.control.clock(speed=FAST)
    (failure,) = failures(stream)
    assert (failure["attemptsMade"], failure["errorCode"]) == (6, "503")
    stream.put(b'{"n": 2}')
    assert wait_documents(harness, stream, 1) == [{"n": 2}], "delivery goes on"


@pytest.mark.behaviour("5", "documented")
def test_a_duration_of_zero_is_no_retry(harness: Harness) -> None:
    stream = harness.opensearch_stream(RetryOptions={"DurationInSeconds": 0})
    harness.control.arm("opensearch", stream=stream.name, status=429, times=1)
    stream.put(b'{"n": 1}')
    (failure,) = failures(stream)
    assert (failure["errorCode"], failure["attemptsMade"]) == ("429", 1)


@pytest.mark.behaviour("5", "documented")
def test_a_domain_that_does_not_answer_is_retried_too() -> None:
    with FakeAws() as aws:
        settings = Settings(aws.endpoint, opensearch="http://127.0.0.1:1", check_roles=False, clock_speed=300)
        with RunningFirehose(settings) as firehose:
            harness = Harness(aws, None, firehose)  # type: ignore[arg-type]
            stream = harness.opensearch_stream(RetryOptions={"DurationInSeconds": 10})
            stream.put(b'{"n": 1}')
            harness.control.clock(speed=20)
            (failure,) = failures(stream)
            assert failure["attemptsMade"] >= 2
            assert "Cannot connect" in failure["errorMessage"]


@pytest.mark.behaviour("8", "uncertain")
def test_the_pace_of_retries_can_be_set() -> None:
    with FakeAws() as aws, FakeOpenSearch() as opensearch:
        settings = Settings(
            aws.endpoint,
            opensearch=opensearch.endpoint,
            check_roles=False,
            clock_speed=300,
            opensearch_retry_step=10.0,
        )
        with RunningFirehose(settings) as firehose:
            harness = Harness(aws, opensearch, firehose)
            stream = harness.opensearch_stream(RetryOptions={"DurationInSeconds": 30})
            fault = harness.control.arm("opensearch", stream=stream.name)
            harness.control.clock(speed=0)
            stream.put(b'{"n": 1}')
            attempts_at(harness, fault, 60, 10, 10, 10)
            (failure,) = failures(stream)
            assert failure["attemptsMade"] == 4


# --- failed documents ---------------------------------------------------------------------------------------------


@pytest.mark.behaviour("5", "documented")
def test_a_failed_document_has_the_documented_members_in_order(harness: Harness) -> None:
    stream = harness.opensearch_stream()
    harness.opensearch.judge = lambda *_: (400, MAPPING)
    stream.put(b'{"n": "text"}\n')
    (stored,) = stream.objects(FAILED)
    document = json.loads(stored.body)
    assert list(document) == [
        "attemptsMade",
        "arrivalTimestamp",
        "errorCode",
        "errorMessage",
        "attemptEndingTimestamp",
        "esDocumentId",
        "esIndexName",
        "esTypeName",
        "rawData",
    ]
    assert document["errorCode"] == "400"
    assert json.loads(document["errorMessage"]) == MAPPING
    assert document["esIndexName"] == stream.name
    assert document["esTypeName"] == ""
    assert document["esDocumentId"].endswith(".0")
    assert document["arrivalTimestamp"] <= document["attemptEndingTimestamp"]
    assert stored.body.endswith(b"}\n")


@pytest.mark.behaviour("5", "uncertain")
def test_raw_data_is_the_document_that_was_to_be_indexed(harness: Harness) -> None:
    name = harness.name("function")
    harness.aws.functions[name] = lambda event: {
        "records": [{"recordId": r["recordId"], "result": "Ok", "data": "eyJuIjoyfQ=="} for r in event["records"]]
    }
    function = processor("Lambda", LambdaArn=f"arn:aws:lambda:eu-west-1:000000000000:function:{name}")
    stream = harness.opensearch_stream(ProcessingConfiguration=processing(function))
    harness.opensearch.judge = lambda *_: (400, MAPPING)
    stream.put(b'{"n": 1}')
    (failure,) = failures(stream)
    assert base64.b64decode(failure["rawData"]) == b'{"n":2}'


@pytest.mark.behaviour("5", "uncertain")
def test_the_folder_of_failed_documents_has_a_hyphen_and_follows_the_s3_prefix(harness: Harness) -> None:
    stream = harness.opensearch_stream(s3={"Prefix": "copies/"})
    stream.put(b"bad")
    (stored,) = stream.objects()
    assert stored.key.startswith("copies/AmazonOpenSearchService-failed/2")


@pytest.mark.behaviour("5", "documented")
def test_an_explicit_error_prefix_and_compression_apply_to_failed_documents(harness: Harness) -> None:
    stream = harness.opensearch_stream(
        s3={"ErrorOutputPrefix": "rejected/!{firehose:error-output-type}/", "CompressionFormat": "GZIP"}
    )
    stream.put(b"bad")
    (stored,) = stream.objects("rejected/AmazonOpenSearchService-failed/")
    assert base64.b64decode(json.loads(gzip.decompress(stored.body))["rawData"]) == b"bad"


@pytest.mark.behaviour("5", "documented")
def test_records_that_the_function_fails_go_to_processing_failed_in_the_same_bucket(harness: Harness) -> None:
    name = harness.name("function")
    harness.aws.functions[name] = lambda _: {"records": []}
    function = processor("Lambda", LambdaArn=f"arn:aws:lambda:eu-west-1:000000000000:function:{name}")
    stream = harness.opensearch_stream(ProcessingConfiguration=processing(function))
    stream.put(b'{"n": 1}')
    (failure,) = lines(stream.objects("processing-failed/"))
    assert failure["errorCode"] == "Lambda.MissingRecordId"


# --- AllDocuments -------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("5", "documented")
def test_failed_documents_only_is_the_default_and_keeps_no_copies(harness: Harness) -> None:
    stream = harness.opensearch_stream()
    stream.put(b'{"n": 1}')
    wait_documents(harness, stream, 1)
    assert not stream.all_objects()


@pytest.mark.behaviour("5", "documented")
def test_all_documents_adds_every_document_below_the_prefix(harness: Harness) -> None:
    stream = harness.opensearch_stream(S3BackupMode="AllDocuments", s3={"Prefix": "all/"})
    stream.put(b'{"n": 1}\n', b"bad\n")
    stream.delivered()
    assert [stored.body for stored in stream.objects("all/2")] == [b'{"n": 1}\nbad\n']
    assert len(harness.aws.objects(stream.bucket, "all/AmazonOpenSearchService-failed/")) == 1


# --- where the domain is ------------------------------------------------------------------------------------------


@pytest.fixture
def real() -> Iterator[Harness]:
    """A server without --opensearch that takes http endpoints."""
    with FakeAws() as aws, FakeOpenSearch() as opensearch:
        settings = Settings(aws.endpoint, check_roles=False, clock_speed=300, allow_http_cluster_endpoint=True)
        with RunningFirehose(settings) as firehose:
            yield Harness(aws, opensearch, firehose)


@pytest.mark.behaviour("1.2", "documented")
def test_a_domain_arn_is_resolved_by_describe_domain(real: Harness) -> None:
    real.aws.domains["bench"] = {"Endpoint": real.opensearch.endpoint}
    stream = real.opensearch_stream()
    stream.put(b'{"n": 1}')
    assert wait_documents(real, stream, 1)
    assert real.aws.calls.count("DescribeDomain") == 1


@pytest.mark.behaviour("5", "documented")
def test_a_domain_that_is_not_there_fails_documents_after_the_retries(real: Harness) -> None:
    stream = real.opensearch_stream(RetryOptions={"DurationInSeconds": 5})
    stream.put(b'{"n": 1}')
    (failure,) = failures(stream)
    assert failure["errorCode"] == "ResourceNotFoundException"


@pytest.mark.behaviour("8", "uncertain")
def test_an_http_cluster_endpoint_is_taken_when_allowed(real: Harness) -> None:
    stream = real.opensearch_stream(DomainARN=None, ClusterEndpoint=real.opensearch.endpoint)
    stream.put(b'{"n": 1}')
    assert wait_documents(real, stream, 1)


VPC = {"SubnetIds": ["subnet-1"], "RoleARN": ROLE, "SecurityGroupIds": ["sg-1"]}


@pytest.mark.behaviour("5", "model")
def test_a_vpc_configuration_is_shown_with_its_vpc(harness: Harness) -> None:
    harness.aws.network.update({"subnet-1": "vpc-1", "sg-1": "vpc-1"})
    stream = harness.opensearch_stream(VpcConfiguration=VPC)
    assert stream.destination()["VpcConfigurationDescription"] == {**VPC, "VpcId": "vpc-1"}
    stream.update(member="AmazonopensearchserviceDestinationUpdate", IndexName="other")
    assert stream.destination()["VpcConfigurationDescription"] == {**VPC, "VpcId": "vpc-1"}


@pytest.mark.behaviour("1.4", "model")
@pytest.mark.parametrize(
    ("missing", "failure"), [("SubnetIds", "SUBNET_NOT_FOUND"), ("SecurityGroupIds", "SECURITY_GROUP_NOT_FOUND")]
)
def test_a_subnet_or_security_group_that_is_not_there_makes_creating_failed(
    harness: Harness, missing: str, failure: str
) -> None:
    harness.aws.network.update({"subnet-1": "vpc-1", "sg-1": "vpc-1"})
    name = harness.name()
    harness.client.create_delivery_stream(
        DeliveryStreamName=name,
        AmazonopensearchserviceDestinationConfiguration={
            "RoleARN": ROLE,
            "DomainARN": DOMAIN,
            "IndexName": "i",
            "S3Configuration": harness.s3_configuration("b"),
            "VpcConfiguration": {**VPC, missing: ["none-2"]},
        },
    )
    eventually(lambda: harness.describe(name)["DeliveryStreamStatus"] == "CREATING_FAILED")
    assert harness.describe(name)["FailureDescription"]["Type"] == failure
