"""event-fork rejected on moto and a domain in memory: what failed is grouped, repaired, indexed once, taken away."""

import base64
import gzip
import json
import tracemalloc
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from event_fork.errors import CallFailedError
from event_fork.index_management.search_domain import NONE, Answer
from event_fork.sending.backoff import Backoff
from event_fork_cli import aws
from event_fork_cli.commands import rejected as command
from event_fork_cli.rejected import fixing
from event_fork_cli.rejected.failures import Failure
from event_fork_cli.repairs import forks
from event_fork_cli.repairs.forks import ErrorFolder, Stream
from event_fork_cli.search import calls
from tests.functional.cli.conftest import BUCKET, REGION, World

NAME = "orders-search"
FOLDER = ErrorFolder(BUCKET, "errors/!{firehose:error-output-type}/date=!{timestamp:yyyy-MM-dd}/")
STREAM = Stream(NAME, FOLDER, index_name="orders", rotation="OneMonth")
KEY = "errors/AmazonOpenSearchService-failed/date=2026-11-23/orders-search-1-2026-11-23-12-00-00-a.gz"
ARRIVED = 1_795_435_200_000
CAST = {"steps": [{"replace": "$.amount", "pattern": " EUR$", "with": ""}, {"cast": "$.amount", "to": "number"}]}


@dataclass
class Domain:
    """Indices as OpenSearch keeps them: `amount` is a number, ids are unique within an index."""

    documents: dict[tuple[str, str], Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    busy: int = 0
    down: bool = False
    rebuilt: str | None = None
    """The index that the alias means for the day of the errors."""

    def call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] = NONE) -> Answer:
        self.asked.append(path)
        if self.down:
            raise CallFailedError("ConnectTimeoutError", "no route", transient=False)
        if method == "GET" and (self.rebuilt is None or "_index_template" in path):
            return Answer(404, {})
        if method == "GET" and path.startswith("/_alias"):
            return Answer(200, {str(self.rebuilt): {"aliases": {"orders-all": {}}}})
        if method == "GET":
            day = {"start": "2026-11-23T00:00:00.000Z", "end": "2026-11-24T00:00:00.000Z"}
            return Answer(200, {str(self.rebuilt): {"mappings": {"_meta": {"event_fork_rebuild": day}}}})
        if path.startswith(("/orders-2*/_search", "/orders-all/_search")):
            ids = body["query"]["bool"]["should"][0]["terms"]["event_id"]  # type: ignore[index]
            seen = (one for (index, _), one in self.documents.items() if self.rebuilt in (None, index))
            hits = [{"_source": {"event_id": one["event_id"]}} for one in seen if one["event_id"] in ids]
            return Answer(200, {"hits": {"hits": hits}})
        assert isinstance(body, bytes)
        lines = [json.loads(line) for line in body.splitlines()]
        return Answer(
            200, {"items": [{"create": self._create(*pair)} for pair in zip(lines[::2], lines[1::2], strict=True)]}
        )

    def _create(self, action: Any, document: Any) -> dict[str, Any]:
        place = (action["create"]["_index"], action["create"]["_id"])
        if self.busy:
            self.busy -= 1
            return {"status": 429, "error": {"type": "rejected_execution_exception", "reason": "queue is full"}}
        if place in self.documents:
            return {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "is there"}}
        if isinstance(document["amount"], str):
            reason = "failed to parse field [amount] of type [long] in document with id 'x'"
            return {"status": 400, "error": {"type": "mapper_parsing_exception", "reason": reason}}
        self.documents[place] = document
        return {"status": 201}


