"""examples/ecommerce on the bench, end to end: one walk through it, then what it left behind is looked at in detail.

The walk is the demo's own (examples/ecommerce/demo), with fewer orders; what the bench does not prove of AWS is in
bench/docs/emulation.md.
"""

import io
import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from rich.console import Console

from examples.ecommerce.demo.orders import Sample, samples
from examples.ecommerce.demo.place import Answer, place
from examples.ecommerce.demo.read_archive import CARD_FIELDS
from examples.ecommerce.demo.read_checkout import queue_depth
from examples.ecommerce.demo.report import broken_promises
from examples.ecommerce.demo.seen import Seen
from examples.ecommerce.demo.session import prepare
from examples.ecommerce.demo.shop import Shop
from examples.ecommerce.demo.show import Show
from examples.ecommerce.demo.walk import PAGE, Walk
from testbench import Bench, composition
from testbench.errors import TerraformError
from testbench.polling import eventually
from tests.support.order_requests import is_order, requests
from tests.support.replay_stack import take

pytestmark = pytest.mark.timeout(1200)  # the first test has the whole walk in its setup

ORDERS, BAD, ANY = 60, 20, 150
WRONG_INPUTS = {"max_order_bytes": "1023", "api_throttling": "{ rate = 0, burst = 1.5 }", "api_authorization": "CUSTOM"}


@dataclass
class Closer:
    """What the API does with requests of any kind, and Terraform with wrong inputs of it, at the end of the walk."""

    answers: list[Answer]
    published: list[str]
    throttling: tuple[float, int]
    refused: str


@pytest.fixture(scope="module")
def closer() -> list[Closer]:
    """Filled in by the walk."""
    return []


def look_closer(walk: Walk, shop: Shop) -> Closer:
    bodies: list[str] = []

    @settings(max_examples=ANY)
    @given(body=requests)
    def collect(body: str) -> None:
        bodies.append(body)

    collect()
    answers = place(shop.orders_url, [Sample(body, None, ()) for body in bodies[:ANY]], lambda _: None)
    sqs, accepted = walk.bench.client("sqs"), sum(answer.status == 201 for answer in answers)
    eventually(
        lambda: queue_depth(sqs, shop.replay_queue), lambda n: n >= accepted, within=60, what="every accepted order"
    )
    output, gateway = walk.workspace.output(), walk.bench.client("apigateway")
    stage = gateway.get_stage(restApiId=output["api_id"], stageName=output["api_stage_name"])
    limits = stage["methodSettings"]["*/*"]
    wrong = [f"-var={name}={value}" for name, value in WRONG_INPUTS.items()]
    with pytest.raises(TerraformError) as refused:
        walk.workspace.terraform("plan", "-input=false", "-no-color", *wrong)
    return Closer(
        answers,
        [message["Body"] for message in take(sqs, shop.replay_queue)],
        (limits["throttlingRateLimit"], limits["throttlingBurstLimit"]),
        str(refused.value),
    )


@pytest.fixture(scope="module")
def seen(bench: Bench, closer: list[Closer]) -> Seen:
    """What one walk saw, from apply to destroy."""
    log = io.StringIO()
    able = "distributed-map" not in composition.lacking()
    walk = prepare(bench, samples(ORDERS, BAD, seed=2), Show(Console(file=log, width=132)), archive_replay=able)
    if able:  # else replay stays on and takes what is published
        walk.before_destroy = lambda shop: closer.append(look_closer(walk, shop))
    try:
        return walk.run()
    except BaseException:
        print(log.getvalue())
        walk.workspace.destroy()  # the bench is everybody's
        raise
    finally:
        walk.workspace.remove()


def ids(answers: list[Answer]) -> list[str]:
    return sorted(answer.order_id for answer in answers if answer.order_id)


def test_the_demo_finds_every_promise_kept(seen: Seen) -> None:
    assert broken_promises(seen) == []


# -- API ---------------------------------------------------------------------------------------------------------------


def test_every_bad_order_is_refused_with_400_naming_its_field(seen: Seen) -> None:
    assert len(seen.refused) == BAD
    for answer in seen.refused:
        assert answer.as_expected, (answer.sample.wrong_field, answer.body)


def test_bad_orders_are_refused_by_the_gateway_and_in_depth_by_the_function(seen: Seen) -> None:
    by_gateway = {answer.sample.wrong_field for answer in seen.refused if "validation" in answer.body}
    by_function = {answer.sample.wrong_field for answer in seen.refused if "errors" in answer.body}
    assert {"payment", "discount", "shipping.address.city"} <= by_gateway
    assert {"amount", "payment.cardNumber", "currency"} <= by_function


