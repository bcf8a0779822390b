"""The tables of bench/local_firehose/README.md: behaviours from the tests that prove them, faults from the code.

    python bench/tests/firehose/behaviour_table.py          # write it
    python bench/tests/firehose/behaviour_table.py --check   # fail when it is not current

A behaviour is a test marked ``@pytest.mark.behaviour(section, confidence)``; its sentence is the test's name. One that
was observed names who observed it (SOURCES) as a third argument.
"""

import ast
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from local_firehose.faults import POINTS  # noqa: E402

README = HERE.parents[1] / "local_firehose" / "README.md"
BEGIN, END = "<!-- behaviours: made by bench/tests/firehose/behaviour_table.py -->", "<!-- end of behaviours -->"
POINTS_BEGIN = "<!-- points: made by bench/tests/firehose/behaviour_table.py -->"
POINTS_END = "<!-- end of points -->"
CONFIDENCES = {
    "documented": "AWS documents it",
    "model": "it is in the service model that AWS ships with its SDKs",
    "observed": "somebody saw real AWS do it and published what they saw: the source is named",
    "terraform": "Terraform's AWS provider depends on it (read in its code, checked by running it)",
    "uncertain": "not documented, or sources disagree; what was built is said in the notes",
    "bench": "no behaviour of AWS: something the bench adds",
}
_FLOCI = "https://github.com/floci-io/floci/issues/"
SOURCES = {
    # An emulator whose page lists the captures of AWS (us-east-1) that it is built from.
    "stackd": "https://github.com/radkawar/stackd/blob/9dc356f5/docs/firehose.md",
    # Rules of which each names the call to AWS that was refused, its words and its day (September 2026).
    "preflight": "https://github.com/badmintoncryer/cdk-preflight/tree/main/rules/firehose",
    # Issues and pull requests of an emulator that tell what was probed on AWS (July to September 2026).
    **{f"floci {n}": f"{_FLOCI}{n}" for n in (1857, 1886, 2328, 3235, 3236, 3349, 3375, 3393, 3521)},
}
SECTIONS = {
    "1.1": "Protocol",
    "1.2": "Names, limits, tags, lists",
    "1.3": "PutRecord and PutRecordBatch",
    "1.4": "States",
    "1.5": "UpdateDestination, roles",
    "1.6": "Server-side encryption",
    "1.7": "Describe",
    "1.8": "Terraform",
    "2": "Buffering",
    "3.1": "Lambda: event",
    "3.2": "Lambda: answers and failures",
    "3.3": "Lambda: error documents",
    "3.4": "Other processors",
    "4.1": "Object keys",
    "4.2": "Prefix expressions",
    "4.3": "Bytes and headers of objects",
    "4.4": "S3 failures, backup, conversion, partitions",
    "5": "OpenSearch",
    "6": "Metrics and error events",
    "8": "Bench",
}
# Words that a sentence made of a test's name would spell wrong.
_WORDS = {
    "awss": "AWS's",
    "openx": "OpenX",
    "opensearch": "OpenSearch",
    "firehose": "Firehose",
    "firehoses": "Firehose's",
    "cloudwatch": "CloudWatch",
    "dynamodb": "DynamoDB",
    "terraforms": "Terraform's",
    "javas": "Java's",
    "kinesis": "Kinesis",
    "java": "Java",
    "hadoop": "Hadoop",
    "kib": "KiB",
    "mib": "MiB",
}
_UPPER = {
    "aws",
    "s3",
    "json",
    "kms",
    "arn",
    "arns",
    "gzip",
    "api",
    "utc",
    "us",
    "vpc",
    "sse",
    "iana",
    "orc",
    "http",
    "https",
}
_UPPER |= {"jq", "sql", "iso", "mb", "acl", "uuid", "zip", "kpl", "id"} - {"id"}


@dataclass(frozen=True, order=True)
class Behaviour:
    """One row: where it stands in the notes, the sentence, how sure it is."""

    section: tuple[float, ...]
    confidence: str
    sentence: str
    source: str = ""


def behaviours() -> list[Behaviour]:
    """All behaviours of the test files, by section."""
    found = [one for path in sorted(HERE.glob("test_*.py")) for one in _in_file(path)]
    return sorted(found, key=lambda one: one.section)


def table() -> str:
    """The Markdown between the markers, markers included."""
    rows = [f"| {_name(b.section)} | {b.sentence} | {_confidence(b)} |" for b in behaviours()]
    counts = {name: sum(b.confidence == name for b in behaviours()) for name in CONFIDENCES}
    legend = [f"- **{name}** ({counts[name]}): {meaning}" for name, meaning in CONFIDENCES.items()]
    return "\n".join([BEGIN, "", *legend, "", "| part | behaviour | confidence |", "|---|---|---|", *rows, "", END])


def points() -> str:
    """The table of faults."""
    rows = []
    for name, point in POINTS.items():
        options = ", ".join(f"`{option}` ({json.dumps(value)})" for option, value in point.options.items())
        rows.append(f"| `{name}` | {point.chance} | {options or '-'} |")
    return "\n".join(
        [POINTS_BEGIN, "", "| point | one chance | options (default) |", "|---|---|---|", *rows, "", POINTS_END]
    )


def current(text: str) -> str:
    """README's text with both tables as they should be."""
    return _between(_between(text, BEGIN, END, table()), POINTS_BEGIN, POINTS_END, points())


def _between(text: str, begin: str, end: str, content: str) -> str:
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"README lacks {begin} or {end}")
    return before + content + after


def sentence(name: str) -> str:
    """``test_a_record_holds_up_to_1000_kib`` -> ``A record holds up to 1000 KiB``."""
    words = [
        _WORDS.get(word, word.upper() if word in _UPPER else word) for word in name.removeprefix("test_").split("_")
    ]
    text = " ".join(words)
    return text[0].upper() + text[1:]


def _in_file(path: Path) -> Iterator[Behaviour]:
    for node in ast.parse(path.read_text()).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.behaviour":
                section, confidence, *source = (ast.literal_eval(argument) for argument in decorator.args)
                known = section in SECTIONS and confidence in CONFIDENCES
                if not known or (confidence == "observed") != bool(source) or not set(source) <= set(SOURCES):
                    raise ValueError(f"{path.name}: {node.name}: unknown {section}, {confidence} or source {source}")
                yield Behaviour(tuple(map(float, section.split("."))), confidence, sentence(node.name), *source)


def _confidence(behaviour: Behaviour) -> str:
    if not behaviour.source:
        return behaviour.confidence
    return f"{behaviour.confidence} ([{behaviour.source}]({SOURCES[behaviour.source]}))"


def _name(section: tuple[float, ...]) -> str:
    number = ".".join(str(int(part)) for part in section)
    return f"{number} {SECTIONS[number]}"


def main(arguments: list[str]) -> int:
    """Write or check."""
    text = README.read_text()
    if text == current(text):
        return 0
    if "--check" in arguments:
        print(f"{README} is not current: run python {Path(__file__).relative_to(Path.cwd())}")
        return 1
    README.write_text(current(text))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
