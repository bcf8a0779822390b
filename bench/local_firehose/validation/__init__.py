"""What a request must satisfy: the service model's constraints, then Firehose's own rules."""
