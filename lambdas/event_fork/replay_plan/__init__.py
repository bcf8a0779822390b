"""The documents of a replay from the archive: plan, items, control and progress, read and written here only."""
