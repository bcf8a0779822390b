from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as changed
from datetime import UTC, datetime
from typing import Any

import pytest

from event_fork.errors import CallFailedError, DomainRefusedError
from event_fork.index_management.installer import PATIENCE, Installer
from event_fork.index_management.managed_index import ManagedIndex, Request
from event_fork.index_management.search_domain import NONE, Answer
from event_fork.sending.backoff import Deadline

INDEX = ManagedIndex("orders", "orders-2*", "event-fork-orders", {"priority": 106}, "orders-all", 2)
NOW = datetime(2026, 11, 27, tzinfo=UTC)
MISSING = Answer(404, {"error": "no such thing"})


@dataclass
class Domain:
    """Answers by method and path, else with 200; `first` are the answers to the first calls."""

    answers: dict[str, Answer] = field(default_factory=dict)
    first: list[Answer | CallFailedError] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    bodies: list[object] = field(default_factory=list)

    def call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] = NONE) -> Answer:
        self.calls.append(f"{method} {path}")
        self.bodies.append(body)
        if self.first:
            answer = self.first.pop(0)
            if isinstance(answer, CallFailedError):
                raise answer
            return answer
        return self.answers.get(f"{method} {path}", Answer(200, {}))


def run(domain: Domain, request: Request, seconds: float = 1000.0) -> tuple[dict[str, Any], list[float]]:
    slept: list[float] = []
    clock = iter(range(10**6))
    installer = Installer(domain, Deadline(seconds, lambda: next(clock)), changed(PATIENCE, sleep=slept.append))
    return installer.run(request, NOW), slept


def error(reason: str, status: int = 400) -> Answer:
    cause = {"type": "illegal_argument_exception", "reason": reason}
    return Answer(status, {"error": {"type": "x", "reason": "outer", "caused_by": cause}, "status": status})


def test_the_template_comes_before_the_alias_of_the_indices_that_are_there() -> None:
    names = [f"orders-2026-11-{day:02}" for day in range(1, 31)] + ["orders-2026-12-01"]
    others = ["orders-2-2026-11-01", "orders-2024"]  # of a fork `orders-2`, of nobody
    there = Answer(200, {name: {} for name in (*names, *others)})
    domain = Domain({"GET /orders-all/_alias": MISSING, "GET /orders-2*/_alias": there})

    assert run(domain, Request(INDEX)) == ({"installed": "event-fork-orders"}, [])
    assert domain.calls == [
        "GET /orders-all/_alias",
        "PUT /_index_template/event-fork-orders",
        "GET /orders-2*/_alias/orders-all",
        "GET /orders-2*/_alias",
        f"PUT /{','.join(names[:30])}/_alias/orders-all",
        f"PUT /{names[30]}/_alias/orders-all",
    ]
    assert domain.bodies[1] == {"priority": 106}


def test_an_index_that_was_taken_out_of_the_alias_is_not_put_back_into_it() -> None:
    domain = Domain({"GET /orders-2*/_alias/orders-all": Answer(200, {"orders-2026-12": {"aliases": {}}})})
    run(domain, Request(INDEX))
    assert domain.calls[-1] == "GET /orders-2*/_alias/orders-all"


def test_a_later_apply_puts_nothing_back_into_the_alias() -> None:
    # A rebuild of the whole archive has taken every index of Firehose's out of it.
    domain = Domain(
        {"GET /orders-2*/_alias/orders-all": MISSING, "GET /orders-2*/_alias": Answer(200, {"orders-2026": {}})}
    )
    run(domain, Request(changed(INDEX, template={"priority": 1}), previous=INDEX))
    assert domain.calls == ["GET /orders-all/_alias", "PUT /_index_template/event-fork-orders"]


def test_an_alias_that_is_an_index_is_refused_before_a_template_could_stop_new_indices() -> None:
    domain = Domain({"GET /orders-all/_alias": Answer(200, {"orders-all": {"aliases": {}}})})

    with pytest.raises(DomainRefusedError, match="orders-all is the name of an index"):
        run(domain, Request(INDEX))
    assert domain.calls == ["GET /orders-all/_alias"]


