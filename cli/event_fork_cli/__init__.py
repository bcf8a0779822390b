"""The operators' command `event-fork`.

    app         the entry point: commands, exit codes, errors as one sentence
    commands    options of each command; nothing but a call and a print
    views       tables of what the functions return
    planning    reading the archive and making a plan
    replay      running, watching and steering a planned replay
    queue       the 14-day queue

Commands are thin; the functions under them take clients and return data. The format of the archive and of a plan is
`event_fork.archive`'s, the same code that the functions in AWS run.
"""
