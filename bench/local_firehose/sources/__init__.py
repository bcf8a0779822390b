"""Where records come from when nobody puts them: Kinesis data streams."""
