"""The operators' command `event-fork`.

    app             the entry point: exit codes, errors as one sentence
    commands        nothing but a call and a print
    options         the options of the commands
    views           tables of what the functions return
    archive_replay  planning, running, watching and steering a replay from the archive
    queue_replay    the 14-day queue
    costs           what AWS bills for, and its prices

Commands are thin; the functions under them take clients and return data. Archive, plan and window are
read and written by `event_fork`, the same code that the functions in AWS run.
"""
