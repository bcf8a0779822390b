"""`replay plan` narrowed to ids, values and a share; what the workers then send is exactly that."""

import base64
import gzip
import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from event_fork import replay_worker
from event_fork.replay_plan.plan import digest, read_plan
from event_fork.replay_plan.work_area import WorkArea
from tests.functional.cli.conftest import BUCKET, REGION, World, event


@pytest.fixture
def archive(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """100 events of 10 orders in two objects, two of them twice."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    replay_worker.tools_of.cache_clear()
    events = [
        event(number, number / 10, message=json.dumps({"order": {"id": f"o-{number % 10}", "total": number}}))
        for number in range(100)
    ]
    world.put(*events[:50], events[3], minutes=0)
    world.put(*events[50:], events[7], minutes=10, name="b")
    return world


def sent(world: World) -> list[str]:
    """Ids of the events that the workers send, as envelopes, of the replay that was applied last."""
    return sorted(json.loads(body)["MessageId"] for body in bodies(world))


def bodies(world: World) -> list[str]:
    """What the workers send of the replay that was applied last."""
    shared = list(world.executions.inputs.values())[-1]
    name = world.executions.names[-1]
    items = world.object(f"{shared['work_prefix']}items.jsonl").splitlines()
    batch = {**shared, "started_at": "2026-11-23T16:00:00.000Z", "execution": name}
    context = SimpleNamespace(
        aws_request_id="request-1",
        function_name="worker",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:worker",
        get_remaining_time_in_millis=lambda: 60_000,
    )
    for item in items:
        replay_worker.handler({"BatchInput": batch, "Items": [json.loads(item)]}, context)
    found: list[str] = []
    while messages := world.sqs.receive_message(QueueUrl=world.queue_url, MaxNumberOfMessages=10).get("Messages"):
        found += [message["Body"] for message in messages]
    world.capsys.readouterr()  # metrics of the worker
    return sorted(found)


def ids_file(world: World, *ids: str) -> str:
    path = world.folder / "ids.txt"
    path.write_text("\ufeff" + "".join(f" {one}\r\n" for one in ids) + "\n\n", encoding="utf-8")
    return str(path)


def test_ids_come_together_filters_narrow_them_and_exactly_these_are_sent(archive: World) -> None:
    # GIVEN ids of a file and of the command line, one of which is in the archive twice and two of which are not there
    path = archive.folder / "plan.json"
    options = ("--ids", ids_file(archive, "id-3", "id-7", "id-3", "id-900"), "--event-id", "id-99", "--event-id", "x")
    plan = archive.plan("--out", str(path), "--overwrite", *options)

    # WHEN that is planned THEN the three are planned once each, and what is missing is named
    assert plan.code == 0, plan.err
    assert plan.json["totals"]["events"] == 3
    assert plan.json["narrowing"]["ids"]["count"] == 5
    assert "2 of the ids are not among the events of the window that match: id-900, x" in plan.err
    # AND the ids lie beside the plan, for their owner only
    beside = Path(f"{path}.ids")
    assert beside.read_text() == "id-3\nid-7\nid-900\nid-99\nx\n"
    assert plan.json["narrowing"]["ids"]["sha256"] == hashlib.sha256(beside.read_bytes()).hexdigest()
    assert beside.stat().st_mode & 0o777 == 0o600

    # AND the workers send these
    assert archive.apply(path).code == 0
    assert sent(archive) == ["id-3", "id-7", "id-99"]

    # AND a filter on top takes of them what it does not let through
    policy = archive.folder / "policy.json"
    policy.write_text('{"amount": [{"numeric": ["<", 50]}]}')
    narrowed = archive.plan(*options, "--filter", str(policy))
    assert narrowed.json["totals"]["events"] == 2


def test_values_in_the_message_choose_events_whatever_type_they_have(archive: World) -> None:
    assert archive.apply(archive.planned("--where", "$.order.id=o-4", "--where", "$..total = 44.0")).code == 0
    assert sent(archive) == ["id-44"]
    for wanted, events in (
        ("$.order['id']=o-4", 10),
        ('$.order.id="o-4"', 10),
        ("$.order.total=7", 1),
        ("$.order.*=7", None),
        ("$.order[*]=o-7", 10),
    ):
        result = archive.plan("--where", wanted)
        if events is None:
            assert result.code == 2, wanted
        else:
            assert result.json["totals"]["events"] == events, wanted
    assert archive.plan("--where", '$.order.total="7"').code == 3, "a text that is asked for is no number"
    assert archive.plan("--where", "$.order.id=o").code == 3
    assert archive.plan("--where", "$.order.id=true").code == 3


def test_a_sample_is_the_same_each_time_part_of_a_larger_one_and_what_is_sent(archive: World) -> None:
    tenth, half = archive.planned("--sample", "10%"), archive.plan("--sample", "50").json
    assert 1 <= (events := read_plan(tenth.read_bytes()).totals.events) <= 25
    assert 30 <= half["totals"]["events"] <= 70
    assert archive.plan("--sample", "10%").json["counts"] == json.loads(tenth.read_bytes())["counts"]
    assert archive.apply(tenth).code == 0
    tenth_ids = sent(archive)
    assert len(tenth_ids) == events
    assert archive.apply(archive.planned("--sample", "50%")).code == 0
    assert set(tenth_ids) <= set(sent(archive))
    assert archive.plan("--sample", "100").json["totals"]["events"] == 100


def test_what_firehose_could_not_deliver_is_found_by_its_error_objects(archive: World) -> None:
    # GIVEN error objects: of a search document, of a packed record of two envelopes, of what is no event; one gzipped
    def rejected(record: bytes) -> bytes:
        return json.dumps({"errorCode": "400", "rawData": base64.b64encode(record).decode()}).encode() + b"\n"

    packed = event(8).to_line() + event(9).to_line()
    objects = {
        "errors/elasticsearch-failed/a": rejected(b'{"@timestamp":"x","event_id":"id-5","n":1}\n') + b"\n",
        "errors/processing-failed/b": gzip.compress(rejected(packed) + rejected(b"junk") + b"{}\n"),
    }
    for key, body in objects.items():
        archive.s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    # WHEN they are given THEN these events are sent, and what has no id is said
    path = archive.folder / "plan.json"
    plan = archive.plan("--out", str(path), "--from-rejected", f"s3://{BUCKET}/errors/")
    assert plan.code == 0, plan.err
    assert "2 times --from-rejected finds no event's id, first in errors/processing-failed/b line 1" in plan.err
    assert archive.apply(path).code == 0
    assert sent(archive) == ["id-5", "id-8", "id-9"]
    assert archive.plan("--from-rejected", f"s3://{BUCKET}/none/").code == 2


def test_sql_over_the_archive_gives_the_ids(archive: World) -> None:
    sql = "SELECT event_id FROM events WHERE CAST(message::JSON->'order'->'total' AS INT) % 50 = 7"
    assert archive.apply(archive.planned("--sql", sql)).code == 0
    assert sent(archive) == ["id-57", "id-7"]

    assert archive.plan("--sql", f"{sql} AND false").code == 3
    for wrong in ("SELECT message FROM events", "SELECT", "SELECT event_id FROM read_csv('/etc/passwd')"):
        result = archive.plan("--sql", wrong)
        assert (result.code, len(result.err.splitlines())) == (2, 1), result.err


def test_a_plan_without_its_ids_or_with_others_is_refused(archive: World) -> None:
    path = archive.planned("--event-id", "id-3")
    beside = Path(f"{path}.ids")
    good = beside.read_bytes()
    for content in (b"", b"id-4\n", good + b"id-4\n"):
        beside.write_bytes(content)
        assert "the ids are not those of the plan" in (result := archive.apply(path)).err, content
        assert result.code == 2
    beside.unlink()
    result = archive.apply(path)
    assert result.code == 2
    assert "plan.json.ids, which `plan --out` made beside the plan, cannot be read" in result.err
    assert archive.executions.names == []


def test_a_worker_refuses_ids_that_were_changed_in_the_work_area(archive: World) -> None:
    path = archive.planned("--event-id", "id-3")
    assert archive.apply(path).code == 0
    area = WorkArea("orders", read_plan(path.read_bytes()).replay_id)
    archive.s3.put_object(Bucket=BUCKET, Key=area.ids, Body=b"id-4\n")
    with pytest.raises(Exception, match="the ids are not those of the plan"):
        sent(archive)
    assert archive.waiting() == 0


def test_a_narrowed_plan_has_a_format_that_older_functions_refuse_and_what_is_wrong_is_named(
    archive: World,
) -> None:
    assert json.loads(archive.planned().read_bytes())["format"] == 1
    path = archive.planned("--sample", "100%", "--event-id", "id-3")
    good = json.loads(path.read_bytes())
    assert good["format"] == 2
    assert read_plan(path.read_bytes()).narrowing.sample_percent == 100
    for change, words in (
        ({"format": 1}, "plan.format must be 2 for such a plan"),
        ({"narrowing": {**good["narrowing"], "sample_percent": 0}}, "plan.narrowing.sample_percent must be above 0"),
        ({"narrowing": {**good["narrowing"], "sample_percent": 101}}, "plan.narrowing.sample_percent must be"),
        ({"narrowing": {"where": [{"path": "order", "value": "x"}]}}, "plan.narrowing.where[0].path"),
        ({"narrowing": {"ids": {"count": 0, "sha256": "0" * 64}}}, "plan.narrowing.ids.count"),
        ({"narrowing": {"ids": {"count": 1, "sha256": "x"}}}, "plan.narrowing.ids.sha256"),
    ):
        document = {**good, **change}
        document["sha256"] = digest(document)
        path.write_text(json.dumps(document))
        result = archive.apply(path)
        assert (result.code, words in result.err) == (2, True), result.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--sample", "0"), "--sample must be a percentage above 0, at most 100, for example --sample 1%"),
        (("--sample", "nan"), "--sample must be"),
        (("--sample", "101%"), "--sample must be"),
        (("--where", "order=1"), "--where a path begins with $"),
        (("--where", "$.order"), "--where must be a path into the message, = and a value"),
        (("--where", "$.a[b]=1"), "--where must be a path"),
        (("--event-id", ""), "--event-id must be ids of 1 to 100 bytes without blanks"),
        (("--event-id", "a b"), "--event-id must be ids"),
        (("--event-id", "x" * 101), "--event-id must be ids"),
        (("--ids", "/nowhere"), "--ids must be a file that can be read"),
        (("--from-rejected", "errors"), "--from-rejected must be an S3 address"),
        (("--from-rejected", "s3://not-there-at-all/x"), "--from-rejected must name a bucket that exists"),
    ],
)
def test_what_chooses_nothing_sensible_is_refused_by_name(archive: World, options: tuple[str, ...], words: str) -> None:
    result = archive.plan(*options)
    assert result.code == 2, result
    assert words in result.err
    assert len(result.err.splitlines()) == 1


def test_ids_that_are_not_there_and_what_is_no_id_are_named(archive: World) -> None:
    quoted = archive.folder / "ids.csv"
    quoted.write_text('"id-1"\n"id-2"\n')

    nothing, blank = archive.plan("--ids", str(quoted)), archive.plan("--event-id", "id 1", "--event-id", "id-1")

    assert (nothing.code, blank.code) == (3, 2)
    assert 'asked for were 2 ids, such as "id-1"' in nothing.err
    assert "without blanks, and 'id 1' is none" in blank.err


def test_an_empty_file_of_ids_and_a_folder_are_refused(archive: World) -> None:
    assert "--ids must be 1 to 1,000,000 ids" in archive.plan("--ids", ids_file(archive)).err
    assert archive.plan("--ids", str(archive.folder)).code == 2


def test_a_table_says_what_a_plan_is_narrowed_to(archive: World) -> None:
    options = ("--event-id", "id-14", "--event-id", "id-24", "--where", "$.order.total=14", "--output", "table")
    shown = archive.plan(*options).out
    assert "ids             1 of 2" in shown
    assert "where           $.order.total = 14" in shown


def test_lines_that_are_messages_alone_are_replayed_with_ids_from_their_text(archive: World) -> None:
    # GIVEN a day of which the archive has messages alone: JSON, text, one of them twice, and one that is no UTF-8
    lines = ['{"order":{"id":"o-1"}}', "text \u00e4", '{"order":{"id":"o-2"}}', "text \u00e4"]
    body = "\n".join(lines).encode() + b"\n\n\xff\xfe\n"
    key = archive.put(minutes=-24 * 60, name="r", body=gzip.compress(body, mtime=0))
    window = {"start": "2026-11-22T12:00Z", "end": "2026-11-22T13:00Z"}
    refused = archive.plan(**window)
    assert refused.code == 3
    assert "(lines that are messages alone need --raw)" in refused.err

    # WHEN they are planned as such THEN they are counted once each, by the time of the object, and sent as they are
    path = archive.folder / "plan.json"
    plan = archive.plan("--raw", "--out", str(path), **window)
    assert plan.code == 0, plan.err
    assert "events with the same text are one event" in plan.err
    assert (plan.json["totals"]["events"], plan.json["totals"]["duplicates"]) == (3, 1)
    assert plan.json["totals"]["unreadable"] == [{"key": key, "reason": "is not UTF-8", "lines": [5], "count": 1}]
    assert (plan.json["format"], plan.json["lines"], plan.json["target"]["body"]) == (2, "raw", "raw")
    assert plan.json["first_event"] == plan.json["last_event"] == "2026-11-22T12:00:00.000Z"
    assert archive.apply(path).code == 0
    assert bodies(archive) == sorted(set(lines))

    # AND SQL chooses among them
    by_sql = archive.plan("--raw", "--sql", "SELECT event_id FROM events WHERE message LIKE '%o-2%'", **window)
    assert by_sql.json["totals"]["events"] == 1, by_sql.err

    # AND values narrow them, and envelopes can be made of them
    options = ("--raw", "--where", "$.order.id=o-2", "--body", "envelope", "--out", str(path), "--overwrite")
    assert archive.plan(*options, **window).json["totals"]["events"] == 1
    assert archive.apply(path).code == 0
    (envelope,) = map(json.loads, bodies(archive))
    assert (envelope["Message"], envelope["Timestamp"]) == (lines[2], "2026-11-22T12:00:00.000Z")


def test_raw_lines_of_an_object_whose_name_tells_no_time_are_named(archive: World) -> None:
    archive.s3.put_object(Bucket=BUCKET, Key="date=2026-11-22/hour=12/events.txt", Body=b'{"a":1}\n')
    archive.put(minutes=-24 * 60, name="r", body=b"x\n")
    result = archive.plan("--raw", start="2026-11-22T12:00Z", end="2026-11-22T13:00Z")
    assert result.json["totals"]["events"] == 1
    (unreadable,) = result.json["totals"]["unreadable"]
    assert unreadable["reason"] == "its name tells no time, and raw lines have no other"


def test_more_ids_than_a_worker_can_hold_are_refused(archive: World) -> None:
    ids = ids_file(archive, *(f"{number:036d}" for number in range(60_000)))
    assert archive.plan("--ids", ids, "--event-id", "id-3").code == 0
    name = "/event-fork-pipelines/orders/archive-replay"
    record = json.loads(archive.ssm.get_parameter(Name=name)["Parameter"]["Value"])
    record["memory"] = {"worker": 128, "governor": 128}
    archive.ssm.put_parameter(Name=name, Value=json.dumps(record), Type="String", Overwrite=True)
    result = archive.plan("--ids", ids, "--event-id", "id-3")
    assert (result.code, "so many ids take 132 MiB of a worker, which has 128" in result.err) == (2, True), result.err
    assert archive.plan("--event-id", "id-3").code == 0
