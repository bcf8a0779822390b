"""Sending in batches without loss: ports, batching, retries, packing, copies, dead letters, pacing."""
