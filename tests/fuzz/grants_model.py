"""Which openings are legal, told a second time, from the design and not from the unit's code.

Numbers are milliseconds. `boot` times are of the unit's CLOCK_BOOTTIME, `trusted` times Unix time by the controller.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from protocols.access_record import Modality
from protocols.mandate import Mandate
from tests.support.mandates import to_ms

HOUR = 3_600_000
A_MINUTE = 60_000
NONCES, NONCE_LIVES = 8, 15 * A_MINUTE
CLOCKS_APART = 5 * A_MINUTE
BACK = 5_000
_LONDON = ZoneInfo("Europe/London")

Key = tuple[str, Modality, str]


@dataclass(frozen=True)
class Asked:
    """A nonce that the unit made, and what for."""

    nonce: str
    opening: str
    modalities: frozenset[Modality]
    carried: bool
    made_boot: int


@dataclass(frozen=True)
class Plan:
    """What a grant says, and how long after its time the witnesses say that they saw it. `sound`: nothing is wrong with
    its signatures, its place and the log's receipt."""

    asked: Asked
    mandate: Mandate
    opening: str
    modalities: frozenset[Modality]
    person: str
    granted_at: int
    lasts_s: int
    carried: bool
    has_offer: bool
    sound: bool
    seen_after: int = 1_000


@dataclass(frozen=True)
class Open:
    """What is open: since a boot time and the trusted time of it, until a boot time."""

    plan: Plan
    since_boot: int
    since_trusted: int
    until_boot: int


@dataclass
class Model:
    """What a unit has to remember, and its surroundings. `boot` is now; `wall` its own clock's offset to it."""

    boot: int
    wall: int
    wall_is_kept: bool = True
    lid_open: bool = False
    people: frozenset[str] = frozenset()
    highest: int = 0
    highest_boot: int | None = None
    used: Counter[Key] = field(default_factory=Counter)
    begun: Counter[Key] = field(default_factory=Counter)
    cancelled: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    open: dict[str, Open] = field(default_factory=dict)
    nonces: dict[str, Asked] = field(default_factory=dict)

    def ask(self, asked: Asked) -> None:
        """The unit made a nonce: it keeps one for an opening, and eight in all."""
        self._forget()
        self.nonces = {key: one for key, one in self.nonces.items() if one.opening != asked.opening}
        if len(self.nonces) >= NONCES:
            network = [one for one in self.nonces.values() if not one.carried]
            del self.nonces[min(network or self.nonces.values(), key=lambda one: one.made_boot).nonce]
        self.nonces[asked.nonce] = asked

    def until(self, plan: Plan) -> int | None:
        """The boot time until which `plan` may be obeyed; None when it must not be."""
        self._forget()
        if not (plan.sound and self._answers(plan) and self._knows_the_time(plan) and self._is_covered(plan)):
            return None
        if not self._has_place(plan):
            return None
        made, before = plan.asked.made_boot, self.open.get(plan.opening)
        told = self._told(plan)
        window = to_ms(plan.mandate.not_after) - told
        until = min(made + plan.lasts_s * 1000, made + window)
        used = self.used if before is None else self.used + _spent(before, self.boot)
        since = told + self.boot - made
        for modality in plan.modalities:
            until = min(until, self.boot + _left(plan.mandate, modality, used, since, until - self.boot))
        if until <= self.boot:
            return None
        return until if before is None else max(until, before.until_boot)

    def obey(self, plan: Plan, until: int) -> None:
        """The unit obeyed `plan`."""
        told = self._told(plan)
        since = told + self.boot - plan.asked.made_boot
        before = self.open.get(plan.opening)
        if before is None:
            for modality in plan.modalities:
                self.begun[plan.mandate.mandate, modality, _day(since)] += 1
            self.open[plan.opening] = Open(plan, self.boot, since, until)
        elif until > before.until_boot:
            self.used += _spent(before, self.boot)
            self.open[plan.opening] = Open(before.plan, self.boot, since, until)
        self.highest, self.highest_boot = max(told, self._earliest(self.boot)), self.boot
        self.nonces.pop(plan.asked.nonce, None)

    def close(self, opening: str, at_boot: int) -> None:
        """It is closed since `at_boot`."""
        one = self.open.pop(opening, None)
        if one is not None:
            self.used += _spent(one, at_boot)
            self.ended.add(opening)

    def shut(self) -> None:
        """The lid is closed: so is what a bench mandate opened."""
        self.lid_open = False
        for opening, one in list(self.open.items()):
            if one.plan.mandate.kind == "bench":
                self.close(opening, self.boot)

    def forget(self) -> None:
        """The program ended without a word: what was open counts to its deadline, and nonces are void."""
        for opening, one in list(self.open.items()):
            self.close(opening, one.until_boot)
        self.nonces.clear()
        self.ended.clear()

    def reboot(self, boot: int, wall: int) -> None:
        """The clock of boots begins anew: how long the unit was away, it does not know."""
        self.forget()
        self.boot, self.wall, self.highest_boot = boot, wall, None

    def _earliest(self, boot: int) -> int:
        """What the unit has been told goes on with the boot's clock, which may run fast by one part in 5,000."""
        passed = 0 if self.highest_boot is None else max(0, boot - self.highest_boot)
        return self.highest - -passed * 4_999 // 5_000

    def _told(self, plan: Plan) -> int:
        return max(plan.granted_at, self._earliest(plan.asked.made_boot))

    def _forget(self) -> None:
        self.nonces = {key: one for key, one in self.nonces.items() if self.boot - one.made_boot < NONCE_LIVES}

    def _answers(self, plan: Plan) -> bool:
        asked = self.nonces.get(plan.asked.nonce)
        longest = 900 if plan.carried else 60
        return (
            asked is not None
            and (asked.opening, asked.modalities, asked.carried) == (plan.opening, plan.modalities, plan.carried)
            and plan.lasts_s <= longest
            and self.boot < asked.made_boot + plan.lasts_s * 1000
        )

    def _knows_the_time(self, plan: Plan) -> bool:
        now = self.boot + self.wall
        latest = plan.granted_at + self.boot - plan.asked.made_boot
        agrees = plan.granted_at - CLOCKS_APART <= now <= latest + CLOCKS_APART
        witnessed = plan.seen_after <= CLOCKS_APART
        went_back = plan.granted_at < self._earliest(plan.asked.made_boot) - BACK
        return witnessed and not went_back and (agrees or not self.wall_is_kept)

    def _is_covered(self, plan: Plan) -> bool:
        mandate = plan.mandate
        return (
            to_ms(mandate.not_before) <= self._told(plan) < to_ms(mandate.not_after)
            and plan.modalities <= set(mandate.modalities)
            and {mandate.requester, mandate.approver, plan.person} <= self.people
            and mandate.mandate not in self.cancelled
            and (mandate.kind != "bench" or (self.lid_open and not plan.carried))
        )

    def _has_place(self, plan: Plan) -> bool:
        if "position" in plan.modalities and len(plan.modalities) > 1:
            return False
        others = [one.plan for key, one in self.open.items() if key != plan.opening]
        if any(one.modalities & plan.modalities for one in others):
            return False
        before = self.open.get(plan.opening)
        if before is not None:
            first = before.plan
            return (first.mandate.mandate, first.modalities) == (plan.mandate.mandate, plan.modalities)
        if plan.opening in self.ended or not (plan.has_offer or plan.modalities == {"position"}):
            return False
        return all(self._may_begin(plan, modality) for modality in plan.modalities)

    def _may_begin(self, plan: Plan, modality: Modality) -> bool:
        day = _day(self._told(plan) + self.boot - plan.asked.made_boot)
        allowance = plan.mandate.allowance(modality)
        return allowance is not None and self.begun[plan.mandate.mandate, modality, day] < allowance.openings_per_day


