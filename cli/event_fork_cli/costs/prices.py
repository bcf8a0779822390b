"""AWS's list prices in US dollars: the only place that has them. docs/costs.md names the pages.

Without free tiers and without the discounts of large amounts.
"""

REGION = "us-east-1"
AS_OF = "November 2026"

SQS_REQUEST = 0.40 / 1_000_000
SQS_FIFO_REQUEST = 0.50 / 1_000_000
SQS_REQUEST_BYTES = 64 * 1024
"""A request is billed once for each 64 KB of its payload."""
SNS_TO_FIREHOSE = 0.19 / 1_000_000
LAMBDA_GB_SECOND = 0.000_013_333_4
"""On arm64."""
LAMBDA_REQUEST = 0.20 / 1_000_000
FIREHOSE_GB = 0.029
FIREHOSE_STEP_BYTES = 5 * 1024
"""Each record is rounded up to the next 5 KB."""
STATE_TRANSITION = 25 / 1_000_000
S3_GET = 0.4 / 1_000_000
S3_PUT = 5 / 1_000_000
S3_GB_MONTH = 0.023
METRIC_MONTH = 0.30
