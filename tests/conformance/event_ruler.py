"""aws/event-ruler, the rule engine that AWS published: its jars from Maven Central, its answers, and where ours differ.

SNS shares its error texts, so it is the nearest judge of filter policies that there is. Which version SNS runs is not
public, and two of them differ by what they do with numbers; so both are asked.
"""

import json
import random
import sys
from functools import cache

from testbench.opensearch.distribution import Jar
from tests.conformance.tools import HERE, jars, run

_JACKSON = "com.fasterxml.jackson.core"
_JARS = {
    "1.7.0": (
        Jar(
            "942b7f36b66163521eeed78116a5d3256174a13b074a0826754ca4c4f3197898",
            "lib",
            "software.amazon.event.ruler",
            "event-ruler",
            "1.7.0",
        ),
        Jar(
            "c3c53333a2172a80678bda1803e39cff45bec6ae3e9c7d4f44a81ec4e2ab18dc",
            "lib",
            _JACKSON,
            "jackson-databind",
            "2.15.3",
        ),
        Jar(
            "aae865c3d88256d61b11523cb1e88bd48d5b9ad5855fa1fc859504fd2204708a",
            "lib",
            _JACKSON,
            "jackson-annotations",
            "2.15.3",
        ),
        Jar(
            "51fab7aad51ed588482edc507fd542747936c5094d1ab76ed21ddb63b96b610d",
            "lib",
            _JACKSON,
            "jackson-core",
            "2.15.3",
        ),
        Jar(
            "766ad2a0783f2687962c8ad74ceecc38a28b9f72a2d085ee438b7813e928d0c7",
            "lib",
            "com.google.code.findbugs",
            "jsr305",
            "3.0.2",
        ),
    ),
    "1.8.1": (
        Jar(
            "cec3fc54e85d27904b053a159553039a861b08e574d813cf74c47deb277ec432",
            "lib",
            "software.amazon.event.ruler",
            "event-ruler",
            "1.8.1",
        ),
        Jar(
            "2bf1927b7f3224683ed0157a1ec3b0ede75179da3e597d78c572d56ed00f9f3c",
            "lib",
            _JACKSON,
            "jackson-databind",
            "2.18.0",
        ),
        Jar(
            "a09367d2eeb526873abf737ff754c5085f82073a382ee72c3bbe15412217671f",
            "lib",
            _JACKSON,
            "jackson-annotations",
            "2.18.0",
        ),
        Jar(
            "215bbd7c8fd65be504cb92ff3aa1c4b790fc7b14cca72f4546aac4143c101bb5",
            "lib",
            _JACKSON,
            "jackson-core",
            "2.18.0",
        ),
        Jar(
            "766ad2a0783f2687962c8ad74ceecc38a28b9f72a2d085ee438b7813e928d0c7",
            "lib",
            "com.google.code.findbugs",
            "jsr305",
            "3.0.2",
        ),
        Jar(
            "bd7d695c336843f75477767a59cfdf909c0c6aa5fde2b9f4f021c9f30974ea08",
            "lib",
            "ch.randelshofer",
            "fastdoubleparser",
            "2.0.0",
        ),
    ),
}
VERSIONS = tuple(_JARS)

Asked = tuple[str, list[str]]
"""A policy and events."""

_NUMBERS = [
    *(
        "0",
        "-0",
        "0.0",
        "1",
        "1.0",
        "1.50",
        "15e-1",
        "100",
        "1E2",
        "100.00001",
        "100.000001",
        "100.0000001",
        "99.9999999",
    ),
    *("99.999999", "99.99999", "-3.018e2", "301.8", "0.1", "0.00001", "0.000001", "0.1234567", "0.12345", "3.141593"),
    *("1000000000", "1000000000.0", "999999999.99999", "1000000001", "5000000000", "5000000001", "-5000000000"),
    *("-5000000001", "9007199254740993", "1e300", "-1e300", "12345678901234567890", "0.0000004", "0.0000006"),
]
_TEXTS = ["100", "1", "x", "X", "", "order-1", "order-", "1.0", "a*b", "aXb", "10.0.0.7", "10.0.1.7", "::1", "\u00e9"]
_VALUES = [*_NUMBERS, *map(json.dumps, _TEXTS), "true", "false", "null", "[]", "{}", "[1,100]", '["x",100]', "[null]"]
_EVENTS = [*(f'{{"p":{value}}}' for value in _VALUES), "{}", '{"q":1}', '{"p":{"p":1}}']
_OTHERS = [
    *(
        '"x"',
        '""',
        "true",
        "false",
        "null",
        '{"exists":true}',
        '{"exists":false}',
        '{"prefix":"order-"}',
        '{"prefix":""}',
    ),
    *(
        '{"suffix":"-1"}',
        '{"equals-ignore-case":"X"}',
        '{"wildcard":"a*b"}',
        '{"wildcard":"a\\\\*b"}',
        '{"wildcard":"*"}',
    ),
    *(
        '{"cidr":"10.0.0.0/24"}',
        '{"anything-but":"x"}',
        '{"anything-but":["x","order-1"]}',
        '{"anything-but":{"prefix":"1"}}',
    ),
    '{"anything-but":{"suffix":"1"}}',
]


def asked(seed: int, policies: int) -> list[Asked]:
    """So many policies with numbers and other entries, each with all events."""
    chance = random.Random(seed)

    def number() -> str:
        return chance.choice(_NUMBERS)

    def entry() -> str:
        match chance.randrange(6):
            case 0:
                return chance.choice(_OTHERS)
            case 1:
                return f'{{"numeric":["{chance.choice(["=", "<", "<=", ">", ">="])}",{number()}]}}'
            case 2:
                lower, upper = chance.choice([">", ">="]), chance.choice(["<", "<="])
                return f'{{"numeric":["{lower}",{number()},"{upper}",{number()}]}}'
            case 3:
                return f'{{"anything-but":[{number()}]}}'
        return number()

    made = (f'{{"p":[{",".join(entry() for _ in range(chance.choice([1, 1, 2])))}]}}' for _ in range(policies))
    return [(policy, _EVENTS) for policy in dict.fromkeys(made)]


@cache
def answers(version: str, seed: int, policies: int) -> list[list[bool] | str]:
    """What the engine says of each policy: for each event whether it matches, or why it refuses the policy."""
    question = {"jars": jars("event-ruler", version, _JARS[version]), "asked": asked(seed, policies)}
    found: list[list[bool] | str] = json.loads(run([sys.executable, str(HERE / "judges" / "ruler.py")], question, 600))
    return found
