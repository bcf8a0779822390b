"""A planned replay: running it, watching it, steering it.

engines        the replay modules of this account and Region, from Parameter Store
targets        the queue that is meant, and in which form its events come
subscriptions  filter policy and form of an SNS subscription
executions     the port to Step Functions, and its adapter
applying       a plan -> a running execution, or the reason why not
statuses       where a replay stands
steering       pause, cancel, resume, another rate
history        all replays of an archive
"""
