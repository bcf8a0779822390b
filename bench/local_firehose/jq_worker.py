"""Runs one jq program over records, in a process of its own: ``python -m local_firehose.jq_worker CPU_SECONDS``.

Frames are a length of four bytes and so many bytes. In come the program and then records; for each goes out ``+`` and
the lines of its results, or ``-`` and why there are none. A program that takes too long or too much memory ends the
process: jq cannot be interrupted, holds Python's lock while it runs, and aborts on some programs (``import``).
"""

import os
import resource
import signal
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any

from local_firehose.json_text import loads

MOST_MEMORY = 1024**3
MOST_KEYS = 16 * 1024  # bytes of a record's keys; S3 has 1,024 for the whole key of an object


def frame(data: bytes) -> bytes:
    """The data as it goes through a pipe."""
    return struct.pack(">I", len(data)) + data


def _frames() -> Iterator[bytes]:
    source = sys.stdin.buffer
    while len(head := source.read(4)) == 4:
        yield source.read(*struct.unpack(">I", head))


def main() -> None:
    """Work until the input ends."""
    os.environ.clear()  # a program would see it in $ENV
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    frames = _frames()
    query = next(frames, b"")
    program = _answered(_compiled, query)
    for record in frames:
        _answered(lambda data: _results(program or _compiled(query), data), record)


def _compiled(query: bytes) -> Any:
    try:
        import jq
    except ImportError as error:
        raise ValueError("jq is not installed: pip install jq==1.5.0") from error
    text = query.decode()
    jq.compile(text)
    # tojson: jq writes the digits that a double has, Python would write more.
    return jq.compile(f"({text}\n)|tojson")


def _results(program: Any, record: bytes) -> str:
    try:
        text = record.decode()
        loads(text)  # jq takes several values, and none
    except ValueError as error:
        raise ValueError(f"Non JSON record provided: {error}") from error
    found = "\n".join(program.input(text=text).all())
    if len(found) > MOST_KEYS:
        raise ValueError(f"The partition keys have {len(found)} characters, at most {MOST_KEYS} can be used")
    return found


def _answered(step: Callable[[bytes], Any], given: bytes) -> Any:
    signal.setitimer(signal.ITIMER_PROF, float(sys.argv[1]))  # SIGPROF ends the process
    try:
        result = step(given)
        answer = f"+{result}"
    except ValueError as error:
        result, answer = None, f"-{error}"[:MOST_KEYS]
    sys.stdout.buffer.write(frame(answer.encode("utf-8", "replace")))
    sys.stdout.buffer.flush()
    return result


if __name__ == "__main__":
    main()
