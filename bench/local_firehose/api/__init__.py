"""The wire: AWS JSON 1.1 framing, errors, the twelve operations."""
