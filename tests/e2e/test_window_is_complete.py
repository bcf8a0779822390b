"""`event-fork verify`, `search rebuild`, `search query`, `find` on the bench: a window is proved, broken, repaired.

Yesterday is written by the test: objects of the archive, and SNS's counts of it. So nothing has to be waited for, and
every fault is one that was planted. Today are events that went through the forks.
"""

import gzip
import json
import os
import re
import secrets
import signal
import subprocess
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from opensearchpy import OpenSearch

from event_fork.events.envelope import StoredEvent
from testbench import Bench
from testbench.iam_roles import taken_away
from testbench.paths import PROJECT
from testbench.polling import eventually
from tests.support import written_archive
from tests.support.command import EVENT_FORK, Ran, environment, event_fork
from tests.support.module_stack import Event, ModuleStack, applied

DAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
END = DAY + timedelta(hours=3)
EVENTS, DEAR = 2_000, 1_000
"""Written for yesterday; those that the search fork's policy lets through."""
DROPPED = 7
LIVE_WITHIN = 180.0


@dataclass
class Window:
    """The applied stack, and yesterday's events."""

    stack: ModuleStack
    events: list[StoredEvent]
    folder: Path

    @property
    def forks(self) -> list[str]:
        return [f"{self.stack.name}-{kind}" for kind in ("backup", "search", "replay")]

    @property
    def node(self) -> OpenSearch:
        return OpenSearch(self.stack.bench.opensearch_url, timeout=60)

    @property
    def alias(self) -> str:
        return f"{self.stack.name}-all"

    @property
    def archive(self) -> str:
        return f"s3://{self.stack.output['archive_bucket']}/orders/"

    def run(self, *arguments: str, **more: str) -> Ran:
        return event_fork(self.stack.bench, *arguments, more=more)

    def verify(self, *options: str, start: datetime = DAY, end: datetime = END) -> tuple[Ran, dict[str, Any]]:
        window = ("--from", start.isoformat(), "--to", end.isoformat())
        ran = self.run("verify", *self.forks, *window, *options, "--output", "json")
        assert ran.stdout, ran.stderr
        return ran, json.loads(ran.stdout)

    def ids(self, query: dict[str, Any] | None = None, index: str = "") -> Counter[str]:
        """Of yesterday's documents in the alias, or in an index."""
        names = index or self.alias
        self.node.indices.refresh(index=names)
        day = {"range": {"@timestamp": {"gte": DAY.isoformat(), "lt": END.isoformat()}}}
        hits = self.node.search(index=names, body={"size": 10_000, "query": query or day})["hits"]["hits"]
        return Counter(hit["_source"]["event_id"] for hit in hits)


def event(topic: str, number: int) -> StoredEvent:
    """An event of yesterday; every other one is dear."""
    at = DAY + number * (END - DAY) / EVENTS
    amount = 100 + number if number % 2 else number % 100
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    attributes = {
        "amount": {"Type": "Number", "Value": str(amount)},
        "event_type": {"Type": "String", "Value": "order.placed"},
    }
    message = json.dumps({"id": f"o-{number}", "amount": amount, "card": "4111"})
    return StoredEvent(str(uuid.UUID(int=number)), topic, message, stamp, attributes=attributes)


def count_as_sns(stack: ModuleStack, events: list[StoredEvent]) -> None:
    """SNS's metric of events that the test has written."""
    minutes = Counter(one.timestamp[:16] for one in events)
    dimensions = [{"Name": "TopicName", "Value": stack.output["topic_arn"].rpartition(":")[2]}]
    data = [
        {
            "MetricName": "NumberOfMessagesPublished",
            "Dimensions": dimensions,
            "Timestamp": datetime.fromisoformat(f"{minute}:00+00:00"),
            "Value": float(count),
            "Unit": "Count",
        }
        for minute, count in minutes.items()
    ]
    watch = stack.client("cloudwatch")
    for first in range(0, len(data), 20):
        watch.put_metric_data(Namespace="AWS/SNS", MetricData=data[first : first + 20])


