"""The simulation that docs/scale.md is made of: the page is current, the fit predicts, the parts do what they say."""

from dataclasses import replace

import pytest

from benchmarks.apply import seconds_by_kind
from benchmarks.measured import read
from benchmarks.memory import complaints
from benchmarks.scale import PREDICTED_WITHIN, Line, predictions, results
from benchmarks.simulation import Fork, Quota, simulate
from docs import generate_scale_page

FORK = Fork(
    stream_bytes=1_000,
    packed=True,
    seconds_a_batch=0.1,
    seconds_an_event=0.001,
    quota=Quota(1_000_000, 1_000, 100),
    batch_messages=100,
    window_seconds=1.0,
    buffer_seconds=10.0,
)


def test_page_and_picture_are_what_the_simulation_gives() -> None:
    page = generate_scale_page.PAGE.read_text()

    assert page == generate_scale_page.current(page), "run `make docs`"
    assert generate_scale_page.PICTURE.read_text() == generate_scale_page.picture(), "run `make docs`"


def test_the_fourfold_load_is_predicted_from_the_single_and_the_double() -> None:
    assert {each.what: each.off for each in predictions() if abs(each.off) > PREDICTED_WITHIN} == {}
    assert len(predictions()) == 5


def test_every_load_is_held_by_one_of_the_settings() -> None:
    held = {(each.fork, each.rate) for each in results() if each.held and each.seen.refused_share < 0.01}

    assert held == {(each.fork, each.rate) for each in results()}


def test_the_committed_memory_is_flat() -> None:
    assert complaints(read()["memory"]) == []


def test_what_comes_in_goes_out() -> None:
    seen = simulate(FORK, 200.0)

    assert seen.delivered / seen.seconds == pytest.approx(200, rel=0.1)
    assert seen.refused == 0
    assert 10 / 2 < seen.latency(0.5) < 10 + 1 + 2
    assert seen.latency(0.5) < seen.latency(0.99)


def test_the_same_seed_gives_the_same_numbers_and_another_gives_others() -> None:
    assert simulate(FORK, 200.0) == simulate(FORK, 200.0)
    assert simulate(FORK, 200.0, seed=15) != simulate(FORK, 200.0)


@pytest.mark.parametrize(("streams", "held"), [(1, False), (3, True)])
def test_a_load_over_a_streams_quota_is_held_by_several(streams: int, held: bool) -> None:
    seen = simulate(replace(FORK, streams=streams), 1_500.0, patience=120.0)

    assert (seen.caught_up is not None) == held
    assert (seen.refused_share < 0.01) == held


def test_nobody_receives_while_too_many_messages_are_in_flight() -> None:
    seen = simulate(replace(FORK, streams=3, in_flight=500), 2_000.0, patience=60.0)

    assert seen.most_in_flight <= 500
    assert seen.caught_up is None


def test_a_domain_with_too_few_processors_lets_documents_wait() -> None:
    slow = replace(FORK, delivery_seconds_an_event=0.02, buffer_seconds=1.0)

    fast, late = (simulate(replace(slow, writers=writers), 200.0).latency(0.5) for writers in (8, 2))

    assert late > 2 * fast


def test_a_line_goes_through_its_points() -> None:
    line = Line.through({100: 0.3, 200: 0.5, 400: 0.9})

    assert line.once == pytest.approx(0.1)
    assert line.each == pytest.approx(0.002)
    assert Line.through({100: 0.1, 200: 0.3}).once == 0


def test_memory_that_grows_or_fills_the_function_is_named() -> None:
    row = {"messages": 10, "one message": 50.0, "a full batch": 100.0, "23 of them": 101.0}

    assert complaints({"storage": row}) == []
    assert len(complaints({"storage": row | {"23 of them": 140.0}})) == 1
    assert len(complaints({"storage": row | {"a full batch": 300.0, "23 of them": 300.0}})) == 1


def test_seconds_of_resources_are_read_from_terraforms_lines() -> None:
    def line(kind: str, at: str, address: str) -> str:
        resource = f'{{"addr": "{address}", "resource_type": "{address.partition(".")[0]}"}}'
        return f'{{"type": "{kind}", "@timestamp": "2026-11-28T07:00:{at}Z", "hook": {{"resource": {resource}}}}}'

    printed = [
        "not JSON",
        '{"type": "version"}',
        line("apply_start", "00.000000", "aws_sqs_queue.a"),
        line("apply_start", "01.000000", "aws_sns_topic.b"),
        line("apply_complete", "01.500000", "aws_sns_topic.b"),
        line("apply_complete", "25.000000", "aws_sqs_queue.a"),
    ]
    assert seconds_by_kind("\n".join(printed)) == {"aws_sns_topic": [0.5], "aws_sqs_queue": [25.0]}
