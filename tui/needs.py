"""What needs a person, most pressing first. Pure."""

from collections.abc import Collection, Mapping, Sequence, Set
from datetime import datetime
from typing import Literal, NamedTuple

from protocols.api.duties import Duty, DutyKind
from protocols.api.events import EventView
from protocols.api.joins import JoinView
from protocols.api.units import Presence, Summary, UnitRow
from protocols.joining import display_fingerprint
from protocols.people import Permission
from tui.alarm_lines import alarm_need_detail, alarm_text
from tui.alarm_words import ShownAlarm
from tui.alarms import AlarmGroup, grouped
from tui.duty_words import OF_DEPLOYMENTS, OF_ROTAS, duty_text, hint, is_mine, presses
from tui.key_words import key_words
from tui.paint import PRESENCE_TONES, Line, Span, Tone, fit, joined, spread, wrap
from tui.role_words import Reserved, whose
from tui.words import age, full_moment, number, plural, safe, short_moment

NeedKind = Literal[
    "alarming",
    "alarm",
    "warning",
    "join",
    "unit",
    "more",
    "sign",
    "deadline",
    "recover",
    "cover",
    "shift",
    "swap",
    "rest",
    "call-out",
    "welfare",
    "handover",
    "paper",
    "visit",
    "authority",
    "rollout",
    "release",
]
_TONES: dict[NeedKind, Tone] = {
    "alarming": "fair",
    "alarm": "bad",
    "warning": "fair",
    "join": "fair",
    "unit": "bad",
    "more": "muted",
    "sign": "loud",
    "deadline": "fair",
    "recover": "bad",
    "cover": "bad",
    "shift": "accent",
    "swap": "fair",
    "rest": "fair",
    "call-out": "fair",
    "welfare": "loud",
    "handover": "fair",
    "paper": "fair",
    "visit": "accent",
    "authority": "fair",
    "rollout": "bad",
    "release": "fair",
}
_KINDS: dict[DutyKind, NeedKind] = {
    "sign": "sign",
    "kit-out": "recover",
    "cover-gap": "cover",
    "shift-soon": "shift",
    "swap-asked": "swap",
    "swap-approve": "swap",
    "rest-owed": "rest",
    "call-out-open": "call-out",
    "welfare-due": "welfare",
    "handover-due": "handover",
    "paper-owed": "paper",
    "visit-soon": "visit",
    "authority-wanted": "authority",
}
"""The others are deadlines."""
_PLACES: dict[NeedKind, int] = {
    "alarming": 0,
    "welfare": 0,
    "sign": 1,
    "recover": 1,
    "cover": 1,
    "swap": 1,
    "handover": 1,
    "rollout": 1,
    "alarm": 2,
    "join": 2,
    "warning": 3,
}
_ACK: Permission = "acknowledge-event"
_TAKES: dict[NeedKind, Permission] = {
    "alarm": _ACK,
    "warning": _ACK,
    "join": "decide-join",
    "unit": "command-unit",
    "more": "command-unit",
}
"""What it takes to do something about each; of duties `duty_words` knows."""
QUARANTINE = "unit-quarantined"
_SILENT: tuple[Presence, ...] = ("quarantined", "quiet")
_PRESENCE_ORDER: tuple[Presence, ...] = ("online", "stale", "quiet", "never", "quarantined", "revoked")