@dataclass
class Errors:
    """The bucket's errors, and the domain."""

    world: World
    domain: Domain

    def line(self, number: int, amount: Any = "12 EUR", **more: Any) -> bytes:
        document = {"@timestamp": "2026-11-23T12:00:00.000Z", "event_id": f"id-{number}", "amount": amount}
        where = f"in document with id '{number}'. Preview of field's value: 'x'"
        reason = f"failed to parse field [amount] of type [long] {where}"
        members = {
            "attemptsMade": 1,
            "arrivalTimestamp": ARRIVED + number,
            "errorCode": "400",
            "errorMessage": json.dumps({"type": "mapper_parsing_exception", "reason": reason}),
            "attemptEndingTimestamp": ARRIVED,
            "esDocumentId": f"firehose-{number}.0",
            "esIndexName": "orders-2026-11",
            "esTypeName": "",
            "rawData": base64.b64encode(json.dumps(document | {"event_type": "order.placed"}).encode()).decode(),
        }
        return json.dumps(members | more).encode() + b"\n"

    def put(self, content: bytes, key: str = KEY, *, compressed: bool = True) -> None:
        self.world.s3.put_object(Bucket=BUCKET, Key=key, Body=gzip.compress(content) if compressed else content)

    def keys(self) -> list[str]:
        found = self.world.s3.list_objects_v2(Bucket=BUCKET, Prefix="errors/")
        return [entry["Key"] for entry in found.get("Contents", [])]

    def lines(self, key: str = KEY) -> list[dict[str, Any]]:
        body = self.world.object(key)
        return [json.loads(line) for line in (gzip.decompress(body) if key.endswith(".gz") else body).splitlines()]

    def recipe(self, recipe: Any = CAST) -> str:
        path = self.world.folder / "recipe.json"
        path.write_text(json.dumps(recipe))
        return str(path)

    def group(self) -> str:
        return str(self.world.run("rejected", "list", NAME, "--output", "json").json[0]["group"])

    def fix(self, *options: str, group: str | None = None, recipe: Any = CAST) -> Any:
        chosen = group or self.group()
        return self.world.run(
            "rejected", "fix", NAME, chosen, "--recipe", self.recipe(recipe), "--output", "json", *options
        )


@pytest.fixture
def errors(world: World, monkeypatch: pytest.MonkeyPatch) -> Errors:
    monkeypatch.chdir(world.folder)
    made = Errors(world, Domain())
    monkeypatch.setattr(command, "find_stream", lambda _settings, _name: STREAM)
    monkeypatch.setattr(command, "find_domain", lambda _settings, _stream, _secret: made.domain)
    monkeypatch.setattr(calls, "PATIENCE", Backoff(attempts=3, sleep=lambda _: None))
    return made


def test_rejected_documents_are_grouped_whatever_form_their_error_has(world: World, errors: Errors) -> None:
    errors.put(b"".join(errors.line(number) for number in range(20)))
    document = base64.b64encode(b'{"event_id":"p-1","event_type":"order.paid"}').decode()
    first = b'{"MessageId":"m-1","MessageAttributes":{"event_type":{"Value":"order.sent"}}}\n'
    envelope = base64.b64encode(first + b'{"MessageId":"m-2"}\n').decode()  # packed: many in one record
    forms: dict[str, dict[str, Any]] = {
        "processing-failed": {
            "errorCode": "Lambda.FunctionTimedOut",
            "errorMessage": "after 60000 ms",
            "lambdaARN": "arn",
        },
        "format-conversion-failed": {
            "lastErrorCode": "DataFormatConversion.MalformedData",
            "lastErrorMessage": "no number",
            "dataCatalogTable": {},
        },
        "http-endpoint-failed": {"errorCode": "HttpEndpoint.Timeout", "errorMessage": "late", "subsequenceNumber": 0},
    }
    for name, members in forms.items():
        line = {"rawData": envelope if "conversion" in name else document, "arrivalTimestamp": str(ARRIVED), **members}
        errors.put(json.dumps(line).encode(), f"errors/{name}/date=2026-11-23/x", compressed=False)
    errors.put(b'{"rawData":"","osIndexName":"a"}\n', "errors/AmazonOpenSearchServerless-failed/date=2026-11-23/x")
    errors.put(b"of another fork", "errors/other/prefix/processing-failed/2026", compressed=False)

    found = world.run("rejected", "list", NAME, "--output", "json")

    assert found.code == 0, found.err
    groups = {group["reason"]: group for group in found.json}
    assert {reason: group["count"] for reason, group in groups.items()} == {
        "AmazonOpenSearchService-failed": 20,
        "AmazonOpenSearchServerless-failed": 1,
        "processing-failed": 1,
        "format-conversion-failed": 1,
        "http-endpoint-failed": 1,
    }
    largest = groups["AmazonOpenSearchService-failed"]
    assert (largest["error"], largest["field"]) == ("400 mapper_parsing_exception", "amount")
    assert (largest["first"], largest["last"]) == ("2026-11-23T12:00:00.000Z", "2026-11-23T12:00:00.019Z")
    assert groups["processing-failed"]["types"] == {"order.paid": 1}
    assert (groups["format-conversion-failed"]["types"], groups["format-conversion-failed"]["example"]) == (
        {"order.sent": 1},
        "m-1",
    )
    assert found.err == ""


