"""One run of the demo: a bench, a copy of the example, the walk, and taking back what was made."""

import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from examples.ecommerce.demo.orders import Sample
from examples.ecommerce.demo.seen import Seen
from examples.ecommerce.demo.show import Show
from examples.ecommerce.demo.walk import Walk
from testbench import Bench, BenchError, Workspace


@dataclass
class Session:
    """One run.

    Attributes:
        state: the bench's folder, where the logs of its parts are too.
        keep: whether example and bench stay at the end, whatever the end is.
        kept: the walk whose example stayed.
    """

    state: Path
    show: Show
    keep: bool
    kept: Walk | None = None

    def run(self, samples: Sequence[Sample]) -> Seen:
        """Everything, from the bench's start to its stop. What fails comes through, after the tidying up."""
        with ExitStack() as stack:
            with self.show.step("bench", "starting the local AWS"):
                bench = self._bench(stack)
            walk = prepare(bench, samples, self.show)
            try:
                seen = walk.run(keep=self.keep)
            except BaseException as error:
                if not self.keep:
                    self._take_back(bench, walk.workspace)
                if isinstance(error, Exception):
                    bench.check()  # a part that died is the better reason, and its error has the end of its log
                raise
            if self.keep:
                self.kept = walk
            else:
                walk.workspace.remove()
            return seen

    def _bench(self, stack: ExitStack) -> Bench:
        if self.keep:
            return Bench.up(self.state, self.show.line)
        bench = stack.enter_context(Bench.running(self.state, self.show.line))
        stack.callback(self.show.line, "bench", "stopping; this takes up to 20 seconds")
        return bench

    def _take_back(self, bench: Bench, workspace: Workspace) -> None:
        """After a failure. A bench that stops takes everything with it; one that stays must not keep the example."""
        if bench.endpoints.kept:
            self.show.line("terraform", "taking the example out of the bench that goes on running")
            try:
                workspace.destroy()
            except BenchError as error:
                self.show.line("terraform", f"that failed too, {workspace.folder} has its state: {error}")
                return
        workspace.remove()


WITHOUT_ARCHIVE_REPLAY = {"archive_override.tf": 'module "replay" {\n  archive = null\n  targets = null\n}\n'}
"""For an AWS that has no Distributed Map."""


def prepare(bench: Bench, samples: Sequence[Sample], show: Show, *, archive_replay: bool = True) -> Walk:
    """A walk on that bench with names of its own, so that several can go side by side."""
    name = f"shop{secrets.token_hex(3)}"
    workspace = bench.workspace(
        configuration="examples/ecommerce",
        variables={
            "name": name,
            "powertools_layer_arn": bench.powertools_layer_arn,
            "search_domain": bench.create_domain(name),
            "search_buffering_seconds": 10,  # rejected orders wait in a buffer of 60 s after this one
            "force_destroy": True,
        },
        files={} if archive_replay else WITHOUT_ARCHIVE_REPLAY,
    )
    return Walk(bench, workspace, name, samples, show, archive_replay)
