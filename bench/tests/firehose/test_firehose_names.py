"""Names of objects: time patterns, prefix expressions, keys, and the API's rules for them. Notes 4.1, 4.2."""

import re
import string
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from botocore.exceptions import ClientError
from firehose.harness import Harness
from hypothesis import given
from hypothesis import strategies as st

from local_firehose.delivery.expressions import ExpressionError, evaluate, parse, partition_keys_used, random_string
from local_firehose.delivery.java_time import PatternError, format_instant, us_week
from local_firehose.delivery.keys import arrival, error_prefix, object_name, object_prefix

NOON = datetime(2026, 11, 3, 9, 5, 7, 123456, tzinfo=UTC)  # a Tuesday
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def key(prefix: str, instant: datetime = NOON, extension: str = "") -> str:
    """The key of an object of stream ``s`` in version 3."""
    return evaluate(object_prefix(prefix), instant) + object_name("s", 3, instant, extension)


# --- 4.1 object key -----------------------------------------------------------------------------------------------


@pytest.mark.behaviour("4.1", "documented")
def test_a_key_is_prefix_stream_version_time_uuid_and_extension() -> None:
    assert re.fullmatch(rf"logs/2026/11/03/09/s-3-2026-11-03-09-05-07-{UUID}\.gz", key("logs/", extension=".gz"))


@pytest.mark.behaviour("4.1", "documented")
def test_without_a_prefix_the_key_starts_with_the_time_folders() -> None:
    assert key("").startswith("2026/11/03/09/s-3-")


@pytest.mark.behaviour("4.1", "observed", "floci 1857")
def test_a_literal_prefix_gets_the_time_folders_with_no_slash_between() -> None:
    assert key("legacy").startswith("legacy2026/11/03/09/s-3-")


@pytest.mark.behaviour("4.1", "documented")
def test_a_prefix_with_a_timestamp_is_evaluated_as_it_is() -> None:
    assert key("date=!{timestamp:yyyy-MM-dd}/").startswith("date=2026-11-03/s-3-")


@pytest.mark.behaviour("4.1", "uncertain")
def test_a_prefix_with_other_expressions_only_gets_the_time_folders_unless_switched_off() -> None:
    prefix = "!{firehose:random-string}/"
    assert re.fullmatch(r"[a-z0-9]{11}/2026/11/03/09/.*", key(prefix))
    assert object_prefix(prefix, append_time_without_timestamp=False) == prefix


@pytest.mark.behaviour("4.1", "documented")
def test_the_time_is_the_arrival_of_the_oldest_record_in_whole_seconds(harness: Harness) -> None:
    stream = harness.s3_stream(Prefix="!{timestamp:SSS}/", ErrorOutputPrefix="!{firehose:error-output-type}/")
    harness.control.clock(speed=0, offset_seconds=-86_400)
    before = datetime.now(UTC)
    stream.put(b"oldest")
    after = datetime.now(UTC)
    harness.control.clock(offset_seconds=0)
    stream.put(b"newest")
    harness.control.clock(advance_seconds=60)
    (stored,) = stream.objects()
    begun = {f"{moment - timedelta(days=1):%Y-%m-%d-%H}" for moment in (before, after)}
    assert stored.body == b"oldestnewest"
    assert stored.key.removeprefix(f"000/{stream.name}-1-")[:13] in begun


@pytest.mark.behaviour("4.1", "documented")
def test_a_custom_time_zone_applies_to_prefix_and_name(harness: Harness) -> None:
    instant = arrival(int(datetime(2026, 7, 1, 22, 30, tzinfo=UTC).timestamp() * 1000), "Asia/Tokyo")
    assert key("!{timestamp:yyyy-MM-dd'T'HH XXX}/", instant).startswith("2026-07-02T07 +09:00/s-3-2026-07-02-07-30-00")
    stream = harness.s3_stream(CustomTimeZone="Pacific/Kiritimati", Prefix="p/")
    before = datetime.now(ZoneInfo("Pacific/Kiritimati"))
    stream.put(b"x")
    after = datetime.now(ZoneInfo("Pacific/Kiritimati"))
    assert stream.objects()[0].key[:12] in {f"p/{moment:%Y/%m/%d}" for moment in (before, after)}


