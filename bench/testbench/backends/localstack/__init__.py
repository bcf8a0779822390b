"""LocalStack, the second backend: PyPI's open edition in host mode, without Docker (bench/docs/localstack.md)."""
