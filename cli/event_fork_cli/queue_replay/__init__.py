"""Replay from the 14-day queue of modules/replay: a window, the mapping on, the backlog drains, the mapping off.

pipelines     from a queue to its event source mapping, function and window parameter
windows       the window document in Parameter Store, and the lock that keeps two runs apart
settling      when a run is over, and whether it has done what it was for
run_reports   what the functions report of a run
interruption  Ctrl-C, once
draining      one run from its beginning to its end, whatever interrupts it
"""
