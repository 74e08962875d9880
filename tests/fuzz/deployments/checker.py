"""What must hold of deployments whatever was done, asked of the database by its owner: no rule of the program is used.

Each query of `PROMISES` returns a row, whose first column is a sentence, for each thing that is wrong. `$1` are the
codes of a walk's items, `$2` the controller's now.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

_OF_WALK = "SELECT deployment_id FROM deployment WHERE requested_at > $2::timestamptz - interval '7 days'"
_FITTED = "('fitted', 'commissioned', 'live', 'maintenance')"

WAY = {
    "assess": (["requested"], "feasible"),
    "plan": (["feasible"], "planned"),
    "authorise": (["planned"], "authorised"),
    "check-out": (["authorised"], "checked-out"),
    "fit": (["checked-out"], "fitted"),
    "commission": (["fitted"], "commissioned"),
    "go-live": (["commissioned"], "live"),
    "maintain": (["live"], "maintenance"),
    "resume": (["maintenance"], "live"),
    "recover": (["fitted", "commissioned", "live", "maintenance"], "recovered"),
    "close": (["recovered"], "closed"),
    "cancel": (["requested", "feasible", "planned", "authorised", "checked-out"], "cancelled"),
}
"""The steps as the issue has them, written down here once more."""


def _steps_allowed() -> str:
    return ", ".join(f"('{step}', '{one}', '{to}')" for step, (froms, to) in WAY.items() for one in froms)


def _signed(step: str, kind: str, modalities: str) -> str:
    """A step that was gone without a named authority of a kind in force at that moment, reviews apart."""
    return f"""
    SELECT format('%s: {step} without an authority to {kind} in force', d.deployment_id)
    FROM deployment d JOIN deployment_step s USING (deployment_id)
    WHERE d.deployment_id IN ({_OF_WALK}) AND s.step = '{step}' AND NOT EXISTS (
        SELECT FROM deployment_authority n JOIN authority a USING (authority_id)
        WHERE n.deployment_id = d.deployment_id AND n.named_at <= s.at AND coalesce(n.dropped_at, 'infinity') >= s.at
          AND '{kind}' = ANY (a.kinds) AND a.starts_at <= s.at AND s.at < a.ends_at
          AND a.recorded_at <= s.at AND coalesce(a.cancelled_at, 'infinity') >= s.at AND {modalities})"""


PROMISES: dict[str, str] = {
    "item booked twice": f"""
        SELECT format('%s is kept for %s and %s', a.item, a.deployment_id, b.deployment_id)
        FROM kit_reservation a JOIN kit_reservation b USING (item)
        WHERE a.reservation_id < b.reservation_id AND a.released_at IS NULL AND b.released_at IS NULL
          AND a.during && b.during AND (a.item = ANY ($1) OR a.deployment_id IN ({_OF_WALK}))""",
    "person booked twice": f"""
        SELECT format('%s is on %s and %s', a.person_id, a.visit_id, b.visit_id)
        FROM visit_person a JOIN visit_person b USING (person_id) JOIN visit v ON v.visit_id = a.visit_id
        WHERE a.visit_id < b.visit_id AND a.dropped_at IS NULL AND b.dropped_at IS NULL AND a.during && b.during
          AND v.deployment_id IN ({_OF_WALK})""",
    "visit stands without its people, or they without it": f"""
        SELECT format('%s: %s', v.visit_id, p.person_id)
        FROM visit v LEFT JOIN visit_person p USING (visit_id)
        WHERE v.deployment_id IN ({_OF_WALK}) AND (p.visit_id IS NULL
          OR (v.dropped_at IS NULL) <> (p.dropped_at IS NULL) OR p.during <> tstzrange(v.starts_at, v.ends_at))""",
    "custody": """
        SELECT format('%s is with %s, and its last movement says %s', i.item, i.custodian, m.to_person)
        FROM kit_item i LEFT JOIN LATERAL (
            SELECT * FROM kit_movement m WHERE m.item = i.item ORDER BY movement_id DESC LIMIT 1) m ON true
        WHERE i.item = ANY ($1) AND (m.item IS NULL OR (i.custodian, i.place, i.deployment_id)
          IS DISTINCT FROM (m.to_person, m.to_place, m.deployment_id))""",
    "chain of custody": """
        SELECT format('%s passed from %s, who did not have it', item, from_person)
        FROM (SELECT *, lag(to_person) OVER one AS had, lag(to_place) OVER one AS was_at
              FROM kit_movement WHERE item = ANY ($1) WINDOW one AS (PARTITION BY item ORDER BY movement_id)) m
        WHERE (from_person, from_place) IS DISTINCT FROM (had, was_at)""",
    "movement without its entry": """
        WITH e AS MATERIALIZED (
            SELECT convert_from(body, 'UTF8')::jsonb ->> 'item' AS item FROM log_entry
            WHERE kind IN ('kit.added', 'kit.moved') AND at > $2::timestamptz - interval '7 days')
        SELECT format('%s: %s movements, %s entries', item, there, told) FROM (
            SELECT item, (SELECT count(*) FROM kit_movement m WHERE m.item = i.item) AS there,
                (SELECT count(*) FROM e WHERE e.item = i.item) AS told
            FROM unnest($1::text[]) AS i (item)) counted
        WHERE there <> told""",
    "out of the store by its keeper's books": """
        SELECT format('%s lies in %s, and %s has it', i.item, i.place, i.custodian)
        FROM kit_item i JOIN kit_place p USING (place) WHERE i.item = ANY ($1) AND i.custodian <> p.keeper""",
    "out for what does not keep it": """
        SELECT format('%s is out for %s, which does not keep it', i.item, i.deployment_id)
        FROM kit_item i JOIN deployment d USING (deployment_id)
        WHERE i.item = ANY ($1) AND i.service NOT IN ('lost', 'disposed') AND NOT EXISTS (
            SELECT FROM kit_reservation r
            WHERE r.item = i.item AND r.deployment_id = d.deployment_id AND r.released_at IS NULL)""",
    "over, and holds on to kit or people": f"""
        SELECT format('%s is %s', d.deployment_id, d.state) FROM deployment d
        WHERE d.deployment_id IN ({_OF_WALK}) AND d.state IN ('closed', 'cancelled') AND (
            EXISTS (SELECT FROM kit_reservation r WHERE r.deployment_id = d.deployment_id AND released_at IS NULL)
            OR EXISTS (SELECT FROM kit_item i WHERE i.deployment_id = d.deployment_id
                       AND i.service NOT IN ('lost', 'disposed'))
            OR EXISTS (SELECT FROM visit v WHERE v.deployment_id = d.deployment_id AND v.dropped_at IS NULL
                       AND v.starts_at > $2::timestamptz))""",
    "closed with paperwork owed": f"""
        SELECT d.deployment_id FROM deployment d JOIN deployment_step s USING (deployment_id)
        WHERE d.deployment_id IN ({_OF_WALK}) AND d.state = 'closed'
          AND s.owed_until IS NOT NULL AND s.made_up_at IS NULL""",
    "state that no step led to": f"""
        SELECT format('%s is %s', d.deployment_id, d.state) FROM deployment d
        WHERE d.deployment_id IN ({_OF_WALK}) AND d.state <> coalesce(
            (SELECT s.to_state FROM deployment_step s WHERE s.deployment_id = d.deployment_id
             ORDER BY s.step_id DESC LIMIT 1), 'requested')""",
    "step that there is not": f"""
        SELECT format('%s: %s from %s to %s after %s', deployment_id, step, from_state, to_state, before)
        FROM (SELECT *, lag(to_state, 1, 'requested') OVER (PARTITION BY deployment_id ORDER BY step_id) AS before
              FROM deployment_step WHERE deployment_id IN ({_OF_WALK})) s
        WHERE from_state <> before OR (step, from_state, to_state) NOT IN (VALUES {_steps_allowed()})""",
    "step skipped that is never skipped": f"""
        SELECT format('%s: %s', deployment_id, step) FROM deployment_step JOIN deployment d USING (deployment_id)
        WHERE d.deployment_id IN ({_OF_WALK}) AND skipped
          AND (step NOT IN ('assess', 'plan', 'authorise') OR NOT d.urgent)""",
    "steps differ from their entries": f"""
        WITH e AS MATERIALIZED (
            SELECT entry_id, actor, convert_from(body, 'UTF8')::jsonb AS b FROM log_entry
            WHERE kind = 'deployment.changed' AND at > $2::timestamptz - interval '7 days')
        SELECT format('%s: went %s, told %s', deployment_id, went, told) FROM (
            SELECT d.deployment_id,
                (SELECT string_agg(step || ' ' || "by", ', ' ORDER BY step_id) FROM deployment_step s
                 WHERE s.deployment_id = d.deployment_id AND NOT skipped) AS went,
                (SELECT string_agg((b ->> 'step') || ' ' || e.actor, ', ' ORDER BY entry_id)
                 FROM e WHERE b ->> 'deployment' = d.deployment_id) AS told
            FROM deployment d WHERE d.deployment_id IN ({_OF_WALK})) both_of_them
        WHERE went IS DISTINCT FROM told""",
    "fitted without authority": _signed("fit", "install", "true"),
    "live without authority": _signed("go-live", "use", "d.modalities <@ a.modalities"),
    "resumed without authority": _signed("resume", "use", "d.modalities <@ a.modalities"),
    "recovered without authority": _signed("recover", "retrieve", "true"),
    "authorised by who asked": f"""
        SELECT format('%s: %s', d.deployment_id, s.by) FROM deployment d JOIN deployment_step s USING (deployment_id)
        WHERE d.deployment_id IN ({_OF_WALK}) AND s.step = 'authorise'
          AND d.requested_by = CASE WHEN skipped THEN s.made_up_by ELSE s.by END""",
    "live with a unit that was never judged ready": f"""
        SELECT format('%s: %s', d.deployment_id, i.item)
        FROM deployment d JOIN kit_item i USING (deployment_id)
        WHERE d.deployment_id IN ({_OF_WALK}) AND d.state = 'live'
          AND i.unit_id IS NOT NULL AND i.service NOT IN ('lost', 'disposed') AND NOT EXISTS (
            SELECT FROM readiness_certificate c
            WHERE c.deployment_id = d.deployment_id AND c.item = i.item AND c.passed)""",
    "a bench mandate opens a unit that is fitted": f"""
        SELECT format('%s of %s, fitted for %s', m.mandate_id, m.unit_id, d.deployment_id)
        FROM mandate m JOIN kit_item i USING (unit_id) JOIN deployment d USING (deployment_id)
        WHERE i.item = ANY ($1) AND d.state IN {_FITTED} AND m.kind = 'bench' AND m.recorded_at IS NOT NULL
          AND m.cancelled_at IS NULL AND m.not_before <= $2::timestamptz AND $2::timestamptz < m.not_after""",
    "lease outside a live mandate": """
        SELECT format('%s of %s until %s', o.opening, o.mandate_id, o.leased_until)
        FROM opening o JOIN mandate m USING (mandate_id) LEFT JOIN authority a USING (authority_id)
        WHERE o.state <> 'refused' AND o.unit_id IN (SELECT unit_id FROM kit_item WHERE item = ANY ($1)) AND NOT (
            o.unit_id = m.unit_id AND m.recorded_at <= o.begun_at AND coalesce(m.cancelled_at, 'infinity') >= o.begun_at
            AND m.not_before <= o.begun_at AND o.leased_until <= m.not_after
            AND (m.kind = 'bench' OR (o.modalities <@ a.modalities AND a.starts_at <= o.begun_at
                AND o.leased_until <= a.ends_at AND coalesce(a.cancelled_at, 'infinity') >= o.begun_at
                AND (NOT a.urgent_oral OR o.leased_until <= a.starts_at + interval '72 hours')
                AND CASE m.kind WHEN 'field' THEN 'use' ELSE 'retrieve' END = ANY (a.kinds))))""",
    "lease beyond what its mandate covers": """
        SELECT format('%s of %s: %s under %s', o.opening, o.mandate_id, o.modalities, m.text)
        FROM opening o JOIN mandate m USING (mandate_id), unnest(o.modalities) AS of_one (modality)
        WHERE o.state <> 'refused' AND o.unit_id IN (SELECT unit_id FROM kit_item WHERE item = ANY ($1))
          AND position(format('"%s"', modality) IN m.text) = 0""",
    "two leases of the same at once": """
        SELECT format('%s and %s', a.opening, b.opening) FROM opening a JOIN opening b USING (unit_id)
        WHERE a.opening < b.opening AND a.unit_id IN (SELECT unit_id FROM kit_item WHERE item = ANY ($1))
          AND a.state <> 'refused' AND b.state <> 'refused' AND a.modalities && b.modalities
          AND a.begun_at < coalesce(b.closed_at, b.leased_until)
          AND b.begun_at < coalesce(a.closed_at, a.leased_until)""",
    "more openings than a day allows": """
        SELECT format('%s: %s %s times', mandate_id, modality, count(*))
        FROM opening o, unnest(o.modalities) AS of_one (modality)
        WHERE state <> 'refused' AND unit_id IN (SELECT unit_id FROM kit_item WHERE item = ANY ($1))
        GROUP BY mandate_id, modality, date(begun_at AT TIME ZONE 'Europe/London') HAVING count(*) > 3""",
    "mandate that one person signed": """
        SELECT m.mandate_id FROM mandate m
        WHERE m.unit_id IN (SELECT unit_id FROM kit_item WHERE item = ANY ($1)) AND m.recorded_at IS NOT NULL
          AND (SELECT count(DISTINCT person_id) FROM mandate_signature s WHERE s.mandate_id = m.mandate_id) <> 2""",
}

_WRITTEN_MEANWHILE = (
    "api_session",
    "used_challenge",
    "log_tree",
    "log_unit_head",
    "log_tile",
    "log_checkpoint",
    "event",
)
"""Tables that the log's own work and signing in write at any time; who asks for what their role may not is an event."""
_TABLES = """
    SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    AND relname <> ALL ($1) ORDER BY relname"""