def test_what_cannot_be_read_is_named_and_left(world: World, errors: Errors) -> None:
    errors.put(errors.line(1) + b"no JSON\n[]\n{}\n" + b'{"rawData":7}\n' + errors.line(2))
    errors.put(gzip.compress(errors.line(3) * 100)[:-30], KEY + "-cut", compressed=False)
    errors.put(b"PAR1....", KEY + "-parquet", compressed=False)
    errors.put(b"\x1f\x8b rubbish \x1b[2J", KEY + "-\x1b[2J", compressed=False)
    kept = errors.keys()

    found = world.run("rejected", "list", NAME, "--output", "json")

    assert found.code == 0
    assert sum(group["count"] for group in found.json) >= 2
    for said in ("is not JSON", "is no JSON object", "has no rawData", "gzip is cut off", "is Parquet", "damaged gzip"):
        assert said in found.err
    assert "\x1b" not in found.err
    done = errors.fix("--execute")
    assert done.json["done"] >= 2
    assert set(kept) <= set(errors.keys())
    assert b"no JSON\n" in gzip.decompress(world.object(KEY))


def test_a_bomb_takes_no_memory_and_ends(world: World, errors: Errors, monkeypatch: pytest.MonkeyPatch) -> None:
    errors.put(b"\n" * 40_000_000)
    errors.put(b" " * 40_000_000, KEY + "2")
    errors.put(errors.line(1), KEY + "3")
    monkeypatch.setattr("event_fork_cli.rejected.reading._MOST_BYTES", 20_000_000)
    world.run("rejected", "list", NAME)
    tracemalloc.start()

    found = world.run("rejected", "list", NAME, "--output", "json")

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(group["count"] for group in found.json) == 1
    assert "holds more than" in found.err
    assert "has a line of more than 8 MiB" in found.err
    assert peak < 40_000_000


def test_ids_with_control_characters_move_no_cursor(world: World, errors: Errors) -> None:
    document = json.dumps({"event_id": "\x1b[2J\u202e", "amount": "\x07"}).encode()
    errors.put(errors.line(1, rawData=base64.b64encode(document).decode()))

    for arguments in (("list", NAME), ("show", NAME, errors.group())):
        found = world.run("rejected", *arguments)
        assert found.code == 0, found.err
        assert "\x1b" not in found.out
        assert "\\u001b" in found.out


def test_a_fix_is_only_shown_without_execute(world: World, errors: Errors) -> None:
    errors.put(errors.line(1) + errors.line(2, amount="twelve"))

    found = errors.fix()

    assert found.code == 0, found.err
    assert found.json["samples"] == [
        {"event": "id-1", "index": "orders-2026-11", "before": {"amount": "12 EUR"}, "after": {"amount": 12}}
    ]
    assert "1 would stay rejected: cast: a value is no number" in found.err
    assert errors.domain.documents == {}
    assert len(errors.lines()) == 2


def test_a_recipe_heals_all_and_the_objects_are_gone(world: World, errors: Errors) -> None:
    errors.put(b"".join(errors.line(number) for number in range(700)))
    errors.put(errors.line(1000), KEY + "b")

    found = errors.fix("--execute", "--rate", "5000")

    assert found.code == 0, found.err
    assert (found.json["done"], found.json["there"], found.json["objects_deleted"]) == (701, 0, 2)
    assert errors.domain.documents["orders-2026-11", "id-7"]["amount"] == 12
    assert errors.keys() == []
    assert world.run("rejected", "list", NAME).code == 3


def test_what_is_in_the_index_already_under_another_id_gets_no_second_copy(world: World, errors: Errors) -> None:
    errors.put(errors.line(1) + errors.line(2))
    errors.domain.documents["orders-2026-10", "firehose-made-this"] = {"event_id": "id-1", "amount": 12}

    found = errors.fix("--execute")

    assert (found.code, found.json["done"], found.json["there"]) == (0, 1, 1)
    assert sorted(one["event_id"] for one in errors.domain.documents.values()) == ["id-1", "id-2"]
    assert errors.keys() == []


