"""A client of the control API (control.py): arm faults, move the clock, look into buffers. Standard library only."""

import json
import time
import urllib.error
import urllib.request
from types import TracebackType
from typing import Any, Self

REQUEST_SECONDS = 60
POLL_SECONDS = 0.05


class FirehoseControlError(Exception):
    """The control API refused, did not answer, or what was waited for did not come; the message says which."""


class FirehoseControl:
    """Talks to one server. As a context manager it leaves no fault behind and the clock at its usual speed."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def health(self) -> dict[str, Any]:
        """Status, number of streams, undelivered records, memory."""
        return self._call("GET", "health")

    def arm(self, point: str, **options: Any) -> str:
        """Arm a fault, e.g. ``arm("put-entry", stream="orders", times=3)``; its id. README.md lists the points."""
        return str(self._call("POST", "faults", {"point": point, **options})["id"])

    def armed(self) -> list[dict[str, Any]]:
        """The armed faults, each with how often it hit."""
        found: list[dict[str, Any]] = self._call("GET", "faults")["armed"]
        return found

    def points(self) -> dict[str, dict[str, Any]]:
        """Where faults can be armed: what one chance is, options and their defaults."""
        found: dict[str, dict[str, Any]] = self._call("GET", "faults")["points"]
        return found

    def hits(self, fault_id: str) -> int:
        """How often that fault hit so far."""
        return next(int(fault["hits"]) for fault in self.armed() if fault["id"] == fault_id)

    def disarm(self, fault_id: str = "") -> None:
        """Take one fault away, or all."""
        self._call("DELETE", f"faults/{fault_id}" if fault_id else "faults")

    def clock(self, **changes: float) -> dict[str, Any]:
        """Change the clock of waits and timestamps: speed=10, offset_seconds=3600, advance_seconds=300; its state."""
        return self._call("PUT", "clock", changes)

    def streams(self, name: str = "") -> list[dict[str, Any]]:
        """State, version and buffers of the streams of that name (all when empty)."""
        found: list[dict[str, Any]] = self._call("GET", f"streams/{name}" if name else "streams")["streams"]
        return found

    def flush(self, stream: str = "") -> None:
        """Have what is buffered delivered now, of one stream or of all."""
        self._call("POST", "flush", {"stream": stream} if stream else {})

    def wait_until_delivered(self, stream: str = "", *, seconds: float = 60.0) -> None:
        """Flush until nothing undelivered is left; FirehoseControlError after ``seconds`` of the wall clock."""
        end = time.monotonic() + seconds
        while True:
            self.flush(stream)
            waiting = {one["name"]: one["buffers"] for one in self.streams(stream) if one["undelivered_records"]}
            if not waiting:
                return
            if time.monotonic() > end:
                raise FirehoseControlError(f"still undelivered after {seconds} s: {waiting}")
            time.sleep(POLL_SECONDS)

    def reset(self) -> None:
        """No faults, waits at their usual speed, timestamps of now."""
        self.disarm()
        self.clock(speed=1.0, offset_seconds=0.0)

    def __enter__(self) -> Self:
        self.reset()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reset()

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 (an http address the caller chose)
            f"{self._url}/_firehose/{path}", data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with self._opener.open(request, timeout=REQUEST_SECONDS) as answer:
                return dict(json.loads(answer.read()))
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            raise FirehoseControlError(f"{method} /_firehose/{path}: {error.code} {text}") from error
        except OSError as error:
            raise FirehoseControlError(f"{method} {self._url}/_firehose/{path}: {error}") from error
