"""Dead letters of a fork's queue: looked at, sent back, deleted.

letters  a dead letter: why, when, which event
looking  every message of the queue once, all of them visible again at the end
sending  of a frozen set: sent and then deleted, or kept in a file and then deleted
"""
