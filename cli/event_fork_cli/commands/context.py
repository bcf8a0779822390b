"""What the commands on a replay have in common: from an id or a plan file to its documents and its state machine."""

from __future__ import annotations

from dataclasses import dataclass

from event_fork.adapters.s3_documents import S3DocumentStore
from event_fork.replay_plan.documents import ReplayDocuments
from event_fork.replay_plan.work_area import WorkArea
from event_fork_cli.archive_replay.engines import ReplayEngine, find_engines
from event_fork_cli.archive_replay.executions import Executions, StepFunctions
from event_fork_cli.archive_replay.statuses import StatusReader
from event_fork_cli.archive_replay.steering import Helm
from event_fork_cli.aws import AwsSettings
from event_fork_cli.commands import clock
from event_fork_cli.errors import BadInputError


@dataclass(frozen=True)
class FoundReplay:
    """A replay that was applied, and what runs it."""

    documents: ReplayDocuments
    executions: Executions
    engine: ReplayEngine
    settings: AwsSettings

    @property
    def reader(self) -> StatusReader:
        """Reads its status."""
        return StatusReader(self.documents, self.executions, self.engine.state_machine_arn)

    def helm(self) -> Helm:
        """Steers it, in the name of who runs the command."""
        return Helm(self.documents, self.executions, self.engine, self.settings.caller(), clock.now)


def executions_for(settings: AwsSettings, engine: ReplayEngine) -> Executions:
    """Step Functions in the Region of the module."""
    return StepFunctions(settings.step_functions(engine.region))


def documents_of(settings: AwsSettings, engine: ReplayEngine, replay_id: str) -> ReplayDocuments:
    """The documents of a replay in the bucket of the module's archive."""
    return ReplayDocuments(S3DocumentStore(engine.bucket, settings.s3(engine.region)), WorkArea.of(replay_id))


def find_replay(settings: AwsSettings, replay_id: str) -> FoundReplay:
    """The replay of that id, looked for in the archives of all replay modules of the Region. Raises BadInputError."""
    for engine in find_engines(settings.ssm()):
        documents = documents_of(settings, engine, replay_id)
        plan = documents.find_plan()
        if plan is not None and (plan.engine is None or plan.engine.state_machine_arn == engine.state_machine_arn):
            return FoundReplay(documents, executions_for(settings, engine), engine, settings)
    raise BadInputError(
        "REPLAY",
        "must be the id of a replay that was applied in this Region (see `event-fork replay list`)",
        example="replay-20261123-101500-3f9a2c",
        received=replay_id,
    )
