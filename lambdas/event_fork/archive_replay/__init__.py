"""Replay from the archive: what runs inside the state machine of modules/replay.

    invocation     what the state machine hands over       errors         names that its Retry knows
    worker         how a worker goes through an item       book_keeping   what became of it, and when that is written
    burst          some events to the target queue         copies         stored event -> SQS message
    governor_loop  the governor's looks at the target      governor       the rate policy, pure
    observation    what it decides by                      control_watch  what operator and governor want

Documents are event_fork.replay_plan's, selection is event_fork.archive's: the same code that made the plan.
"""
