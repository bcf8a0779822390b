"""A replay from the archive: planning it, running it, watching it, steering it.

request        what the operator typed -> what is asked, checked
planner        the archive and what is asked -> a plan, with pool, scanning, segments, duplicates and spill
engines        the replay modules of this account and Region, from Parameter Store
targets        the queue that is meant
subscriptions  filter policy and form of an SNS subscription
executions     the port to Step Functions, and its adapter
applying       a plan -> a running execution, or the reason why not
statuses       where a replay stands
steering       pause, cancel, resume, another rate
history        all replays of an archive
"""
