"""The operators' command `event-fork`.

    app             the entry point: exit codes, errors as one sentence
    commands        nothing but a call and a print
    options         the options of the commands
    views           tables of what the functions return
    archive_replay  planning, running, watching and steering a replay from the archive
    queue_replay    the 14-day queue
    drills          replays whose outcome is counted: into a shadow queue, to a new consumer
    comparing       two tables or prefixes, and what differs
    verification    whether events are missing, and where each one is
    search          the index: read, written from the archive, built anew
    dead_letters    what is in a dead-letter queue and why
    rejected        what a delivery stream could not deliver
    repairs         sets of dead letters or documents, frozen before anything is done to them
    reports         what happened in a period, by CloudWatch
    costs           what AWS bills for, and its prices
    aws, output     clients; what goes to stdout and stderr
    moments, errors times as they are typed; what ends with exit code 2

Commands are thin; the functions under them take clients and return data. Archive, plan and window are
read and written by `event_fork`, the same code that the functions in AWS run.
"""
