"""DirectPut throughput per stream and second. Source: developer guide "Amazon Data Firehose quota"; notes 1.3."""

from dataclasses import dataclass, field

from local_firehose.clock import Clock

MIB = 1024 * 1024
_LARGE_REGIONS = frozenset({"us-east-1", "us-west-2", "eu-west-1"})


@dataclass(frozen=True, slots=True)
class Quota:
    """The least of the three that is used up throttles."""

    records: float
    requests: float
    bytes: float


LARGE = Quota(500_000, 2_000, 5 * MIB)
SMALL = Quota(100_000, 1_000, 1 * MIB)


def quota(region: str) -> Quota:
    """The default quota of a region."""
    return LARGE if region in _LARGE_REGIONS else SMALL


@dataclass(slots=True)
class Meter:
    """A token bucket of one second for each of the three."""

    quota: Quota
    clock: Clock
    _last: float = field(default=float("-inf"))
    _records: float = 0.0
    _requests: float = 0.0
    _bytes: float = 0.0

    def request(self) -> bool:
        """Count one request; False when the quota of requests is used up."""
        self._refill()
        if self._requests < 1:
            return False
        self._requests -= 1
        return True

    def record(self, size: int) -> bool:
        """Count one record; False when records or bytes are used up. A record may overdraw what is left."""
        if self._records < 1 or self._bytes <= 0:
            return False
        self._records -= 1
        self._bytes -= size
        return True

    def _refill(self) -> None:
        now = self.clock.elapsed()
        passed = max(0.0, now - self._last)
        self._last = now
        self._records = min(self.quota.records, self._records + passed * self.quota.records)
        self._requests = min(self.quota.requests, self._requests + passed * self.quota.requests)
        self._bytes = min(self.quota.bytes, self._bytes + passed * self.quota.bytes)