class Need(NamedTuple):
    """One line of the opening screen. `key` tells it from others; the rest leads to what it is about.

    `presses` is for a unit that is quarantined, and for deadlines of the next hours: they stand first. With `has_unit`
    an alarm also stands for its unit. `alarms` are events that no `alarm` stands for. `duty` stays until it is done,
    with the alarms that say the same until somebody takes note of them; with `is_others` somebody else has to do it,
    and it is not counted; nor are its alarms without `may_ack`. `opens` is the rollout, or `releases`, that a line
    about firmware leads to, and which stays as a duty does. Its text is made with the time of day, by `words_of`.
    """

    key: str
    kind: NeedKind
    at: datetime | None
    name: str
    text: str
    hint: str
    alarms: tuple[EventView, ...] = ()
    join: JoinView | None = None
    unit_id: str | None = None
    presses: bool = False
    has_unit: bool = False
    duty: Duty | None = None
    is_others: bool = False
    may_ack: bool = True
    alarm: ShownAlarm | None = None
    opens: str = ""

    @property
    def counts(self) -> int:
        """How many things this person has to do it stands for: a group of alarms as many as it holds, and the unit or
        the duty when it stands for that too; nothing of what only others may do."""
        alarms = len(self.alarms) + (self.alarm is not None) if self.may_ack else 0
        if self.kind in {"alarm", "warning"}:
            return alarms + (self.has_unit and not self.is_others)
        return alarms + (not self.is_others)

    @property
    def stays(self) -> bool:
        """Whether it is still to be done once its alarms are taken note of."""
        return self.duty is not None or bool(self.opens)

    @property
    def tone(self) -> Tone:
        """How the kind is painted; what presses, loud."""
        if self.is_others and not self.alarms and self.alarm is None:
            return "muted"
        return "loud" if self.presses else _TONES[self.kind]


def name_of(label: str, unit_id: str | None) -> str:
    """What people call a unit: its label, else its id, else the controller itself."""
    return label or unit_id or "controller"


def words_of(need: Need, now: datetime, *, utc: bool = False, wide: bool = False) -> str:
    """What the line says."""
    if need.duty is not None:
        return duty_text(need.duty, now)
    return need.text if need.alarm is None else alarm_text(need.alarm, now, utc=utc, wide=wide)


_ALARMED = frozenset({"kit-out", "deadline", "paper-owed", "authority-wanted"})
"""Duties of which an alarm tells too."""


def duty_needs(
    duties: Sequence[Duty],
    permissions: Collection[Permission],
    now: datetime,
    told: Mapping[str, tuple[EventView, ...]],
    told_by: Mapping[str, ShownAlarm] | None = None,
) -> list[Need]:
    """What waits of mandates and authorities, most urgent first as `duties` are; what others have to do, last.

    `told` and `told_by` hold by what a duty is about the events and the alarm that say the same: one line stands for
    all.
    """
    found = [
        Need(
            key=f"duty-{duty.kind}-{duty.about}",
            kind=_KINDS.get(duty.kind, "deadline"),
            at=duty.due_at,
            name=duty.deployment or duty.rota or duty.name or duty.unit or duty.about,
            text="",
            hint=hint(duty, permissions),
            alarms=told.get(duty.about, ()) if duty.kind == "kit-out" else (),
            unit_id=duty.unit,
            alarm=(told_by or {}).get(duty.about) if duty.kind in _ALARMED else None,
            presses=is_mine(duty, permissions) and presses(duty, now),
            duty=duty,
            is_others=not is_mine(duty, permissions),
            may_ack=_ACK in permissions,
        )
        for duty in duties
    ]
    return sorted(found, key=lambda need: need.is_others)


def together(first: Sequence[Need], duties: Sequence[Need]) -> list[Need]:
    """All needs by what presses: alarming that is dead, what else does, what this person has to sign, to bring back,
    to find somebody for or to answer, alarms and joins, this person's other deadlines, units that do not report, what
    others have to do and is no alarm any more."""

    def place(need: Need) -> int:
        if need.kind == "alarming" and need.presses:
            return -1
        if need.is_others:
            return 2 if need.alarms or need.alarm is not None else 5
        if need.presses:
            return 0
        return _PLACES.get(need.kind, 3 if need.duty is not None else 4)

    return sorted([*duties, *first], key=place)