def test_without_an_alias_only_the_template_is_put() -> None:
    domain = Domain()
    run(domain, Request(changed(INDEX, alias=None)))
    assert domain.calls == ["PUT /_index_template/event-fork-orders"]


@pytest.mark.parametrize(
    ("before", "removed"),
    [
        (changed(INDEX, alias="old"), ["DELETE /orders-2*/_alias/old"]),
        (changed(INDEX, pattern="sales-2*"), ["DELETE /sales-2*/_alias/orders-all"]),
        (changed(INDEX, template_name="event-fork-x", alias=None), ["DELETE /_index_template/event-fork-x"]),
    ],
)
def test_a_change_takes_away_what_it_has_replaced_after_the_new_is_there(
    before: ManagedIndex, removed: list[str]
) -> None:
    domain = Domain()
    run(domain, Request(INDEX, previous=before))
    assert domain.calls[4:] == removed


def test_a_destroy_removes_template_and_alias_and_no_index_and_does_not_mind_that_they_are_gone() -> None:
    domain = Domain(
        {"DELETE /_index_template/event-fork-orders": MISSING, "DELETE /orders-2*/_alias/orders-all": MISSING}
    )

    assert run(domain, Request(INDEX, remove=True, previous=INDEX))[0] == {"removed": "event-fork-orders"}
    assert domain.calls == ["DELETE /_index_template/event-fork-orders", "DELETE /orders-2*/_alias/orders-all"]


def test_the_schedule_deletes_each_index_that_is_too_old_by_its_name() -> None:
    found: dict[str, Any] = {"orders-2026-11-24": {}, "orders-2026-11-20": {}, "orders-2026-11-26": {}}
    domain = Domain({"GET /orders-2*/_alias": Answer(200, found)})

    assert run(domain, Request(INDEX, delete_old=True))[0] == {"deleted": ["orders-2026-11-20", "orders-2026-11-24"]}
    assert domain.calls[1:] == ["DELETE /orders-2026-11-20", "DELETE /orders-2026-11-24"]


def test_no_index_at_all_is_nothing_to_delete() -> None:
    assert run(Domain({"GET /orders-2*/_alias": MISSING}), Request(INDEX, delete_old=True))[0] == {"deleted": []}


def test_no_template_of_the_users_is_put_out_of_action_without_a_word() -> None:
    overlapping = Answer(200, {"overlapping": [{"name": "theirs"}, {"name": "legacy"}]})
    domain = Domain({"POST /_index_template/_simulate/event-fork-orders": overlapping})

    with pytest.raises(DomainRefusedError, match=r"other index templates \(legacy, theirs\) match orders-2\* too"):
        run(domain, Request(changed(INDEX, only_template=True)))
    assert "PUT /_index_template/event-fork-orders" not in domain.calls
    run(domain, Request(INDEX))
    assert "PUT /_index_template/event-fork-orders" in domain.calls


def test_the_template_of_a_fork_whose_index_only_begins_so_is_no_obstacle() -> None:
    others = [{"name": "event-fork-second", "index_patterns": ["orders-2-2*"]}]
    simulate = "POST /_index_template/_simulate/event-fork-orders"
    index = changed(INDEX, only_template=True)
    assert run(Domain({simulate: Answer(200, {"overlapping": others})}), Request(index))[0]["installed"]
    others[0]["index_patterns"] = ["orders-2*"]
    with pytest.raises(DomainRefusedError, match="event-fork-second"):
        run(Domain({simulate: Answer(200, {"overlapping": others})}), Request(index))


def test_where_no_other_template_matches_the_modules_own_is_put() -> None:
    domain = Domain({"POST /_index_template/_simulate/event-fork-orders": Answer(200, {"overlapping": []})})

    assert run(domain, Request(changed(INDEX, only_template=True)))[0] == {"installed": "event-fork-orders"}


def test_a_refusal_is_one_sentence_with_the_domains_innermost_reason() -> None:
    domain = Domain({"PUT /_index_template/event-fork-orders": error("unknown setting [index.foo]")})

    with pytest.raises(DomainRefusedError) as raised:
        run(domain, Request(INDEX))
    assert str(raised.value) == (
        "the domain refused PUT /_index_template/event-fork-orders with 400: unknown setting [index.foo]"
    )


