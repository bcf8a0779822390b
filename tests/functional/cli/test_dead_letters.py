"""event-fork dead-letters on moto: looked at and visible again, sent back, deleted once they are kept."""

import json
import os
import signal
from dataclasses import dataclass
from typing import Any

import pytest

from event_fork.adapters.sqs import SqsQueue
from event_fork_cli.dead_letters import looking
from event_fork_cli.repairs.groups import Fingerprint
from tests.functional.cli.conftest import ACCOUNT, REGION, World, event

LABELS = ("event-fork-reason", "event-fork-detail")


@dataclass
class DeadFork:
    """A fork's two queues."""

    world: World
    queue: str
    dead: str

    def letter(self, body: str, **labels: str) -> str:
        """A message in the dead-letter queue; its id. `reason` and so on are our labels, with their prefix."""
        attributes: Any = {
            name if name == "event_type" else f"event-fork-{name.replace('_', '-')}": {
                "DataType": "String",
                "StringValue": text,
            }
            for name, text in labels.items()
        }
        sent = self.world.sqs.send_message(QueueUrl=self.dead, MessageBody=body, MessageAttributes=attributes)
        return str(sent["MessageId"])

    def dead_event(self, number: int, reason: str = "not-a-json-object", detail: str = "a list", **more: Any) -> str:
        """A dead letter with an envelope and our labels."""
        return self.letter(event(number, **more).to_line().decode(), reason=reason, detail=detail)

    def waiting(self, url: str) -> tuple[int, int]:
        """Visible and hidden messages."""
        names = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
        found: Any = self.world.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def messages(self, url: str) -> list[dict[str, Any]]:
        """What is in a queue, hidden from then on."""
        found: list[dict[str, Any]] = []
        while True:
            got: Any = self.world.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            if not got.get("Messages"):
                return found
            found += got["Messages"]


