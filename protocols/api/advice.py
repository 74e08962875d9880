"""Technical advice in numbers.

`GET /api/advice` (query: `kind`, `at`, `until`, `site`) → Advice: what could be fielded then, with whom
(`see-deployments`).
"""

from datetime import datetime

import msgspec

from protocols.deployments import (
    Blocker,
    DeploymentKind,
    KitWanted,
    Work,
)


class Available(msgspec.Struct, frozen=True, kw_only=True):
    """Of one wanted thing: how many could go out, which, and why others can not."""

    wanted: KitWanted
    items: list[str]
    missing: int
    held_back: list[str]


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who could go. `on_call` is their position then; `works` what of the wanted work they may do; `findings`
    why they can not, or what to mind."""

    person: str
    on_call: str | None
    works: list[Work]
    findings: list[Blocker]
    free: bool


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What could be fielded for a kind of deployment in a time: `possible` with what is there, else `missing` says what
    lacks, as sentences. `team` is a smallest set of people that covers all work, those on call first."""

    kind: DeploymentKind
    starts_at: datetime
    until: datetime
    possible: bool
    at_most: int
    kit: list[Available]
    people: list[Candidate]
    team: list[str]
    missing: list[str]