def renewed(one: Open, plan: Plan) -> Plan:
    """The plan of a grant by which `one` goes on, in answer to what `plan` answers."""
    return replace(plan, mandate=one.plan.mandate, person=one.plan.person, modalities=one.plan.modalities)


def _day(trusted: int) -> str:
    return datetime.fromtimestamp(trusted // 1000, UTC).astimezone(_LONDON).date().isoformat()


def _hours(since: int, until: int) -> Iterator[tuple[str, int]]:
    """Days and how long, an hour of the clock at a time: London's midnights are on the hour."""
    while since < until:
        end = min(until, (since // HOUR + 1) * HOUR)
        yield _day(since), end - since
        since = end


def _spent(one: Open, at_boot: int) -> Counter[Key]:
    lasted = min(max(at_boot, one.since_boot), one.until_boot) - one.since_boot
    spent: Counter[Key] = Counter()
    for day, length in _hours(one.since_trusted, one.since_trusted + lasted):
        for modality in one.plan.modalities:
            spent[one.plan.mandate.mandate, modality, day] += length
    return spent


def _left(mandate: Mandate, modality: Modality, used: Counter[Key], since: int, wanted: int) -> int:
    """How long it may be open from `since` on."""
    allowance, so_far, today = mandate.allowance(modality), 0, Counter(used)
    if allowance is None:
        return 0
    for day, length in _hours(since, since + wanted):
        left = allowance.minutes_per_day * A_MINUTE - today[mandate.mandate, modality, day]
        if left < length:
            return so_far + max(0, left)
        today[mandate.mandate, modality, day] += length
        so_far += length
    return so_far
