"""The archive in S3 as a thing to read, and the documents of a replay from it.

Runs in the replay worker (Lambda) and in the operators' command. No boto3 here.

    layout         key layout: which prefixes and objects a window needs
    store          the port: list and read objects                     <- event_fork.adapters.s3_archive (boto3)
    decompression  bytes of an object -> plain bytes, told by magic number (gzip, zip, Snappy, plain)
    spooling       all bytes first, for readers that are slow on purpose
    lines          plain bytes -> numbered lines
    selection      numbered lines + window + event types + filter -> events
    plan item control progress    what plan, worker, governor and command tell each other
    work_area      where those lie in the bucket
"""
