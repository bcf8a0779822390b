"""examples/partitioned-archive on the bench: every event once in each archive, below what it is filed under.

Not proved here: that AWS's own Firehose and Athena do the same. The bench's Firehose follows AWS's documentation
(bench/tests/firehose) and runs jq itself; the jq program is judged in tests/terraform/test_partition_query.py.
"""

import base64
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as arrow
import pytest
from pyarrow import parquet

from testbench import Bench
from testbench.athena import Athena, AthenaError, QueryResult
from testbench.polling import eventually
from tests.support.module_stack import Event, ModuleStack, StoredObject, applied

FOLDERS_OF_TYPES = {"order.placed": "order.placed", "order/paid now": "order_paid_now", "": "unknown"}
"""The type that is published ("" = none) -> the folder it lies in."""
FOLDERS_OF_CHANNELS = {"web": "web", "store": "store", "phone": "other", "": "other"}
NOT_JSON = "plain text, no order"
EVENTS = 660
"""More than Firehose takes apart of one record (500)."""
DELIVERED_WITHIN = 180.0
UNCONVERTIBLE = json.dumps({"Type": "Notification", "MessageId": "m-x", "MessageAttributes": "not a map"}).encode()
COLUMNS = ["type", "messageid", "topicarn", "subject", "message", "timestamp", "messageattributes"]


@dataclass(frozen=True)
class Published:
    """One published event: what it was, and where it has to be."""

    event: Event
    type_folder: str
    channel_folder: str


@dataclass(frozen=True)
class Archives:
    """What was published by message id, and what lies in the two buckets."""

    published: dict[str, Published]
    by_type: list[StoredObject]
    columns: list[StoredObject]

    def folder_of(self, column: str, stored: StoredObject) -> str:
        return stored.key.partition("/")[0].removeprefix(f"{column}=")


@pytest.fixture(scope="module")
def stack(bench: Bench) -> Iterator[ModuleStack]:
    with applied(bench, "examples/partitioned-archive", force_destroy=True) as stack:
        yield stack


def samples() -> list[Published]:
    types, channels = list(FOLDERS_OF_TYPES), list(FOLDERS_OF_CHANNELS)
    made = []
    for number in range(EVENTS):
        kind, channel = types[number % 3], channels[number % 4]
        order = {"id": f"o-{number}", "note": "é\n☃"} | ({"channel": channel} if channel else {})
        message = json.dumps({"order": order}, ensure_ascii=False) if number % 11 else f"{NOT_JSON} {number}"
        attributes: dict[str, str | int] = {"number": number} | ({"event_type": kind} if kind else {})
        folder = FOLDERS_OF_CHANNELS[channel] if number % 11 else "other"
        made.append(Published(Event(message, attributes), FOLDERS_OF_TYPES[kind], folder))
    return made


@pytest.fixture(scope="module")
def archives(stack: ModuleStack) -> Archives:
    made = samples()
    ids = stack.publish(each.event for each in made)
    stack.client("firehose").put_record(
        DeliveryStreamName=stack.output["columns"]["delivery_stream_name"], Record={"Data": UNCONVERTIBLE}
    )
    found = {}
    for archive in ("by_type", "columns"):
        output = stack.output[archive]
        eventually(
            lambda queue=output["queue_url"]: stack.waiting(queue),  # type: ignore[misc]
            lambda waiting: waiting == 0,
            within=DELIVERED_WITHIN,
            what=f"the function of {archive} has put every event",
        )
        # Twice: a record that cannot be converted is put into the error output's buffer by the delivery itself.
        for _ in range(2):
            stack.firehose.wait_until_delivered(output["delivery_stream_name"], seconds=DELIVERED_WITHIN)
        assert stack.waiting(output["dead_letter_queue_url"]) == 0
        found[archive] = stack.objects(output["bucket_name"])
    return Archives(dict(zip(ids, made, strict=True)), found["by_type"], found["columns"])


def data_of(objects: list[StoredObject]) -> list[StoredObject]:
    return [each for each in objects if not each.key.startswith("errors/")]


def table_of(stored: StoredObject) -> arrow.Table:
    return parquet.read_table(io.BytesIO(stored.body))


