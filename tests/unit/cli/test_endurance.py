"""How slow a replay may be follows from what the state machine allows its workers."""

import re

from event_fork_cli.archive_replay.endurance import INVOCATIONS
from testbench.paths import PROJECT


def test_a_worker_has_as_many_invocations_for_an_item_as_the_state_machine_tries() -> None:
    text = (PROJECT / "modules" / "archive-replay" / "state_machine.tf").read_text()

    (attempts,) = re.findall(r'ErrorEquals = \["OutOfTimeError"\].*MaxAttempts = (\d+)', text)

    assert int(attempts) == INVOCATIONS