def test_every_good_order_is_accepted_with_an_id_of_its_own(seen: Seen) -> None:
    assert len(seen.accepted) == len(set(ids(seen.accepted))) == ORDERS - BAD


def test_nothing_of_a_refused_order_reaches_any_fork(seen: Seen) -> None:
    accepted = set(ids(seen.accepted))
    assert {order["id"] for order in seen.archive.orders} == accepted
    assert set(seen.healing.rows_after) == accepted
    assert seen.healing.waiting_before == len(accepted)
    assert seen.search.ids | seen.search.rejected_ids <= accepted


@pytest.mark.needs("distributed-map")  # the walk looks closer only where it replays from the archive
def test_requests_of_any_kind_are_answered_201_or_400(seen: Seen, closer: list[Closer]) -> None:
    statuses = Counter(answer.status for answer in closer[0].answers)
    assert statuses.keys() == {201, 400}, [one for one in closer[0].answers if one.status not in (201, 400)]
    assert min(statuses.values()) >= ANY / 5


@pytest.mark.needs("distributed-map")  # the walk looks closer only where it replays from the archive
def test_of_requests_of_any_kind_exactly_the_accepted_ones_are_published_and_are_orders(
    seen: Seen, closer: list[Closer]
) -> None:
    published = [json.loads(body, parse_float=Decimal) for body in closer[0].published]
    assert sorted(order["id"] for order in published) == ids([one for one in closer[0].answers if one.status == 201])
    for order in published:
        assert is_order({name: order[name] for name in order if name not in ("id", "status", "placedAt")}), order


@pytest.mark.needs("distributed-map")  # the walk looks closer only where it replays from the archive
def test_the_api_is_throttled_as_its_inputs_say_and_wrong_ones_are_refused(seen: Seen, closer: list[Closer]) -> None:
    assert closer[0].throttling == (100, 200)
    for rule in ("max_order_bytes must be", "api_throttling.rate must be", "api_throttling.burst must be"):
        assert rule in closer[0].refused
    assert 'Received: "CUSTOM"' in closer[0].refused


# -- backup ------------------------------------------------------------------------------------------------------------


def test_the_backup_has_every_accepted_order_exactly_once(seen: Seen) -> None:
    assert sorted(order["id"] for order in seen.archive.orders) == ids(seen.accepted)
    assert seen.archive.error_keys == ()


def test_its_objects_are_gzip_by_their_bytes_and_encrypted_with_kms(seen: Seen) -> None:
    assert {(stored.compression, stored.encryption) for stored in seen.archive.objects} == {("GZIP", "aws:kms")}


def test_its_keys_are_partitioned_by_date_and_hour(seen: Seen) -> None:
    for stored in seen.archive.objects:
        date, hour, _ = stored.key.split("/")
        assert date.startswith("date=20")
        assert hour.removeprefix("hour=").isdigit()


def test_nothing_of_any_card_is_in_its_bytes(seen: Seen) -> None:
    sent = {number for answer in seen.accepted for number in answer.sample.card_numbers}
    assert len(sent) >= 10, "there must have been cards for this to say anything"
    assert seen.archive.card_data(sent) == []


def test_events_keep_their_envelope_and_attributes(seen: Seen) -> None:
    for envelope in seen.archive.envelopes:
        order = json.loads(envelope["Message"])
        assert envelope["Type"] == "Notification"
        assert envelope["MessageAttributes"]["event_type"] == {"Type": "String", "Value": "order.placed"}
        amount = envelope["MessageAttributes"]["amount"]
        assert (amount["Type"], Decimal(amount["Value"])) == ("Number", Decimal(str(order["amount"])))


def test_an_athena_query_gives_the_figures_of_the_archive(seen: Seen) -> None:
    result = seen.queries["orders_by_payment_method"]
    expected: dict[str, tuple[int, Decimal]] = {}
    for order in seen.archive.orders:
        orders, revenue = expected.get(order["payment"]["method"], (0, Decimal(0)))
        expected[order["payment"]["method"]] = (orders + 1, revenue + Decimal(order["amount"]))
    assert {method: (orders, revenue) for method, orders, revenue, _ in result.rows} == expected
    assert sum(events for *_, events in seen.queries["events_per_type_and_hour"].rows) == len(seen.accepted)


# -- search ------------------------------------------------------------------------------------------------------------


