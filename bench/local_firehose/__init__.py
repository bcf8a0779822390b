"""A local Amazon Data Firehose that behaves as the real one between PutRecordBatch and the destination.

Run it with ``python -m local_firehose --help``; README.md beside this file says what it does, what it does not,
and how sure each behaviour is.
"""