@pytest.fixture(scope="module")
def window(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    domain_name = f"e2e-{secrets.token_hex(4)}"
    domain = bench.create_domain(domain_name)
    with applied(bench, "tests/e2e/stacks/verified-window", domain=domain) as stack:
        events = [event(stack.output["topic_arn"], number) for number in range(EVENTS)]
        written = list(written_archive.objects(events, timedelta(minutes=15), "orders/"))
        written_archive.put(stack.client("s3"), stack.output["archive_bucket"], written)
        count_as_sns(stack, events)
        made = Window(stack, events, tmp_path_factory.mktemp("window"))
        yield made
        made.node.indices.delete(index=f"{stack.name}-*")
    bench.client("opensearch").delete_domain(DomainName=domain_name)


def rebuild(window: Window, index: str, *options: str) -> Ran:
    return window.run(
        *("search", "rebuild", window.forks[1], "--archive", window.archive, "--index", index, "--yes"),
        *("--from", DAY.isoformat(), "--to", END.isoformat(), "--output", "json", *options),
    )


@pytest.fixture(scope="module")
def built(window: Window) -> str:
    """The index of yesterday, built from the archive, which is all that there is."""
    index = f"{window.stack.name}-rebuilt-1"
    done = rebuild(window, index).json
    assert (done["filled"]["wanted"], done["filled"]["created"]) == (DEAR, DEAR)
    assert done["compared"]["archive_checksum"] == done["compared"]["index_checksum"]
    return index


def test_a_window_whose_index_is_missing_is_not_complete(window: Window) -> None:
    ran, report = window.verify()
    assert ran.code == 1
    assert report["indices"][window.forks[1]]["missing"] == DEAR
    assert f"{DEAR:,} missing in the index" in ran.stderr


def test_an_index_built_from_the_archive_has_exactly_what_the_fork_would_have_written(
    window: Window, built: str
) -> None:
    dear = {one.message_id for one in window.events if json.loads(one.message)["amount"] >= 100}
    assert window.ids() == Counter(dear)
    document = window.node.get(index=built, id=str(uuid.UUID(int=1)))["_source"]
    assert (document["id"], "card" in document, document["event_type"]) == ("o-1", False, "order.placed")
    assert document["event_attributes"] == {"amount": "101", "event_type": "order.placed"}
    mappings = window.node.indices.get_mapping(index=built)[built]["mappings"]["properties"]
    assert mappings["event_attributes"]["type"] == "flat_object"


def test_a_complete_window_is_certified_and_the_certificate_can_be_checked(window: Window, built: str) -> None:
    certificate = window.folder / "yesterday.json"
    ran, report = window.verify("--certificate", str(certificate))
    assert ran.code == 0, ran.stderr
    assert (report["complete"], report["published"], report["archived"]) == (True, EVENTS, EVENTS)
    assert {stretch["state"] for stretch in report["stretches"]} == {"complete"}
    assert report["differences"] == []

    assert window.run("verify", "--certificate", str(certificate)).code == 0
    changed = json.loads(certificate.read_text()) | {"archived": EVENTS - 1}
    (window.folder / "changed.json").write_text(json.dumps(changed))
    ran = window.run("verify", "--certificate", str(window.folder / "changed.json"))
    assert (ran.code, "not as it was written" in ran.stderr) == (2, True)


def test_seven_documents_that_are_gone_are_named_exactly_and_repaired(window: Window, built: str) -> None:
    before = window.ids()
    dropped = sorted(before)[100 : 100 + DROPPED]
    body = [{"delete": {"_index": built, "_id": event_id}} for event_id in dropped]
    window.node.bulk(body=body, params={"refresh": "true"})

    ran, report = window.verify()
    assert ran.code == 1
    assert [one["event_id"] for one in report["differences"]] == dropped
    assert {one["kind"] for one in report["differences"]} == {"not-indexed"}
    ran = window.run("verify", "--certificate", str(window.folder / "yesterday.json"))
    assert (ran.code, f"were {DEAR:,} and are {DEAR - DROPPED:,}" in ran.stderr) == (1, True)

    ran, report = window.verify("--repair")
    assert (ran.code, report["complete"]) == (0, True), ran.stderr
    assert f"{DROPPED} documents were indexed" in ran.stderr
    assert window.ids() == before


def test_a_document_that_does_not_belong_into_the_index_is_too_much(window: Window, built: str) -> None:
    cheap = next(one for one in window.events if json.loads(one.message)["amount"] < 100)
    document = {"@timestamp": cheap.timestamp, "event_id": cheap.message_id}
    window.node.index(index=built, id="x", body=document, params={"refresh": "true"})
    _, report = window.verify()
    window.node.delete(index=built, id="x", params={"refresh": "true"})
    assert [(one["kind"], one["event_id"]) for one in report["differences"]] == [("not-wanted", cheap.message_id)]


def test_an_event_that_the_archive_lacks_is_a_gap_and_comes_back_from_the_replay_queue(
    window: Window, built: str
) -> None:
    stack, sqs = window.stack, window.stack.client("sqs")
    lost = [event(stack.output["topic_arn"], EVENTS + number) for number in (1, 3)]
    at = (END - timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    lost = [StoredEvent(one.message_id, one.topic_arn, one.message, at, None, one.attributes) for one in lost]
    count_as_sns(stack, lost)
    for one in lost:
        sqs.send_message(QueueUrl=stack.output["replay_queue_url"], MessageBody=one.to_line().decode())

    ran, report = window.verify()
    assert ran.code == 1
    assert sorted(one["event_id"] for one in report["differences"]) == sorted(one.message_id for one in lost)
    assert {one["kind"] for one in report["differences"]} == {"not-archived"}
    (gap,) = [stretch for stretch in report["stretches"] if stretch["state"] == "gap"]
    assert gap["lost"] == len(lost)

    ran, report = window.verify("--repair")  # archives, and says what the index lacks of it
    assert "2 events were archived" in ran.stderr
    ran, report = window.verify("--repair")
    assert (ran.code, report["complete"], report["archived"]) == (0, True, EVENTS + len(lost)), ran.stderr
    assert stack.waiting(stack.output["replay_queue_url"]) >= len(lost), "its events stay in the queue"
    ids = {one.message_id for one in lost}
    archived = stack.stored_events(stack.output["archive_bucket"], "orders/")
    assert {"card" in json.loads(line["Message"]) for line in archived if line["MessageId"] in ids} == {False}


def test_a_damaged_object_and_a_damaged_line_are_named(window: Window, built: str) -> None:
    s3, bucket = window.stack.client("s3"), window.stack.output["archive_bucket"]
    keys = [f"orders/date={DAY:%Y-%m-%d}/hour=01/bad-1-{DAY:%Y-%m-%d}-01-00-0{n}-{uuid.uuid4()}.gz" for n in range(2)]
    body = gzip.compress(window.events[0].to_line())
    s3.put_object(Bucket=bucket, Key=keys[0], Body=body[:-5])
    s3.put_object(Bucket=bucket, Key=keys[1], Body=gzip.compress(b'{"Type":"Notification"}\n'))
    ran, report = window.verify()
    for key in keys:
        s3.delete_object(Bucket=bucket, Key=key)
    assert ran.code == 1
    assert {entry["key"] for entry in report["unreadable"]} == set(keys)


def test_a_rebuild_that_was_killed_goes_on_and_the_old_index_stays_until_it_is_dropped(
    window: Window, built: str
) -> None:
    before = window.ids()
    index = f"{window.stack.name}-rebuilt-2"
    command = [*EVENT_FORK, "search", "rebuild", window.forks[1], "--index", index, "--yes"]
    command += ["--archive", window.archive, "--from", DAY.isoformat(), "--to", END.isoformat()]
    with subprocess.Popen(command, env=environment(window.stack.bench), start_new_session=True) as killed:
        eventually(lambda: window.node.indices.exists(index=index), bool, within=60, what="the new index is there")
        os.killpg(killed.pid, signal.SIGKILL)
    assert built in (before_swap := window.node.indices.get_alias(name=window.alias))
    assert index not in before_swap

    done = rebuild(window, index).json

    assert done["compared"]["index"] == len(before)
    assert done["swap"] == {"alias": window.alias, "replaced": [built], "narrowed": []}
    assert window.ids() == before
    assert window.node.indices.exists(index=built)
    assert window.verify()[0].code == 0
    assert window.run("search", "rebuild", window.forks[1], "--index", index, "--drop-old", "--yes").code == 0
    assert not window.node.indices.exists(index=built)
    assert window.ids() == before


def test_two_hours_that_are_rebuilt_one_after_the_other_are_seen_once(window: Window, built: str) -> None:
    before = window.ids()
    for number in (3, 4):
        start = DAY + timedelta(hours=number - 3)
        hour = ("--from", start.isoformat(), "--to", (start + timedelta(hours=1)).isoformat())
        done = rebuild(window, f"{window.stack.name}-rebuilt-{number}", *hour).json
        assert done["swap"]["replaced"] == []
        assert window.ids() == before
    assert window.verify()[0].code == 0


def test_sql_over_the_archive_needs_no_index(window: Window) -> None:
    sql = "SELECT event_type, count(*) AS events, max(message->>'$.amount') FROM events GROUP BY ALL"
    options = ("--archive", window.archive, "--from", DAY.isoformat(), "--to", END.isoformat(), "--output", "json")
    (row,) = window.run("search", "query", sql, *options).json
    assert (row["event_type"], row["events"] >= EVENTS) == ("order.placed", True)
    refused = window.run("search", "query", "SELECT * FROM read_text('/etc/hostname')", *options)
    assert (refused.code, refused.stdout) == (2, "")
    nothing = window.run("search", "query", "SELECT * FROM events WHERE event_id = 'x'", *options)
    assert (nothing.code, nothing.stdout.strip()) == (3, "[]")


@pytest.fixture(scope="module")
def live(window: Window, built: str) -> dict[str, list[str]]:
    """Events of today, each kind where it ends: indexed, cheap, dead-lettered, rejected."""
    stack = window.stack
    return {
        "dear": stack.publish(Event(json.dumps({"number": n, "amount": 500}), {"amount": 500}) for n in range(40)),
        "cheap": stack.publish(Event(json.dumps({"number": n, "amount": 5}), {"amount": 5}) for n in range(20)),
        "dead": stack.publish([Event("[1]", {"amount": 200})] * 2),
        "rejected": stack.publish([Event(json.dumps({"amount": {"v": 1}}), {"amount": 500})] * 3),
    }


def test_what_went_through_the_forks_today_is_accounted_for_by_id(window: Window, live: dict[str, list[str]]) -> None:
    start = datetime.now(UTC) - timedelta(hours=1)

    def report() -> dict[str, Any]:
        window.stack.firehose.flush(window.forks[1])
        return window.verify(start=start, end=datetime.now(UTC))[1]

    found = eventually(
        report,
        lambda report: report["archived"] >= 65 and report["in_flight"] == 0,
        within=LIVE_WITHIN,
        what="all of today is where it belongs",
    )
    tally = found["indices"][window.forks[1]]
    assert (tally["indexed"], tally["dead_letters"], tally["rejected"]) == (40, 2, 3)
    assert (tally["missing"], tally["unwanted"], found["missing"]) == (0, 0, 0)
    assert found["complete"]


def test_an_event_is_found_wherever_it_is(window: Window, live: dict[str, list[str]]) -> None:
    options = [part for fork in window.forks for part in ("--fork", fork)]

    def places(*sought: str) -> set[str]:
        ran = window.run("find", *sought, *options, "--output", "json")
        return {one["place"] for one in ran.json} if ran.code == 0 else set()

    assert places(live["dear"][3]) == {"archive", "index", "queue"}
    assert places("--where", "$.number=3", "--where", "$.amount=500") == {"archive", "index", "queue"}
    assert places(live["dead"][0]) == {"archive", "dead letters", "queue"}
    assert places(live["rejected"][0]) == {"archive", "rejected", "queue"}
    assert places("not-an-id") == set()
    assert window.stack.waiting(window.stack.output["search_dead_letter_queue_url"]) == 2


def allowed_by_the_page(window: Window, *jobs: str) -> dict[str, str]:
    """Credentials of a role that may do what docs/verify.md says of these jobs, and nothing else."""
    stack, iam = window.stack, window.stack.client("iam")
    page = (PROJECT / "docs/verify.md").read_text(encoding="utf-8")
    text = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert text
    names = {"ARCHIVE": stack.output["archive_bucket"], "REJECTED": stack.output["search_bucket"]}
    names |= {":orders-": f":{stack.name}-", "/orders-": f"/{stack.name}-", ':orders"': f':{stack.name}"'}
    statements = text[1]
    for name, real in names.items():
        statements = statements.replace(name, real)
    role = f"{stack.name}-{secrets.token_hex(4)}"
    who = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [who]})
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    policy = {"Version": "2012-10-17", "Statement": [one for job in jobs for one in json.loads(statements)[job]]}
    iam.put_role_policy(RoleName=role, PolicyName="page", PolicyDocument=json.dumps(policy))
    given = stack.client("sts").assume_role(RoleArn=arn, RoleSessionName="e2e")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def test_the_statements_of_the_page_are_enough_and_less_is_not(window: Window, live: dict[str, list[str]]) -> None:
    options = [part for fork in window.forks for part in ("--fork", fork)]
    verify = ("verify", *window.forks, "--from", DAY.isoformat(), "--to", END.isoformat())
    looking = allowed_by_the_page(window, "look")
    for command in (verify, ("find", live["dear"][0], *options)):
        ran = window.run(*command, **looking)
        assert ran.code == 0, ran.stderr
    sql = ("search", "query", "SELECT 1 FROM events LIMIT 1", "--archive", window.archive, "--from", DAY.isoformat())
    assert window.run(*sql, **allowed_by_the_page(window, "query")).code == 0
    refused = window.run(*verify, **allowed_by_the_page(window, "query"))
    assert (refused.code, "AWS refused" in refused.stderr) == (1, True)


