"""Small stand-ins on loopback for what Firehose talks to, so that its own tests and benchmark need no bench.

They record what they are sent and answer what a test tells them to; they are no emulators.
"""
