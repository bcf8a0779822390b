"""A bench of its own with all three forks on it, and what can be seen there of every event."""

import base64
import io
import json
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.helpers import scan

from event_fork.sending.copies import REASON_ATTRIBUTE
from testbench import Bench
from testbench.paths import PROJECT, RUNS
from testbench.polling import eventually
from testbench.progress import to_stderr
from tests.chaos.events import Made, matching, one_id
from tests.chaos.ledger import Account, Seen, account
from tests.support.command import event_fork
from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.module_stack import ModuleStack
from tests.support.replay_stack import set_environment, take

CONFIGURATION = "tests/chaos/stack"
BUILD = PROJECT / "build" / "chaos"
QUIET_WITHIN = 240.0
"""Seconds in which queues and streams have to be empty once nothing goes wrong any more."""


def say(text: str) -> None:
    """Progress, with the time."""
    print(f"{datetime.now(UTC):%H:%M:%S}  {text}", file=sys.stderr, flush=True)


def keep(name: str, report: Mapping[str, Any]) -> None:
    """Write a run's report to build/chaos/NAME."""
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / name).write_text(json.dumps(report, indent=2) + "\n")


def exit_code(failed: Sequence[str]) -> int:
    """Print why the run has failed, if it has."""
    for text in failed:
        print(f"FAILED  {text}")
    return 1 if failed else 0


@dataclass(frozen=True)
class Stand:
    """The applied forks. Firehose finds the OpenSearch node, and the replay function SQS, behind proxies."""

    stack: ModuleStack
    domain: FaultProxy
    sqs: FaultProxy
    began: datetime

    @property
    def bench(self) -> Bench:
        return self.stack.bench

    def fork(self, name: str) -> dict[str, str]:
        found: dict[str, str] = self.stack.output["forks"][name]
        return found

    def stream(self, fork: str) -> str:
        """The stream's name is the fork's; "" stays "", which is every stream."""
        return fork and f"{self.stack.name}-{fork}"

    def settle(self) -> None:
        """Wait until nothing is on its way to the archive or the index."""
        for fork in ("backup", "search"):
            self.read(fork)
        self.stack.firehose.wait_until_delivered(seconds=QUIET_WITHIN)

    def read(self, fork: str) -> None:
        """Wait until a fork's queue is empty."""
        url, what = self.fork(fork)["queue_url"], f"{fork} has read its queue"
        eventually(lambda: self.stack.waiting(url), lambda waiting: not waiting, within=QUIET_WITHIN, what=what)

    def start_replay(self) -> None:
        """Switch the replay fork on: its queue goes to the target, and what comes later too."""
        self.bench.client("lambda").update_event_source_mapping(UUID=self.stack.output["replay_mapping"], Enabled=True)

    def accounts(self, made: Sequence[Made], taken: Sequence[Mapping[str, Any]] = ()) -> list[Account]:
        """What became of the events in each fork. `taken`: messages that a consumer of the replay's target had."""
        everything = {one.id for one in made}
        return [
            account("backup", everything, self.archive()),
            account("search", matching(made), self.index()),
            account("replay", everything, self.replayed(taken)),
        ]

    def archive(self) -> Seen:
        stored = self.stack.stored_events(self.stack.output["archive_bucket"], "orders/")
        return Seen(Counter(one_id(line["Message"]) for line in stored), self._dead_letters("backup"))

    def index(self) -> Seen:
        node = OpenSearch(self.bench.opensearch_url, timeout=60)
        indices = f"{self.stack.name}-2*"
        node.indices.refresh(index=indices)
        hits = scan(node, index=indices, size=2_000, _source=["id"])
        return Seen(Counter(hit["_source"]["id"] for hit in hits), self._dead_letters("search"), self._rejected())

    def replayed(self, taken: Sequence[Mapping[str, Any]]) -> Seen:
        """What the replay's target has, which is taken out, and what was taken before."""
        messages = [*taken, *take(self.stack.client("sqs"), self.stack.output["consumer_queue_url"])]
        ids = Counter(one_id(json.loads(message["Body"])["Message"]) for message in messages)
        return Seen(ids, self._dead_letters("replay"))

    def verify(self) -> tuple[str, dict[str, Any]]:
        """What `event-fork verify` finds wrong ("" for nothing), and its report.

        It calls an event of the last minutes that is nowhere "on its way". Once all has settled there is none.
        """
        window = ("--from", (self.began - timedelta(minutes=1)).isoformat(), "--to", datetime.now(UTC).isoformat())
        forks = [f"{self.stack.name}-{fork}" for fork in self.stack.output["forks"]]
        ran = event_fork(self.bench, "verify", *forks, *window, "--output", "json")
        report = json.loads(ran.stdout) if ran.stdout else {}
        if ran.code:
            return ran.stderr.strip() or f"exit code {ran.code}", report
        left = report["in_flight"]
        return f"{left:,} times an event is on its way, although nothing moves any more" if left else "", report

    def _dead_letters(self, fork: str) -> dict[str, str]:
        """Ids and reasons. They are taken out."""
        letters = take(self.stack.client("sqs"), self.fork(fork)["dead_letter_queue_url"])
        return {
            one_id(letter["Body"]): letter.get("MessageAttributes", {}).get(REASON_ATTRIBUTE, {}).get("StringValue", "")
            for letter in letters
        }

    def _rejected(self) -> dict[str, str]:
        found = {}
        for line in self.stack.stored_events(self.stack.output["rejected_bucket"], "errors/"):
            found[one_id(base64.b64decode(line["rawData"]).decode())] = f"{line['errorCode']} {line['errorMessage']}"
        return found


