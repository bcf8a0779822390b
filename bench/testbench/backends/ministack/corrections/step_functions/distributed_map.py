"""The Map state in DISTRIBUTED mode, and UpdateMapRun.

What MiniStack lacks: ItemBatcher, ResultWriter, MaxConcurrencyPath and the tolerated failures by path, a concurrency
that can be changed while the run goes on, an early end (StopExecution, too many failures), JSON Lines with U+2028.
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import copy
import json
import uuid
from collections.abc import Mapping
from typing import Any

from testbench.backends.ministack.corrections import hooks
from testbench.backends.ministack.corrections.step_functions import (
    batches,
    executions,
    result_files,
    state_machine_role,
)
from testbench.backends.ministack.corrections.step_functions.execution_error import execution_error
from testbench.backends.ministack.corrections.step_functions.map_run import Child, MapRun, zero_counts
from testbench.backends.ministack.corrections.step_functions.settings import State


def apply() -> None:
    """Put this module's Map state and UpdateMapRun in the place of the emulator's."""
    service, storage = hooks.service("stepfunctions"), hooks.service("s3")
    for name, parameters in {
        "_apply_output_path": ("state_def", "data", "ctx"),
        "_apply_result_path": ("state_def", "original", "result"),
        "_apply_result_selector": ("state_def", "data"),
        "_next_or_end": ("state_def",),
        "_read_map_items": ("reader", "effective", "ctx"),
        "_resolve_params_obj": ("template", "data", "ctx"),
        "_resolve_path_or_ctx": ("path", "data", "ctx"),
        "_run_sub_machine": ("states", "start_at", "input_data", "execution", "ctx"),
        "_s3_object_text": ("bucket", "key"),
    }.items():
        hooks.expected(service, name, *parameters)
    hooks.expected(storage, "_put_object", "bucket_name", "key", "body", "headers")
    state = ("state_def", "raw_input", "effective", "iterator", "execution", "ctx")
    hooks.replace(service, "_run_distributed_map", state, run)
    hooks.replace(service, "_update_map_run", ("data",), update_map_run)


def run(
    definition: Mapping[str, Any],
    raw_input: Any,
    effective: Any,
    iterator: Mapping[str, Any],
    execution: Any,
    context: Any,
) -> tuple[Any, Any]:
    """The state's output and the name of the next state; arguments as the emulator gives them."""
    service = hooks.service("stepfunctions")
    state = State(definition, effective, context)
    state_machine_role.require("states:StartExecution", execution["stateMachineArn"])  # its children are executions
    items = _selected(state, batches.read_items(state))
    children = [Child(given, count) for given, count in batches.child_inputs(state, items)]
    names = _Names(execution, definition)
    record = _record(state, names, execution, len(items), len(children))
    service._map_runs[names.map_run] = record
    run_ = MapRun(
        record,
        children,
        start=lambda child: _start(child, names, execution),
        work=lambda child: _work(child, iterator, context),
        failed=_failed,
        succeeded=_succeeded,
        stopped=lambda: execution["status"] != "RUNNING",
        limits_set=_limits_set(definition),
    )
    status = run_.run()
    _close(children)
    record["stopDate"] = service.now_iso()
    if status == "ABORTED":
        raise executions.StoppedError
    written = _write_results(state, names.map_run, children, record)
    if status == "FAILED":
        raise execution_error(
            "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
        )
    result = [child.output for child in children if child.state == "succeeded"] if written is None else written
    result = service._apply_result_selector(definition, result)
    output = service._apply_result_path(definition, raw_input, result)
    return service._apply_output_path(definition, output, context), service._next_or_end(definition)


def update_map_run(request: Mapping[str, Any]) -> Any:
    """UpdateMapRun. https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateMapRun.html"""
    service = hooks.service("stepfunctions")
    arn = request.get("mapRunArn")
    record = service._map_runs.get(arn)
    if record is None:
        return service.error_response_json("ResourceNotFound", f"Map Run Does Not Exist: '{arn}'", 400)
    if record["status"] != "RUNNING":
        return service.error_response_json("ValidationException", f"Map Run is not running: '{arn}'", 400)
    for name, most in (("maxConcurrency", None), ("toleratedFailureCount", None), ("toleratedFailurePercentage", 100)):
        value = request.get(name)
        if value is None:
            continue
        if value < 0 or (most is not None and value > most):
            return service.error_response_json("ValidationException", f"{name} is out of range: {value}", 400)
        record[name] = value
    return service.json_response({})


