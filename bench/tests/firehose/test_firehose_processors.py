"""De-aggregation, decompression, log messages, delimiters. Notes 3.4."""

import base64
import gzip
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from firehose.harness import Harness, lines, processing, processor
from hypothesis import given
from hypothesis import strategies as st

from local_firehose.pipeline.deaggregation import DeaggregationError, split_delimited, split_json
from local_firehose.pipeline.decompression import DecompressionError, decompress, log_messages

DELIMITER = processor("AppendDelimiterToRecord")
DECOMPRESSION = processor("Decompression", CompressionFormat="GZIP")
MESSAGES = processor("CloudWatchLogProcessing", DataMessageExtraction="true")
JSON_RECORDS = processor("RecordDeAggregation", SubRecordType="JSON")


def refused(harness: Harness, *processors: dict[str, Any]) -> str:
    """The message with which a stream with these processors is refused."""
    with pytest.raises(ClientError) as caught:
        harness.s3_stream(ProcessingConfiguration=processing(*processors))
    assert caught.value.response["Error"]["Code"] == "InvalidArgumentException"
    return str(caught.value.response["Error"]["Message"])


def logs(*messages: str, kind: str = "DATA_MESSAGE") -> bytes:
    """What a subscription filter of CloudWatch Logs puts."""
    events = [{"id": str(n), "timestamp": n, "message": message} for n, message in enumerate(messages)]
    envelope = {"messageType": kind, "owner": "000000000000", "logGroup": "/g", "logStream": "s", "logEvents": events}
    return gzip.compress(json.dumps(envelope).encode())


# --- AppendDelimiterToRecord --------------------------------------------------------------------------------------


@pytest.mark.behaviour("3.4", "uncertain")
def test_the_delimiter_is_a_line_feed_between_records_and_none_after_the_last(harness: Harness) -> None:
    stream = harness.s3_stream(ProcessingConfiguration=processing(DELIMITER))
    stream.put(b"a", b"b", b"c")
    assert stream.body() == b"a\nb\nc"


@pytest.mark.behaviour("3.4", "model")
def test_the_parameters_of_the_delimiter_processor_are_shown_as_none(harness: Harness) -> None:
    given_delimiter = processor("AppendDelimiterToRecord", Delimiter="\\n")
    stream = harness.s3_stream(ProcessingConfiguration=processing(given_delimiter))
    assert stream.destination()["ProcessingConfiguration"]["Processors"] == [
        {"Type": "AppendDelimiterToRecord", "Parameters": []}
    ]


@pytest.mark.behaviour("3.4", "uncertain")
def test_error_objects_and_backups_get_no_delimiter(harness: Harness) -> None:
    bucket = harness.bucket()
    backup = {"RoleARN": "arn:aws:iam::000000000000:role/r", "BucketARN": f"arn:aws:s3:::{bucket}"}
    stream = harness.s3_stream(
        ProcessingConfiguration=processing(DELIMITER), S3BackupMode="Enabled", S3BackupConfiguration=backup
    )
    stream.put(b"a", b"b")
    assert stream.body() == b"a\nb"
    assert harness.aws.objects(bucket)[0].body == b"ab"


# --- RecordDeAggregation ------------------------------------------------------------------------------------------


@pytest.mark.behaviour("3.4", "documented")
@pytest.mark.parametrize(
    ("packed", "records"),
    [
        (b'{"a":1}{"a":2}', [b'{"a":1}', b'{"a":2}']),
        (b'{"a":1}\n{"a":2}\n', [b'{"a":1}', b'{"a":2}']),
        (b' {"a": "}{"} \r\n\t{"b":[1]}', [b'{"a": "}{"}', b'{"b":[1]}']),
        (b'{"a":1}', [b'{"a":1}']),
        (b"", []),
    ],
)
def test_json_records_one_after_the_other_are_split(packed: bytes, records: list[bytes]) -> None:
    assert split_json(packed) == records


@pytest.mark.behaviour("3.4", "documented")
def test_a_json_array_is_no_valid_input_and_stays_one_record() -> None:
    array = '[{"a": "ü"}, {"a": 2}]'.encode()
    assert split_json(array) == [array]