def test_documents_that_a_recipe_has_healed_are_no_longer_rejected_but_indexed(
    window: Window, live: dict[str, list[str]]
) -> None:
    recipe, search = window.folder / "recipe.json", window.forks[1]
    recipe.write_text(json.dumps({"steps": [{"remove": "$.amount"}]}))
    (group,) = window.run("rejected", "list", search, "--output", "json").json
    fix = (
        "rejected",
        "fix",
        search,
        group["group"],
        "--recipe",
        str(recipe),
        "--save",
        str(window.folder / "set.jsonl"),
    )
    healed = window.run(*fix, "--execute", "--output", "json")
    assert (healed.code, healed.json["done"]) == (0, len(live["rejected"])), healed.stderr
    window.stack.client("ssm").delete_parameter(Name=f"/event-fork-pipelines/{search}/repairs")  # the history

    window.node.indices.refresh(index=window.alias)
    ran, report = window.verify(start=datetime.now(UTC) - timedelta(hours=1), end=datetime.now(UTC))
    tally = report["indices"][search]
    assert (tally["indexed"], tally["rejected"], tally["dead_letters"], tally["missing"]) == (43, 0, 2, 0)
    assert ran.code == 0, ran.stderr


def test_two_verifies_at_once_find_the_same(window: Window, live: dict[str, list[str]]) -> None:
    start, end = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC)
    command = [*EVENT_FORK, "verify", *window.forks, "--output", "json"]
    command += ["--from", start.isoformat(), "--to", end.isoformat()]
    both = [subprocess.Popen(command, env=environment(window.stack.bench), stdout=subprocess.PIPE) for _ in range(2)]
    reports = [json.loads(process.communicate(timeout=300)[0]) for process in both]
    assert [report["indices"][window.forks[1]]["dead_letters"] for report in reports] == [2, 2]


