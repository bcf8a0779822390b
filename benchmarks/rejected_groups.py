"""Time and memory of grouping rejected documents, as `event-fork rejected list` does it.

    make bench-rejected          (or: python benchmarks/rejected_groups.py --help)

Error objects of a thousand documents of 1 KB each are made once, in a folder: no network is measured. A process of its
own reads and groups a tenth of them, and another all of them. Exit code 1 when 100,000 take longer than 30 seconds, or
when ten times as many take a quarter more memory.
"""

import argparse
import base64
import gzip
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "lambdas"), str(ROOT / "cli")]

from benchmarks.folder_archive import FolderArchive  # noqa: E402
from event_fork_cli.rejected.reading import Unread, error_objects, failures  # noqa: E402
from event_fork_cli.repairs.forks import ErrorFolder  # noqa: E402
from event_fork_cli.repairs.groups import Grouping  # noqa: E402

DATA = ROOT / "build" / "benchmarks"
FOLDER = ErrorFolder("bench", "errors/!{firehose:error-output-type}/date=!{timestamp:yyyy-MM-dd}/")
IN_AN_OBJECT = 1_000
FIELDS = 40
HUNDRED_THOUSAND, SECONDS = 100_000, 30
MOST_GROWTH = 1.25
ARRIVED = 1_795_435_200_000


def line(number: int) -> bytes:
    """A rejected document, as Firehose writes it."""
    document = {
        "@timestamp": "2026-11-23T12:00:00.000Z",
        "event_id": f"{number:08}-0000-4000-8000-000000000000",
        "event_type": f"order.{number % 7}",
        "amount": f"{number} EUR",
        "padding": "x" * 850,
    }
    reason = (
        f"failed to parse field [field_{number % FIELDS}] of type [long] in document with id '{number}'. "
        f"Preview of field's value: '{number} EUR'"
    )
    failure = {
        "attemptsMade": 1,
        "arrivalTimestamp": ARRIVED + number,
        "errorCode": "400",
        "errorMessage": json.dumps({"type": "mapper_parsing_exception", "reason": reason}),
        "attemptEndingTimestamp": ARRIVED + number,
        "esDocumentId": f"{number}.0",
        "esIndexName": "orders-2026-11",
        "esTypeName": "",
        "rawData": base64.b64encode(json.dumps(document).encode()).decode(),
    }
    return json.dumps(failure, separators=(",", ":")).encode() + b"\n"


def make(documents: int) -> Path:
    """The folder; made when it is not there."""
    folder = DATA / f"rejected-{documents}"
    if folder.exists():
        return folder
    unfinished = folder.with_suffix(".part")
    target = unfinished / "errors/AmazonOpenSearchService-failed/date=2026-11-23"
    target.mkdir(parents=True, exist_ok=True)
    for first in range(0, documents, IN_AN_OBJECT):
        content = b"".join(line(number) for number in range(first, min(first + IN_AN_OBJECT, documents)))
        (target / f"orders-search-1-{first:08}.gz").write_bytes(gzip.compress(content, compresslevel=1, mtime=0))
    unfinished.rename(folder)
    return folder


def measure(folder: Path, objects: int) -> None:
    """In a process of its own: what was found, how long it took, the most memory."""
    began = time.monotonic()
    store, grouping = FolderArchive(folder, objects), Grouping()
    for _, _, _, failure in failures(store, error_objects(store, FOLDER), Unread()):
        grouping.add(failure)
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found = {"documents": len(grouping), "groups": len(grouping.largest_first()), "seconds": seconds, "peak": peak}
    print(json.dumps(found))


def measured(folder: Path, objects: int) -> dict[str, float]:
    """The same, from outside."""
    command = [sys.executable, str(Path(__file__).resolve()), "--measure", str(folder), "--objects", str(objects)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def main() -> None:
    """Prints both runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=HUNDRED_THOUSAND)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--objects", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure is not None:
        measure(given.measure, given.objects)
        return
    folder = make(given.documents)
    objects = -(-given.documents // IN_AN_OBJECT)
    runs = [measured(folder, max(1, objects // 10)), measured(folder, objects)]
    for run in runs:
        print(
            f"{run['documents']:>9,.0f} documents, {run['groups']:,.0f} groups: {run['seconds']:6.1f} s, "
            f"{run['documents'] / run['seconds']:8,.0f}/s, {run['peak'] / 2**20:6.1f} MiB"
        )
    few, all_of_them = runs
    if all_of_them["seconds"] > SECONDS * max(1.0, given.documents / HUNDRED_THOUSAND):
        raise SystemExit(f"more than {SECONDS} s for {HUNDRED_THOUSAND:,} documents")
    if all_of_them["peak"] > MOST_GROWTH * few["peak"]:
        raise SystemExit("memory grows with the number of documents")


if __name__ == "__main__":
    main()
