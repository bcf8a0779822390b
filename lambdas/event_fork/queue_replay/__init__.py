"""Replay of the 14-day queue: the window of a run, and what is done with a batch under it."""
