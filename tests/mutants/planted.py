"""The planted bugs: one change of the code each, and the tests that must notice it.

`before` must stand in the file exactly once. When the code moves on, the bug moves on with it: `make mutants` says so.
A bug is worth planting when it breaks a promise and looks like something that somebody could write.
"""

from dataclasses import dataclass

_EVENT_FORK = "lambdas/event_fork"
_COMMAND = "cli/event_fork_cli"
_SENDING = ("tests/unit/event_fork/sending",)
_FORWARD = ("tests/unit/event_fork/forward",)
_QUEUE = ("tests/unit/event_fork/queue_replay",)
_ADAPTERS = ("tests/functional/event_fork/test_event_fork_adapters.py",)
_ARCHIVE = ("tests/unit/event_fork/archive_replay",)
_DOCUMENTS = ("tests/functional/archive_replay", "tests/unit/event_fork/replay_plan")
_ORDERED = ("tests/unit/cli/test_ordered_replay.py",)
_STEERING = ("tests/functional/cli/test_replay_steering.py",)
_SEALED = ("tests/functional/cli/test_replay_sealed.py",)
_APPLY = ("tests/functional/cli/test_replay_apply.py",)
_QUEUE_COMMAND = ("tests/functional/cli/test_replay_queue.py",)
_VERIFY = (
    "tests/unit/cli/test_reconciling.py",
    "tests/unit/cli/test_witness.py",
    "tests/unit/cli/test_rebuilding.py",
)
_SIMULATION = ("tests/simulation/test_findings.py",)


@dataclass(frozen=True)
class Bug:
    """`tests`: files or folders; `only`: which of their tests (pytest's -k), all when empty."""

    what: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
    only: str = ""


def _in(folder: str, what: str, file: str, before: str, after: str, tests: tuple[str, ...], only: str = "") -> Bug:
    return Bug(what, f"{folder}/{file}", before, after, tests, only)


def _fork(what: str, file: str, before: str, after: str, tests: tuple[str, ...], only: str = "") -> Bug:
    return _in(_EVENT_FORK, what, file, before, after, tests, only)


def _cli(what: str, file: str, before: str, after: str, tests: tuple[str, ...], only: str = "") -> Bug:
    return _in(_COMMAND, what, file, before, after, tests, only)


