"""The judge held against a simple model: whatever order of grants, renewals, ends, reboots and clocks."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_agent.openings.ledger import Ledger, Opening
from edge_agent.openings.london_days import parts_of
from edge_agent.openings.rules import judge
from edge_agent.openings.verdicts import Facts, LocalClock, Permit, Refusal
from protocols.access_record import REASONS
from protocols.mandate import Mandate
from protocols.opening import GrantLease
from tests.support.mandates import AT, BOOT, House, after, allows, mandate, to_ms
from tests.support.opening_facts import MADE_MS, OFFER, Scene, facts_of

HOUSE = House()
GOOD = HOUSE.granted(offer=OFFER)
FACTS = facts_of(HOUSE)
MINUTES = 2
OPENINGS = 4
SMALL = mandate(
    allows=[allows("video", minutes_per_day=MINUTES, openings_per_day=OPENINGS)], not_after=after(14 * 3600)
)
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [place for name, one in value.items() for place in _places(one, (*path, name))]
    return [path] if isinstance(value, str) and value else []


TREE: dict[str, Any] = msgspec.to_builtins(GOOD)
SIGNED_PLACES = [place for place in _places(TREE) if place[0] != "offer" and place[-1] != "type"]


def _changed(path: tuple[Any, ...], at: int, sign: str) -> GrantLease | None:
    """GOOD with one character replaced; None where that changes nothing."""
    tree = msgspec.to_builtins(GOOD)
    inner = tree
    for name in path[:-1]:
        inner = inner[name]
    text = inner[path[-1]]
    at %= len(text)
    if text[at] == sign:
        return None
    inner[path[-1]] = text[:at] + sign + text[at + 1 :]
    return msgspec.convert(tree, GrantLease)


@SLOW
@given(path=st.sampled_from(SIGNED_PLACES), at=st.integers(0, 1 << 16), sign=st.sampled_from('A0z9+/=-"{,\\ \n'))
def test_a_single_changed_character_opens_nothing(path: tuple[Any, ...], at: int, sign: str) -> None:
    assert isinstance(judge(GOOD, FACTS), Permit)
    changed = _changed(path, at, sign)
    if changed is None or _is_blank_of_armour(path, changed) or _is_one_witness(path, changed):
        return
    found = judge(changed, FACTS)
    assert isinstance(found, Refusal)
    assert found.rule in REASONS


def _is_blank_of_armour(path: tuple[Any, ...], changed: GrantLease) -> bool:
    """SSH signatures are armoured in lines: where one line ends is not part of what they say."""
    if path[0] != "mandate" or path[1] == "text":
        return False
    return "".join(getattr(changed.mandate, path[1]).split()) == "".join(getattr(GOOD.mandate, path[1]).split())


def _is_one_witness(path: tuple[Any, ...], changed: GrantLease) -> bool:
    """Two witnesses of three are enough: a cosignature that nobody knows any more takes nothing away."""
    if path != ("logged", "receipt"):
        return False
    good, other = GOOD.logged.receipt.splitlines(), changed.logged.receipt.splitlines()
    if len(good) != len(other):
        return False
    differing = [one for one, two in zip(good, other, strict=True) if one != two]
    return len(differing) == 1 and ".witness.example" in differing[0]


@SLOW
@given(
    on_way_ms=st.integers(0, 70_000),
    lasts_s=st.integers(1, 60),
    ends_s=st.integers(1, 80),
    used_ms=st.integers(0, MINUTES * 60_000),
)
def test_a_permit_never_goes_beyond_lease_mandate_and_budget(
    on_way_ms: int, lasts_s: int, ends_s: int, used_ms: int
) -> None:
    asked = mandate(allows=[allows("video", minutes_per_day=MINUTES)], not_after=after(ends_s))
    spent = Ledger().with_opened(_used(used_ms)).with_closed("open-" + "e" * 24, 1 << 40)
    start = replace(facts_of(HOUSE, ledger=spent), boot_id=BOOT)
    grant, facts = Scene(HOUSE, asked).answer(
        start, "open-" + "1" * 24, since_at_ms=0, on_way_ms=on_way_ms, lasts_s=lasts_s
    )
    found = judge(grant, facts)
    now_ms = MADE_MS + on_way_ms
    latest_ms = min(MADE_MS + lasts_s * 1000, MADE_MS + ends_s * 1000, now_ms + MINUTES * 60_000 - used_ms)
    if latest_ms <= now_ms:
        assert isinstance(found, Refusal)
    else:
        assert isinstance(found, Permit)
        assert found.opening.until_boot_ms == latest_ms


def _used(used_ms: int) -> Opening:
    return Opening(
        opening="open-" + "e" * 24,
        mandate=mandate().mandate,
        authority=None,
        person="TO-12",
        modalities=["video"],
        boot_id="earlier",
        opened_boot_ms=0,
        since_boot_ms=0,
        until_boot_ms=used_ms,
        since_ms=to_ms(AT) - used_ms,
        ends_by="expiry",
        carried=False,
    )


class UnitMachine(RuleBasedStateMachine):
    """A unit that obeys its judge, and a model that counts every millisecond it was open."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(HOUSE, SMALL)
        self.at_ms = 0
        self.ledger = Ledger()
        self.boot = 0
        self.numbers = 0
        self.live: dict[str, int] = {}
        self.opened_at: dict[str, int] = {}
        self.used: dict[str, int] = {}
        self.begun: dict[str, int] = {}
        self.cancelled = False
        self.highest_ms = 0
        self.highest_at_ms: int | None = None
        self.told_of: dict[str, int] = {}

    @initialize(hours=st.sampled_from([0, 11, 12]))
    def begin(self, hours: int) -> None:
        """Some begin shortly before midnight."""
        self.at_ms = hours * 3_600_000 - (30_000 if hours == 12 else 0)

    @property
    def facts(self) -> Facts:
        """What the unit knows now."""
        clock = LocalClock(to_ms(AT) + self.at_ms, synchronised=False)
        return replace(facts_of(HOUSE), boot_id=f"boot {self.boot}", ledger=self.ledger, clock=clock)

    @rule(seconds=st.integers(0, 70))
    def wait(self, seconds: int) -> None:
        """Time goes by: the supervisor closes what has reached its end."""
        until_ms = self.at_ms + seconds * 1000
        for opening, end_ms in list(self.live.items()):
            if end_ms <= until_ms:
                self._close(opening, end_ms)
        self.at_ms = until_ms

    @rule(hours=st.integers(1, 13))
    def sleep(self, hours: int) -> None:
        """Long enough for another day, and for the mandate's end."""
        self.wait(hours * 3600)

    @rule(lasts_s=st.integers(1, 60), on_way_ms=st.integers(0, 3_000))
    def ask(self, lasts_s: int, on_way_ms: int) -> None:
        """A new opening."""
        self.numbers += 1
        self._grant(f"open-{self.numbers:024x}", lasts_s, on_way_ms, 0)

    @rule(lasts_s=st.integers(1, 60), on_way_ms=st.integers(0, 3_000))
    def renew(self, lasts_s: int, on_way_ms: int) -> None:
        """The latest opening goes on, if it is still open."""
        if self.numbers:
            self._grant(f"open-{self.numbers:024x}", lasts_s, on_way_ms, 0)

    @rule(back_s=st.integers(1, 100_000))
    def ask_with_an_old_time(self, back_s: int) -> None:
        """A controller whose clock was set back."""
        self.numbers += 1
        self._grant(f"open-{self.numbers:024x}", 60, 0, back_s * 1000)

    @rule(early_ms=st.integers(0, 60_000))
    def close(self, early_ms: int) -> None:
        """Somebody closes what is open."""
        for opening in list(self.live):
            self._close(opening, min(self.at_ms, self.live[opening]))
        self.at_ms += early_ms

    @rule()
    def reboot(self) -> None:
        """All that was open is closed; what was reserved counts as used."""
        for opening in list(self.live):
            self._use(opening, self.live.pop(opening))
            self.ledger = self.ledger.with_closed(opening, 1 << 52)
        self.ledger = msgspec.json.decode(msgspec.json.encode(self.ledger), type=Ledger)
        self.boot += 1
        self.highest_at_ms = None

    @rule(really=st.integers(0, 9))
    def cancel(self, really: int) -> None:
        """One in ten: then nothing opens any more."""
        if really == 0:
            self.close(0)
            self.ledger = self.ledger.with_cancelled(SMALL.mandate)
            self.cancelled = True

    def _grant(self, opening: str, lasts_s: int, on_way_ms: int, back_ms: int) -> None:
        self.wait(0)
        asked_ms = self.at_ms
        told_ms = to_ms(AT) + asked_ms - back_ms
        grant, facts = self.scene.answer(
            self.facts, opening, since_at_ms=asked_ms, on_way_ms=on_way_ms, lasts_s=lasts_s, granted_at_ms=told_ms
        )
        for one, end_ms in list(self.live.items()):
            if end_ms <= asked_ms + on_way_ms:
                self._close(one, end_ms)
        self.at_ms = asked_ms + on_way_ms
        facts = replace(facts, ledger=self.ledger, clock=self.facts.clock)
        found = judge(grant, facts)
        if isinstance(found, Permit):
            self._opened(found, opening, told_ms, asked_ms, lasts_s)

    def _opened(self, permit: Permit, opening: str, told_ms: int, asked_ms: int, lasts_s: int) -> None:
        assert not self.cancelled
        assert told_ms >= self._earliest_ms(asked_ms) - 5_000
        told_ms = max(told_ms, self._earliest_ms(asked_ms))
        assert told_ms < to_ms(AT) + _window_s(SMALL) * 1000
        until_ms = permit.opening.until_boot_ms - MADE_MS
        was_ms = self.live.get(opening)
        assert permit.is_renewal == (was_ms is not None)
        assert self.at_ms < until_ms <= max(asked_ms + lasts_s * 1000, was_ms or 0)
        self.highest_ms = max(told_ms, self._earliest_ms(self.at_ms))
        self.highest_at_ms = self.at_ms
        self.ledger = permit.ledger
        if was_ms is not None and until_ms > was_ms:
            self._use(opening, self.at_ms)
        if was_ms is None or until_ms > was_ms:
            self.opened_at[opening] = self.at_ms
            self.told_of[opening] = told_ms + self.at_ms - asked_ms
        self.live[opening] = until_ms
        if was_ms is None:
            day = next(parts_of(permit.opening.since_ms, permit.opening.since_ms + 1)).day
            self.begun[day] = self.begun.get(day, 0) + 1

    def _close(self, opening: str, at_ms: int) -> None:
        self._use(opening, at_ms)
        del self.live[opening]
        self.ledger = self.ledger.with_closed(opening, MADE_MS + at_ms)

    def _earliest_ms(self, at_ms: int) -> int:
        """Time by what was trusted, which passes as long as the boot lasts; all but one part in 5,000 of it."""
        if self.highest_at_ms is None:
            return self.highest_ms
        return self.highest_ms - (self.highest_at_ms - max(at_ms, self.highest_at_ms)) * 4_999 // 5_000

    def _use(self, opening: str, until_ms: int) -> None:
        """Count from the latest permit on, by days of the time that the unit trusted."""
        told_ms, lasted_ms = self.told_of.pop(opening), until_ms - self.opened_at.pop(opening)
        for part in parts_of(told_ms, told_ms + lasted_ms):
            self.used[part.day] = self.used.get(part.day, 0) + part.ms

    @invariant()
    def no_day_goes_beyond_its_budget(self) -> None:
        """Neither in minutes nor in openings."""
        assert all(used <= MINUTES * 60_000 for used in self.used.values())
        assert all(begun <= OPENINGS for begun in self.begun.values())
        assert len(self.live) <= 1, "there is one camera"
        assert {one.opening for one in self.ledger.open} == set(self.live)


def _window_s(asked: Mandate) -> int:
    return (asked.not_after - AT) // timedelta(seconds=1)


TestUnit = UnitMachine.TestCase
TestUnit.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
