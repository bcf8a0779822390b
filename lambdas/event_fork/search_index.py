"""Lambda function that Terraform and a schedule invoke: template, alias and retention of a search fork's index."""

import os
from typing import Any

from event_fork.adapters.opensearch import OpenSearchDomain
from event_fork.index_management.installer import Installer
from event_fork.index_management.managed_index import Request
from event_fork.sending.backoff import Deadline
from event_fork.settings import SearchIndexSettings
from event_fork.telemetry import logger, traced


@logger.inject_lambda_context
@traced
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry point: what was done in the domain."""
    request = Request.from_event(event)
    done = installer(Deadline.in_milliseconds(context.get_remaining_time_in_millis())).run(request)
    logger.info("the domain's index was looked after", extra=done)
    return done


def installer(deadline: Deadline) -> Installer:
    """The parts, put together."""
    settings = SearchIndexSettings.from_env(os.environ)
    return Installer(OpenSearchDomain(settings.domain_endpoint, settings.credentials_secret_arn), deadline)
