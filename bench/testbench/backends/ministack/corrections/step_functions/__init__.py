"""Step Functions as AWS runs it, where MiniStack 1.5.33 differs and a Distributed Map depends on it.

    definitions     what is refused of a definition, also when Terraform asks at plan time
    state_rules     what a state must have, and what its values may be
    state_machine_role what a state does needs the permission of the state machine's role
    execution_error the exception by which a state ends with an error name
    settings        fields of a Map state that may be given as a value or as a path
    batches         ItemReader's lines and ItemBatcher's groups
    map_run         one Map Run: its children, counts and thresholds; starts and ends children
    result_files    ResultWriter's manifest.json, SUCCEEDED_n.json, FAILED_n.json, PENDING_n.json
    distributed_map the Map state in DISTRIBUTED mode, made of the above
    executions      StartExecution with a name that was used, StopExecution of nested work
    lambda_errors   error names of the Lambda service that Retry and Catch see

Source of the behaviour: the Step Functions developer guide, pages named in each module.
"""

from testbench.backends.ministack.corrections.step_functions import (
    definitions,
    distributed_map,
    executions,
    lambda_errors,
    state_machine_role,
)


def apply() -> None:
    """Apply all corrections of Step Functions. Raises `CorrectionError` when the emulator has changed."""
    definitions.apply()
    executions.apply()
    lambda_errors.apply()
    state_machine_role.apply()
    distributed_map.apply()
