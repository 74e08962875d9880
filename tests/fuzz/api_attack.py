"""Attacking the real API with what its own description allows, and with what it does not (schemathesis)."""

import gc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis import HookContext
from schemathesis.engine import events, from_schema
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
_CALL_LIMIT_S = 30


@dataclass
class Outcome:
    """What came of an attack: how often each operation gave each status, and what was wrong."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """How many requests were answered."""
        return self.answers.total()

    def statuses(self, operation: str) -> set[int]:
        """The statuses that `operation` (`GET /health`) gave."""
        return {status for name, status in self.answers if name == operation}


def attack(
    document: dict[str, Any],
    url: str,
    ca_file: Path,
    *,
    token: str | None,
    operations: set[str],
    exacting: set[str],
    seed: int,
    examples: int,
    at_bounds: set[str],
    before_call: Callable[[str], None],
) -> Outcome:
    """Attack `operations` of `document` and return what came of it; blocks.

    `examples` requests are drawn for each operation, in the same way for the same `seed`; for those `at_bounds` more
    come, for each bound and each type that the document states. `exacting` operations may answer 400 to what fits the
    document: they want a key, a signature or a change. `before_call` is told the operation before each request.
    """
    config = schemathesis.Config.from_dict(
        {
            "seed": seed,
            "base-url": url,
            "tls-verify": str(ca_file),
            "request-timeout": _CALL_LIMIT_S,
            "workers": 1,
            "continue-on-failure": True,
            "headers": {} if token is None else {"Authorization": f"Bearer {token}"},
            "checks": {"enabled": False} | {name: {"enabled": True} for name in CHECKS},
            "operations": [
                {"exclude-name": sorted(operations), "enabled": False},
                {
                    "include-name": sorted(exacting),
                    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "4xx"]}},
                },
                {"include-name": sorted(operations - at_bounds), "phases": {"coverage": {"enabled": False}}},
            ],
            "generation": {"max-examples": examples, "no-shrink": True, "database": "none"},
            "phases": {
                "examples": {"enabled": False},
                "coverage": {"enabled": bool(at_bounds)},
                "stateful": {"enabled": False},
            },
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=config)

    def prepare(context: HookContext, case: schemathesis.Case[Any], **kwargs: Any) -> None:
        before_call(case.operation.label)

    schemathesis.hook("before_call")(prepare)
    try:
        return _run(schema)
    finally:
        GLOBAL_HOOK_DISPATCHER.unregister(prepare)
        del schema
        gc.collect()  # its connections are in cycles, and the server would wait for them


def _run(schema: schemathesis.BaseSchema) -> Outcome:
    outcome = Outcome()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _count(event, outcome)
        elif isinstance(event, events.NonFatalError):
            outcome.failures[f"{event.label}: {event.value}"] = str(event.value)
        elif isinstance(event, events.FatalError):
            raise event.exception
    return outcome


def _count(event: events.ScenarioFinished, outcome: Outcome) -> None:
    recorder = event.recorder
    for case_id, call in recorder.interactions.items():
        if call.response is not None:
            outcome.answers[recorder.cases[case_id].value.operation.label, call.response.status_code] += 1
    for nodes in recorder.checks.values():
        for node in nodes:
            if node.failure_info is not None:
                failure = node.failure_info.failure
                told = f"{failure.title}: {failure.message}\n{node.failure_info.code_sample}"
                outcome.failures.setdefault(f"{recorder.label} {node.name} {failure.title}", told)
