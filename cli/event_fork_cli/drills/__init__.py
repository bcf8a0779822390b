"""Replays whose outcome is counted by ids: into a shadow queue as a drill, or to a new consumer.

id_sets      ids on disk: what a plan says against what came
planned_ids  the ids of a plan's events, read from the archive once more
collecting   takes out of a queue what a replay sent there, and nothing else
drilling     a drill from its plan to its report
switching    a new consumer's queue: from the archive over to live events
"""