@pytest.mark.behaviour("4.1", "documented")
@pytest.mark.parametrize(
    ("instant", "local"),
    [
        ("2026-03-29T00:59:59", "2026-03-29T01:59:59 +01:00 CET"),
        ("2026-03-29T01:00:00", "2026-03-29T03:00:00 +02:00 CEST"),
        ("2026-10-25T00:30:00", "2026-10-25T02:30:00 +02:00 CEST"),
        ("2026-10-25T01:30:00", "2026-10-25T02:30:00 +01:00 CET"),
    ],
)
def test_the_hour_that_summer_time_skips_or_repeats_is_named_as_the_zone_has_it(instant: str, local: str) -> None:
    arrived = int(datetime.fromisoformat(f"{instant}+00:00").timestamp() * 1000) + 999
    assert evaluate("!{timestamp:yyyy-MM-dd'T'HH:mm:ss XXX z}", arrival(arrived, "Europe/Berlin")) == local
    name = object_name("s", 1, arrival(arrived, "Europe/Berlin"), "")
    assert name.startswith(f"s-1-{local[:19].replace('T', '-').replace(':', '-')}-")


@pytest.mark.behaviour("4.1", "documented")
def test_the_version_in_the_name_is_the_one_at_delivery(harness: Harness) -> None:
    stream = harness.s3_stream()
    stream.update(Prefix="x/")
    stream.put(b"x")
    assert f"/{stream.name}-2-" in stream.objects()[0].key


# --- 4.2 expressions ----------------------------------------------------------------------------------------------


@pytest.mark.behaviour("4.2", "documented")
def test_random_strings_have_11_characters_and_differ_at_every_occurrence() -> None:
    first, second = evaluate("!{firehose:random-string}/!{firehose:random-string}", NOON).split("/")
    assert len(first) == len(second) == 11
    assert first != second
    assert len({random_string() for _ in range(1000)}) == 1000


@pytest.mark.behaviour("4.2", "documented")
def test_error_output_type_and_partition_keys_are_replaced() -> None:
    assert evaluate("e/!{firehose:error-output-type}/", NOON, error_type="processing-failed") == "e/processing-failed/"
    assert (
        evaluate(
            "!{partitionKeyFromQuery:a}-!{partitionKeyFromLambda:b}",
            NOON,
            from_query={"a": "1"},
            from_lambda={"b": "2"},
        )
        == "1-2"
    )


@pytest.mark.behaviour("4.2", "documented")
def test_all_timestamps_of_a_prefix_are_the_same_instant() -> None:
    assert evaluate("!{timestamp:ss.SSSSSS}!{timestamp:ss.SSSSSS}", NOON) == "07.12345607.123456"


@pytest.mark.behaviour("4.2", "documented")
@pytest.mark.parametrize(
    "prefix",
    [
        "a!{b",
        "!{}",
        "!{timestamp}",
        "!{timestamp:}",
        "!{time:yyyy}",
        "!{firehose:random}",
        "!{timestamp:yyyy!{x}",
        "!{",
    ],
)
def test_exclamation_mark_and_brace_stand_only_for_an_expression(harness: Harness, prefix: str) -> None:
    with pytest.raises(ExpressionError):
        parse(prefix)
    with pytest.raises(ClientError, match=r"The supplied prefix\(es\) do not satisfy the following constraint: "):
        harness.s3_stream(Prefix=prefix, ErrorOutputPrefix="!{firehose:error-output-type}/")


@pytest.mark.behaviour("4.2", "observed", "preflight")
def test_an_error_prefix_is_needed_when_the_prefix_has_expressions(harness: Harness) -> None:
    with pytest.raises(ClientError) as caught:
        harness.s3_stream(Prefix="!{timestamp:yyyy}/")
    assert caught.value.response["Error"] == {
        "Code": "InvalidArgumentException",
        "Message": "The supplied prefix(es) do not satisfy the following constraint: "
        "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions",
    }


FRAME = "The supplied prefix(es) do not satisfy the following constraint: "
TYPE = "!{firehose:error-output-type}/"


