"""Corrections of the pinned MiniStack, each in its own module with its reason, applied before the emulator starts.

They wrap or replace functions of the emulator by name. Where such a function is gone, takes other arguments, or another
version is installed, the start is refused (`CorrectionError`). Each has a contract test in bench/tests/local_aws; the
list with what AWS does is in docs/bench.md.

    sqs_batches           batches of up to 10,000 messages or 6 MB, and the batching window
    batch_responses       an invalid partial batch response fails the whole batch
    mapping_qualifier     a function that is invoked by an alias is told so
    mapping_limits        what Lambda refuses about an event source mapping
    subscription_redrive  a subscription's dead-letter queue
    function_environment  a function gets AWS's variables, not the emulator's; its code comes before its layers
    alarms                alarms read back complete, so that a plan after an apply is empty
    sns_timestamp         one Timestamp for all subscriptions of what is published
    authorisation         changes nothing: whether a role may do something, for those below and Step Functions
    permissions           what a batch call, log events and a Map Run need the permission for
    keys                  an encrypted queue, topic or bucket needs its key's permission
    mapping_role          a mapping reads its queue with the function's role
    missing_objects       403 instead of 404 for who may not list the bucket
    secure_transport      loopback counts as TLS in policies
    s3_managed_key        SSE-KMS without a key means the AWS managed key
    api_gateway           validationErrorString in gateway responses
    idle_connections      a request is not lost with a connection that is closed while it waits
    step_functions        Distributed Map, execution names, error names of Lambda tasks
"""

from testbench.backends.ministack.corrections import (
    alarms,
    api_gateway,
    authorisation,
    batch_responses,
    function_environment,
    hooks,
    idle_connections,
    keys,
    mapping_limits,
    mapping_qualifier,
    mapping_role,
    missing_objects,
    permissions,
    s3_managed_key,
    secure_transport,
    sns_timestamp,
    sqs_batches,
    step_functions,
    subscription_redrive,
)

_ALL = (
    authorisation,
    sqs_batches,
    batch_responses,
    mapping_limits,
    mapping_qualifier,
    keys,
    mapping_role,
    subscription_redrive,
    sns_timestamp,
    function_environment,
    alarms,
    s3_managed_key,
    missing_objects,
    permissions,
    secure_transport,
    api_gateway,
    idle_connections,
    step_functions,
)


def apply() -> None:
    """Apply every correction. Raises `CorrectionError`."""
    hooks.check_version()
    for correction in _ALL:
        correction.apply()