PLANTED = (
    # -- sending ------------------------------------------------------------------------------------------------------
    _fork(
        "failed entries are not sent again",
        "sending/delivery.py",
        "                again.append((entry, failure))",
        "                result.returned.append((entry, failure))",
        _SENDING,
    ),
    _fork(
        "failed entries count as delivered",
        "sending/delivery.py",
        "            if failure is None:",
        "            if failure is None or failure.remedy is Remedy.RESEND:",
        _SENDING,
    ),
    _fork(
        "what is left at the deadline is forgotten",
        "sending/delivery.py",
        "            result.returned.extend(failed)\n",
        "",
        _SENDING,
    ),
    _fork(
        "the waits between rounds have no jitter",
        "sending/backoff.py",
        "return self.draw(0.0, min(self.cap, self.base * 2 ** (attempt - 1)))",
        "return min(self.cap, self.base * 2 ** (attempt - 1))",
        _SENDING,
    ),
    _fork(
        "no time is kept for the answer",
        "sending/backoff.py",
        "return max(remaining / 2, remaining - RESERVE_SECONDS)",
        "return remaining",
        _SENDING,
    ),
    _fork(
        "a call refused for one message is not taken apart",
        "sending/delivery.py",
        "if error.about_content and len(batch) > 1:",
        "if False:",
        _SENDING,
    ),
    _fork(
        "a batch may have eleven entries",
        "sending/batching.py",
        "len(batch) == max_entries",
        "len(batch) > max_entries",
        _SENDING,
    ),
    _fork(
        "a record forgets the last message it holds",
        "sending/packing.py",
        "tuple(message_id for message_id, _ in group)",
        "tuple(message_id for message_id, _ in group[: max(1, len(group) - 1)])",
        (*_SENDING, *_FORWARD),
    ),
    _fork(
        "a gzip member may be larger than a record",
        "sending/packing.py",
        "if len(data) <= max_bytes or len(group) == 1:",
        "if len(group) >= 1:",
        _SENDING,
    ),
    _fork(
        "a copy without room for its marks is sent with them",
        "sending/copies.py",
        "        if not marked.fits():\n            break\n",
        "",
        (*_SENDING, *_ARCHIVE),
    ),
    _fork(
        "a dead letter that its queue refuses is lost",
        "sending/dead_letters.py",
        "for message, failure in (*delivery.returned, *delivery.refused):",
        "for message, failure in delivery.refused:",
        (*_SENDING, *_FORWARD),
    ),
    _fork(
        "the pacer starts with a full bucket",
        "sending/pacing.py",
        "self._tokens = min(0.0, self._tokens + (now - self._at) * self._rate)",
        "self._tokens = min(self._rate, self._tokens + (now - self._at) * self._rate)",
        (*_SENDING, *_ARCHIVE),
    ),
    # -- adapters -----------------------------------------------------------------------------------------------------
    _fork(
        "an entry that SQS does not name counts as taken",
        "adapters/sqs.py",
        "if index not in taken and index not in failures:",
        "if False:",
        _ADAPTERS,
    ),
    _fork(
        "a record that Firehose refuses counts as taken",
        "adapters/firehose.py",
        'if "ErrorCode" in response',
        'if "ErrorCode" in response and index % 2',
        _ADAPTERS,
    ),
    _fork(
        "a window is obeyed for ten minutes",
        "adapters/ssm_window.py",
        "MAX_AGE_SECONDS = 5.0",
        "MAX_AGE_SECONDS = 600.0",
        _ADAPTERS,
    ),
    _fork(
        "control.json is created over another one",
        "adapters/s3_documents.py",
        'return self._put(key, content, IfNoneMatch="*")',
        "return self._put(key, content)",
        (*_DOCUMENTS, *_APPLY),
    ),
    _fork(
        "control.json is written over somebody's change",
        "adapters/s3_documents.py",
        "return self._put(key, content, IfMatch=etag)",
        "return self._put(key, content)",
        _DOCUMENTS,
    ),
    # -- forwarding ---------------------------------------------------------------------------------------------------
    _fork(
        "what Firehose returned is acknowledged",
        "forward/forwarding.py",
        "            outcome.returned.update(dict.fromkeys(record.message_ids, failure))",
        "            outcome.delivered.extend(record.message_ids)",
        _FORWARD,
    ),
    _fork(
        "of a record that comes back only the first message stays",
        "forward/forwarding.py",
        "dict.fromkeys(record.message_ids, failure)",
        "dict.fromkeys(record.message_ids[:1], failure)",
        _FORWARD,
    ),
    _fork(
        "kept messages are not named in the answer",
        "events/sqs_event.py",
        "for message_id in failed + staying]",
        "for message_id in failed]",
        ("tests/unit/event_fork/events", "tests/functional/event_fork/test_event_fork_handlers.py"),
    ),
    # -- the queue's replay -------------------------------------------------------------------------------------------
    _fork(
        "the window's end is inside it",
        "queue_replay/window.py",
        "if moment >= self.until or",
        "if moment > self.until or",
        _QUEUE,
    ),
    _fork(
        "the window's beginning is outside of it",
        "queue_replay/window.py",
        "moment < self.start)",
        "moment <= self.start)",
        _QUEUE,
    ),
    _fork(
        "an invocation of a run obeys any window",
        "queue_replay/window.py",
        "    if run is None or _belongs(window, run):\n",
        "    if True:\n",
        _QUEUE,
    ),
    _fork(
        "a window that was read again is not compared",
        "queue_replay/window.py",
        "    if not _belongs(window, run):\n",
        "    if False:\n",
        _QUEUE,
    ),
    _fork(
        "a kept message is hidden for longer than it has to live",
        "queue_replay/window.py",
        "min(self.hold_seconds, int(left / 2))",
        "min(self.hold_seconds, int(left * 2))",
        _QUEUE,
    ),
    _fork(
        "what was sent is not charged to the rate",
        "queue_replay/replayer.py",
        "        self.pacer.spend(len(part))\n",
        "",
        _QUEUE,
    ),
    # -- the archive's worker -----------------------------------------------------------------------------------------
    _fork(
        "1,500 events may be unwritten",
        "archive_replay/book_keeping.py",
        "PROGRESS_EVENTS = 1_000",
        "PROGRESS_EVENTS = 1_500",
        _ARCHIVE,
    ),
    _fork(
        "progress is not written after 5 seconds",
        "archive_replay/book_keeping.py",
        "PROGRESS_SECONDS = 5.0",
        "PROGRESS_SECONDS = 500.0",
        _ARCHIVE,
    ),
    _fork(
        "progress is not written while a worker waits",
        "archive_replay/worker.py",
        "            self.tools.sleep(min(left, LOOK_SECONDS))\n            self.book.write_when_due()\n",
        "            self.tools.sleep(min(left, LOOK_SECONDS))\n",
        _ARCHIVE,
    ),
    _fork(
        "progress is not written when the replay is held",
        "archive_replay/worker.py",
        "        except _HeldError:\n            self.book.close()\n",
        "        except _HeldError:\n            return\n",
        _ARCHIVE,
    ),
    _fork(
        "progress is not written when time is up",
        "archive_replay/worker.py",
        "        except OutOfTimeError:\n            self.book.close()\n            raise\n",
        "        except OutOfTimeError:\n            raise\n",
        _ARCHIVE,
    ),
    _fork(
        "progress is written over anybody's",
        "archive_replay/book_keeping.py",
        "            if self._etag is None:\n                raise TakenOverError",
        "            if False:\n                raise TakenOverError",
        _ARCHIVE,
    ),
    _fork(
        "an item is not claimed before it is sent",
        "archive_replay/worker.py",
        "            self.book.claim(self.request_id)\n",
        "",
        _ARCHIVE,
    ),
    _fork(
        "a worker of any execution may send",
        "archive_replay/control_watch.py",
        "control.state == RUNNING and control.execution == self._execution",
        "control.state == RUNNING",
        _ARCHIVE,
    ),
    _fork(
        "a burst is sent to its end whatever the operator wants",
        "archive_replay/worker.py",
        "ReplayLeave(self.deadline, self._watch)",
        "self.deadline",
        _ARCHIVE,
    ),
    _fork(
        "control.json is looked at once a minute",
        "archive_replay/control_watch.py",
        "MAX_AGE_SECONDS = 5.0",
        "MAX_AGE_SECONDS = 60.0",
        _ARCHIVE,
    ),
    _fork(
        "every worker sends at the whole rate",
        "archive_replay/worker.py",
        "rate = control.rate / self.tools.plan.workers",
        "rate = control.rate",
        _ARCHIVE,
    ),
    _fork(
        "an item's last burst is not paid for",
        "archive_replay/worker.py",
        "        with suppress(OutOfTimeError, _HeldError):\n            self._wait(self._pacer.wait)\n",
        "",
        _ARCHIVE,
    ),
    _fork(
        "a worker keeps no rate",
        "archive_replay/worker.py",
        "            self._wait(self._turn)\n",
        "",
        _ARCHIVE,
    ),
    _fork(
        "an invocation sends what the next one would have to pay for",
        "archive_replay/worker.py",
        "        payable = self.deadline.left() * self._pacer.rate >= self._pacer.burst\n",
        "        payable = True\n",
        _ARCHIVE,
    ),
    _fork(
        "more events than the plan counted are sent",
        "archive_replay/worker.py",
        "            self.book.leave_for(len(part))\n",
        "",
        _ARCHIVE,
    ),
    _fork(
        "repeated parts overlap when the rate rises",
        "archive_replay/worker.py",
        "part, events = events[: self._pacer.burst], events[self._pacer.burst :]",
        "part, events = events[: self._pacer.burst], events[max(1, self._pacer.burst - 1) :]",
        _ARCHIVE,
    ),
    _fork(
        "what was taken behind a gap is sent again",
        "archive_replay/book_keeping.py",
        "behind_a_gap = frozenset[int]() if first_left is None else settled",
        "behind_a_gap = frozenset[int]()",
        _ARCHIVE,
    ),
    _fork(
        "failures of lines that are read again are kept twice",
        "archive_replay/book_keeping.py",
        "if found.finished or event.line < found.line or event.line in settled",
        "",
        _ARCHIVE,
    ),
    _fork(
        "what lies in the place of a planned object is sent",
        "archive_replay/worker.py",
        "self.tools.archive.open(key, etag=etag)",
        "self.tools.archive.open(key)",
        _ARCHIVE,
    ),
    _fork(
        "two messages of a group are sent in one call",
        "archive_replay/burst.py",
        "depths[copy.group_id] += 1",
        "pass",
        _ORDERED,
    ),
    _fork(
        "what is behind a message that was left is sent",
        "archive_replay/burst.py",
        "if delivery.returned:  # what",
        "if False:  # what",
        _ORDERED,
    ),
    _fork(
        "all replays have the same deduplication ids",
        "replay_plan/order.py",
        'f"{replay_id}\\n{message_id}"',
        'f"{message_id}"',
        _ORDERED,
    ),
    _fork(
        "another number of events than planned is no error",
        "archive_replay/book_keeping.py",
        "        if self._tried != self.item.events:\n",
        "        if False:\n",
        _ARCHIVE,
    ),
    # -- the governor -------------------------------------------------------------------------------------------------
    _fork(
        "the governor goes above the ceiling",
        "archive_replay/governor.py",
        "faster = min(highest, max(floor(policy, control), control.rate + highest * INCREASE))",
        "faster = control.rate + highest * INCREASE",
        _ARCHIVE,
    ),
    _fork(
        "dead letters are counted again at each step of a ramp",
        "archive_replay/governor.py",
        "        memory = replace(memory, step=control.ramp_step, healthy_since=None)\n",
        "        memory = replace(memory, step=control.ramp_step, healthy_since=None)\n"
        "        control = replace(control, dead_letters_at_first=None)\n",
        _ARCHIVE,
    ),
    _fork(
        "a blind governor overwrites an operator's cancel",
        "archive_replay/governor_loop.py",
        "wanted = change(now) if self._governs(now) else now",
        "wanted = change(now)",
        _SIMULATION,
        "l1",
    ),
    _fork(
        "a lost race for control.json is not tried again",
        "replay_plan/documents.py",
        "ATTEMPTS_TO_CHANGE = 5",
        "ATTEMPTS_TO_CHANGE = 1",
        (*_ARCHIVE, *_DOCUMENTS),
    ),
    # -- the command on a replay --------------------------------------------------------------------------------------
    _cli(
        "deleted objects are no reason to refuse",
        "archive_replay/applying.py",
        "if now.get(key) != etag)",
        "if now.get(key, etag) != etag)",
        _APPLY,
    ),
    _cli(
        "resume does not name its execution",
        "archive_replay/steering.py",
        "        execution=execution,\n",
        "",
        _STEERING,
    ),
    _cli(
        "resume changes what somebody else has changed",
        "archive_replay/steering.py",
        "        if control != judged:\n",
        "        if False:\n",
        _STEERING,
    ),
    _cli(
        "resume does not wait for workers in flight",
        "archive_replay/steering.py",
        "    _wait_for_workers_in_flight(helm, status)\n    helm.documents",
        "    helm.documents",
        _STEERING,
    ),
    _cli(
        "status reads progress before the executions",
        "archive_replay/statuses.py",
        """        control, found = self._started()
        for execution in found:
            if execution.plan_sha256 is not None:
                self._documents.check_applied(execution.plan_sha256)
        # Progress after the executions: when the last one has ended, what is read then is final.
        progress = self._documents.all_progress()
""",
        """        progress = self._documents.all_progress()
        control, found = self._started()
        for execution in found:
            if execution.plan_sha256 is not None:
                self._documents.check_applied(execution.plan_sha256)
        # Progress after the executions: when the last one has ended, what is read then is final.
""",
        _STEERING,
    ),
    _cli(
        "cancel leaves the execution running",
        "archive_replay/steering.py",
        "            helm.executions.stop(execution.arn, reason)\n",
        "            pass\n",
        _STEERING,
    ),
    _cli(
        "a rate above the plan's",
        "archive_replay/steering.py",
        "    if rate > plan.rate:\n",
        "    if False:\n",
        _STEERING,
    ),
    # -- what is read is checked --------------------------------------------------------------------------------------
    _fork(
        "a worker sends an item that is not the plan's",
        "archive_replay/worker.py",
        "        self.tools.plan.item(self.item)\n",
        "",
        _ARCHIVE,
    ),
    _fork(
        "control.json may allow more than the plan",
        "replay_plan/documents.py",
        "            plan.check(control)\n",
        "            pass\n",
        _SEALED,
    ),
    _fork(
        "progress is believed whatever it says",
        "replay_plan/documents.py",
        "    progress.check(item)\n",
        "",
        _SEALED,
    ),
    _fork(
        "another plan in the place of the applied one is believed",
        "replay_plan/documents.py",
        "        if plan.sha256 != plan_sha256:\n",
        "        if False:\n",
        (*_DOCUMENTS, *_SEALED),
    ),
    _fork(
        "a plan that nobody applied is run where an apply died",
        "replay_plan/plan.py",
        "        if control.plan_sha256 != self.sha256:\n",
        "        if False:\n",
        _SEALED,
    ),
    _fork(
        "other events are sent than were confirmed",
        "replay_plan/plan.py",
        "    if events != plan.totals.events:",
        "    if False:",
        _SEALED,
    ),
    _fork(
        "of what a plan says twice the last counts",
        "replay_plan/json_values.py",
        "    if len(found) < len(pairs):\n",
        "    if False:\n",
        _SEALED,
    ),
    _fork(
        "a conflict of two writes is taken for a lost race",
        "replay_plan/documents.py",
        "            if (found.etag if found else None) != etag:\n",
        "            if True:\n",
        _DOCUMENTS,
    ),
    _fork(
        "no bound for a number",
        "replay_plan/json_values.py",
        "    return _if(value <= maximum, value, where,",
        "    return _if(True, value, where,",
        _DOCUMENTS,
    ),
    _cli(
        "a planted parameter names any state machine",
        "archive_replay/engines.py",
        "        if given != right:\n",
        "        if False:\n",
        _SEALED,
    ),
    _cli(
        "the plan's own URL is taken",
        "archive_replay/applying.py",
        "    if allowed is None or allowed.url != plan.target.queue_url:\n",
        "    if False:\n",
        _SEALED,
    ),
    _cli(
        "a signature is not asked for",
        "archive_replay/signatures.py",
        "        if key is not None:\n",
        "        if False:\n",
        _SEALED,
    ),
    _cli(
        "what others wrote moves the operator's cursor",
        "output.py",
        "    return _OBEYED.sub(_escaped, text)\n",
        "    return text\n",
        _SEALED,
    ),
    # -- the command on the queue -------------------------------------------------------------------------------------
    _cli(
        "a lock that cannot be read keeps the mapping on",
        "queue_replay/windows.py",
        """        with suppress(DocumentError):
            return (self.holder() or {}).get("replay_id") == run
        return False
""",
        """        return (self.holder() or {}).get("replay_id") == run
""",
        _QUEUE_COMMAND,
        "writes_over",
    ),
    _cli(
        "the window is closed before the mapping is off",
        "queue_replay/draining.py",
        """            queue.switch_off(before, of=run)
        if parameter.is_of(run):
            parameter.close()
""",
        """            parameter.close()
            queue.switch_off(before, of=run)
        if parameter.is_of(run):
            parameter.close()
""",
        _QUEUE_COMMAND,
    ),
    _cli(
        "the function is put back while something still polls",
        "queue_replay/pipelines.py",
        "self._changes(before, now.settings.workers) if is_off else {})",
        "self._changes(before, now.settings.workers))",
        _SIMULATION,
        "still_polls",
    ),
    _cli(
        "a run begins on a mapping that is still another's",
        "queue_replay/draining.py",
        "    if mapping.run is not None:  #",
        "    if False:  #",
        _QUEUE_COMMAND,
        "still_another",
    ),
    _cli(
        "a refused run takes the first one's lock",
        "queue_replay/draining.py",
        "        queue.forget(run)\n    if parameter.is_locked_by(run):\n",
        "        queue.forget(run)\n    if True:\n",
        _QUEUE_COMMAND,
    ),
    _cli(
        "a run ends at its first quiet look",
        "queue_replay/settling.py",
        "QUIET_LOOKS = 3",
        "QUIET_LOOKS = 1",
        (*_QUEUE_COMMAND, "tests/unit/cli"),
    ),
    _cli(
        "a run does not wait for what failed",
        "queue_replay/settling.py",
        "            return quiet >= (SETTLED_SECONDS if is_known else self.patience)\n",
        "            return quiet >= SETTLED_SECONDS\n",
        ("tests/unit/cli/test_queue_settling.py",),
    ),
    _cli(
        "newcomers stand for what waited at the start",
        "queue_replay/settling.py",
        "        if self._clear_looks >= QUIET_LOOKS and self._now.visible == 0:\n",
        "        if self.received >= self.start.visible:\n",
        (*_QUEUE_COMMAND, "tests/unit/cli"),
    ),
    _cli(
        "what an earlier run has hidden is taken for looked at",
        "queue_replay/settling.py",
        "        if hidden:\n",
        "        if False:\n",
        (*_QUEUE_COMMAND, "tests/unit/cli"),
    ),
    _cli(
        "executions are looked for from the first one on",
        "archive_replay/executions.py",
        "    number = execution_number(replay_id, named or replay_id)\n",
        "    number = 0\n",
        _STEERING,
    ),
    _cli(
        "one run's end closes another one's window",
        "queue_replay/draining.py",
        "        if parameter.is_of(run):\n            parameter.close()\n        queue.forget(run)",
        "        parameter.close()\n        queue.forget(run)",
        _SIMULATION,
        "a5",
    ),
    _cli(
        "a run does not notice that its mapping was switched off",
        "queue_replay/draining.py",
        "    if not mapping.is_on or mapping.run != run:\n",
        "    if False:\n",
        _SIMULATION,
        "a6",
    ),
    _fork(
        "an instance leaves its debt to the next one",
        "queue_replay/replayer.py",
        "            self.sleep(min(self._pacer.wait(), deadline.left()))\n",
        "            pass\n",
        (*_QUEUE, *_SIMULATION),
        "rate or l5",
    ),
    # -- verify, rebuild ----------------------------------------------------------------------------------------------
    _cli(
        "a gap is taken for events on their way",
        "verification/reconciling.py",
        "    is_settled = published < frame.settled\n",
        "    is_settled = published < frame.start\n",
        _VERIFY,
        "too_much or exactly_one",
    ),
    _cli(
        "what one minute lacks is made good by any other one",
        "verification/witness.py",
        "        if rest[earlier] * rest[later] < 0 and _follows(earlier, later, seconds):\n",
        "        if rest[earlier] * rest[later] < 0:\n",
        _VERIFY,
        "not_made_good",
    ),
    _cli(
        "a looked-at event counts as archived though the storage fork has no word of it",
        "verification/reconciling.py",
        "    set_aside = not event.archived and bool({(Place.DEAD_LETTER, 0), (Place.REJECTED, 0)} & event.places)\n",
        "    set_aside = not event.archived\n",
        _VERIFY,
        "too_much or exactly_one",
    ),
    _cli(
        "an old index is out of the alias with events from outside the window",
        "search/rebuilding.py",
        "            if outside or self._may_grow(name, window):\n",
        "            if self._may_grow(name, window) and not outside:\n",
        _VERIFY,
        "outside_the_window",
    ),
    _cli(
        "an old index is dropped that another alias still needs",
        "search/rebuilding.py",
        '            if there.status != MISSING and not there.body.get(name, {}).get("aliases"):\n',
        "            if there.status != MISSING:\n",
        _VERIFY,
        "in_no_alias",
    ),
    _cli(
        "what the index refused is swapped in",
        "search/rebuilding.py",
        "    if problem and not swap_anyway:\n",
        "    if problem and swap_anyway is None:\n",
        _VERIFY,
        "refused_documents",
    ),
)
