"""The archive in S3 as a thing to read. Runs in the replay worker and in the operators' command.

layout       how keys are built: folders of times
listing      which objects a window needs
store        the port: list and read objects          <- event_fork.adapters.s3_archive
unpacking    bytes of an object -> plain bytes, told by magic number (gzip, zip, Snappy, plain)
snappy       Snappy's streams, in plain Python
zstandard    the decoder that this Python has, if any
spooling     all bytes first, for readers that are slow on purpose
lines        plain bytes -> numbered lines
raw_lines    lines that are the messages alone -> envelopes
selection    numbered lines + window + event types + filter -> events
shapes       what a line that is no event looks like
errors       what a reader of the archive can meet
"""
