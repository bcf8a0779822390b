"""The archive in S3 as a thing to read. Runs in the replay worker and in the operators' command.

listing      which objects a window needs
store        the port: list and read objects          <- event_fork.adapters.s3_archive
unpacking    bytes of an object -> plain bytes, told by magic number (gzip, zip, Snappy, plain)
spooling     all bytes first, for readers that are slow on purpose
lines        plain bytes -> numbered lines
selection    numbered lines + window + event types + filter -> events
"""