class _Names:
    """ARNs of a Map Run and its children."""

    def __init__(self, execution: Mapping[str, Any], definition: Mapping[str, Any]) -> None:
        _, _, _, region, account, _, machine = execution["stateMachineArn"].split(":")[:7]
        label = definition.get("Label") or uuid.uuid4().hex
        root = f"arn:aws:states:{region}:{account}"
        self.map_run = f"{root}:mapRun:{machine}/{label}:{uuid.uuid4()}"
        self.state_machine = f"{root}:stateMachine:{machine}/{label}"
        self.execution_prefix = f"{root}:execution:{machine}/{label}:"


def _record(state: State, names: _Names, execution: Mapping[str, Any], items: int, children: int) -> dict[str, Any]:
    return {
        "mapRunArn": names.map_run,
        "executionArn": execution["executionArn"],
        "status": "RUNNING",
        "startDate": hooks.service("stepfunctions").now_iso(),
        "maxConcurrency": state.whole_number("MaxConcurrency") or 0,
        "toleratedFailurePercentage": state.number("ToleratedFailurePercentage") or 0,
        "toleratedFailureCount": state.whole_number("ToleratedFailureCount") or 0,
        "itemCounts": zero_counts(items),
        "executionCounts": zero_counts(children),
        "redriveCount": 0,
        "_stateMachineArn": names.state_machine,
    }


def _limits_set(definition: Mapping[str, Any]) -> frozenset[str]:
    kinds = {"count": "ToleratedFailureCount", "percentage": "ToleratedFailurePercentage"}
    return frozenset(k for k, name in kinds.items() if name in definition or f"{name}Path" in definition)


def _selected(state: State, items: list[Any]) -> list[Any]:
    template = state.definition.get("ItemSelector") or state.definition.get("Parameters")
    if not template:
        return items
    selected = []
    for index, item in enumerate(items):
        context = copy.deepcopy(state.context)
        context["Map"] = {"Item": {"Index": index, "Value": item}}
        selected.append(State(state.definition, state.effective, context).resolve(template))
    return selected


def _start(child: Child, names: _Names, execution: Mapping[str, Any]) -> None:
    service = hooks.service("stepfunctions")
    name = str(uuid.uuid4())
    child.record = {
        "executionArn": names.execution_prefix + name,
        "stateMachineArn": names.state_machine,
        "name": name,
        "status": "RUNNING",
        "startDate": service.now_iso(),
        "stopDate": None,
        "input": json.dumps(child.input),
        "inputDetails": {"included": True},
        "output": None,
        "outputDetails": {"included": True},
        "mapRunArn": names.map_run,
        "events": [],
        "testCase": execution.get("testCase"),
        "mockAttempts": {},
    }
    service._executions[child.record["executionArn"]] = child.record


def _work(child: Child, iterator: Mapping[str, Any], context: Any) -> Any:
    return hooks.service("stepfunctions")._run_sub_machine(
        iterator["States"], iterator["StartAt"], child.input, child.record, copy.deepcopy(context)
    )


def _succeeded(child: Child) -> None:
    assert child.record is not None
    child.record.update(
        status="SUCCEEDED", output=json.dumps(child.output), stopDate=hooks.service("stepfunctions").now_iso()
    )


def _failed(child: Child, error: Exception) -> None:
    assert child.record is not None
    child.record.update(
        status="FAILED",
        error=getattr(error, "error", "States.Runtime"),
        cause=getattr(error, "cause", str(error)),
        stopDate=hooks.service("stepfunctions").now_iso(),
    )


def _close(children: list[Child]) -> None:
    for child in children:
        if child.state == "aborted" and child.record is not None:
            child.record.update(status="ABORTED", stopDate=hooks.service("stepfunctions").now_iso())


def _write_results(
    state: State, map_run_arn: str, children: list[Child], record: dict[str, Any]
) -> dict[str, Any] | None:
    writer = state.definition.get("ResultWriter")
    if not writer or "Resource" not in writer:
        return None
    place = state.resolve(writer.get("Parameters") or {})
    manifest, files = result_files.result_files(place["Bucket"], place.get("Prefix", ""), map_run_arn, children)
    storage = hooks.service("s3")
    for key, content in files.items():
        state_machine_role.require("s3:PutObject", f"arn:aws:s3:::{place['Bucket']}/{key}", "States.ResultWriterFailed")
        status, _, answer = storage._put_object(place["Bucket"], key, content, {"content-type": "application/json"})
        if status != 200:
            raise execution_error("States.ResultWriterFailed", f"{place['Bucket']}/{key}: {answer!r}")
    for counts in (record["itemCounts"], record["executionCounts"]):
        counts["resultsWritten"] = counts["total"]
    return {"MapRunArn": map_run_arn, "ResultWriterDetails": {"Bucket": place["Bucket"], "Key": manifest}}
