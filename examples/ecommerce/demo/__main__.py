"""The e-commerce example on the local bench, from `terraform apply` to `terraform destroy`, with what it did read back.

Exit codes: 0 every promise held, 1 one did not or something failed (said in words), 130 interrupted.
"""

import argparse
import json
import signal
import sys
import time
from pathlib import Path

from rich.console import Console

from examples.ecommerce.demo.orders import samples
from examples.ecommerce.demo.report import broken_promises, report_of
from examples.ecommerce.demo.session import Session
from examples.ecommerce.demo.show import Show
from testbench import Bench

PROJECT = Path(__file__).resolve().parents[3]
STATE = PROJECT / ".bench" / "run" / "demo"
REPORT = PROJECT / "build" / "demo" / "report.json"
LOG_WIDTH = 132
"""Columns where the output is no terminal."""


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; returns the exit code."""
    options = _options(arguments)
    show = Show(Console(width=None if sys.stdout.isatty() else LOG_WIDTH))
    session = Session(STATE, show, options.keep)
    began = time.monotonic()
    REPORT.unlink(missing_ok=True)  # an earlier run's must not be taken for this one's
    try:
        seen = session.run(samples(options.orders, options.bad, options.seed))
    except KeyboardInterrupt:
        show.failed("interrupted", STATE, running=_running())
        return 130
    except Exception as error:  # whatever it is: the demo ends with its words, not with a traceback
        show.failed(f"{type(error).__name__}: {error}", STATE, running=_running())
        return 1
    show.seconds["total"] = time.monotonic() - began
    report = report_of(seen)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    broken = broken_promises(seen)
    show.end(report, REPORT, broken)
    if session.kept:
        show.kept(STATE, session.kept.shop(), session.kept.workspace.folder)
    else:
        show.next_steps()
    return 1 if broken else 0


def _running() -> bool:
    """Whether any part of the bench has a process: after an error, that is asked and not assumed."""
    return any(part.pid for part in Bench.parts_health(STATE) if part.state != "died")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.ecommerce.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave example and bench running at the end")
    parser.add_argument("--orders", type=int, default=200, help="orders to place (default 200)")
    parser.add_argument("--bad", type=int, default=20, help="of those, orders with a fault (default 20)")
    parser.add_argument("--seed", type=int, default=1, help="other orders with another seed (default 1)")
    options = parser.parse_args(arguments)
    if not 0 <= options.bad < options.orders:
        parser.error(f"--bad must be from 0 to {options.orders - 1}, one less than --orders")
    return options


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGHUP):  # `kill`, a closed terminal: tidy up as after Ctrl-C
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