@pytest.mark.behaviour("4.2", "observed", "preflight")
@pytest.mark.parametrize(
    ("prefixes", "message"),
    [
        (
            {"ErrorOutputPrefix": "!{timestamp:yyyy}/"},
            f"{FRAME}ErrorOutputPrefix must contain at least one occurrence of !{{firehose:error-output-type}}",
        ),
        (
            {"Prefix": TYPE, "ErrorOutputPrefix": TYPE},
            f"{FRAME}Prefix must not contain any occurrence of !{{firehose:error-output-type}}",
        ),
        (
            {"ErrorOutputPrefix": f"{TYPE}!{{partitionKeyFromQuery:k}}/"},
            "Dynamic Partitioning Namespaces can't be part of an error prefix expression",
        ),
        (
            {"Prefix": "!{partitionKeyFromQuery:k}/", "ErrorOutputPrefix": TYPE},
            "Dynamic Partitioning Namespaces can only be part of a prefix expression when Dynamic Partitioning is "
            "enabled.",
        ),
        (
            {"Prefix": "my!{prefix/", "ErrorOutputPrefix": TYPE},
            f"{FRAME}Invalid expression usage: my!{{prefix/.Must be of the form !{{<namespace>:<value>}}",
        ),
        (
            {"Prefix": "a/!{bogus:yyyy}/", "ErrorOutputPrefix": TYPE},
            f"{FRAME}Namespace to the left of colon (bogus) is an invalid keyword!",
        ),
        (
            {"Prefix": "a/!{timestamp:yyyy/bbb}/", "ErrorOutputPrefix": TYPE},
            f"{FRAME}Invalid conversion character used in the value of the expression in Prefix",
        ),
        (
            {"ErrorOutputPrefix": f"!{{firehose:bogus}}/{TYPE}"},
            f"{FRAME}Invalid conversion character used in the value of the expression in ErrorOutputPrefix",
        ),
    ],
)
def test_prefixes_that_break_a_rule_are_refused_in_awss_words(
    harness: Harness, prefixes: dict[str, Any], message: str
) -> None:
    for destination in ("s3", "opensearch"):
        with pytest.raises(ClientError) as caught:
            harness.s3_stream(**prefixes) if destination == "s3" else harness.opensearch_stream(s3=prefixes)
        assert caught.value.response["Error"] == {"Code": "InvalidArgumentException", "Message": message}


@pytest.mark.behaviour("4.2", "observed", "preflight")
def test_of_all_letters_as_timestamp_patterns_aws_refuses_these() -> None:
    refused = set()
    for letter in string.ascii_letters:
        try:
            format_instant(letter, NOON)
        except PatternError:
            refused.add(letter)
    assert refused == set("CIJPRTUVbfijloprt")


@pytest.mark.behaviour("4.1", "observed", "preflight")
@pytest.mark.parametrize("zone", ["Mars/Phobos", "EST", "Asia/Kolkata", "Europe/Kyiv"])
def test_time_zones_are_utc_or_older_iana_names(harness: Harness, zone: str) -> None:
    with pytest.raises(ClientError) as caught:
        harness.s3_stream(CustomTimeZone=zone)
    assert caught.value.response["Error"]["Message"] == (
        "Provided custom time zone is not supported. Custom time zones are limited to UTC and non-3-letter IANA time "
        "zones."
    )


@pytest.mark.behaviour("4.2", "uncertain")
def test_without_an_error_prefix_failures_lie_below_prefix_type_and_time() -> None:
    assert (
        evaluate(error_prefix("logs/", ""), NOON, error_type="processing-failed")
        == "logs/processing-failed/2026/11/03/09/"
    )
    assert evaluate(error_prefix("", ""), NOON, error_type="processing-failed") == "processing-failed/2026/11/03/09/"


@pytest.mark.behaviour("4.2", "documented")
def test_an_error_prefix_with_expressions_gets_no_time() -> None:
    prefix = error_prefix("ignored/", "myFirehoseFailures/!{firehose:error-output-type}/")
    assert evaluate(prefix, NOON, error_type="processing-failed") == "myFirehoseFailures/processing-failed/"


@pytest.mark.behaviour("4.2", "uncertain")
def test_a_literal_error_prefix_is_used_as_it_is() -> None:
    assert evaluate(error_prefix("ignored/", "failed/"), NOON, error_type="processing-failed") == "failed/"


@pytest.mark.behaviour("4.2", "documented")
def test_an_evaluated_prefix_has_at_most_512_characters(harness: Harness) -> None:
    stream = harness.partitioned_stream(Prefix="!{partitionKeyFromQuery:k}/")
    stream.put(b'{"k":"%s"}' % (b"x" * 511), b'{"k":"%s"}' % (b"x" * 512))
    assert len(stream.all_objects("xxx")) == 1
    assert len(stream.all_objects("errors/processing-failed/")) == 1
    with pytest.raises(ClientError, match="Length of evaluated prefix cannot be greater than 512"):
        harness.s3_stream(Prefix="x" * 513)


# --- Java's DateTimeFormatter -------------------------------------------------------------------------------------