def needs(
    alarms: Sequence[EventView],
    joins: Sequence[JoinView],
    units: Sequence[UnitRow],
    summary: Summary | None,
    permissions: Collection[Permission],
    told: Set[str] = frozenset(),
) -> list[Need]:
    """Alarms of quarantine; other open alarms by unit and kind, newest first; then joins, those that wait longest
    first; then the quarantined and quiet of `units`, but a unit whose quarantine is an open alarm stands there only.

    `alarms` are the events of which no alarm tells; `told` are units that one stands for. `units` are the first of the
    fleet sorted by presence; `summary` tells how many more there are. What somebody with
    `permissions` can do nothing about is others'.
    """
    silent = [row for row in units if row.presence in _SILENT]
    quarantined = {row.unit_id for row in silent if row.presence == "quarantined"}
    found = [_alarm(group, quarantined) for group in grouped(alarms)]
    told = told | {need.unit_id for need in found if need.has_unit and need.unit_id is not None}
    found.sort(key=lambda need: not need.presses)
    found += [_join(join) for join in sorted(joins, key=lambda join: join.first_seen_at)]
    found += [_silent(row) for row in silent if row.unit_id not in told]
    more = sum(summary.presence.get(word, 0) for word in _SILENT) - len(silent) if summary is not None else 0
    if more > 0:
        found.append(Need("more", "more", None, "", f"and {plural(more, 'more unit')} that do not report", "enter"))
    return [need if _TAKES[need.kind] in permissions else of_others(need) for need in found]


def of_others(need: Need) -> Need:
    """What this person sees, and others have to do."""
    doing = {"alarm": "acknowledging", "join": "deciding"}.get(need.kind, "looking after units")
    hint = whose(Reserved(doing, _TAKES[need.kind]))
    return need._replace(is_others=True, may_ack=False, presses=False, hint=hint)


def _alarm(group: AlarmGroup, quarantined: Set[str]) -> Need:
    newest = group.newest
    return Need(
        key=f"alarm-{newest.unit_id}-{newest.kind}",
        kind="alarm",
        at=newest.at,
        name=name_of(newest.label, newest.unit_id),
        text=newest.summary,
        hint="a ack",
        alarms=group.events,
        unit_id=newest.unit_id,
        presses=newest.kind == QUARANTINE,
        has_unit=newest.kind == QUARANTINE and newest.unit_id in quarantined,
    )


def _join(join: JoinView) -> Need:
    shown = display_fingerprint(join.fingerprint)[0]
    return Need(
        key=f"join-{join.join_id}",
        kind="join",
        at=join.first_seen_at,
        name=join.label or "no label",
        text=f"{key_words(join.key_protection).text}, fingerprint {shown} …  "
        + (f"back as {join.rejoins}" if join.rejoins else f"invited by {join.invited_by}"),
        hint="enter",
        join=join,
    )


def _silent(row: UnitRow) -> Need:
    quarantined = row.presence == "quarantined"
    return Need(
        key=f"unit-{row.unit_id}",
        kind="unit",
        at=row.facts.last_report_at,
        name=name_of(row.label, row.unit_id),
        text=(
            "quarantined: it may open nothing until somebody decides" if quarantined else "quiet: no report since then"
        )
        + f"  ({key_words(row.key_protection).text})",
        hint="enter",
        unit_id=row.unit_id,
        presses=quarantined,
    )


def need_line(need: Need, width: int, now: datetime, *, utc: bool) -> Line:
    """One line: when, what kind, which, what; on a wide screen also the key that does something about it."""
    wide = width > 110
    at = short_moment(need.at, now, utc=utc) if need.at else ""
    word = "" if need.kind == "more" else need.kind
    left: Line = (
        Span(fit(at, 11 if wide else 10), "muted"),
        Span(word, need.tone),
        Span(" " * (10 - len(word))),
        Span(fit(need.name, 23 if wide else 12), "muted" if need.is_others else "strong"),
        Span(f" ×{number(need.counts)}" if need.counts > 1 else "", _TONES[need.kind]),
        Span(" " + safe(words_of(need, now, utc=utc, wide=wide)), "muted" if need.is_others else "plain"),
    )
    return spread(left, (Span(need.hint, "accent"), Span(" ")), width) if wide else left


