"""What both functions of the example find in their environment."""

import os

import pytest

# Powertools reads these when a function's module is imported, so they are there before any test module is.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "ecommerce")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "EventForkPipelines")


@pytest.fixture(autouse=True)
def _lambda_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
