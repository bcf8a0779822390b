"""examples/search-analytics on the bench with an existing domain: what passes the filter is found, or seen as rejected.

Not proved here: making a domain (the provider waits ten minutes), and fine-grained access control.
"""

import base64
import json
import secrets
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from opensearchpy import OpenSearch

from testbench import Bench
from testbench.polling import eventually
from tests.support import command
from tests.support.module_stack import Event, ModuleStack, applied

LARGE, SMALL, CONFLICTING, NOT_OBJECTS = 40, 20, 3, 2
GOOD, IN_EUROS, DEAD = 1500, 500, 100
CAST = {"steps": [{"replace": "$.amount", "pattern": " EUR$", "with": ""}, {"cast": "$.amount", "to": "number"}]}
INDEXED_WITHIN = 180.0


@pytest.fixture(scope="module")
def stack(bench: Bench) -> Iterator[ModuleStack]:
    domain_name = f"e2e-{secrets.token_hex(4)}"
    settings = {"domain": bench.create_domain(domain_name), "buffering_interval_seconds": 1, "force_destroy": True}
    with applied(bench, "examples/search-analytics", **settings) as stack:
        yield stack
        opensearch(stack).indices.delete(index=f"{stack.name}-*")
    bench.client("opensearch").delete_domain(DomainName=domain_name)


def opensearch(stack: ModuleStack) -> OpenSearch:
    return OpenSearch(stack.bench.opensearch_url)


def alias(stack: ModuleStack) -> str:
    return f"{stack.name}-all"


def templates(stack: ModuleStack) -> list[str]:
    made = opensearch(stack).indices.get_index_template()["index_templates"]
    return [each["name"] for each in made if stack.name in each["name"]]


def documents(stack: ModuleStack) -> list[dict[str, Any]]:
    client, pattern = opensearch(stack), f"{stack.name}-*"
    if not client.indices.exists(index=pattern, params={"allow_no_indices": "false"}):
        return []
    client.indices.refresh(index=pattern)
    return list(client.search(index=pattern, body={"size": 1000})["hits"]["hits"])


def rejected(stack: ModuleStack) -> list[dict[str, Any]]:
    """The failed documents in the bucket, one for each line."""
    stack.firehose.flush(f"{stack.name}-search")  # or Firehose would gather them for a minute
    return stack.stored_events(stack.output["bucket_name"], "errors/")


def order(number: int, amount: int) -> Event:
    attributes: dict[str, str | int] = {"amount": amount, "event_type": "order.placed"}
    return Event(json.dumps({"id": f"o-{number}", "amount": amount}), attributes)


@pytest.fixture(scope="module")
def large(stack: ModuleStack) -> list[str]:
    """Ids of the orders that pass the filter, indexed by now; the small ones between them do not."""
    ids = stack.publish(order(number, 100 + number) for number in range(LARGE))
    stack.publish(order(1000 + number, 99 - number) for number in range(SMALL))
    eventually(
        lambda: len(documents(stack)), lambda found: found >= LARGE, within=INDEXED_WITHIN, what="orders are indexed"
    )
    return ids


def test_a_second_plan_of_search_analytics_is_empty(stack: ModuleStack) -> None:
    assert stack.workspace.planned_changes() == []


def test_every_event_that_passes_the_filter_is_one_document(stack: ModuleStack, large: list[str]) -> None:
    assert sorted(hit["_source"]["event_id"] for hit in documents(stack)) == sorted(large)


def test_a_document_is_the_message_and_what_sns_knows_of_it(stack: ModuleStack, large: list[str]) -> None:
    for hit in documents(stack):
        document = hit["_source"]
        number = large.index(document["event_id"])
        assert (document["id"], document["amount"]) == (f"o-{number}", 100 + number)
        assert document["event_type"] == "order.placed"
        assert document["event_attributes"]["event_type"] == "order.placed"
        assert document["@timestamp"].endswith("Z")


def test_documents_are_in_the_index_of_the_month(stack: ModuleStack, large: list[str]) -> None:
    # The month in which Firehose had the record: at midnight it may be a later one than that of the publishing.
    now = datetime.now(UTC)
    for hit in documents(stack):
        published = datetime.fromisoformat(hit["_source"]["@timestamp"])
        assert hit["_index"] in {f"{stack.name}-{moment:%Y-%m}" for moment in (published, now)}


def test_totals_are_live(stack: ModuleStack, large: list[str]) -> None:
    query = {"size": 0, "aggs": {"average": {"avg": {"field": "amount"}}}}
    found = opensearch(stack).search(index=f"{stack.name}-*", body=query)
    assert found["aggregations"]["average"]["value"] == 100 + (LARGE - 1) / 2