@pytest.mark.behaviour("3.4", "documented")
def test_delimited_records_are_split_at_a_delimiter_given_in_base64() -> None:
    assert split_delimited(b"one####two####", base64.b64encode(b"####").decode()) == [b"one", b"two"]


@pytest.mark.behaviour("3.4", "documented")
def test_a_record_of_more_than_500_is_not_split_at_all() -> None:
    packed = [b'{"n":%d}' % n for n in range(501)]
    assert split_json(b"".join(packed[:500])) == packed[:500]
    assert split_json(b"".join(packed)) == [b"".join(packed)]
    bar = base64.b64encode(b"|").decode()
    assert split_delimited(b"|".join(packed[:500]), bar) == packed[:500]
    assert split_delimited(b"|".join(packed), bar) == [b"|".join(packed)]


@pytest.mark.parametrize("broken", [b"{", b'{"a":1} x', b"\xff\xfe"])
def test_what_is_not_json_cannot_be_split(broken: bytes) -> None:
    with pytest.raises(DeaggregationError):
        split_json(broken)


@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text() | st.none()), min_size=1, max_size=40))
def test_any_documents_packed_with_line_feeds_come_out_as_they_were(documents: list[dict[str, Any]]) -> None:
    packed = "\n".join(json.dumps(document, ensure_ascii=False) for document in documents).encode(
        "utf-8", "surrogatepass"
    )
    assert [json.loads(record) for record in split_json(packed)] == documents


@pytest.mark.behaviour("3.4", "documented")
def test_each_sub_record_is_a_record_of_its_own_for_the_function(harness: Harness) -> None:
    name = harness.name("function")
    harness.aws.functions[name] = lambda event: {
        "records": [{"recordId": r["recordId"], "result": "Ok", "data": r["data"]} for r in event["records"]]
    }
    function = processor("Lambda", LambdaArn=f"arn:aws:lambda:eu-west-1:000000000000:function:{name}")
    stream = harness.partitioned_stream(JSON_RECORDS, function, DELIMITER)
    stream.put(b'{"k":1,"a":1}{"k":1,"a":2}', b'{"k":1,"a":3}')
    assert stream.body("k=1/") == b'{"k":1,"a":1}\n{"k":1,"a":2}\n{"k":1,"a":3}'
    (event,) = [e for arn, e in harness.aws.invocations if name in arn]
    assert len({record["recordId"] for record in event["records"]}) == 3


@pytest.mark.behaviour("3.4", "uncertain")
def test_a_record_that_cannot_be_split_goes_to_the_error_output(harness: Harness) -> None:
    stream = harness.partitioned_stream(JSON_RECORDS)
    stream.put(b"not json", b'{"k":1}')
    (failure,) = lines(stream.all_objects("errors/processing-failed/"))
    assert base64.b64decode(failure["rawData"]) == b"not json"
    assert stream.body("k=1/") == b'{"k":1}'


@pytest.mark.behaviour("3.4", "observed", "preflight")
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"SubRecordType": "XML"}, "SubRecordType has to be one of JSON, DELIMITED"),
        ({"SubRecordType": "DELIMITED"}, "Delimiter should be present for DELIMITED"),
    ],
)
def test_deaggregation_parameters_are_checked(harness: Harness, given: dict[str, str], message: str) -> None:
    with pytest.raises(ClientError, match=message):
        harness.partitioned_stream(processor("RecordDeAggregation", **given))


@pytest.mark.behaviour("3.4", "documented")
def test_a_delimiter_is_given_in_base64(harness: Harness) -> None:
    with pytest.raises(ClientError, match="base64"):
        harness.partitioned_stream(processor("RecordDeAggregation", SubRecordType="DELIMITED", Delimiter="#"))


# --- Decompression and CloudWatchLogProcessing --------------------------------------------------------------------


@pytest.mark.behaviour("3.4", "documented")
def test_gzip_records_are_decompressed(harness: Harness) -> None:
    stream = harness.s3_stream(ProcessingConfiguration=processing(DECOMPRESSION))
    stream.put(logs("first", "second"))
    (envelope,) = lines(stream.objects())
    assert [event["message"] for event in envelope["logEvents"]] == ["first", "second"]


