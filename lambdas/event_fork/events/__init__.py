"""Events as they are published, stored and received: envelope, SQS messages, JSON paths, redaction."""
