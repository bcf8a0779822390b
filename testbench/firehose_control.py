"""A client of the local Data Firehose's control API: arms faults, moves its clock. See testbench/firehose/README.md."""

import json
import urllib.error
import urllib.request
from types import TracebackType
from typing import Any, Self

from testbench.errors import BenchError


class FirehoseControl:
    """Usable as a context manager or by `reset`: both take every armed fault away and set the clock right."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def arm(self, point: str, **options: Any) -> str:
        """Arm a fault, e.g. arm("put-entry", stream="orders", times=3); returns its id. Raises `BenchError`."""
        return str(self._call("POST", "faults", {"point": point, **options})["id"])

    def armed(self) -> list[dict[str, Any]]:
        """The armed faults with how often each hit."""
        found: list[dict[str, Any]] = self._call("GET", "faults")["armed"]
        return found

    def hits(self, fault_id: str) -> int:
        """How often that fault hit so far."""
        return next(int(fault["hits"]) for fault in self.armed() if fault["id"] == fault_id)

    def disarm(self, fault_id: str = "") -> None:
        """Take one fault away, or all."""
        self._call("DELETE", f"faults/{fault_id}" if fault_id else "faults")

    def clock(self, **changes: float) -> dict[str, Any]:
        """Change the clock that buffers and retries wait for: speed=10, offset_seconds=3600, advance_seconds=300."""
        return self._call("PUT", "clock", changes)

    def flush(self, stream: str = "") -> None:
        """Have what is buffered delivered now, of one stream or of all."""
        self._call("POST", "flush", {"stream": stream} if stream else {})

    def reset(self) -> None:
        """No faults, and time at its usual speed."""
        self.disarm()
        self.clock(speed=1.0, offset_seconds=0.0)

    def __enter__(self) -> Self:
        self.reset()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.reset()

    def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 -- the bench's own http address
            f"{self._url}/_firehose/{path}", data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with self._opener.open(request, timeout=10) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise BenchError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from error
        return dict(json.loads(content)) if content else {}
