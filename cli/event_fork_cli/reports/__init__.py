"""What became of a topic's events in a window: per fork, per type and hour, and the replays; as data and as a page."""
