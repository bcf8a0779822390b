"""Replay from the archive: what runs inside the state machine of modules/replay.

    worker     handler: sends the events of one item (a range of lines of one object)
    governor   handler: watches the target's health and sets the rate; ramp, slow-down, stop

    item_replay  how a worker goes through an item        copies   stored event -> SQS message
    pacing       events a second, and original timing     control_watch  what operator and governor want
    governing    the rate policy, pure                    observation    what it decides by
    documents    the port to the work area  <- event_fork.adapters.s3_replay_documents
    errors       names that the state machine's Retry knows

Formats and selection are event_fork.archive's, the same code that made the plan.
"""