@pytest.fixture(scope="module")
def rows(archives: Archives) -> list[dict[str, Any]]:
    """The rows of all Parquet files, with the folder each lies in; maps as dictionaries."""
    return [
        {**row, "messageattributes": dict(row["messageattributes"]), "folder": archives.folder_of("channel", stored)}
        for stored in data_of(archives.columns)
        for row in table_of(stored).to_pylist()
    ]


def test_a_second_plan_of_the_partitioned_archive_is_empty(stack: ModuleStack) -> None:
    assert stack.workspace.planned_changes() == []


# -- JSON, by type -----------------------------------------------------------------------------------------------------


def test_every_published_event_is_one_line_of_the_json_archive(archives: Archives) -> None:
    lines = [line for stored in archives.by_type for line in stored.lines]
    assert Counter(line["MessageId"] for line in lines) == Counter(archives.published.keys())
    for line in lines:
        assert line["Message"] == archives.published[line["MessageId"]].event.message


def test_each_type_lies_below_its_own_prefix_and_no_other(archives: Archives) -> None:
    below: dict[str, set[str]] = defaultdict(set)
    for stored in archives.by_type:
        below[archives.folder_of("event_type", stored)] |= {line["MessageId"] for line in stored.lines}
    expected: dict[str, set[str]] = defaultdict(set)
    for message_id, each in archives.published.items():
        expected[each.type_folder].add(message_id)
    assert dict(below) == dict(expected)
    assert set(below) == {"order.placed", "order_paid_now", "unknown"}


def test_an_object_lies_below_type_day_and_hour_and_is_gzip(archives: Archives) -> None:
    for stored in archives.by_type:
        kind, date, hour, name = stored.key.split("/")
        assert kind.startswith("event_type=")
        assert (date[:7], hour[:5], name[-3:]) == ("date=20", "hour=", ".gz")
        assert (stored.body[:2], stored.encryption) == (b"\x1f\x8b", "aws:kms")


def put(stack: ModuleStack, log_group: str, metric: str) -> int:
    """The sum of a metric that the function wrote into its log: a list of values in each line."""
    pages = stack.client("logs").get_paginator("filter_log_events").paginate(logGroupName=log_group)
    texts = [event["message"] for page in pages for event in page["events"] if f'"{metric}"' in event["message"]]
    return int(sum(sum(json.loads(text)[metric]) for text in texts))


@pytest.mark.parametrize("archive", ["by_type", "columns"])
def test_events_travel_packed_and_are_taken_apart_by_firehose(
    stack: ModuleStack, archives: Archives, archive: str
) -> None:
    log_group = stack.output[archive]["log_group_name"]
    records, events = (put(stack, log_group, metric) for metric in ("RecordsPut", "EventsForwarded"))
    assert events == len(archives.published)
    assert events / 500 <= records <= events / 5, "many events to a record, but never more than Firehose takes apart"


# -- Parquet, by channel -----------------------------------------------------------------------------------------------


def test_every_published_event_is_one_row_of_the_parquet_archive(
    archives: Archives, rows: list[dict[str, Any]]
) -> None:
    assert Counter(row["messageid"] for row in rows) == Counter(archives.published.keys())


def test_parquet_files_have_the_schema_of_the_table_and_snappy_inside(archives: Archives) -> None:
    attribute = arrow.struct([("type", arrow.string()), ("value", arrow.string())])
    files = data_of(archives.columns)
    assert files
    for stored in files:
        schema = table_of(stored).schema
        assert schema.names == COLUMNS
        assert {schema.field(name).type for name in COLUMNS[:-1]} == {arrow.string()}
        assert schema.field("messageattributes").type == arrow.map_(arrow.string(), attribute)
        metadata = parquet.ParquetFile(io.BytesIO(stored.body)).metadata
        assert {metadata.row_group(0).column(n).compression for n in range(metadata.num_columns)} == {"SNAPPY"}
        assert stored.key.endswith(".parquet")
        assert stored.encryption == "aws:kms"


def test_values_come_back_from_parquet_as_they_were_published(
    stack: ModuleStack, archives: Archives, rows: list[dict[str, Any]]
) -> None:
    for row in rows:
        event = archives.published[row["messageid"]].event
        assert (row["type"], row["topicarn"], row["subject"]) == ("Notification", stack.output["topic_arn"], None)
        assert row["message"] == event.message
        assert {name: found["value"] for name, found in row["messageattributes"].items()} == {
            name: str(value) for name, value in event.attributes.items()
        }