def test_a_document_that_the_domain_rejects_is_in_the_bucket_with_the_reason(
    stack: ModuleStack, large: list[str]
) -> None:
    conflicting = [{"id": f"x-{number}", "amount": {"value": 1}} for number in range(CONFLICTING)]
    ids = stack.publish(Event(json.dumps(message), {"amount": 500}) for message in conflicting)
    found = eventually(
        lambda: rejected(stack),
        lambda found: len(found) >= CONFLICTING,
        within=INDEXED_WITHIN,
        what="the rejected documents are in the bucket",
    )
    originals = [json.loads(base64.b64decode(line["rawData"])) for line in found]
    assert sorted(document["event_id"] for document in originals) == sorted(ids)
    for line in found:
        assert line["errorCode"] == "400"
        assert "amount" in line["errorMessage"]
        assert line["esIndexName"].startswith(stack.name)
    assert sorted(hit["_source"]["event_id"] for hit in documents(stack)) == sorted(large)


def test_attributes_that_look_like_dates_are_text_and_members_with_opensearchs_names_are_kept(
    stack: ModuleStack, large: list[str]
) -> None:
    before = len(documents(stack))
    dates = ["2026-11-23", "none", "2026-11-23 10:00"]
    stack.publish(Event('{"order":1}', {"due": due, "amount": 300}) for due in dates)
    messages = ['{"_id":"65f0c0ffee"}', '{"_id":{"$oid":"65f0c0ffee"}}', '{"_source":"web","event_type":"paid"}']
    stack.publish(
        Event(message, {"amount": 300, "order.type" if n else "order": "x"}) for n, message in enumerate(messages)
    )
    eventually(
        lambda: len(documents(stack)),
        lambda found: found >= before + 6,
        within=INDEXED_WITHIN,
        what="all six are indexed",
    )

    def found(field: str, value: str) -> int:
        return int(opensearch(stack).count(index=alias(stack), body={"query": {"match": {field: value}}})["count"])

    assert [found("event_attributes.due", due) for due in dates] == [1, 1, 1]
    assert found("event_text", "65f0c0ffee") == 2
    assert found("event_text", "paid") == 1


def test_a_template_of_the_users_that_matches_too_is_named_and_the_modules_own_stays(
    stack: ModuleStack, large: list[str]
) -> None:
    client = opensearch(stack)
    theirs = f"theirs-{stack.name}"
    client.indices.put_index_template(name=theirs, body={"index_patterns": [f"{stack.name}-*"], "priority": 1})
    (target,) = stack.client("events").list_targets_by_rule(Rule=f"{stack.name}-search-index-retention")["Targets"]
    again = {"index": json.loads(target["Input"])["index"], "tf": {"action": "update", "prev_input": None}}
    try:
        answer = stack.client("lambda").invoke(FunctionName=target["Arn"], Payload=json.dumps(again))
    finally:
        client.indices.delete_index_template(name=theirs)

    assert answer["FunctionError"]
    assert (
        f"other index templates ({theirs}) match {stack.name}-2* too"
        in json.loads(answer["Payload"].read())["errorMessage"]
    )
    assert templates(stack) == [f"event-fork-{stack.name}-search"]


def test_the_alias_is_one_name_for_the_indices_of_all_months(stack: ModuleStack, large: list[str]) -> None:
    client = opensearch(stack)
    client.indices.create(index=f"{stack.name}-2019-02")
    assert set(client.indices.get_alias(name=alias(stack))) >= {f"{stack.name}-2019-02", documents(stack)[0]["_index"]}


def test_the_schedule_deletes_the_indices_that_are_too_old_and_no_others(stack: ModuleStack, large: list[str]) -> None:
    client, events = opensearch(stack), stack.client("events")
    rule = f"{stack.name}-search-index-retention"
    for name in ("2019-01", "2019-01-text", "20190"):
        client.indices.create(index=f"{stack.name}-{name}")
    (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]

    answer = stack.client("lambda").invoke(FunctionName=target["Arn"], Payload=target["Input"])

    assert f"{stack.name}-2019-01" in json.loads(answer["Payload"].read())["deleted"]
    left = {each["_index"] for each in documents(stack)} | {f"{stack.name}-2019-01-text", f"{stack.name}-20190"}
    assert set(client.indices.get(index=f"{stack.name}-*")) == left
    assert events.describe_rule(Name=rule)["State"] == "ENABLED"


def test_an_event_that_is_no_json_object_is_dead_lettered_with_the_reason(stack: ModuleStack, large: list[str]) -> None:
    ids = stack.publish([Event("no JSON", {"amount": 200}), Event("[1, 2]", {"amount": 200})])
    queue = stack.output["dead_letter_queue_url"]
    eventually(
        lambda: stack.waiting(queue),
        lambda found: found >= NOT_OBJECTS,
        within=INDEXED_WITHIN,
        what="what cannot be indexed is dead-lettered",
    )
    dead = stack.take(queue)
    assert sorted(json.loads(message["Body"])["MessageId"] for message in dead) == sorted(ids)
    reasons = sorted(message["MessageAttributes"]["event-fork-reason"]["StringValue"] for message in dead)
    assert reasons == ["not-a-json-object"] * NOT_OBJECTS


def event_fork(stack: ModuleStack, *arguments: str, folder: Path) -> tuple[int, Any, str]:
    """The operators' command: exit code, what it printed as JSON, and what it said."""
    ran = command.event_fork(stack.bench, *arguments, "--output", "json", folder=folder)
    return ran.code, json.loads(ran.stdout) if ran.stdout else None, ran.stderr


