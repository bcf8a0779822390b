import os
import sys

from testbench.firehose.cli import main

status = main()
sys.stdout.flush()
sys.stderr.flush()
# Not sys.exit, which waits for the threads: a call under way (a function may take five minutes) must not hold the end
# up. What it was to deliver is in the state folder, or was said to be lost.
os._exit(status)