async def broken(owner: Any, items: Sequence[str], now: datetime) -> list[str]:
    """Each promise that does not hold, as a line."""
    found = []
    for name, query in PROMISES.items():
        arguments = [one for mark, one in (("$1", list(items)), ("$2", now)) if mark in query]
        asked = query if "$1" in query else query.replace("$2", "$1")
        found += [f"{name}: {row[0]}" for row in await owner.fetch(asked, *arguments)]
    return found


class Traces:
    """Which tables changed since `mark`: rows that came, went or are written anew."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._query = ""
        self._before: dict[str, tuple[int, int]] = {}

    async def mark(self) -> None:
        """From here on."""
        if not self._query:
            tables = [row[0] for row in await self._owner.fetch(_TABLES, list(_WRITTEN_MEANWHILE))]
            self._query = " UNION ALL ".join(self._counted(one) for one in tables)
        self._before = await self._look()

    async def left(self) -> list[str]:
        """The tables that are otherwise now."""
        now = await self._look()
        return [name for name, seen in now.items() if seen != self._before[name]]

    def _counted(self, table: str) -> str:
        # Sequencing gives an entry its index, people sign in, and asking for what a role may not is itself an entry.
        newest = "0" if table == "log_entry" else "coalesce(max(xmin::text::bigint), 0)"
        which = " WHERE kind <> 'request.refused' AND kind NOT LIKE 'session.%'" if table == "log_entry" else ""
        return f"SELECT '{table}' AS name, count(*) AS there, {newest} AS newest FROM public.\"{table}\"{which}"

    async def _look(self) -> dict[str, tuple[int, int]]:
        return {row["name"]: (row["there"], row["newest"]) for row in await self._owner.fetch(self._query)}
