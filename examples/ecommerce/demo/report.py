"""The demo's report and the promises it has to keep. Pure: all of it comes from what was seen."""

from collections.abc import Iterator
from typing import Any

from examples.ecommerce.demo.seen import Seen


def report_of(seen: Seen) -> dict[str, Any]:
    """build/demo/report.json; counts, names and seconds, each read back from where it happened."""
    return {
        "orders": {
            "sent": len(seen.answers),
            "accepted": len(seen.accepted),
            "refused": len(seen.refused),
        },
        "backup": {
            "objects": len(seen.archive.objects),
            "events": len(seen.archive.envelopes),
            "card_data_found": len(seen.card_data),
            "compression": seen.archive.compressions(),
            "encryption": seen.archive.encryptions(),
        },
        "search": {
            "expected": len(seen.expected_ids),
            "indexed": len(seen.search.documents),
            "rejected": len(seen.unindexable_ids),
            "rejected_in_bucket": len(seen.search.rejected_ids),
        },
        "replay": {
            "corrupted_before": len(seen.corrupted_before),
            "replayed": seen.healing.replayed,
            "corrupted_after": len(seen.corrupted_after),
        },
        "archive_replay": seen.archive_replay
        and {
            "planned": seen.archive_replay.planned,
            "sent": seen.archive_replay.sent,
            "state": seen.archive_replay.state,
        },
        "terraform": {
            "second_plan_changes": len(seen.applied.second_plan),
            "resources": len(seen.applied.resources),
            "destroyed": seen.destroyed is not None and not (seen.destroyed.in_state or seen.destroyed.in_account),
        },
        "seconds": {step: round(seconds, 1) for step, seconds in seen.seconds.items()},
    }


def broken_promises(seen: Seen) -> list[str]:
    """One sentence for each promise that does not hold, naming what differs; empty when all hold."""
    return [
        *_order_faults(seen),
        *_backup_faults(seen),
        *_search_faults(seen),
        *_replay_faults(seen),
        *_archive_replay_faults(seen),
        *_end_faults(seen),
    ]


def _order_faults(seen: Seen) -> Iterator[str]:
    for answer in seen.answers:
        if not answer.as_expected:
            wanted = answer.sample.wrong_field or "nothing wrong"
            yield f"an order with {wanted} was answered {answer.status} {answer.body}, not as it should be"


def _backup_faults(seen: Seen) -> Iterator[str]:
    accepted = {answer.order_id for answer in seen.accepted}
    archived = [order["id"] for order in seen.archive.orders]
    if missing := accepted - set(archived):
        yield f"{len(missing)} accepted orders are not in the backup: {_some(missing)}"
    if strange := set(archived) - accepted:
        yield f"{len(strange)} orders are in the backup that were never accepted: {_some(strange)}"
    if len(archived) != len(set(archived)):
        yield f"the backup has {len(archived)} events for {len(set(archived))} orders"
    if found := seen.card_data:
        yield f"card data is in the backup {len(found)} times, first {found[0]}"
    if seen.archive.compressions() != "GZIP":
        yield f"the backup's compression is {seen.archive.compressions()}, not GZIP"
    if seen.archive.encryptions() != "aws:kms":
        yield f"the backup's encryption is {seen.archive.encryptions()}, not aws:kms"
    if seen.archive.error_keys:
        yield f"the backup has objects under errors/: {_some(seen.archive.error_keys)}"


def _search_faults(seen: Seen) -> Iterator[str]:
    if missing := seen.expected_ids - seen.search.ids:
        yield f"{len(missing)} orders are not in the index: {_some(missing)}"
    if strange := seen.search.ids - seen.expected_ids:
        yield f"{len(strange)} orders are in the index that should not be: {_some(strange)}"
    if len(seen.search.documents) != len(seen.search.ids):
        yield f"the index has {len(seen.search.documents)} documents for {len(seen.search.ids)} orders"
    if seen.search.rejected_ids != seen.unindexable_ids:
        difference = seen.search.rejected_ids ^ seen.unindexable_ids
        yield f"the bucket of rejected orders differs from what the index cannot take by {_some(difference)}"


def _replay_faults(seen: Seen) -> Iterator[str]:
    if not seen.corrupted_before:
        yield "the bug corrupted no row, so there was nothing to heal"
    if wrong := seen.corrupted_after:
        yield f"{len(wrong)} rows are wrong after the replay: {_some(wrong)}"
    if seen.healing.replayed != len(seen.accepted):
        yield f"{seen.healing.replayed} orders were replayed, not the {len(seen.accepted)} accepted ones"
    for fork, count in seen.healing.dead_letters.items():
        if count:
            yield f"{count} messages are in the dead-letter queue of {fork}"


def _archive_replay_faults(seen: Seen) -> Iterator[str]:
    found = seen.archive_replay
    if found is None:
        return
    if found.planned != len(seen.accepted):
        yield f"event-fork planned {found.planned} orders of the backup, not the {len(seen.accepted)} accepted ones"
    if (found.state, found.sent) != ("done", found.planned):
        yield f"the replay from the backup is {found.state} after {found.sent} of {found.planned} orders"
    if found.rows_after != seen.healing.rows_after:
        yield "the replay from the backup changed rows that were right"


def _end_faults(seen: Seen) -> Iterator[str]:
    if seen.applied.second_plan:
        yield f"a second plan would change {_some(seen.applied.second_plan)}"
    if seen.destroyed and (left := seen.destroyed.in_state + seen.destroyed.in_account):
        yield f"after destroy there is still {_some(left)}"


def _some(names: Any) -> str:
    """The first few names."""
    names = sorted(names)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
