"""One module per AWS service: each implements, with boto3, a port that a room of the domain has written down."""