@pytest.fixture
def fork(world: World, monkeypatch: pytest.MonkeyPatch) -> DeadFork:
    monkeypatch.setattr(looking, "_WAIT_SECONDS", 0)
    dead = world.sqs.create_queue(QueueName="orders-search-dlq")["QueueUrl"]
    policy = {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders-search-dlq", "maxReceiveCount": 5}
    queue = world.sqs.create_queue(QueueName="orders-search", Attributes={"RedrivePolicy": json.dumps(policy)})
    return DeadFork(world, queue["QueueUrl"], dead)


def test_dead_letters_are_grouped_by_reason_and_detail_and_stay_visible(world: World, fork: DeadFork) -> None:
    for number in range(25):
        fork.dead_event(number, minutes=number)
    for number in range(3):
        fork.dead_event(100 + number, "refused-by-destination", "InvalidMessageContents", kind="order.paid")
    fork.letter("plain text")

    result = world.run("dead-letters", "list", "orders-search", "--output", "json")

    assert result.code == 0, result.err
    groups = [(group["reason"], group["error"], group["count"]) for group in result.json]
    assert groups == [
        ("not-a-json-object", "a list", 25),
        ("refused-by-destination", "InvalidMessageContents", 3),
        ("not-delivered-by-sns", "", 1),
    ]
    first = result.json[0]
    assert (first["first"], first["last"]) == ("2026-11-23T12:00:00.000Z", "2026-11-23T12:24:00.000Z")
    assert first["types"] == {"order.placed": 25}
    assert fork.waiting(fork.dead) == (29, 0)


def test_messages_that_somebody_else_has_received_are_said(world: World, fork: DeadFork) -> None:
    for number in range(2):
        fork.dead_event(number)
    world.sqs.receive_message(QueueUrl=fork.dead, MaxNumberOfMessages=1)

    result = world.run("dead-letters", "list", "orders-search", "--output", "json")

    assert "1 messages are in flight elsewhere" in result.err
    assert result.json[0]["count"] == 1
    assert fork.waiting(fork.dead) == (1, 1)


def test_an_empty_queue_and_an_unknown_fork_are_told_apart(world: World, fork: DeadFork) -> None:
    assert world.run("dead-letters", "list", "orders-search").code == 3
    unknown = world.run("dead-letters", "list", "orders-serach")
    assert (unknown.code, "must be a queue that exists" in unknown.err) == (2, True)
    no_fork = world.run("dead-letters", "list", "CheckoutQueue")
    assert (no_fork.code, "its queue has a dead-letter queue" in no_fork.err) == (2, True)


def test_one_group_is_shown_in_full_and_nothing_in_it_moves_a_cursor(world: World, fork: DeadFork) -> None:
    fork.letter('{"note":"\x1b[2J\u202e"}'.replace("\x1b", "\\u001b"), reason="not-json")
    fork.dead_event(1)
    (group,) = [
        each["group"]
        for each in world.run("dead-letters", "list", "orders-search", "--output", "json").json
        if each["reason"] == "not-json"
    ]

    shown = world.run("dead-letters", "show", "orders-search", group)
    in_full = world.run("dead-letters", "show", "orders-search", group[:5], "--output", "json")

    assert shown.code == 0, shown.err
    assert "\u202e" not in shown.out
    assert "\\u202e" in shown.out
    (sample,) = in_full.json["samples"]
    assert sample["labels"] == {"event-fork-reason": "not-json"}
    assert fork.waiting(fork.dead) == (2, 0)


@pytest.mark.parametrize("group", ["xyz", "", "0123456789", "'; drop"])
def test_what_is_no_group_is_refused(world: World, fork: DeadFork, group: str) -> None:
    fork.dead_event(1)
    result = world.run("dead-letters", "show", "orders-search", group)

    assert result.code == 2
    assert result.err.count("\n") == 1


def test_the_beginning_of_two_groups_ids_is_no_group(world: World, fork: DeadFork) -> None:
    by_digit: dict[str, str] = {}
    details = (f"detail {number}" for number in range(100))
    first, second = next(
        (by_digit[digit], detail)
        for detail in details
        if (digit := Fingerprint("not-json", detail).id[0]) in by_digit or by_digit.setdefault(digit, detail) != detail
    )
    fork.dead_event(1, "not-json", first)
    fork.dead_event(2, "not-json", second)
    digit = Fingerprint("not-json", second).id[0]
    result = world.run("dead-letters", "redrive", "orders-search", "--group", digit, "--execute")
    assert (result.code, "must be the id of one group" in result.err) == (2, True)
    assert fork.waiting(fork.dead) == (2, 0)


def test_a_redrive_is_only_shown_without_execute(world: World, fork: DeadFork) -> None:
    fork.dead_event(1)

    result = world.run("dead-letters", "redrive", "orders-search", "--output", "json")

    assert (result.code, result.json[0]["count"]) == (0, 1)
    assert "nothing was done" in result.err
    assert fork.waiting(fork.dead) == (1, 0)
    assert fork.waiting(fork.queue) == (0, 0)


def test_a_redrive_sends_without_our_labels_and_keeps_the_rest(
    world: World, fork: DeadFork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder)
    for number in range(25):
        fork.dead_event(number)
    raw = fork.letter("raw", reason="refused-by-destination", event_type="order.paid")
    again = fork.letter("raw again", original_time="2026-11-01T00:00:00.000Z", original_message_id="first")

    result = world.run("dead-letters", "redrive", "orders-search", "--execute", "--rate", "5000", "--output", "json")

    assert result.code == 0, result.err
    assert (result.json["done"], result.json["wanted"], result.json["missing"]) == (27, 27, 0)
    assert fork.waiting(fork.dead) == (0, 0)
    sent = {message["Body"]: message.get("MessageAttributes", {}) for message in fork.messages(fork.queue)}
    assert len(sent) == 27
    assert not any(label in attributes for attributes in sent.values() for label in LABELS)
    assert sent[event(3).to_line().decode()] == {}
    assert sent["raw"]["event_type"]["StringValue"] == "order.paid"
    assert sent["raw"]["event-fork-original-message-id"]["StringValue"] == raw
    assert sent["raw again"]["event-fork-original-message-id"]["StringValue"] == "first"
    assert again not in json.dumps(sent["raw again"])


def test_what_lies_in_the_message_itself_is_named_before_it_is_sent_back(world: World, fork: DeadFork) -> None:
    fork.dead_event(7, "too-large", "1100000 bytes")

    result = world.run("dead-letters", "redrive", "orders-search")

    assert "1 with the reason too-large will come back: it lies in the message; id-7 is one" in result.err


@pytest.mark.parametrize(
    ("options", "bodies"),
    [
        (["--reason", "not-json"], {3}),
        (["--type", "order.paid"], {4}),
        (["--since", "2026-11-23T12:02Z", "--until", "2026-11-23T12:04Z"], {2, 3}),
        (["--where", "$.number=2"], {2}),
        (["--where", "$.number=2", "--type", "order.paid"], set()),
    ],
)
def test_filters_choose_what_is_touched(world: World, fork: DeadFork, options: list[str], bodies: set[int]) -> None:
    for number in range(5):
        kind = "order.paid" if number == 4 else "order.placed"
        fork.dead_event(number, "not-json" if number == 3 else "too-large", minutes=number, kind=kind)

    where = ["--execute", "--rate", "5000", "--save", str(world.folder / "set.jsonl")]
    result = world.run("dead-letters", "redrive", "orders-search", *where, *options)

    assert result.code == (0 if bodies else 3), result.err
    sent = {json.loads(json.loads(message["Body"])["Message"])["number"] for message in fork.messages(fork.queue)}
    assert sent == bodies
    assert fork.waiting(fork.dead) == (5 - len(bodies), 0)


def test_what_arrives_after_the_set_was_frozen_is_not_touched(world: World, fork: DeadFork) -> None:
    saved = world.folder / "set.jsonl"
    fork.dead_event(1)
    assert world.run("dead-letters", "redrive", "orders-search", "--save", str(saved)).code == 0
    fork.dead_event(2)

    result = world.run("dead-letters", "redrive", "orders-search", "--set", str(saved), "--execute", "--output", "json")

    assert (result.code, result.json["done"]) == (0, 1)
    assert fork.waiting(fork.dead) == (1, 0)
    assert saved.stat().st_mode & 0o777 == 0o600


def test_a_set_that_was_dealt_with_is_said_to_be_gone(world: World, fork: DeadFork) -> None:
    saved = world.folder / "set.jsonl"
    fork.dead_event(1)
    world.run("dead-letters", "redrive", "orders-search", "--execute", "--save", str(saved))

    result = world.run("dead-letters", "redrive", "orders-search", "--set", str(saved), "--execute")

    assert result.code == 1
    assert result.err.endswith("1 were not met: deleted, expired, or in flight elsewhere\n")


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[]\n", b"{}\n", b'{"version":1}\n', b"no JSON\n", b"[" * 100_000, b'{"id":' + b'"x"' * 9],
)
def test_a_set_of_any_other_shape_is_refused(world: World, fork: DeadFork, content: bytes) -> None:
    saved = world.folder / "set.jsonl"
    saved.write_bytes(content)

    result = world.run("dead-letters", "redrive", "orders-search", "--set", str(saved), "--execute")

    assert (result.code, result.err.count("\n")) == (2, 1), result.err


def test_a_set_of_another_fork_or_with_lines_missing_is_refused(world: World, fork: DeadFork) -> None:
    saved = world.folder / "set.jsonl"
    fork.dead_event(1)
    fork.dead_event(2)
    world.run("dead-letters", "redrive", "orders-search", "--save", str(saved))
    head, first, _ = saved.read_text().splitlines()

    saved.write_text(f"{head}\n{first}\n")
    assert "is not whole: it has 1 of 2" in world.run(*_with(saved)).err
    saved.write_text(head.replace("orders-search", "orders-other") + "\n")
    assert world.run(*_with(saved)).code == 2
    assert "is not for this" in world.run("dead-letters", "purge", "orders-search", "--set", str(saved)).err


def _with(saved: Any) -> tuple[str, ...]:
    return ("dead-letters", "redrive", "orders-search", "--set", str(saved), "--execute")


def test_a_letter_that_the_queue_refuses_stays_and_is_named(
    world: World, fork: DeadFork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder)
    world.sqs.set_queue_attributes(QueueUrl=fork.queue, Attributes={"MaximumMessageSize": "1024"})
    fork.letter("x" * 2000)
    fork.letter("small")

    result = world.run("dead-letters", "redrive", "orders-search", "--execute", "--rate", "5000", "--output", "json")

    assert result.code == 1
    assert (result.json["done"], len(result.json["failed"])) == (1, 1)
    assert "1 could not be sent" in result.err
    assert fork.waiting(fork.dead) == (1, 0)


def test_two_operators_at_once_send_each_letter_once(
    world: World, fork: DeadFork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other operator redrives the same set while the first is at its second batch."""
    saved = world.folder / "set.jsonl"
    for number in range(30):
        fork.dead_event(number)
    world.run("dead-letters", "redrive", "orders-search", "--save", str(saved))
    send, calls = SqsQueue.send, []

    def sending(self: SqsQueue, messages: Any) -> Any:
        calls.append(len(messages))
        if len(calls) == 2:
            assert world.run(*_with(saved), "--rate", "5000").code == 1
        return send(self, messages)

    monkeypatch.setattr(SqsQueue, "send", sending)

    result = world.run(*_with(saved), "--rate", "5000")

    assert "were not met" in result.err
    assert sorted(message["Body"] for message in fork.messages(fork.queue)) == sorted(
        event(number).to_line().decode() for number in range(30)
    )
    assert fork.waiting(fork.dead) == (0, 0)


def test_ctrl_c_stops_after_the_ten_in_hand_and_the_same_set_goes_on(
    world: World, fork: DeadFork, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = world.folder / "set.jsonl"
    for number in range(30):
        fork.dead_event(number)
    send = SqsQueue.send

    def interrupted(self: SqsQueue, messages: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return send(self, messages)

    with monkeypatch.context() as patched:
        patched.setattr(SqsQueue, "send", interrupted)
        result = world.run("dead-letters", "redrive", "orders-search", "--execute", "--save", str(saved))

    assert result.code == 1
    assert f"20 are left, to go on: event-fork dead-letters redrive orders-search --set {saved} --execute" in result.err
    assert fork.waiting(fork.dead) == (20, 0)
    assert fork.waiting(fork.queue) == (10, 0)
    world.run(*_with(saved), "--rate", "5000")
    assert fork.waiting(fork.queue) == (30, 0)


def test_a_kill_between_sending_and_deleting_leaves_ten_at_most_to_be_sent_twice(
    world: World, fork: DeadFork, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: Any) -> Any:
        raise Killed

    saved = world.folder / "set.jsonl"
    for number in range(30):
        fork.dead_event(number)
    with monkeypatch.context() as patched:
        patched.setattr(looking.DeadLetterQueue, "delete", killed)
        with pytest.raises(Killed):
            world.run("dead-letters", "redrive", "orders-search", "--execute", "--save", str(saved))
    assert fork.waiting(fork.queue)[0] == 10

    world.run(*_with(saved), "--rate", "5000")

    bodies = [message["Body"] for message in fork.messages(fork.queue)]
    assert (len(bodies), len(set(bodies))) == (40, 30)
    assert fork.waiting(fork.dead) == (0, 0)


def test_a_recipe_edits_what_is_sent_back_and_what_it_cannot_edit_stays(
    world: World, fork: DeadFork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder)
    envelope = json.loads(event(1, message='{"number":"7","price":1.10}').to_line())
    fork.letter(json.dumps({**envelope, "Signature": "s", "SigningCertURL": "u"}), reason="refused-by-destination")
    fork.letter('{"number":"8"}', reason="refused-by-destination", event_type="order.paid")
    fork.letter("no JSON")
    fork.letter('{"number":"eight"}')
    recipe = world.folder / "recipe.json"
    recipe.write_text('{"steps":[{"cast":"$.number","to":"integer"}]}')

    result = world.run(
        *("dead-letters", "redrive", "orders-search", "--recipe", str(recipe), "--execute", "--rate", "5000"),
        *("--output", "json"),
    )

    assert (result.code, result.json["done"]) == (1, 2)
    assert sorted(result.json["failed"].values()) == ["cast: a value is no whole number", "the message is no JSON"]
    sent = {message["Body"]: message.get("MessageAttributes", {}) for message in fork.messages(fork.queue)}
    (of_envelope,) = [json.loads(body) for body in sent if "MessageId" in body]
    assert of_envelope == {**envelope, "Message": '{"number":7,"price":1.10}'}
    assert sent['{"number":8}']["event_type"]["StringValue"] == "order.paid"
    assert fork.waiting(fork.dead) == (2, 0)

    recipe.write_text('{"steps":[{"route":"orders"}]}')
    refused = world.run("dead-letters", "redrive", "orders-search", "--recipe", str(recipe), "--execute")
    assert (refused.code, refused.err.count("\n")) == (2, 1)


def test_a_purge_keeps_every_message_in_a_file_before_it_deletes_it(world: World, fork: DeadFork) -> None:
    fork.dead_event(1)
    fork.letter("other", reason="not-json")
    kept, saved = world.folder / "kept.jsonl", world.folder / "set.jsonl"
    chosen = ("dead-letters", "purge", "orders-search", "--reason", "not-json", "--keep", str(kept))

    assert world.run(*chosen).code == 0
    assert fork.waiting(fork.dead) == (2, 0)
    assert not kept.exists()
    result = world.run(*chosen, "--save", str(saved), "--execute")

    assert result.code == 0, result.err
    assert fork.waiting(fork.dead) == (1, 0)
    (record,) = [json.loads(line) for line in kept.read_text().splitlines()]
    assert (record["body"], record["attributes"]["event-fork-reason"]["value"]) == ("other", "not-json")
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_purge_into_a_file_that_is_there_deletes_nothing(world: World, fork: DeadFork) -> None:
    fork.dead_event(1)
    kept = world.folder / "kept.jsonl"
    kept.write_text("of before")

    result = world.run(
        *("dead-letters", "purge", "orders-search", "--keep", str(kept), "--execute"),
        *("--save", str(world.folder / "set.jsonl")),
    )

    assert (result.code, kept.read_text()) == (1, "of before")
    assert fork.waiting(fork.dead) == (1, 0)


def test_the_history_says_who_did_what(world: World, fork: DeadFork) -> None:
    fork.dead_event(1)
    assert world.run("dead-letters", "history", "orders-search").code == 3
    saved = str(world.folder / "set.jsonl")
    world.run("dead-letters", "redrive", "orders-search", "--reason", "not-a-json-object", "--execute", "--save", saved)

    result = world.run("dead-letters", "history", "orders-search", "--output", "json")

    (entry,) = result.json
    assert entry["by"]
    assert {name: entry[name] for name in ("action", "chosen", "set_file", "done", "left", "ended")} == {
        "action": "redrive",
        "chosen": "reason not-a-json-object",
        "set_file": "set.jsonl",
        "done": 1,
        "left": 0,
        "ended": "to its end",
    }
    assert world.run("dead-letters", "history", "orders-search").code == 0


@pytest.mark.parametrize(
    "options",
    [
        ["--where", "number=2"],
        ["--where", "$.number"],
        ["--since", "yesterday"],
        ["--until", "2026-11-23T12:00Z", "--since", "2026-11-23T13:00Z"],
        ["--rate", "nan"],
        ["--rate", "0"],
        ["--to", "orders-search-dlq"],
        ["--group", "G"],
        ["--limit", "0"],
    ],
)
def test_an_option_that_breaks_its_rule_is_refused(world: World, fork: DeadFork, options: list[str]) -> None:
    fork.dead_event(1)
    result = world.run("dead-letters", "redrive", "orders-search", "--execute", *options)

    assert result.code == 2
    assert fork.waiting(fork.dead) == (1, 0)


def test_many_letters_are_looked_at_by_several_threads_each_once(
    world: World, fork: DeadFork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_FOR_A_THREAD", 20)
    for first in range(0, 200, 10):
        entries: Any = [{"Id": str(n), "MessageBody": f"m{first + n}"} for n in range(10)]
        world.sqs.send_message_batch(QueueUrl=fork.dead, Entries=entries)

    result = world.run("dead-letters", "list", "orders-search", "--output", "json")

    assert [group["count"] for group in result.json] == [200]
    assert fork.waiting(fork.dead) == (200, 0)
