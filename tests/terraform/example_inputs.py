"""Values that several tests give to the modules."""

from typing import Any

KEY = {"arn": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"}
BUCKET = {"arn": "arn:aws:s3:::archive", "name": "archive"}
DOMAIN = {"arn": "arn:aws:es:eu-west-1:123456789012:domain/shared", "endpoint": "search-shared.example.com"}
FUNCTION = {"arn": "arn:aws:lambda:eu-west-1:123456789012:function:redact"}
ON_CALL = "arn:aws:sns:eu-west-1:123456789012:on-call"
QUEUE = {
    "arn": "arn:aws:sqs:eu-west-1:123456789012:checkout",
    "url": "https://sqs.eu-west-1.amazonaws.com/123456789012/checkout",
}
VPC = {"subnet_ids": ["subnet-0a1b", "subnet-0a1c"], "security_group_ids": ["sg-0a1b"]}

LEAST: dict[str, dict[str, Any]] = {
    "fork": {"handler": "event_fork.storage_backup.handler"},
    "storage-backup": {},
    "search-analytics": {"index_name": "orders"},
    "replay": {"destination_queue": QUEUE},
}
"""What each module needs beside its name and topic."""
