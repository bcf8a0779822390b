"""`python -m local_firehose`."""

from local_firehose.cli import run

if __name__ == "__main__":
    run()
