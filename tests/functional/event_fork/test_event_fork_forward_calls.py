from benchmarks.forward_calls import BILLING_STEP_BYTES, messages_of, one_by_one, packed


def test_the_benchmark_counts_both_ways_over_the_same_messages() -> None:
    messages = messages_of(200, 1_500)

    theirs, ours = one_by_one(messages), packed(messages)

    assert (theirs.calls, theirs.records, theirs.billed_bytes) == (1_500, 1_500, 1_500 * BILLING_STEP_BYTES)
    assert (ours.calls, ours.records) == (2, 2)
    # Packed, at most the last 5 KB of each record are billed without being used.
    stored = sum(len(message.body.encode()) for message in messages)
    assert ours.billed_bytes < stored + 2 * BILLING_STEP_BYTES
    assert ours.billed_bytes < theirs.billed_bytes / 5