def test_a_role_that_is_not_known_yet_is_tried_again_and_then_named() -> None:
    refused = Answer(403, {"Message": "User is not authorized"})

    assert run(Domain(first=[refused, refused]), Request(INDEX))[1] == [1.0, 2.0]
    with pytest.raises(DomainRefusedError, match="403: User is not authorized; let the role in the output index_man"):
        run(Domain(first=[refused] * 99), Request(INDEX))


@pytest.mark.parametrize(
    "trouble", [Answer(429, {}), Answer(503, {}), CallFailedError("ConnectTimeoutError", "x", transient=True)]
)
def test_a_domain_that_is_busy_or_does_not_answer_is_tried_again(trouble: Answer | CallFailedError) -> None:
    assert run(Domain(first=[trouble]), Request(INDEX))[1] == [1.0]


def failures() -> Iterable[CallFailedError]:
    yield CallFailedError("NoCredentialsError", "none", transient=False)
    yield from [CallFailedError("ConnectTimeoutError", "no answer", transient=True)] * 99


def test_a_failure_that_stays_is_raised_as_it_is() -> None:
    none, *times_out = failures()
    with pytest.raises(CallFailedError, match="NoCredentialsError"):
        run(Domain(first=[none]), Request(INDEX))
    with pytest.raises(CallFailedError, match="ConnectTimeoutError: no answer"):
        run(Domain(first=[*times_out]), Request(INDEX))


def test_no_attempt_begins_after_the_deadline() -> None:
    domain = Domain(first=[Answer(503, {})] * 99)
    with pytest.raises(DomainRefusedError, match="503: it gave no reason"):
        run(domain, Request(INDEX), seconds=1.5)
    assert len(domain.calls) <= 2


ROLES, MAPPINGS = (f"/_plugins/_security/api/{kind}/event-fork-orders" for kind in ("roles", "rolesmapping"))
MAPPED = changed(INDEX, alias=None, delivery_role_arn="arn:aws:iam::123456789012:role/orders-firehose")


def test_the_delivery_role_may_write_before_the_template_is_there() -> None:
    domain = Domain()
    run(domain, Request(MAPPED))

    assert domain.calls == [f"PUT {ROLES}", f"PUT {MAPPINGS}", "PUT /_index_template/event-fork-orders"]
    assert domain.bodies[:2] == [
        {
            "cluster_permissions": ["cluster_composite_ops", "cluster_monitor"],
            "index_permissions": [{"index_patterns": ["orders-2*"], "allowed_actions": ["crud", "create_index"]}],
        },
        {"backend_roles": ["arn:aws:iam::123456789012:role/orders-firehose"]},
    ]


@pytest.mark.parametrize(
    ("index", "before", "removed"),
    [
        (MAPPED, MAPPED, []),
        (changed(MAPPED, delivery_role_arn=None), MAPPED, [f"DELETE {MAPPINGS}", f"DELETE {ROLES}"]),
        (
            changed(MAPPED, template_name="event-fork-x"),
            MAPPED,
            ["DELETE /_index_template/event-fork-orders", f"DELETE {MAPPINGS}", f"DELETE {ROLES}"],
        ),
        (MAPPED, changed(MAPPED, delivery_role_arn=None), []),
    ],
)
def test_a_mapping_goes_when_it_is_not_asked_for_any_more(
    index: ManagedIndex, before: ManagedIndex, removed: list[str]
) -> None:
    domain = Domain()
    run(domain, Request(index, previous=before))
    assert [call for call in domain.calls if call.startswith("DELETE")] == removed


def test_a_destroy_takes_the_mapping_away_though_it_is_gone_already() -> None:
    domain = Domain({f"DELETE {MAPPINGS}": MISSING, f"DELETE {ROLES}": MISSING})
    run(domain, Request(MAPPED, remove=True))
    assert domain.calls[1:] == [f"DELETE {MAPPINGS}", f"DELETE {ROLES}"]
