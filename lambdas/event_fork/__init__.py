"""The functions of Event Fork Pipelines: from a fork's queue to where events are kept, searched or replayed.

Arrows go one way: handler module -> domain module -> port <- adapter. ../README.md says what is where.
"""
