"""Names of rotated indices, from the record's arrival in UTC. Source: developer guide "Index rotation"; notes 5."""

from datetime import UTC, datetime

from local_firehose.delivery.java_time import us_week


def index_name(base: str, rotation: str, arrival_ms: int) -> str:
    """``base`` with the suffix of the rotation period; OneWeek counts US weeks (Sunday to Saturday)."""
    instant = datetime.fromtimestamp(arrival_ms / 1000, UTC)
    if rotation == "OneHour":
        return f"{base}-{instant:%Y-%m-%d-%H}"
    if rotation == "OneDay":
        return f"{base}-{instant:%Y-%m-%d}"
    if rotation == "OneWeek":
        year, week = us_week(instant.date())
        return f"{base}-{year}-w{week:02d}"
    if rotation == "OneMonth":
        return f"{base}-{instant:%Y-%m}"
    return base