def test_both_archives_say_the_same_of_an_event(archives: Archives, rows: list[dict[str, Any]]) -> None:
    lines = {line["MessageId"]: line for stored in archives.by_type for line in stored.lines}
    assert {row["messageid"]: row["message"] for row in rows} == {name: line["Message"] for name, line in lines.items()}
    for row in rows:
        # SNS writes one Timestamp for all subscriptions; MiniStack looks at its clock for each of them.
        apart = datetime.fromisoformat(row["timestamp"]) - datetime.fromisoformat(lines[row["messageid"]]["Timestamp"])
        assert abs(apart) <= timedelta(seconds=1)


def test_each_row_lies_below_its_channel_and_unlisted_ones_below_the_default(
    archives: Archives, rows: list[dict[str, Any]]
) -> None:
    assert {row["messageid"]: row["folder"] for row in rows} == {
        message_id: each.channel_folder for message_id, each in archives.published.items()
    }
    assert {row["folder"] for row in rows} == {"store", "web", "other"}


def test_a_record_that_cannot_be_converted_is_in_the_error_output(archives: Archives) -> None:
    errors = [each for each in archives.columns if each.key.startswith("errors/")]
    assert {each.key.split("/")[1] for each in errors} == {"format-conversion-failed"}
    (failure,) = [line for each in errors for line in each.lines]
    assert base64.b64decode(failure["rawData"]) == UNCONVERTIBLE
    assert failure["lastErrorCode"].startswith("DataFormatConversion.")


def test_nothing_is_in_the_error_output_of_the_json_archive(archives: Archives) -> None:
    assert [each.key for each in archives.by_type if each.key.startswith("errors/")] == []


# -- SQL ---------------------------------------------------------------------------------------------------------------


def run(stack: ModuleStack, archive: str, query: str, *parameters: str) -> QueryResult:
    query_id = stack.output[archive]["athena_named_query_ids"][query]
    return Athena(stack.client).run_named_query(query_id, parameters)


def counts(result: QueryResult) -> Counter[str | None]:
    """Events by type, of the query events_per_type_and_hour."""
    found: Counter[str | None] = Counter()
    for _, _, kind, events in result.rows:
        found[kind] += events
    return found


def published_types(archives: Archives) -> Counter[str | None]:
    return Counter(each.event.attributes.get("event_type") for each in archives.published.values())  # type: ignore[misc]


def test_the_ready_made_query_counts_the_parquet_archive(stack: ModuleStack, archives: Archives) -> None:
    assert counts(run(stack, "columns", "events_per_type_and_hour")) == published_types(archives)


def test_the_ready_made_query_counts_the_json_archive_one_type_at_a_time(
    stack: ModuleStack, archives: Archives
) -> None:
    for kind, expected in published_types(archives).items():
        folder = FOLDERS_OF_TYPES[kind or ""]
        assert counts(run(stack, "by_type", "events_per_type_and_hour", folder)) == {kind: expected}


def test_a_query_of_the_json_archive_has_to_say_which_type(stack: ModuleStack, archives: Archives) -> None:
    with pytest.raises(AthenaError, match="injected projected partition column event_type"):
        Athena(stack.client).run("SELECT count(*) FROM events", stack.output["by_type"]["glue_database_name"])


def test_one_event_is_found_by_its_id_in_both_archives(stack: ModuleStack, archives: Archives) -> None:
    message_id, each = next(iter(archives.published.items()))
    for archive, folder in (("by_type", [each.type_folder]), ("columns", [])):
        result = run(stack, archive, "find_event_by_id", message_id, "2024-01-01", *folder)
        found = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
        assert [(row["messageid"], row["message"]) for row in found] == [(message_id, each.event.message)], archive


# -- End ---------------------------------------------------------------------------------------------------------------


def test_destroying_the_partitioned_archive_leaves_nothing(stack: ModuleStack, archives: Archives) -> None:
    stack.workspace.destroy()
    assert stack.leftovers() == []
