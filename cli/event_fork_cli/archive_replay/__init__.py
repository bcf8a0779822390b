"""A replay from the archive: planning it, running it, watching it, steering it.

request        what the operator typed -> what is asked, checked
locations      addresses in S3, as they are typed
inspection     what an archive is, from a few of its objects
conversion     other archives, Parquet among them, as JSON lines that a replay reads
choosing       which events are meant, with rejected_ids
planner        the archive and what is asked -> a plan, with pool, scanning, segments, duplicates, ordering and spill
near_misses    what there is where nothing was found
endurance      how slow a replay may be
shadows        the plan of a replay into a shadow queue
signatures     a plan signed with a key of KMS
engines        the replay modules of this account and Region, from Parameter Store
targets        the queue that is meant
subscriptions  filter policy and form of an SNS subscription
executions     the port to Step Functions, and its adapter
applying       a plan -> a running execution, or the reason why not
statuses       where a replay stands
steering       pause, cancel, resume, another rate
history        all replays of an archive
"""
