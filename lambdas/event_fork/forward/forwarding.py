"""Forwarding of a batch to Data Firehose: the domain of storage backup and of search analytics."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from event_fork.errors import NotJsonError, PermanentMessageError, RefusedByDestinationError, TooLargeError
from event_fork.events import envelope
from event_fork.events.envelope import StoredEvent
from event_fork.events.messages import MAX_MESSAGE_BYTES, ReceivedMessage
from event_fork.events.redaction import Redactor
from event_fork.sending.backoff import Backoff, Deadline
from event_fork.sending.batching import put_batches
from event_fork.sending.dead_letters import DeadLetter, dead_letter
from event_fork.sending.delivery import deliver, unexpected
from event_fork.sending.outcome import Outcome
from event_fork.sending.packing import MAX_RECORD_BYTES, Record
from event_fork.sending.ports import MessageQueue, RecordStream

Encode = Callable[[StoredEvent], bytes]
Pack = Callable[[Iterable[tuple[str, bytes]]], Iterator[Record]]


@dataclass(frozen=True)
class Forwarder:
    """Redacts each event, makes a line of it (`encode`), makes records of the lines (`pack`), and puts the records.

    A message counts as delivered only when Firehose has taken its record.
    """

    encode: Encode
    pack: Pack
    stream: RecordStream
    dead_letter_queue: MessageQueue
    backoff: Backoff = field(default_factory=Backoff)
    redactor: Redactor = field(default_factory=Redactor)
    dead_letter_max_bytes: int = MAX_MESSAGE_BYTES
    record_size: Callable[[bytes], int] = len
    """Bytes that a line takes in a record of its own."""

    def run(self, messages: Sequence[ReceivedMessage], deadline: Deadline) -> Outcome:
        """Forward the messages, then send what no record can hold to the dead-letter queue: it holds nobody up."""
        outcome = Outcome(received=len(messages))
        lines: list[tuple[str, bytes]] = []
        letters: list[DeadLetter] = []
        for message in messages:
            try:
                lines.append((message.message_id, self._line(message, outcome)))
            except PermanentMessageError as error:
                letters.append(DeadLetter(message, error))
            except RecursionError:
                letters.append(DeadLetter(message, NotJsonError("the event is nested too deeply")))
            except Exception as error:  # a fault of ours that one message brings out must not hold up the others
                outcome.returned[message.message_id] = unexpected(error)
        letters += self._put(lines, {message.message_id: message for message in messages}, deadline, outcome)
        dead_letter(letters, self.dead_letter_queue, self.backoff, deadline, outcome, self.dead_letter_max_bytes)
        return outcome

    def _line(self, message: ReceivedMessage, outcome: Outcome) -> bytes:
        line = self.encode(self.redactor(envelope.parse(message.body), outcome.redaction_matches))
        if (size := self.record_size(line)) > MAX_RECORD_BYTES:
            raise TooLargeError(f"the event takes {size} bytes, a Firehose record holds {MAX_RECORD_BYTES}")
        return line

    def _put(
        self,
        lines: Sequence[tuple[str, bytes]],
        messages: dict[str, ReceivedMessage],
        deadline: Deadline,
        outcome: Outcome,
    ) -> Iterator[DeadLetter]:
        """Put the lines; yields the messages of records that the stream refuses for good."""
        delivery = deliver(
            self.pack(lines), batches=put_batches, send=self.stream.put, backoff=self.backoff, deadline=deadline
        )
        outcome.records_put = len(delivery.delivered)
        outcome.record_bytes = sum(len(record.data) for record in delivery.delivered)
        outcome.calls, outcome.resent = delivery.calls, delivery.resent
        for record in delivery.delivered:
            outcome.delivered.extend(record.message_ids)
        for record, failure in delivery.returned:
            outcome.returned.update(dict.fromkeys(record.message_ids, failure))
        for record, failure in delivery.refused:
            for message_id in record.message_ids:
                yield DeadLetter(messages[message_id], RefusedByDestinationError(failure.code))
