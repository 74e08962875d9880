"""What the log says of a week: states, custody, reservations and visits, rebuilt from its entries alone, beside the
tables."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.mandate_house import Owner, entries

ITEMS_OF = {
    "deployment.requested": "deployment",
    "kit.added": "kit_item",
    "kit.moved": "kit_movement WHERE way <> 'new'",
    "kit.maintained": "kit_maintained",
    "kit-stock.moved": "kit_stock_move",
    "readiness.judged": "readiness_certificate",
    "checklist.evidence-given": "checklist_evidence",
    "authority.recorded": "authority",
    "mandate.drafted": "mandate",
    "site.surveyed": "site_survey",
    "call-out.recorded": "call_out",
    "welfare.started": "welfare",
    "handover.made": "handover",
    "harness.kept": "harness_revision",
    "deployment.harness-given": "deployment_harness",
    "deployment.harness-fitted": "harness_fitting",
    "alarm.acknowledged": "alarm WHERE acknowledged_by IS NOT NULL",
    "unit.joined": "unit",
}
"""Kinds of entries, of which there is one for each row."""

_OVERLAPS = """
SELECT a.{what}, lower(a.during) FROM {table} a JOIN {table} b ON a.{what} = b.{what} AND a.during && b.during
WHERE a.ctid < b.ctid AND a.{over} IS NULL AND b.{over} IS NULL
"""


@dataclass
class Rebuilt:
    """What the entries lead to."""

    states: dict[str, str] = field(default_factory=dict)
    steps: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    custody: dict[str, tuple[str, str | None, str | None]] = field(default_factory=dict)
    kept: set[tuple[str, str]] = field(default_factory=set)
    visits: set[str] = field(default_factory=set)
    kinds: Counter[str] = field(default_factory=Counter)

    def enter(self, entry: dict[str, Any]) -> None:
        """Let one entry have its effect."""
        self.kinds[entry["kind"]] += 1
        if entry["kind"] in _EFFECTS:
            _EFFECTS[entry["kind"]](self, entry)


def _requested(rebuilt: Rebuilt, entry: dict[str, Any]) -> None:
    rebuilt.states[entry["deployment"]] = "requested"


def _changed(rebuilt: Rebuilt, entry: dict[str, Any]) -> None:
    which, step, before, after = (entry[name] for name in ("deployment", "step", "from_state", "to_state"))
    # The fast path goes past the first three steps, of which entries of their paperwork tell.
    is_fast = (rebuilt.states[which], step) == ("requested", "check-out")
    assert is_fast or rebuilt.states[which] == before, entry
    rebuilt.states[which] = after
    rebuilt.steps.append((which, step, before, after, entry["actor"]))


def _moved(rebuilt: Rebuilt, entry: dict[str, Any]) -> None:
    item, deployment = entry["item"], entry["deployment"] if entry["to_store"] is None else None
    if entry["kind"] == "kit.moved":
        assert rebuilt.custody[item][0] == entry["from_person"], "custody is a chain"
    rebuilt.custody[item] = entry["person"], entry["to_store"], deployment


def _kept(rebuilt: Rebuilt, entry: dict[str, Any]) -> None:
    rebuilt.kept -= {(entry["deployment"], item) for item in entry["released"]}
    rebuilt.kept |= {(entry["deployment"], item) for item in entry["items"]}


def _visits(rebuilt: Rebuilt, entry: dict[str, Any]) -> None:
    rebuilt.visits = (rebuilt.visits - set(entry["dropped"])) | set(entry["planned"])


_EFFECTS: dict[str, Callable[[Rebuilt, dict[str, Any]], None]] = {
    "deployment.requested": _requested,
    "deployment.changed": _changed,
    "kit.added": _moved,
    "kit.moved": _moved,
    "deployment.kit-kept": _kept,
    "deployment.visits-set": _visits,
}


async def rebuilt(owner: Owner) -> Rebuilt:
    """The whole log, read from its beginning; its times never go back."""
    made, told = Rebuilt(), await entries(owner, "")
    assert [one["at"] for one in told] == sorted(one["at"] for one in told)
    for entry in told:
        made.enter(entry)
    return made


async def in_tables(owner: Owner) -> Rebuilt:
    """The same as the tables have it; `kinds` counts the rows of which entries tell one by one."""
    held = Rebuilt()
    for row in await owner.fetch("SELECT deployment_id, state FROM deployment"):
        held.states[row[0]] = row[1]
    steps = await owner.fetch(
        "SELECT deployment_id, step, from_state, to_state, by FROM deployment_step WHERE NOT skipped ORDER BY step_id"
    )
    held.steps = [tuple(row) for row in steps]
    for row in await owner.fetch("SELECT item, custodian, place, deployment_id FROM kit_item"):
        held.custody[row[0]] = row[1], row[2], row[3]
    reserved = await owner.fetch("SELECT deployment_id, item FROM kit_reservation WHERE released_at IS NULL")
    held.kept = {(row[0], row[1]) for row in reserved}
    held.visits = {row[0] for row in await owner.fetch("SELECT visit_id FROM visit WHERE dropped_at IS NULL")}
    for kind, table in ITEMS_OF.items():
        held.kinds[kind] = await owner.fetchval(f"SELECT count(*) FROM {table}")
    return held


async def in_two_places(owner: Owner) -> list[str]:
    """Items and people that are in two places at once, asked of the rows and not of the constraints."""
    found = []
    for table, what, over in (
        ("kit_reservation", "item", "released_at"),
        ("visit_person", "person_id", "dropped_at"),
    ):
        rows = await owner.fetch(_OVERLAPS.format(table=table, what=what, over=over))
        found += [f"{row[0]} at {row[1]}" for row in rows]
    return found