@pytest.mark.behaviour("4.2", "documented")
@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy/MM/dd/HH", "2026/11/03/09"),
        ("y yy yyy yyyyy u", "2026 26 2026 02026 2026"),
        ("M MM MMM MMMM MMMMM", "11 11 Nov November N"),
        ("L LL LLL", "11 11 Nov"),
        ("d dd D DDD", "3 03 307 307"),
        ("E EE EEE EEEE EEEEE", "Tue Tue Tue Tuesday T"),
        ("e ee eee eeee c ccc", "3 03 Tue Tuesday 3 Tue"),
        ("H HH k kk K KK h hh a", "9 09 9 09 9 09 9 09 AM"),
        ("m mm s ss", "5 05 7 07"),
        ("S SS SSS SSSSSS SSSSSSSSS n", "1 12 123 123456 123456000 123456000"),
        ("A N", "32707123 32707123456000"),
        ("Q QQ QQQ QQQQ", "4 04 Q4 4th quarter"),
        ("w ww W YYYY F", "45 45 1 2026 1"),
        ("G GGGG GGGGG", "AD Anno Domini A"),
        ("B g", "in the morning 61347"),
        ("VV z X XX XXX x xx xxx Z ZZZZ ZZZZZ O OOOO", "Z UTC Z Z Z +00 +0000 +00:00 +0000 GMT Z GMT GMT"),
        ("yyyy'T'HH'h''s'", "2026T09h's"),
        ("''yyyy''", "'2026'"),
        ("[yyyy]-MM", "2026-11"),
        ("yyyy.MM_dd, HH:mm", "2026.11_03, 09:05"),
    ],
)
def test_a_timestamp_is_formatted_as_by_javas_date_time_formatter(pattern: str, text: str) -> None:
    assert format_instant(pattern, NOON) == text


@pytest.mark.behaviour("4.2", "documented")
@pytest.mark.parametrize(
    ("pattern", "offset", "text"),
    [
        ("X XX XXX XXXX XXXXX", timedelta(hours=5, minutes=30), "+0530 +0530 +05:30 +0530 +05:30"),
        ("x xx xxx Z ZZZZ", timedelta(hours=-8), "-08 -0800 -08:00 -0800 GMT-08:00"),
        ("O OOOO", timedelta(hours=5, minutes=45), "GMT+5:45 GMT+05:45"),
        ("XXXX XXXXX", timedelta(hours=1, seconds=30), "+010030 +01:00:30"),
    ],
)
def test_zone_offsets_are_formatted_as_by_java(pattern: str, offset: timedelta, text: str) -> None:
    assert format_instant(pattern, NOON.astimezone(timezone(offset))) == text


@pytest.mark.behaviour("4.2", "documented")
@pytest.mark.parametrize(
    "pattern",
    ["b", "j", "yyyy'", "{yyyy}", "#", "MMMMMM", "DDDD", "HHH", "V", "VVV", "zzzzz", "ZZZZZZ", "]", "OO", "aa"],
)
def test_a_pattern_java_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        format_instant(pattern, NOON)


@pytest.mark.parametrize(
    ("day", "week"),
    [
        ("2016-01-01", (2016, 1)),
        ("2016-01-02", (2016, 1)),  # the first Saturday
        ("2016-01-03", (2016, 2)),
        ("2016-02-25", (2016, 9)),
        ("2016-12-31", (2016, 53)),
        ("2017-12-31", (2018, 1)),  # a Sunday: its week holds 1 January
        ("2026-11-03", (2026, 45)),
    ],
)
def test_us_weeks_start_on_sunday_and_week_1_has_the_first_saturday(day: str, week: tuple[int, int]) -> None:
    assert us_week(datetime.fromisoformat(day).date()) == week


@given(st.text(max_size=60) | st.from_regex(r"(!\{(timestamp|firehose):[a-zA-Z'/-]{0,9}\}|[a-z=/]){0,5}"))
def test_any_text_is_evaluated_or_clearly_refused(prefix: str) -> None:
    try:
        used = partition_keys_used(prefix)
    except ExpressionError:
        return  # any other error fails the test
    keys = {name: "k" for _, name in used}
    assert isinstance(evaluate(prefix, NOON, error_type="t", from_query=keys, from_lambda=keys), str)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_the_default_folders_are_the_calendar_of_the_instant(instant: datetime) -> None:
    assert format_instant("yyyy/MM/dd/HH/", instant) == f"{instant:%Y/%m/%d/%H/}"