@pytest.mark.differs(localstack="SNS writes to LocalStack's own Data Firehose, and the stream is in the bench's")
def test_sns_writes_the_same_archive_without_queue_and_function(window: Window, live: dict[str, list[str]]) -> None:
    stack, direct = window.stack, window.stack.output["direct"]
    name, bucket, archive = f"{stack.name}-direct", direct["bucket_name"], f"s3://{direct['bucket_name']}/orders/"
    assert (direct["queue_arn"], direct["event_source_mapping_uuid"]) == (None, None)
    ids = stack.publish(Event(json.dumps({"id": f"d-{n}", "card": "4111"}), {"amount": 5}) for n in range(30))
    wanted = Counter(chain(ids, *live.values()))

    stored = eventually(
        lambda: [line for line in stack.stored_events(bucket, "orders/") if line["MessageId"] in wanted],
        lambda found: len(found) >= wanted.total(),
        within=LIVE_WITHIN,
        what="every event is in the archive of the direct fork",
    )
    assert Counter(line["MessageId"] for line in stored) == wanted
    (line, *_) = (line for line in stored if line["MessageId"] == ids[7])
    assert list(line) == ["Type", "MessageId", "TopicArn", "Message", "Timestamp", "MessageAttributes"]
    assert (line["Message"], line["MessageAttributes"]) == (
        '{"id": "d-7"}',
        {"amount": {"Type": "Number", "Value": "5"}},
    )

    start = datetime.now(UTC) - timedelta(hours=1)
    times = ("--from", start.isoformat(), "--to", datetime.now(UTC).isoformat(), "--output", "json")
    report = window.run("verify", name, *times).json
    assert (report["archived"] >= wanted.total(), report["missing"]) == (True, 0)
    found = window.run("find", ids[7], "--fork", name, "--from", start.isoformat(), "--output", "json").json
    assert [one["place"] for one in found] == ["archive"]
    sql = "SELECT count(DISTINCT event_id) AS events FROM events WHERE message->>'$.id' LIKE 'd-%'"
    assert window.run("search", "query", sql, "--archive", archive, *times).json == [{"events": len(ids)}]
    plan = ("replay", "plan", "--archive", archive, "--target", f"{stack.name}-consumer", "--where", "$.id=d-7")
    ran = window.run(*plan, *times, "--out", str(window.folder / "direct.json"))
    assert (ran.code, ran.json["totals"]["events"]) == (0, 1), ran.stderr


@pytest.mark.differs(localstack="SNS writes to LocalStack's own Data Firehose, and the stream is in the bench's")
def test_what_sns_cannot_write_to_the_stream_is_in_the_dead_letter_queue(window: Window) -> None:
    stack, direct = window.stack, window.stack.output["direct"]
    role = f"{stack.name}-direct-sns-{stack.output['topic_arn'].split(':')[3]}"
    with taken_away(stack.client, role, "firehose:PutRecordBatch"):
        (lost,) = stack.publish([Event(json.dumps({"id": "undelivered"}), {"amount": 5})])
        (letter,) = eventually(
            lambda: stack.take(direct["dead_letter_queue_url"]),
            bool,
            within=LIVE_WITHIN,
            what="the event is in the dead-letter queue of the subscription",
        )
    assert json.loads(letter["Body"])["MessageId"] == lost
    refused = window.run("dead-letters", "redrive", f"{stack.name}-direct", "--execute")
    assert (refused.code, "which has no queue" in refused.stderr) == (2, True), refused.stderr