def test_after_a_rebuild_the_new_index_is_asked_and_gets_the_documents(world: World, errors: Errors) -> None:
    errors.put(b"".join(errors.line(number) for number in range(6)))
    errors.domain.rebuilt = "orders-rebuilt-1"
    for number in range(2):  # the rebuild has made these of the archive
        errors.domain.documents["orders-rebuilt-1", f"id-{number}"] = {"event_id": f"id-{number}"}
    errors.domain.documents["orders-2026-11", "old"] = {"event_id": "id-5"}  # out of the alias: nobody sees it

    done = errors.fix("--execute")

    assert (done.code, done.json["there"], done.json["done"]) == (0, 2, 4), done.err
    seen = sorted(key for index, key in errors.domain.documents if index == "orders-rebuilt-1")
    assert seen == [f"id-{number}" for number in range(6)]
    assert len(errors.domain.documents) == 7, "nothing was put into an index that the alias does not mean"
    assert errors.keys() == []


@pytest.mark.parametrize("amount", ["\uff11\uff12", "\u0663", "\uff11.\uff15"])
def test_digits_that_json_does_not_have_are_no_number(world: World, errors: Errors, amount: str) -> None:
    errors.put(errors.line(1, amount))
    shown = errors.fix()
    assert (shown.code, shown.json["would_stay"]) == (0, {"cast: a value is no number": 1}), shown.err


def test_what_the_domain_refuses_again_stays_with_the_new_reason_and_is_given_up_in_the_end(
    world: World, errors: Errors
) -> None:
    errors.put(errors.line(1) + errors.line(2, amount="5"))
    recipe = {"steps": [{"replace": "$.amount", "pattern": "EUR", "with": "USD"}]}

    for attempt in range(1, 4):
        found = errors.fix("--execute", recipe=recipe)
        assert (found.code, sum(found.json["refused"].values())) == (1, 2)
        for line in errors.lines():
            assert (line["attemptsMade"], line["eventForkFixes"], line["errorCode"]) == (1 + attempt, attempt, "400")
            assert json.loads(line["errorMessage"])["type"] == "mapper_parsing_exception"
    again = errors.fix("--execute", recipe=recipe)

    assert again.code == 3
    assert "2 are left out: fixes have tried them 3 times" in again.err
    healed = errors.fix("--execute", "--max-fixes", "4")
    assert (healed.code, healed.json["done"]) == (0, 2)


def test_other_lines_of_an_object_stay_as_they_are(world: World, errors: Errors) -> None:
    other = errors.line(9, errorMessage='{"type":"other_exception","reason":"mapper [x] cannot be changed"}')
    errors.put(errors.line(1) + other + errors.line(2) + b"no record\n", KEY.removesuffix(".gz"), compressed=False)

    found = errors.fix("--execute")

    assert (found.code, found.json["done"], found.json["objects_rewritten"]) == (0, 2, 1)
    assert world.object(KEY.removesuffix(".gz")) == other + b"no record\n"


def test_a_route_goes_to_another_index_and_a_recipe_must_not_change_the_id(world: World, errors: Errors) -> None:
    errors.put(errors.line(1))

    refused = errors.fix("--execute", recipe={"steps": [{"remove": "$.event_id"}]})
    assert refused.code == 1
    assert "the recipe changes event_id" in str(refused.json["not_repaired"])
    refused = errors.fix("--execute", recipe={"steps": [{"set": "$['@timestamp']", "value": "today"}]})
    assert "the recipe changes @timestamp" in str(refused.json["not_repaired"])
    errors.fix("--execute", recipe={"steps": [*CAST["steps"], {"route": "orders-repaired"}]})

    assert list(errors.domain.documents) == [("orders-repaired", "id-1")]


def test_a_domain_that_is_busy_is_asked_again(world: World, errors: Errors) -> None:
    errors.put(errors.line(1) + errors.line(2))
    errors.domain.busy = 3

    assert errors.fix("--execute").json["done"] == 2


def test_a_domain_that_takes_nothing_leaves_everything_as_it_is(world: World, errors: Errors) -> None:
    errors.put(errors.line(1))
    group = errors.group()
    errors.domain.down = True

    found = errors.fix("--execute", group=group)

    assert found.code == 1
    assert "no route" in found.err
    assert len(errors.lines()) == 1


