"""Adapters: one module per AWS service, each implements a port of ports.py with boto3."""
