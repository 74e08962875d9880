"""Random lives of a unit: asked, granted, renewed, replayed, closed and cancelled, with crashes and wrong clocks.

After each step what the opener was asked to open is compared with what the model says may be open.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import msgspec

from edge_agent.openings.verdicts import Bench
from protocols.access_record import Modality
from protocols.lease import Lease
from protocols.mandate import Mandate, SignedMandate
from protocols.opening import GrantLease
from tests.fuzz.grants_documents import Tally, are_same_papers
from tests.fuzz.grants_model import Asked, Model, Plan
from tests.fuzz.grants_mutations import damaged
from tests.fuzz.grants_papers import BOOTS, OFFER, SECOND_ENGINEER, UNITS, issue, steady_house
from tests.fuzz.grants_unit import SteppedClock, SteppedUnit
from tests.support.mandates import APPROVER, ENGINEER, INSPECTOR, SUPERVISOR, allows, fresh, mandate, to_ms

BEGINNINGS = (
    datetime(2026, 11, 22, 12, tzinfo=UTC),
    datetime(2026, 11, 22, 23, 58, tzinfo=UTC),  # before midnight in London
    datetime(2026, 10, 24, 22, 58, tzinfo=UTC),  # before midnight there, and summer time ends in that night
    datetime(2027, 3, 27, 23, 58, tzinfo=UTC),  # the same, and it begins
)
ASKERS = (ENGINEER, SECOND_ENGINEER, SUPERVISOR)
WAITS_MS = (0, 50, 700, 2_000, 5_000, 9_000, 20_000, 61_000, 600_000, 4 * 3_600_000)
STEP_WEIGHTS = {
    "ask": 20,
    "grant": 30,
    "renew": 14,
    "replay": 4,
    "damage": 6,
    "wait": 18,
    "close": 4,
    "cancel": 1,
    "crash": 1,
    "stop": 1,
    "reboot": 1,
    "clock": 2,
    "lid": 2,
    "people": 2,
}

Grant = tuple[Plan, GrantLease]


class Life:
    """One unit from its first boot on. What it finds goes into `tally`."""

    def __init__(self, drawn: Random, state_dir: Path, tally: Tally) -> None:
        self._drawn = drawn
        self._tally = tally
        self._state_dir = state_dir
        self._house = steady_house()
        self._lists = (
            self._house.people_list().text(),
            self._house.people_list(2, TO_13=None, AP_07={"role": "approver"}).text(),
        )
        self._began = drawn.choice(BEGINNINGS)
        self._papers = [(one, self._house.signed_mandate(one)) for one in self._mandates()]
        boot_ms = drawn.randrange(5_000, 90_000_000)
        self._true_offset = to_ms(self._began) - boot_ms
        self._model = Model(boot_ms, self._true_offset, people=frozenset(self._house.people))
        self._unit = self._program(boot_ms, BOOTS[0])
        self._asked: list[tuple[Asked, int]] = []
        self._shown: list[Grant] = []
        self._count = 0
        self._boots = 0
        self._steps: dict[str, Callable[[], Awaitable[None]]] = {
            name: getattr(self, f"_{name}") for name in STEP_WEIGHTS
        }

    async def live(self, steps: int) -> None:
        """Take so many steps; the first that goes otherwise than the model is the last, as the two no longer agree on
        what follows."""
        await self._unit.start()
        names = self._drawn.choices(list(STEP_WEIGHTS), list(STEP_WEIGHTS.values()), k=steps)
        found_before = self._tally.found
        try:
            for name in names:
                await self._steps[name]()
                self._compare(name)
                if self._tally.found > found_before:
                    return
        finally:
            await self._unit.stop()

    def _compare(self, name: str) -> None:
        """What is open is what may be, and until when it may be."""
        found = {opening: thing.until_boot_ms for opening, thing in self._unit.opener.open_now().items()}
        wanted = {opening: one.until_boot for opening, one in self._model.open.items()}
        if any(until > wanted.get(opening, 0) for opening, until in found.items()):
            self._tally.illegal.append(f"after {name}: open {found}, may be {wanted}")
        elif found != wanted:
            self._tally.unopened.append(f"after {name}: open {found}, should be {wanted}")

    async def _ask(self) -> None:
        number = self._drawn.randrange(len(self._papers))
        covered = self._papers[number][0].modalities
        media: list[Modality] = [one for one in covered if one != "position"]
        if media and (len(media) == len(covered) or self._drawn.random() < 0.6):
            modalities = self._drawn.sample(media, self._drawn.randint(1, len(media)))
        else:
            modalities = ["position"] if self._drawn.random() < 0.95 else list(covered)
        known = [asked.opening for asked, _ in self._asked[-20:]]
        opening = self._drawn.choice(known) if known and self._drawn.random() < 0.1 else self._fresh("open-", 24)
        await self._asks(opening, modalities, number, carried=self._drawn.random() < 0.2)

    async def _asks(self, opening: str, modalities: list[Modality], number: int, *, carried: bool) -> Asked:
        carried = carried and "position" not in modalities
        made = await self._unit.ask(opening, modalities, carried=carried)
        asked = Asked(made.nonce, opening, frozenset(modalities), carried, made.made_ms)
        self._model.ask(asked)
        self._asked.append((asked, number))
        return asked

    async def _grant(self) -> None:
        live = [pair for pair in self._asked if pair[0].nonce in self._model.nonces]
        if not live or self._drawn.random() < 0.06:
            live = self._asked
        if not live:
            return
        asked, number = self._drawn.choice(live)
        if self._drawn.random() < 0.06:
            number = self._drawn.randrange(len(self._papers))
        await self._grants(asked, number, self._drawn.choice(ASKERS))

    async def _renew(self) -> None:
        if not self._model.open:
            await self._ask()
            await self._grant()
            return
        one = self._drawn.choice(list(self._model.open.values())).plan
        number = next(place for place, (asked, _) in enumerate(self._papers) if asked == one.mandate)
        modalities = sorted(one.modalities)
        carried = one.carried if self._drawn.random() < 0.9 else not one.carried
        asked = await self._asks(one.opening, modalities, number, carried=carried)
        await self._waits(self._drawn.choice((0, 40, 900, 3_000)))
        await self._grants(asked, number, one.person)

    async def _replay(self) -> None:
        if self._shown:
            await self._shows(*self._drawn.choice(self._shown[-30:]))

    async def _damage(self) -> None:
        """A grant that is good, with something damaged."""
        live = [pair for pair in self._asked if pair[0].nonce in self._model.nonces]
        if not live:
            return
        asked, number = self._drawn.choice(live)
        plan, true = self._issued(self._honest(asked, self._papers[number][0], self._drawn.choice(ASKERS)), number)
        shown = damaged(self._drawn, msgspec.json.encode(true).decode()).encode(errors="surrogateescape")
        try:
            grant = msgspec.json.decode(shown, type=GrantLease)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._tally.rules["not-a-grant"] += 1
            return
        sound = are_same_papers(grant, true, [true.logged])
        await self._shows(replace(plan, sound=sound, has_offer=grant.offer is not None), grant, has_to_open=False)

    async def _wait(self) -> None:
        await self._waits(self._drawn.choices(WAITS_MS, (10, 20, 20, 15, 10, 10, 8, 4, 2, 0.4))[0])

    async def _close(self) -> None:
        for opening in self._drawn.sample(sorted(self._model.open), min(1, len(self._model.open))):
            await self._unit.close(opening)
            self._model.close(opening, self._model.boot)

    async def _cancel(self) -> None:
        if self._drawn.random() < 0.5:
            return
        cancelled = self._drawn.choice(self._papers)[0].mandate
        await self._unit.cancel(cancelled)
        self._model.cancelled.add(cancelled)
        for opening, one in list(self._model.open.items()):
            if one.plan.mandate.mandate == cancelled:
                self._model.close(opening, self._model.boot)

    async def _crash(self) -> None:
        await self._unit.crash()
        self._model.forget()
        await self._again(self._model.boot, self._unit.boot_id)

    async def _stop(self) -> None:
        await self._unit.stop()
        for opening in list(self._model.open):
            self._model.close(opening, self._model.boot)
        self._model.forget()
        await self._again(self._model.boot, self._unit.boot_id)

    async def _reboot(self) -> None:
        """The clock of boots begins anew, and what the unit thinks is the time is any time at all."""
        await self._unit.crash()
        away_ms, boot_ms = self._drawn.randrange(3_000, 120_000), self._drawn.randrange(2_000, 20_000)
        now = self._model.boot + self._true_offset + away_ms
        self._true_offset = now - boot_ms
        self._model.reboot(boot_ms, self._true_offset)
        self._boots += 1
        await self._again(boot_ms, fresh("boot", self._boots, 32))

    async def _again(self, boot_ms: int, boot_id: str) -> None:
        before = self._unit
        self._unit = self._program(boot_ms, boot_id)
        self._unit.bench, self._unit.clock_is_kept = before.bench, before.clock_is_kept
        self._unit.carry(before.people_list)
        await self._unit.start()

    async def _clock(self) -> None:
        off_ms = self._drawn.choice((0, 0, 0, 299_000, -299_000, 400_000, -(10**11), 10**11))
        self._model.wall = self._unit.clock.wall_offset_ms = self._true_offset + off_ms
        self._model.wall_is_kept = self._unit.clock_is_kept = self._drawn.random() < (
            0.7 if abs(off_ms) < 300_000 else 0.3
        )

    async def _lid(self) -> None:
        is_open = self._drawn.random() < 0.6
        await self._unit.lie(Bench(lid_open=is_open))
        if is_open:
            self._model.lid_open = True
        else:
            self._model.shut()

    async def _people(self) -> None:
        number = self._drawn.choices((0, 1), (3, 1))[0]
        self._unit.carry(self._lists[number])
        self._model.people = frozenset(self._house.people) - ({SECOND_ENGINEER} if number else set())

    async def _waits(self, ms: int) -> None:
        await self._unit.advance(ms)
        self._model.boot += ms
        for opening, one in list(self._model.open.items()):
            if one.until_boot <= self._model.boot:
                self._model.close(opening, one.until_boot)

    async def _grants(self, asked: Asked, number: int, person: str) -> None:
        honest = self._honest(asked, self._papers[number][0], person)
        plan, grant = self._dishonest(honest, number) if self._drawn.random() < 0.25 else self._issued(honest, number)
        self._shown.append((plan, grant))
        await self._shows(plan, grant)

    async def _shows(self, plan: Plan, grant: GrantLease, *, has_to_open: bool = True) -> None:
        until = self._model.until(plan)
        outcome = await self._unit.grant(grant)
        if outcome.until_boot_ms is None and not has_to_open:
            until = None
        if until is None and outcome.until_boot_ms is not None:
            self._tally.illegal.append(f"{plan} opened until {outcome.until_boot_ms}")
        elif until is not None and outcome.until_boot_ms is None:
            self._tally.unopened.append(f"{plan} was refused: {outcome.rule}")
        if until is None:
            self._tally.rules[outcome.rule] += 1
        else:
            self._tally.controls += 1
            self._model.obey(plan, until)

    def _honest(self, asked: Asked, paper: Mandate, person: str) -> Plan:
        lasts_s = self._drawn.randint(61, 900) if asked.carried else self._drawn.randint(8, 60)
        return Plan(
            asked=asked,
            mandate=paper,
            opening=asked.opening,
            modalities=asked.modalities,
            person=person,
            granted_at=self._model.boot + self._true_offset,
            lasts_s=lasts_s,
            carried=asked.carried,
            has_offer=asked.modalities != {"position"} and asked.opening not in self._model.open,
            sound=True,
        )

    def _dishonest(self, honest: Plan, number: int) -> Grant:
        """A plan that the model judges like any other, or one with something wrong that no model need know."""
        back_ms = self._drawn.choice((1, 1_000, 4_999, 5_001, 20_000, 3_600_000, 10**9))
        seen_ms = self._drawn.choice((back_ms // 1000 * 1000, 300_000, 301_000, 10**9))
        changes: list[Callable[[], Plan]] = [
            lambda: replace(honest, granted_at=honest.granted_at - back_ms),
            lambda: replace(honest, granted_at=honest.granted_at - back_ms, seen_after=seen_ms),
            lambda: replace(honest, granted_at=honest.granted_at + self._drawn.choice((1_000, 5_000))),
            lambda: replace(honest, has_offer=not honest.has_offer),
            lambda: replace(honest, carried=not honest.carried),
            lambda: replace(honest, lasts_s=self._drawn.choice((1, 61, 900))),
            lambda: replace(honest, modalities=frozenset({"video", "audio"})),
            lambda: replace(honest, opening=self._fresh("open-", 24)),
            lambda: replace(honest, person=self._drawn.choice((INSPECTOR, APPROVER, "TO-99")), sound=False),
        ]
        if self._drawn.random() < 0.6:
            return self._issued(self._drawn.choice(changes)(), number)
        return self._unsound(replace(honest, sound=False), number)

    def _unsound(self, plan: Plan, number: int) -> Grant:
        paper, signed = self._papers[number]
        lease = self._lease(plan)
        offer = OFFER if plan.has_offer else None
        other = self._papers[(number + 1) % len(self._papers)][1]
        untouched = self._house.signed_mandate(paper, flags=(1, 0))
        ways: list[Callable[[], GrantLease]] = [
            lambda: issue(self._house, paper, lease, signed=signed, offer=offer, cosigned_after_s=-7),
            lambda: issue(self._house, paper, lease, signed=signed, offer=offer, cosigners=("north",)),
            lambda: issue(self._house, paper, lease, signed=signed, offer=offer, entry={"kind": "lease.refused"}),
            lambda: issue(self._house, paper, lease, signed=other, offer=offer),
            lambda: issue(self._house, paper, lease, signed=untouched, offer=offer),
            lambda: self._elsewhere(paper, signed, lease, unit=UNITS[1]),
            lambda: self._elsewhere(paper, signed, lease, boot_id=BOOTS[1]),
            lambda: self._elsewhere(paper, signed, lease, nonce=self._fresh("", 32)),
            lambda: self._unlogged(paper, signed, lease),
        ]
        return plan, self._drawn.choice(ways)()

    def _elsewhere(self, paper: Mandate, signed: SignedMandate, lease: Lease, **changes: str) -> GrantLease:
        return issue(self._house, paper, msgspec.structs.replace(lease, **changes), signed=signed)

    def _unlogged(self, paper: Mandate, signed: SignedMandate, lease: Lease) -> GrantLease:
        """With the receipt of the lease shown before."""
        grant = issue(self._house, paper, lease, signed=signed)
        others = [one.logged for _, one in self._shown[-5:]]
        other = self._drawn.choice(others) if others else msgspec.structs.replace(grant.logged, receipt="")
        logged = msgspec.structs.replace(grant.logged, leaf=other.leaf, receipt=other.receipt)
        return msgspec.structs.replace(grant, logged=logged)

    def _issued(self, plan: Plan, number: int) -> Grant:
        paper, signed = self._papers[number]
        offer = OFFER if plan.has_offer else None
        seen_s = plan.seen_after // 1000
        return plan, issue(self._house, paper, self._lease(plan), signed=signed, offer=offer, cosigned_after_s=seen_s)

    def _lease(self, plan: Plan) -> Lease:
        return Lease(
            v=1,
            opening=plan.opening,
            unit=UNITS[0],
            boot_id=self._unit.boot_id,
            nonce=plan.asked.nonce,
            mandate=plan.mandate.mandate,
            modalities=sorted(plan.modalities),
            person=plan.person,
            granted_at_ms=plan.granted_at,
            lasts_s=plan.lasts_s,
            carried=plan.carried,
        )

    def _program(self, boot_ms: int, boot_id: str) -> SteppedUnit:
        clock = SteppedClock(boot_ms, self._model.wall)
        return SteppedUnit(self._state_dir, self._house, self._lists[0], clock, boot_id)

    def _mandates(self) -> list[Mandate]:
        """Small budgets, and windows that begin and end within a life."""
        at, day, minute = self._began, timedelta(days=1), timedelta(minutes=1)
        kinds: list[Mandate] = [
            self._paper(allows=[allows("video", 2, 3), allows("audio", 1, 2)], not_before=at - day, not_after=at + day),
            self._paper(allows=[allows("video", 4, 2)], not_before=at - day, not_after=at + 6 * minute),
            self._paper(allows=[allows("audio", 1, 3), allows("position", 3, 2)], not_before=at - day),
            self._paper(
                allows=[allows("video", 5, 9)], not_before=at + timedelta(minutes=3), requester=SECOND_ENGINEER
            ),
            self._paper(kind="bench", authority=None, allows=[allows("video", 3, 9), allows("audio", 3, 9)]),
            self._paper(kind="retrieval", allows=[allows("position", 2, 5)]),
        ]
        return kinds

    def _paper(self, **changes: object) -> Mandate:
        self._count = getattr(self, "_count", 0) + 1
        window = {"not_before": self._began - timedelta(hours=1), "not_after": self._began + timedelta(hours=20)}
        number = f"M-{fresh('paper', self._count, 12)}"
        return mandate(**{"mandate": number, "unit": UNITS[0], **window, **changes})

    def _fresh(self, prefix: str, digits: int) -> str:
        return prefix + f"{self._drawn.getrandbits(4 * digits):0{digits}x}"