def test_the_index_has_exactly_the_orders_of_100_dollars_and_more(seen: Seen) -> None:
    dear = {order["id"] for order in seen.archive.orders if order["amount"] >= 100}
    amounts = {order["amount"] for order in seen.archive.orders}
    assert {Decimal("99.99"), Decimal(100)} <= amounts, "both sides of the limit have to be there"
    assert seen.search.ids | seen.search.rejected_ids == dear
    assert len(seen.search.documents) == len(seen.search.ids)


def test_documents_have_the_order_and_what_the_fork_adds(seen: Seen) -> None:
    for document in seen.search.documents:
        assert document["event_type"] == "order.placed"
        assert document["event_attributes"]["amount"]
        placed, published = (datetime.fromisoformat(document[name]) for name in ("placedAt", "@timestamp"))
        assert abs(published - placed) < timedelta(minutes=1)


def test_no_card_is_in_the_index_or_with_the_rejected_orders(seen: Seen) -> None:
    stored = json.dumps([*seen.search.documents, *(rejected.order for rejected in seen.search.rejected)])
    assert not [name for name in CARD_FIELDS if f'"{name}"' in stored]


def test_orders_the_index_rejects_are_in_their_bucket_with_the_reason(seen: Seen) -> None:
    assert {
        (rejected.order["id"] in seen.unindexable_ids, rejected.error_code) for rejected in seen.search.rejected
    } == {(True, "400")}
    reasons = " | ".join(sorted(rejected.reason for rejected in seen.search.rejected))
    assert "Limit of total fields [1000] has been exceeded" in reasons
    assert "field name cannot be an empty string" in reasons
    assert "out of range of long" in reasons
    assert len(seen.search.rejected) == 3


# -- checkout and replay -----------------------------------------------------------------------------------------------


def test_the_bug_corrupts_exactly_the_orders_placed_while_it_was_on(seen: Seen) -> None:
    placed_with_bug = seen.answers[round(ORDERS * 0.7) :]
    assert sorted(seen.corrupted_before) == ids(placed_with_bug) != []
    for name in seen.corrupted_before:
        before, after = seen.healing.rows_before[name], seen.healing.rows_after[name]
        assert before["status"] == "unpaid"
        assert before["amount"] * 100 == after["amount"]


def test_the_replay_heals_every_row(seen: Seen) -> None:
    assert seen.corrupted_after == []
    assert seen.healing.replayed == len(seen.accepted)
    assert seen.healing.waiting_after == 0


def test_a_replayed_order_leaves_a_sound_row_as_it_was(seen: Seen) -> None:
    sound = set(seen.healing.rows_before) - set(seen.corrupted_before)
    assert sound
    assert all(seen.healing.rows_before[name] == seen.healing.rows_after[name] for name in sound)


def test_no_message_ended_in_a_dead_letter_queue(seen: Seen) -> None:
    assert set(seen.healing.dead_letters.values()) == {0}


@pytest.mark.needs("distributed-map")
def test_the_backup_replays_every_order_once_more_and_changes_nothing(seen: Seen) -> None:
    assert seen.archive_replay is not None
    assert seen.archive_replay.planned == seen.archive_replay.sent == len(seen.accepted)
    assert seen.archive_replay.rows_after == seen.healing.rows_after


@pytest.mark.needs("distributed-map")  # the backend without it measures no topics either
def test_the_report_is_a_page_with_every_chart_filled(seen: Seen) -> None:
    charts = re.findall(r"<figure><h3>(.*?)</h3>(<svg.*?</svg>)", PAGE.read_text(), re.DOTALL)
    titles = [title.partition(": ")[2] or title for title, _ in charts]

    assert titles[0] == "What SNS counted"
    assert titles.count("events") == 4  # checkout and three forks
    assert titles.count("lag") == 4
    assert titles[-1] == "Events by type and hour"
    assert [title for title, svg in charts if "<title>" not in svg] == []
    counted = [int(count) for count in re.findall(r"<title>order\.placed, \S+: (\d+)</title>", charts[-1][1])]
    assert sum(counted) == len(seen.accepted)


# -- Terraform ---------------------------------------------------------------------------------------------------------


def test_a_second_plan_is_empty(seen: Seen) -> None:
    assert seen.applied.second_plan == []


def test_destroy_leaves_nothing(seen: Seen) -> None:
    services = {name.split()[0] for name in seen.applied.in_account}
    assert services >= {"sns", "sqs", "lambda", "dynamodb", "apigateway", "logs", "iam", "glue", "s3", "firehose"}
    assert seen.destroyed is not None
    assert seen.destroyed.in_state == []
    assert seen.destroyed.in_account == []