def in_the_index(stack: ModuleStack, ids: list[str]) -> Counter[str]:
    """How often each of these events is in the index."""
    client, found = opensearch(stack), Counter[str]()
    client.indices.refresh(index=alias(stack))
    for first in range(0, len(ids), 500):
        query = {"terms": {"event_id.keyword": ids[first : first + 500]}}
        hits = client.search(index=alias(stack), body={"size": 5000, "_source": ["event_id"], "query": query})
        found.update(hit["_source"]["event_id"] for hit in hits["hits"]["hits"])
    return found


def test_500_of_2000_orders_are_rejected_and_a_recipe_heals_them_while_100_dead_letters_are_sent_back(
    stack: ModuleStack, large: list[str], tmp_path: Path
) -> None:
    fork, queue = f"{stack.name}-search", stack.output["dead_letter_queue_url"]
    before = len(rejected(stack))
    good = stack.publish(order(5000 + number, 100 + number) for number in range(GOOD))
    odd = [json.dumps({"id": f"e-{number}", "amount": f"{number} EUR"}) for number in range(IN_EUROS)]
    in_euros = stack.publish(Event(message, {"amount": 500, "event_type": "order.placed"}) for message in odd)
    dead = stack.publish(Event(f"[{number}]", {"amount": 500}) for number in range(DEAD))
    eventually(
        lambda: (len(rejected(stack)) - before, stack.waiting(queue), len(in_the_index(stack, good))),
        lambda found: found == (IN_EUROS, DEAD, GOOD),
        within=INDEXED_WITHIN,
        what="500 are rejected, 100 are dead letters and 1,500 are indexed",
    )

    placed = ("--type", "order.placed")  # and not what another test has made the domain reject
    code, groups, said = event_fork(stack, "rejected", "list", fork, *placed, folder=tmp_path)
    assert code == 0, said
    (group,) = groups
    assert (group["field"], group["count"], group["error"]) == ("amount", IN_EUROS, "400 mapper_parsing_exception")
    code, letters, said = event_fork(stack, "dead-letters", "list", fork, folder=tmp_path)
    assert code == 0, said
    assert [(one["reason"], one["count"]) for one in letters] == [("not-a-json-object", DEAD)]

    (tmp_path / "cast.json").write_text(json.dumps(CAST))
    fix = ("rejected", "fix", fork, group["group"], "--recipe", "cast.json", *placed)
    code, shown, said = event_fork(stack, *fix, folder=tmp_path)
    assert code == 0, said
    assert shown["samples"][0]["before"]["amount"].endswith(" EUR")
    assert isinstance(shown["samples"][0]["after"]["amount"], int)
    assert in_the_index(stack, in_euros) == Counter()
    code, fixed, said = event_fork(stack, *fix, "--execute", folder=tmp_path)
    assert code == 0, said
    assert (fixed["done"], fixed["there"], fixed["not_repaired"]) == (IN_EUROS, 0, {})
    assert in_the_index(stack, [*in_euros, *good]) == Counter([*in_euros, *good])
    assert len(rejected(stack)) == before
    frozen = ("--set", str(next(tmp_path.glob("fix-*.jsonl"))), "--execute")
    again = event_fork(stack, *fix[:-2], *frozen, folder=tmp_path)
    assert (again[0], again[1]["done"], again[1]["changed"]) == (1, 0, IN_EUROS)
    assert in_the_index(stack, in_euros) == Counter(in_euros)

    probe = stack.client("sqs").create_queue(QueueName=f"{stack.name}-probe")["QueueUrl"]
    redrive = ("dead-letters", "redrive", fork, "--to", f"{stack.name}-probe", "--rate", "500", "--execute")
    code, sent, said = event_fork(stack, *redrive, folder=tmp_path)
    back = stack.take(probe)
    stack.client("sqs").delete_queue(QueueUrl=probe)
    assert (code, sent["done"], sent["missing"]) == (0, DEAD, 0), said
    assert sorted(json.loads(message["Body"])["MessageId"] for message in back) == sorted(dead)
    assert not any(message.get("MessageAttributes") for message in back)
    assert stack.waiting(queue) == 0
    code, done, said = event_fork(stack, "dead-letters", "history", fork, folder=tmp_path)
    stack.client("ssm").delete_parameter(Name=f"/event-fork-pipelines/{fork}/repairs")
    assert (code, done[0]["action"], done[0]["done"]) == (0, "redrive", DEAD), said


def test_search_analytics_is_destroyed_without_a_trace(stack: ModuleStack) -> None:
    assert stack.leftovers() != []
    assert templates(stack) == [f"event-fork-{stack.name}-search"]
    months = {hit["_index"] for hit in documents(stack)}
    stack.destroy()
    assert stack.leftovers() == []
    assert templates(stack) == []
    assert not opensearch(stack).indices.exists_alias(name=alias(stack))
    assert months <= set(opensearch(stack).indices.get(index=f"{stack.name}-*"))
