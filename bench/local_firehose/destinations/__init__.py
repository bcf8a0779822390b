"""Where buffers go: S3 objects and OpenSearch bulk requests."""
