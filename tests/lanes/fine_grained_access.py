"""Fine-grained access control: OpenSearch's security plugin over TLS, the module's function, the local Firehose.

`make lane-access`. What the function installs lets the delivery role write the fork's indices and no others; a role
that is not mapped loses nothing: every document is in the bucket with the domain's 403, and the metric alarms.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from firehose.harness import FAST, Harness, StreamUnderTest, eventually, lines

from event_fork.adapters.opensearch import OpenSearchDomain
from event_fork.index_management.installer import Installer
from event_fork.index_management.managed_index import ManagedIndex, Request
from event_fork.sending.backoff import Deadline
from local_firehose.fakes.aws import FIREHOSE_TRUST, FakeAws
from local_firehose.fakes.opensearch import FakeOpenSearch
from local_firehose.fakes.server import RunningFirehose
from local_firehose.settings import Settings
from testbench.paths import PROJECT
from testbench.ports import choose
from tests.lanes.security_node import Front, SecurityNode, as_role, running

pytestmark = pytest.mark.timeout(600)
ACCOUNT = "arn:aws:iam::000000000000:role"
DELIVERY, WRONG, FUNCTION = f"{ACCOUNT}/orders-firehose", f"{ACCOUNT}/forgotten", f"{ACCOUNT}/orders-index"
FUNCTIONS_KEY = "AKIAFUNCTION"
PROPERTIES = json.loads((PROJECT / "modules/search-analytics/mappings.json").read_text())
INDEX = ManagedIndex(
    "orders",
    "orders-2*",
    "event-fork-orders",
    {
        "index_patterns": ["orders-2*"],
        "priority": 106,
        "template": {
            "settings": {"number_of_replicas": 0},
            "aliases": {"orders-all": {}},
            "mappings": {"properties": PROPERTIES},
        },
    },
    "orders-all",
    None,
    only_template=True,
    delivery_role_arn=DELIVERY,
)


@dataclass
class Lane:
    """All of it, running."""

    node: SecurityNode
    front: Front
    harness: Harness

    def install(self, request: Request) -> dict[str, Any]:
        """What the module's function does, signed by its own role."""
        domain = OpenSearchDomain(self.front.endpoint)
        return Installer(domain, Deadline.in_milliseconds(120_000)).run(request)

    def stream(self, role: str, index: str = "orders") -> StreamUnderTest:
        """A stream that delivers as that role."""
        return self.harness.opensearch_stream(
            RoleARN=role,
            IndexName=index,
            IndexRotationPeriod="OneDay",
            RetryOptions={"DurationInSeconds": 0},
            s3={"ErrorOutputPrefix": "errors/!{firehose:error-output-type}/"},
        )

    def ids(self, index: str = "orders-2*") -> set[int]:
        """Of the documents that are there, seen by the administrator."""
        self.node.call("POST", f"/{index}/_refresh", b"", as_role(FUNCTION))
        status, answer = self.node.call("GET", f"/{index}/_search?size=1000", b"", as_role(FUNCTION))
        assert status == 200, answer
        return {hit["_source"]["id"] for hit in json.loads(answer)["hits"]["hits"]}


@pytest.fixture(scope="module")
def lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lane]:
    patch = pytest.MonkeyPatch()
    patch.setenv("AWS_ACCESS_KEY_ID", FUNCTIONS_KEY)
    patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    folder = tmp_path_factory.mktemp("secured")
    with (
        FakeAws() as aws,
        FakeOpenSearch() as unused,
        running(folder, FUNCTION, choose(["secured"])["secured"]) as node,
    ):
        aws.roles |= dict.fromkeys(("orders-firehose", "forgotten", "firehose"), FIREHOSE_TRUST)

        def role_of(key: str) -> str:
            return FUNCTION if key == FUNCTIONS_KEY else aws.session_roles.get(key, "")

        with Front(node, role_of) as front:
            settings = Settings(
                aws_endpoint=aws.endpoint,
                opensearch=f"http://{front.endpoint}",
                clock_speed=FAST,
                assume_roles=True,  # each stream signs with its own role
                check_kms=False,
                enforce_quotas=False,
                drain_seconds=0.0,
            )
            with RunningFirehose(settings) as firehose:
                yield Lane(node, front, Harness(aws, unused, firehose))
    patch.undo()


@pytest.fixture(scope="module")
def installed(lane: Lane) -> Lane:
    assert lane.install(Request(INDEX)) == {"installed": "event-fork-orders"}
    return lane


def documents(*ids: int) -> list[bytes]:
    return [json.dumps({"id": number, "@timestamp": "2026-11-27T10:00:00.000Z"}).encode() + b"\n" for number in ids]


def rejected(stream: StreamUnderTest) -> list[dict[str, Any]]:
    return lines(stream.all_objects("errors/"))


def test_a_request_that_nobody_signed_is_refused(lane: Lane) -> None:
    assert lane.node.call("GET", "/_cluster/health", b"", {})[0] == 401


def test_a_role_that_is_not_mapped_loses_nothing_and_the_metric_of_the_alarm_falls(lane: Lane) -> None:
    stream = lane.stream(WRONG, "orders")
    stream.put(*documents(1, 2, 3))

    failed = rejected(stream)
    assert {json.loads(base64.b64decode(each["rawData"]))["id"] for each in failed} == {1, 2, 3}
    assert {each["errorCode"] for each in failed} == {"403"}
    assert all("security_exception" in each["errorMessage"] for each in failed)
    # What the module's alarm `<name>-delivery-failed` watches.
    success = eventually(
        lambda: lane.harness.aws.metric_values("DeliveryToAmazonOpenSearchService.Success"), what="the metric is put"
    )
    assert min(each["Minimum"] for each in success) == 0


def test_the_functions_role_lets_the_delivery_role_write_template_alias_and_documents(installed: Lane) -> None:
    stream = installed.stream(DELIVERY)
    stream.put(*documents(11, 12))
    stream.delivered()

    assert {11, 12} <= installed.ids()
    assert {11, 12} <= installed.ids("orders-all")
    assert rejected(stream) == []


def test_the_delivery_role_may_write_no_other_index(installed: Lane) -> None:
    stream = installed.stream(DELIVERY, "salaries")
    stream.put(*documents(21))

    assert [each["errorCode"] for each in rejected(stream)] == ["403"]


def test_documents_of_a_role_that_is_mapped_later_go_in_then(installed: Lane) -> None:
    stream = installed.stream(WRONG)
    stream.put(*documents(31))
    assert len(rejected(stream)) == 1

    installed.install(Request(replace(INDEX, delivery_role_arn=WRONG), previous=INDEX))
    try:
        stream.put(*documents(32))
        stream.delivered()
        assert 32 in installed.ids()
        assert 31 not in installed.ids()
    finally:
        installed.install(Request(INDEX))


def test_a_destroy_takes_role_and_mapping_away(installed: Lane) -> None:
    path = "/_plugins/_security/api/{}/event-fork-orders"

    def statuses() -> list[int]:
        return [
            installed.node.call("GET", path.format(kind), b"", as_role(FUNCTION))[0]
            for kind in ("roles", "rolesmapping")
        ]

    assert statuses() == [200, 200]
    installed.install(Request(INDEX, remove=True))
    assert statuses() == [404, 404]
    installed.install(Request(INDEX, remove=True))