@contextmanager
def standing(name: str) -> Iterator[Stand]:
    """The forks on a bench of their own, .bench/run/NAME, which ends with all that is on it."""
    with (
        Bench.running(RUNS / name, to_stderr()) as bench,
        fault_proxy(bench.opensearch_url) as domain,
        fault_proxy(bench.endpoints.aws_endpoint_url) as sqs,
    ):
        bench.kill("firehose")
        bench.start_again("firehose", opensearch_url=domain.url)
        given = {
            "name": name,
            "powertools_layer_arn": bench.powertools_layer_arn,
            "domain": bench.create_domain(name),
        }
        workspace = bench.workspace(configuration=CONFIGURATION, variables=given)
        try:
            say("terraform apply")
            workspace.apply()
            stand = Stand(ModuleStack(bench, workspace, name), domain, sqs, datetime.now(UTC))
            functions, replay = bench.client("lambda"), stand.fork("replay")["function_name"]
            before = functions.get_function_configuration(FunctionName=replay)["Environment"]["Variables"]
            set_environment(functions, replay, {**before, "AWS_ENDPOINT_URL_SQS": sqs.url})
            yield stand
        finally:
            workspace.remove()


def mutate(stand: Stand, fork: str, lost: str) -> None:
    """Give a fork a function that loses one event: it says that it was delivered."""
    functions, name = stand.stack.client("lambda"), stand.fork(fork)["function_name"]
    handler = functions.get_function_configuration(FunctionName=name)["Handler"]
    module = handler.rpartition(".")[0].replace(".", "/") + ".py"
    changed = io.BytesIO()
    with zipfile.ZipFile(PROJECT / "lambdas/dist/event_fork.zip") as whole, zipfile.ZipFile(changed, "w") as made:
        for entry in whole.infolist():
            made.writestr(
                entry, whole.read(entry) + (_LOSES.format(lost=lost).encode() if entry.filename == module else b"")
            )
    functions.update_function_code(FunctionName=name, ZipFile=changed.getvalue())
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)


_LOSES = """
_whole = handler
def handler(event, context):
    event["Records"] = [record for record in event["Records"] if "{lost}" not in record["body"]]
    return _whole(event, context) if event["Records"] else {{"batchItemFailures": []}}
"""