@pytest.mark.behaviour("3.4", "documented")
def test_message_extraction_keeps_the_messages_only(harness: Harness) -> None:
    stream = harness.s3_stream(ProcessingConfiguration=processing(DECOMPRESSION, MESSAGES))
    stream.put(logs("first", "second"), logs("CWL CONTROL MESSAGE", kind="CONTROL_MESSAGE"))
    assert stream.body() == b"first\nsecond\n"


@pytest.mark.behaviour("3.4", "documented")
def test_without_extraction_the_envelope_stays_whole(harness: Harness) -> None:
    whole = processor("CloudWatchLogProcessing", DataMessageExtraction="false")
    stream = harness.s3_stream(ProcessingConfiguration=processing(DECOMPRESSION, whole))
    stream.put(logs("first"))
    assert lines(stream.objects())[0]["logGroup"] == "/g"


@pytest.mark.behaviour("3.4", "documented")
def test_what_cannot_be_decompressed_goes_to_decompression_failed(harness: Harness) -> None:
    stream = harness.s3_stream(ProcessingConfiguration=processing(DECOMPRESSION))
    broken = logs("x")[:-9]
    stream.put(broken)
    (failure,) = lines(stream.objects("decompression-failed/"))
    assert failure["errorCode"] == "Decompression failed."
    assert base64.b64decode(failure["rawData"]) == broken


@pytest.mark.behaviour("3.4", "uncertain")
def test_only_gzip_records_can_be_put_to_a_stream_that_decompresses(harness: Harness) -> None:
    stream = harness.s3_stream(ProcessingConfiguration=processing(DECOMPRESSION))
    with pytest.raises(ClientError, match="InvalidSourceException"):
        stream.put(b"plain")


@pytest.mark.behaviour("3.4", "model")
def test_decompression_is_for_gzip(harness: Harness) -> None:
    assert "GZIP" in refused(harness, processor("Decompression", CompressionFormat="ZIP"))


@pytest.mark.behaviour("3.4", "observed", "preflight")
def test_log_processing_needs_decompression(harness: Harness) -> None:
    assert refused(harness, MESSAGES) == (
        "CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor"
    )


@pytest.mark.behaviour("3.4", "observed", "preflight")
def test_metadata_extraction_and_deaggregation_need_dynamic_partitioning(harness: Harness) -> None:
    query = processor("MetadataExtraction", MetadataExtractionQuery="{a:.a}", JsonParsingEngine="JQ-1.6")
    for one in (query, JSON_RECORDS):
        assert refused(harness, one) == (
            f"class com.amazonaws.services.firehose.internal.model.{one['Type']}Processor can only be present when "
            "Dynamic Partitioning is enabled."
        )


@pytest.mark.behaviour("3.4", "observed", "preflight")
def test_data_message_extraction_is_true_or_false(harness: Harness) -> None:
    assert refused(harness, DECOMPRESSION, processor("CloudWatchLogProcessing", DataMessageExtraction="yes")) == (
        "Invalid parameter value for DataMessageExtraction. Allowed values are True and False."
    )


@pytest.mark.parametrize(
    ("kind", "needed"),
    [
        ("Lambda", "LambdaArn"),
        ("Decompression", "CompressionFormat"),
    ],
)
def test_a_processor_without_its_parameter_is_refused_by_name(harness: Harness, kind: str, needed: str) -> None:
    assert needed in refused(harness, {"Type": kind})


def test_gzip_of_several_members_is_read_whole() -> None:
    assert decompress(gzip.compress(b"one") + gzip.compress(b"two")) == b"onetwo"


@pytest.mark.parametrize("broken", [b"plain", gzip.compress(b"x" * 100, mtime=0)[:20]], ids=["plain", "short"])
def test_broken_gzip_is_an_error(broken: bytes) -> None:
    with pytest.raises(DecompressionError):
        decompress(broken)


def test_a_gzip_bomb_is_an_error_not_the_end_of_memory() -> None:
    with pytest.raises(DecompressionError, match="more than"):
        decompress(gzip.compress(b"\0" * (80 * 1024 * 1024), 9))


@pytest.mark.parametrize("other", [b"[]", b"{}", b"no", b'{"logEvents": [{}]}'])
def test_a_record_that_is_no_log_envelope_is_an_error(other: bytes) -> None:
    with pytest.raises(DecompressionError):
        log_messages(other)