def need_detail(need: Need, width: int, now: datetime, *, utc: bool, most: int = 2) -> list[Line]:
    """The whole of one line, in two; what waits of rotas in at most `most`."""
    if need.duty is not None:
        return _duty_detail(need, width, now, utc=utc, most=most)
    if need.alarm is not None:
        hint = need.hint if need.is_others else ""
        return alarm_need_detail(need.alarm, width, now, utc=utc, most=most, hint=hint)
    since = f"{full_moment(need.at, utc=utc)}, {age(need.at, now)} ago" if need.at else ""
    unit = f"{need.unit_id}  " if need.unit_id else ""
    first = wrap(need.text, width - 2, "strong")[:1]
    if len(need.alarms) > 1:
        oldest = short_moment(need.alarms[-1].at, now, utc=utc)
        since = f"{len(need.alarms)} alarms since {oldest}, newest {age(need.at, now)} ago"
    if need.is_others:
        since = f"{age(need.at, now)} ago   {need.hint}" if need.at else need.hint
    return [(Span(" "), *line) for line in [*first, (Span(unit + since, "muted"),)]]


def _duty_detail(need: Need, width: int, now: datetime, *, utc: bool, most: int) -> list[Line]:
    """What waits, and until when; for what others have to do, whose it is."""
    assert need.duty is not None, "the caller looked"
    if need.duty.kind in OF_ROTAS | OF_DEPLOYMENTS:
        return [(Span(" "), *line) for line in wrap(need.duty.sentence, width - 2, "strong")[:most]]
    words = wrap(f"{need.name}: {words_of(need, now)}", width - 2, "strong")[:1]
    when = full_moment(need.duty.due_at, utc=utc)
    told = f"{when}   {need.hint}" if need.is_others else f"{need.duty.about}   {when}"
    return [(Span(" "), *line) for line in [*words, (Span(told, "muted"),)]]


def things(found: Sequence[Need]) -> int:
    """How many things the lines of `found` stand for: what `wanting` and this person's duties count."""
    return sum(need.counts for need in found)


def things_line(found: Sequence[Need]) -> Line:
    """`6  in 5 lines  2 lines are others'`: how many things want this person; in how many lines, where these are
    fewer; and how many lines are not theirs."""
    count, mine = things(found), sum(need.counts > 0 for need in found)
    others = len(found) - mine
    told = f"  in {plural(mine, 'line')}" if count != mine else ""
    told += f"  {plural(others, 'line is', 'lines are')} others'" if others else ""
    return (Span(number(count), "strong"), Span(told, "muted"))


def wanting(summary: Summary, permissions: Collection[Permission]) -> int:
    """How many things of the fleet want a person with `permissions`."""
    silent = sum(summary.presence.get(word, 0) for word in _SILENT)
    counts: dict[NeedKind, int] = {"alarm": summary.alarms, "join": summary.joins_pending, "unit": silent}
    return sum(count for kind, count in counts.items() if _TAKES[kind] in permissions)


def fleet_lines(summary: Summary | None) -> list[Line]:
    """The fleet in numbers."""
    if summary is None:
        return [(Span(" FLEET   …", "muted"),)]
    counts: list[Line] = [(Span(plural(summary.units, "unit"), "strong"),)]
    for word in _PRESENCE_ORDER:
        count = summary.presence.get(word, 0)
        if count and word != "revoked":
            counts.append((Span(f"{number(count)} ", "plain"), Span(word, PRESENCE_TONES[word])))
    joins = plural(summary.joins_pending, "unit waits to join", "units wait to join")
    open_things: list[Line] = [
        (Span(plural(summary.alarms, "open alarm"), "bad" if summary.alarms else "muted"),),
        (Span(joins, "fair" if summary.joins_pending else "muted"),),
        (Span(plural(summary.sessions_up, "session up", "sessions up"), "muted"),),
    ]
    if summary.units_open:
        open_things.insert(0, (Span(f" OPEN {number(summary.units_open)} ", "loud"),))
    revoked = summary.presence.get("revoked", 0)
    if revoked:
        open_things.append((Span(f"{number(revoked)} revoked", "muted"),))
    return [
        (Span(" FLEET   ", "muted"), *joined(counts)),
        (Span("         "), *joined(open_things)),
    ]
