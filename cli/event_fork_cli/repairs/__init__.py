"""What repairs of dead letters and of rejected documents have in common.

forks      from a fork's name to its queues, its delivery stream and its domain
groups     fingerprints: what failed for one reason is one group
criteria   which of them are meant
frozen     the set that was looked at is the set that is touched: a file that lists it
history    who repaired what when, in Parameter Store
"""