def test_a_proxys_page_in_the_place_of_an_answer_leaves_everything_as_it_is(
    world: World, errors: Errors, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors.put(errors.line(1))
    monkeypatch.setattr(Domain, "call", lambda *_: Answer(200, {}))

    found = errors.fix("--execute")

    assert (found.code, "answers something else than _bulk does" in found.err) == (1, True)
    assert len(errors.lines()) == 1


def test_what_arrives_after_the_set_was_frozen_is_not_touched(world: World, errors: Errors) -> None:
    errors.put(errors.line(1))
    saved = str(world.folder / "set.jsonl")
    group = errors.group()
    assert errors.fix("--save", saved).code == 0
    errors.put(errors.line(2), KEY + "2")

    found = errors.fix("--set", saved, "--execute", group=group)

    assert (found.code, found.json["done"], errors.keys()) == (0, 1, [KEY + "2"])


def test_an_object_that_somebody_else_has_dealt_with_is_left(world: World, errors: Errors) -> None:
    errors.put(errors.line(1) + errors.line(2))
    saved = str(world.folder / "set.jsonl")
    group = errors.group()
    errors.fix("--save", saved)
    errors.put(errors.line(2))

    found = errors.fix("--set", saved, "--execute", group=group)

    assert (found.code, found.json["changed"]) == (1, 2)
    assert len(errors.lines()) == 1


def test_two_operators_at_once_make_no_second_copy_and_lose_nothing(
    world: World, errors: Errors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one rewrites the object after the first has indexed, and before he takes the lines away."""
    errors.put(errors.line(1) + errors.line(2))
    go_through = fixing.Fixer._go_through

    def late(self: Any, *given: Any) -> Any:
        stays = go_through(self, *given)
        errors.put(errors.line(3))
        return stays

    monkeypatch.setattr(fixing.Fixer, "_go_through", late)

    errors.fix("--execute")

    assert [line["esDocumentId"] for line in errors.lines()] == ["firehose-3.0"]
    assert len(errors.domain.documents) == 2


@pytest.mark.parametrize("somebody", [False, True])
def test_a_store_without_conditional_deletes_loses_nothing_either(
    world: World, errors: Errors, monkeypatch: pytest.MonkeyPatch, somebody: bool
) -> None:
    def refuse(model: Any, params: Any, **_: Any) -> None:
        if "If-Match" in params["headers"]:
            if somebody:
                errors.put(errors.line(3))
            raise ClientError({"Error": {"Code": "NotImplemented", "Message": "A header"}}, "DeleteObject")

    errors.put(errors.line(1) + errors.line(2))
    events = aws._session(None, REGION).events
    events.register("before-call.s3.DeleteObject", refuse, unique_id="refuse")
    try:
        found = errors.fix("--execute")
    finally:
        events.unregister("before-call.s3.DeleteObject", unique_id="refuse")

    assert (found.code, found.json["done"]) == (0, 2)
    assert errors.keys() == ([KEY] if somebody else [])


def test_a_kill_after_indexing_is_no_second_copy(world: World, errors: Errors, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: Any) -> Any:
        raise Killed

    errors.put(b"".join(errors.line(number) for number in range(10)))
    group = errors.group()
    with monkeypatch.context() as patched:
        patched.setattr(fixing.Fixer, "_rewrite", killed)
        with pytest.raises(Killed):
            errors.fix("--execute", "--save", str(world.folder / "set.jsonl"), group=group)
    assert len(errors.domain.documents) == 10

    found = errors.fix("--set", str(world.folder / "set.jsonl"), "--execute", group=group)

    assert (found.code, found.json["there"], found.json["done"]) == (0, 10, 0)
    assert (len(errors.domain.documents), errors.keys()) == (10, [])


def test_a_record_that_failed_before_it_had_an_index_goes_to_that_of_its_time(world: World, errors: Errors) -> None:
    document = base64.b64encode(b'{"event_id":"p-1","amount":"3 EUR"}').decode()
    line = {"rawData": document, "arrivalTimestamp": ARRIVED, "errorCode": "Lambda.X", "errorMessage": "m"}
    errors.put(json.dumps(line).encode(), "errors/processing-failed/date=2026-11-23/x", compressed=False)

    assert errors.fix("--execute").code == 0

    assert list(errors.domain.documents) == [("orders-2026-11", "p-1")]


@pytest.mark.parametrize(
    ("rotation", "time", "name"),
    [
        ("NoRotation", "2026-11-23T12:34:00.000Z", "orders"),
        ("OneHour", "2026-11-23T12:34:00.000Z", "orders-2026-11-23-12"),
        ("OneDay", "2026-11-23T12:34:00.000Z", "orders-2026-11-23"),
        ("OneWeek", "2026-11-23T12:34:00.000Z", "orders-2026-w48"),
        ("OneWeek", "2026-12-31T12:34:00.000Z", "orders-2027-w01"),
        ("OneWeek", "2027-01-02T12:34:00.000Z", "orders-2027-w01"),
        ("OneWeek", "2027-01-03T12:34:00.000Z", "orders-2027-w02"),
        ("OneMonth", "2026-11-23T12:34:00.000Z", "orders-2026-11"),
    ],
)
def test_the_index_of_a_time_is_the_one_that_firehose_takes(rotation: str, time: str, name: str) -> None:
    failure = Failure("processing-failed", {"rawData": "", "arrivalTimestamp": time})

    assert fixing.period_index(failure, Stream(NAME, FOLDER, "orders", rotation)) == name


@pytest.mark.parametrize("recipe", [[], {}, {"steps": [{"cast": "$.amount"}]}, {"rules": []}, "text"])
def test_a_recipe_of_any_other_shape_is_bad_input(world: World, errors: Errors, recipe: Any) -> None:
    errors.put(errors.line(1))

    found = errors.fix("--execute", recipe=recipe)

    assert (found.code, found.err.count("\n")) == (2, 1)
    assert len(errors.lines()) == 1


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"key": 7, "etag": "e", "kind": "k", "runs": []},
        {"key": "k", "etag": "e", "kind": "k", "runs": [[5, 1]]},
        {"key": "k", "etag": "e", "kind": "k", "runs": 7},
        {"key": "k", "etag": "e", "kind": "k", "runs": [[0, 10**12]]},
    ],
)
def test_a_set_with_a_wrong_entry_is_refused(world: World, errors: Errors, entry: dict[str, Any]) -> None:
    errors.put(errors.line(1))
    group, saved = errors.group(), world.folder / "set.jsonl"
    errors.fix("--save", str(saved), group=group)
    saved.write_text(saved.read_text().splitlines()[0] + "\n" + json.dumps(entry) + "\n")

    found = errors.fix("--set", str(saved), "--execute", group=group)

    assert (found.code, found.err.count("\n")) == (2, 1), found.err


def test_records_of_a_storage_fork_are_looked_at_and_not_indexed(
    world: World, errors: Errors, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors.put(errors.line(1))
    monkeypatch.setattr(command, "find_stream", lambda _settings, _name: Stream("orders-backup", FOLDER))

    found = errors.fix("--execute")

    assert (found.code, "is a storage fork" in found.err) == (2, True)


def test_a_deep_document_is_named_and_left(world: World, errors: Errors) -> None:
    deep = b'{"event_id":"d","amount":' + b"[" * 900 + b"]" * 900 + b"}"
    errors.put(errors.line(1, rawData=base64.b64encode(deep).decode()) + errors.line(2))

    found = errors.fix("--execute", "--rate", "5000")

    assert found.json["done"] == 1
    assert sum(found.json["not_repaired"].values()) == 1
    assert len(errors.lines()) == 1


def test_the_history_of_a_fork_has_its_fixes(world: World, errors: Errors) -> None:
    errors.put(errors.line(1))
    errors.fix("--execute")

    (entry,) = world.run("rejected", "history", NAME, "--output", "json").json

    assert (entry["action"], entry["done"], entry["left"]) == ("fix", 1, 0)
    assert "recipe.json" in entry["chosen"]


def test_a_fork_is_found_by_what_terraform_has_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        forks.ErrorFolder("b", "errors/orders/!{firehose:error-output-type}/x=!{timestamp:yyyy}/").root
        == "errors/orders/"
    )
    assert FOLDER.kind("errors/processing-failed/date=2026-11-23/x") == "processing-failed"
    assert FOLDER.kind("errors/orders/processing-failed/date=2026-11-23/x") is None
    result = world.run("rejected", "list", "no-such-fork")
    assert (result.code, "has a delivery stream of its name" in result.err) == (2, True)
