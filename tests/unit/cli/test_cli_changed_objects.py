"""Whether the archive is still what was planned, asked with few calls."""

import pytest

from event_fork_cli.archive_replay.applying import refuse_changed_objects
from event_fork_cli.errors import RefusedError
from tests.support.memory_archive import MemoryArchive

HOURS = [f"orders/date=2026-11-20/hour={hour:02}/{part}.gz" for hour in range(24) for part in "ab"]


def planned(archive: MemoryArchive, *keys: str) -> dict[str, str]:
    return {key: archive.open(key).etag for key in keys}


@pytest.mark.parametrize(
    ("keys", "listed"),
    [
        (HOURS, ["orders/date=2026-11-20/"]),
        (HOURS[:4], ["orders/date=2026-11-20/hour=00/", "orders/date=2026-11-20/hour=01/"]),
        (
            [*HOURS, "orders/date=2026-11-21/hour=00/a.gz"],
            ["orders/date=2026-11-20/", "orders/date=2026-11-21/hour=00/"],
        ),
        (["kind=a/x.gz", "kind=b/x.gz", "kind=c/x.gz"], ["kind=a/", "kind=b/", "kind=c/"]),
        (["hour=00/x.gz", "x.gz"], ["", "hour=00/"]),
    ],
)
def test_a_day_is_listed_at_once_and_nothing_that_is_not_planned(keys: list[str], listed: list[str]) -> None:
    archive = MemoryArchive({key: key.encode() for key in keys})

    refuse_changed_objects(planned(archive, *keys), archive)

    assert sorted(archive.listed) == listed


@pytest.mark.parametrize("keys", [HOURS, HOURS[:2]])
def test_a_changed_object_is_found_in_a_day_and_in_an_hour(keys: list[str]) -> None:
    archive = MemoryArchive({key: key.encode() for key in keys})
    items = planned(archive, *keys)
    archive.objects[keys[1]] = b"another"

    with pytest.raises(RefusedError, match=f"{keys[1]} was replaced"):
        refuse_changed_objects(items, archive)
