from benchmarks.forward_calls import BILLING_STEP_BYTES, forwarded, messages_of, one_by_one
from event_fork.sending.packing import pack, pack_compressed


def test_the_benchmark_counts_all_ways_over_the_same_messages() -> None:
    messages = messages_of(200, 1_500)

    theirs, packed, compressed = one_by_one(messages), forwarded(messages, pack), forwarded(messages, pack_compressed)

    assert (theirs.calls, theirs.records, theirs.billed_bytes) == (1_500, 1_500, 1_500 * BILLING_STEP_BYTES)
    assert (packed.calls, packed.records) == (compressed.calls, compressed.records) == (2, 2)
    # Packed, at most the last 5 KB of each record are billed without being used.
    stored = sum(len(message.body.encode()) for message in messages)
    assert packed.billed_bytes < stored + 2 * BILLING_STEP_BYTES
    assert packed.billed_bytes < theirs.billed_bytes / 5
    assert compressed.billed_bytes < packed.billed_bytes / 3
