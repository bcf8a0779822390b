"""What goes wrong in a run, and when: all of it from the seed."""

import random
from dataclasses import dataclass

FORKS = ("backup", "search")
"""The forks that deliver while events are published. The replay fork collects; its turn comes afterwards."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault: the forks that it can strike, and how often it strikes in one injection, from the seed."""

    name: str
    what: str
    forks: tuple[str, ...]
    least: int = 1
    most: int = 1
    rounds: int = 2
    """Injections for each of the forks."""


KINDS = (
    Kind("put-partly", "Firehose takes only some records of a call", FORKS, 3, 12),
    Kind("put-refused", "Firehose refuses a whole call with 503", FORKS, 2, 8),
    Kind("put-answer-lost", "Firehose takes the records and answers with 500", FORKS, 1, 2),
    Kind("function-timed-out", "the function waits for Firehose until its time is over", FORKS),
    Kind("function-killed", "kill -9 of the function's processes in the middle of a call", FORKS),
    Kind("s3-denied", "S3 refuses to store an object", ("backup",), 2, 4),
    Kind("s3-answer-lost", "S3 stores an object, its answer is lost", ("backup",), 1, 2),
    Kind("policy-away", "the role may not write to the bucket any more, until it may again", ("backup",)),
    Kind("opensearch-400", "the domain refuses a bulk request for good", ("search",)),
    Kind("opensearch-403", "the domain does not let the role in", ("search",), 1, 3),
    Kind("opensearch-429", "the domain has too much to do", ("search",), 1, 3),
    Kind("opensearch-503", "the domain is not available", ("search",), 1, 3),
    Kind("opensearch-partly", "the domain takes only some documents of a bulk request (429)", ("search",), 5, 20),
    Kind("opensearch-answer-lost", "the documents are indexed, the answer is lost", ("search",), 1, 2),
    Kind("opensearch-killed", "kill -9 of the OpenSearch node", ("search",)),
    Kind("firehose-killed", "kill -9 of Firehose", ("",), rounds=3),
    Kind("second-delivery", "SNS delivers an event twice", FORKS, 10, 40),
)
AFTERWARDS = (
    Kind("send-refused", "SQS refuses a whole SendMessageBatch with 503", ("replay",), 3, 10),
    Kind("send-partly", "SQS takes none of a batch, entry by entry", ("replay",), 3, 10),
    Kind("replay-killed", "kill -9 of the replay function in the middle of a call", ("replay",)),
)
"""What goes wrong while the replay queue is replayed."""


@dataclass(frozen=True)
class Injection:
    """One fault. `at`: how many events have been published when it begins."""

    at: int
    kind: str
    fork: str
    times: int


def schedule(seed: int, events: int) -> list[Injection]:
    """The faults of the run, in the order in which they begin; the first and the last events see none begin."""
    chance = random.Random(seed)
    drawn = _drawn(chance, KINDS)
    step = events / (len(drawn) + 2)
    return [Injection(int((number + 1 + chance.random() * 0.8) * step), *each) for number, each in enumerate(drawn)]


def afterwards(seed: int) -> list[Injection]:
    """The faults of the replay, all of them from its beginning on."""
    return [Injection(0, *each) for each in _drawn(random.Random(seed), AFTERWARDS)]


def _drawn(chance: random.Random, kinds: tuple[Kind, ...]) -> list[tuple[str, str, int]]:
    drawn = [
        (kind.name, fork, chance.randint(kind.least, kind.most))
        for kind in kinds
        for fork in kind.forks
        for _ in range(kind.rounds)
    ]
    chance.shuffle(drawn)
    return drawn
