"""Where the AWS control plane and everything but Firehose and OpenSearch come from."""
