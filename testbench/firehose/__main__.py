import sys

from testbench.firehose.cli import main

sys.exit(main())
