"""1 Now: what needs a person comes first; when nothing does, it says so."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.widget import Widget
from typing_extensions import override

from fleet.client import FeedItem
from fleet.rota.rules.wall import local_date
from protocols.api.alarms import AlarmingStanding
from protocols.api.duties import Duty
from protocols.api.events import EventPage
from protocols.api.feed import (
    AlarmsChanged,
    DeploymentsChanged,
    EventsChanged,
    JoinsChanged,
    RolloutsChanged,
    RotasChanged,
    SummaryChanged,
    Watch,
)
from protocols.api.joins import JoinView
from protocols.api.rotas import OnCallNow
from protocols.api.units import Summary, UnitPage
from protocols.api.welfare import WelfareView
from protocols.rota.model import Rota
from tui.alarm_needs import alarm_needs, alarming_needs, uncovered
from tui.alarm_needs import by_duty as alarms_by_duty
from tui.alarm_words import ShownAlarm, waits
from tui.alarms import acknowledge_all, by_duty
from tui.duty_words import OF_DEPLOYMENTS, OF_ROTAS
from tui.firmware_needs import FirmwareFacts, by_rollout, firmware_needs
from tui.lines import Page
from tui.needs import Need, duty_needs, fleet_lines, need_detail, need_line, needs, things, things_line, together
from tui.on_call_line import on_call_lines
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.alarms import AlarmRoom
from tui.rooms.alarms_deeds import RESERVED_OF_ALARMS, acknowledge, go_for
from tui.rooms.listing_room import ListingRoom
from tui.rooms.rota_call_outs import RotaCallOutsRoom
from tui.rooms.rota_changes import RotaChangeRoom
from tui.rooms.rota_times_off import RotaTimesOffRoom
from tui.rooms.rota_year import RotaYearRoom
from tui.welfare_lines import own_line
from tui.words import plural

MOST_SHOWN = 500
ALARMS_SHOWN = 200
ALARMS_TOLD = 12
"""Of so many of the newest alarms that wait, it is asked whom they have paged."""
SILENT_SHOWN = 50
DETAIL_LEAST = 2
DETAIL_MOST = 5
"""Lines about the item under the cursor; more than the least where the list leaves rows empty."""
_BORDER = 1

ROLLOUTS_PAUSE_S = 3.0
"""A rollout of many units changes all the time; what wants a person is told by an event too."""
ASK_EVERY_S = 60.0
"""Who is on call, and when a gap begins, changes by the clock alone."""


class _All(NamedTuple):
    """All that was asked for at once."""

    events: EventPage
    joins: list[JoinView]
    units: UnitPage
    summary: Summary
    duties: list[Duty]
    on_call: list[OnCallNow]
    alarms: list[ShownAlarm]
    alarming: AlarmingStanding
    welfare: list[WelfareView]
    firmware: FirmwareFacts | None


class NowRoom(ListingRoom[Need]):
    """Open alarms, pending joins and quiet units; the fleet in numbers below."""

    ROOM = "now"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="go to what it is about"),
        Binding("a", "acknowledge", "ack", tooltip="take the alarm in your name: nobody else is paged"),
        Binding("g", "going", "going", tooltip="take it and leave for it: call-out and welfare timer begin"),
        Binding("w", "well", "I am well", tooltip="answer your welfare timer"),
        Binding("A", "app.alarms", "alarms", tooltip="all alarms, their rules, where pages reach you"),
        Binding("H", "app.handovers", "handover", tooltip="handover sheets of shift changes"),
        Binding("j", "app.joins", "joins", tooltip="the joining queue"),
    ]
    RESERVED: ClassVar[Mapping[str, Reserved]] = RESERVED_OF_ALARMS

    def __init__(self) -> None:
        super().__init__()
        self._fleet = Page(id="fleet")
        self._on_call: list[OnCallNow] | None = None
        self._answers: _All | None = None
        self._detail_most = DETAIL_LEAST

    def on_mount(self) -> None:
        """Nothing is known yet; what changes by the clock alone is asked for every minute."""
        super().on_mount()
        self.set_interval(ASK_EVERY_S, self._each_minute)

    def _each_minute(self) -> None:
        if self.is_current:
            self._ask_again()

    @override
    def below(self) -> Iterable[Widget]:
        """The fleet in numbers."""
        return (self._fleet,)

    @override
    def refetch(self) -> None:
        """Ask for the queues and the numbers."""
        self.ask("now", self._everything, self._arrived)

    async def _everything(self) -> _All:
        door = self.desk.door
        (
            (events, joins, units, summary),
            (duties, on_call, welfare),
            (alarms, alarming, firmware),
        ) = await asyncio.gather(
            asyncio.gather(
                door.events(severity="alarm", open_only=True, limit=MOST_SHOWN),
                door.joins(),
                door.list_units(sort="presence", limit=SILENT_SHOWN),
                door.summary(),
            ),
            asyncio.gather(self._duties(), self._on_call_now(), self._welfare()),
            asyncio.gather(self._alarms(), door.alarming(), self._firmware()),
        )
        return _All(events, joins, units, summary, duties, on_call, alarms, alarming, welfare, firmware)

    async def _firmware(self) -> FirmwareFacts | None:
        """Rollouts and releases, for those who may see them."""
        if not self.desk.may("see-releases"):
            return None
        door = self.desk.door
        return FirmwareFacts(*await asyncio.gather(door.rollouts(), door.releases()))

    async def _alarms(self) -> list[ShownAlarm]:
        """The alarms that nobody has acknowledged; of the newest also whom they have paged."""
        door = self.desk.door
        page = await door.alarms(limit=ALARMS_SHOWN)
        waiting = [view for view in page.alarms if waits(view)]
        newest = [view.alarm for view in waiting[:ALARMS_TOLD]]
        told = await door.alarm_details(newest) if newest else []
        return [*map(ShownAlarm.of, told), *map(ShownAlarm, waiting[ALARMS_TOLD:])]

    async def _welfare(self) -> list[WelfareView]:
        """This person's welfare timer, where it runs."""
        return await self.desk.door.welfare(self.me) if self.desk.may("serve-rota") else []

    async def _on_call_now(self) -> list[OnCallNow]:
        """Who is on call, rota by rota."""
        return await self.desk.door.on_call() if self.desk.may("see-rota") else []

    async def _duties(self) -> list[Duty]:
        """What waits of rotas; of mandates and authorities too, for those who may see them."""
        return await self.desk.door.duties() if self.desk.may("see-rota") else []

    def _arrived(self, answers: _All) -> None:
        self._answers = answers
        self._on_call, summary, duties = answers.on_call, answers.summary, answers.duties
        clock, permissions = self.desk.server_clock, self.desk.me.permissions
        self.desk.summary = summary
        self.desk.take_duties(duties)
        self.desk.take_welfare(answers.welfare)
        untold = by_rollout(answers.firmware, uncovered(answers.events.events, answers.alarms), answers.alarms)
        told, alone = by_duty(untold.events, duties)
        told_by, shown = alarms_by_duty(untold.alarms, duties)
        firmware = firmware_needs(answers.firmware, untold, self.me, permissions, clock.now())
        quarantined = {row.unit_id for row in answers.units.rows if row.presence == "quarantined"}
        alarms = alarm_needs(shown, quarantined, permissions)
        of_alarms = {need.unit_id for need in alarms if need.has_unit and need.unit_id is not None}
        waiting = duty_needs(duties, permissions, clock.now(), told, told_by)
        found = needs(alone, answers.joins, answers.units.rows, summary, permissions, of_alarms)
        trouble = alarming_needs(answers.alarming, clock.now(), utc=clock.utc)
        self.show_items(together([*trouble, *alarms, *firmware, *found], waiting))
        self.desk.take_things(things(self._list.items))

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(events=True, joins=True, summary=True, rotas=True, alarms=True, deployments=True, rollouts=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """Any change of a queue asks for the queues again."""
        if isinstance(item, EventsChanged | JoinsChanged | RotasChanged | AlarmsChanged | DeploymentsChanged):
            self.soon("now", self._ask_again)
        elif isinstance(item, RolloutsChanged):
            self.soon_s("rollouts", ROLLOUTS_PAUSE_S, self._ask_firmware)
        elif isinstance(item, SummaryChanged):
            self.show_rest()

    def _ask_again(self) -> None:
        self.ask("now", self._everything, self._arrived, background=True)

    def _ask_firmware(self) -> None:
        self.ask("firmware", self._firmware, self._firmware_arrived, background=True)

    def _firmware_arrived(self, firmware: FirmwareFacts | None) -> None:
        if self._answers is not None:
            self._arrived(self._answers._replace(firmware=firmware))

    @override
    def key_of(self, item: Need) -> str:
        """See ListingRoom."""
        return item.key

    @override
    def item_line(self, item: Need, width: int) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return need_line(item, width, clock.now(), utc=clock.utc)

    @override
    def title_line(self) -> Line:
        """How many things want this person."""
        count: Line = things_line(self._list.items) if self._is_known else (Span("…", "strong"),)
        return (Span(" NEEDS YOU  ", "muted"), *count)

    @override
    def show_rest(self) -> None:
        """Also the fleet in numbers, and who is on call."""
        self._show_fleet()
        super().show_rest()
        self.call_after_refresh(self._fit_detail)

    def on_resize(self) -> None:
        """There may be more or less room."""
        self.call_after_refresh(self._fit_detail)

    def _fit_detail(self) -> None:
        """Give the longest detail of any line the rows that the list leaves empty: the same for all lines, so that
        nothing moves with the cursor."""
        items = self._list.items
        if not items:
            return
        empty = self._list.outer_size.height + self._detail.outer_size.height - _BORDER - len(items)
        most = min(DETAIL_MOST, empty)
        if most > DETAIL_LEAST:
            width, clock = max(20, self.size.width), self.desk.server_clock
            now = clock.now()
            most = max(len(need_detail(one, width, now, utc=clock.utc, most=most)) for one in items)
        most = max(DETAIL_LEAST, most)
        if most != self._detail_most:
            self._detail_most = most
            self._detail.styles.height = most + _BORDER
            super().show_rest()

    def _show_fleet(self) -> None:
        clock = self.desk.server_clock
        told = on_call_lines(self._on_call, self.me, clock.now(), max(20, self.size.width), utc=clock.utc)
        timer = self.desk.welfare
        well = [] if timer is None else [own_line(timer, clock.now(), max(20, self.size.width))]
        lines = [*well, *fleet_lines(self.desk.summary), *told]
        self._fleet.styles.height = len(lines) + 1
        self._fleet.show(lines)

    @override
    def tick(self) -> None:
        """See Room; times to come are told anew."""
        self._show_fleet()
        super().tick()

    @override
    def detail_lines(self, item: Need) -> list[Line]:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return need_detail(item, max(20, self.size.width), clock.now(), utc=clock.utc, most=self._detail_most)

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        summary = self.desk.summary
        lines: list[Line] = [(Span("Nothing needs you.", "good"),)]
        if summary is not None and not summary.units:
            hint = "press j, then v, to invite the first unit" if self.desk.may("invite-unit") else "no unit has joined"
            lines.append((Span(f"The fleet is empty: {hint}.", "muted"),))
        elif summary is not None:
            text = f"{plural(summary.units, 'unit')}, no open alarm, nobody waits to join, none is quiet."
            lines.append((Span(text, "muted"),))
        return lines

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what the role may do with the line under the cursor."""
        need = self.chosen
        match action:
            case "open":
                return need is not None and (need.kind != "alarm" or need.alarm is not None or need.unit_id is not None)
            case "acknowledge":
                has_alarm = need is not None and (bool(need.alarms) or need.alarm is not None)
                return has_alarm and self.allows(action)
            case "going":
                return need is not None and need.alarm is not None and self.allows(action)
            case "well":
                return self.desk.welfare is not None
        return True

    async def action_open(self) -> None:
        """Go to what the line is about."""
        need = self.chosen
        if need is None:
            return
        if need.join is not None:
            await self.desk.open_joins()
        elif need.duty is not None:
            await self._open_duty(need.duty)
        elif need.opens:
            await self._open_firmware(need.opens)
        elif need.alarm is not None:
            await self.app.push_screen(AlarmRoom(need.alarm.view.alarm))
        elif need.kind == "alarming":
            await self.desk.open_alarms()
        elif need.kind == "more":
            await self.desk.open_units_filtered("quiet|quarantined")
        elif need.unit_id is not None:
            await self.desk.open_unit(need.unit_id)

    async def _open_firmware(self, about: str) -> None:
        if about == "releases":
            await self.desk.open_releases()
        else:
            await self.desk.open_firmware(about)

    async def _open_duty(self, duty: Duty) -> None:
        if duty.kind in {"sign", "kit-out"}:
            await self.desk.open_mandate(duty.about)
        elif duty.kind in OF_ROTAS:
            await self._open_rota_duty(duty)
        elif duty.kind in OF_DEPLOYMENTS:
            await self._open_deployment_duty(duty)
        else:
            await self.desk.open_authorities(duty.about)

    async def _open_deployment_duty(self, duty: Duty) -> None:
        """The deployment that it is of; a handover's sheet; a welfare timer is answered by a key."""
        if duty.kind == "handover-due":
            await self.desk.open_handovers(duty.about)
        elif duty.kind == "welfare-due":
            self.desk.say("w says that you are well" if self.desk.welfare is not None else duty.sentence, "fair")
        elif duty.deployment is not None:
            await self.desk.open_deployment(duty.deployment)
        elif duty.rota is not None:
            await self.desk.open_rota(duty.rota, None)

    async def _open_rota_duty(self, duty: Duty) -> None:
        """A change has a page; call-outs and compensatory rest are seen to in their lists; others on the board."""
        rota_id = duty.rota
        if duty.kind in {"swap-asked", "swap-approve"}:
            await self.app.push_screen(RotaChangeRoom(duty.about))
        elif duty.kind in {"call-out-open", "rest-owed"} and rota_id is not None:
            door = self.desk.door
            opens = self._open_call_outs if duty.kind == "call-out-open" else self._open_rest_owed
            self.ask("rota", lambda: door.rota(rota_id), lambda view: opens(view.rota, duty.about))
        else:
            zone = next((one.zone for one in self._on_call or () if one.rota == rota_id), "UTC")
            on_a_day = duty.kind in {"cover-gap", "shift-soon", "rota-ends"}
            await self.desk.open_rota(rota_id, local_date(duty.due_at, zone) if on_a_day else None)

    def _open_call_outs(self, rota: Rota, _about: str) -> None:
        self.app.push_screen(RotaCallOutsRoom(rota))

    def _open_rest_owed(self, rota: Rota, person: str) -> None:
        """Where rest is planned, for those who plan it; others see in their year what it is owed for."""
        if self.desk.may("manage-rota"):
            self.app.push_screen(RotaTimesOffRoom(rota, person))
        else:
            year = local_date(self.desk.server_clock.now(), rota.zone).year
            self.app.push_screen(RotaYearRoom(rota, person, year))

    def action_acknowledge(self) -> None:
        """Take the alarm of the line under the cursor, or note of its events."""
        need = self.chosen
        if need is not None and need.alarm is not None:
            acknowledge(self, need.alarm.view, lambda _answer: self._taken(need))
            return
        if need is None or not need.alarms:
            return
        door, what = self.desk.door, f"{need.name}: {need.alarms[0].kind}"
        self.do(
            f"acknowledging {what}",
            lambda: acknowledge_all(door, need.alarms),
            lambda taken: self._acknowledged(need, f"{what}{f' ×{taken}' if taken > 1 else ''}"),
        )

    async def action_well(self) -> None:
        """All is well."""
        await self.app.run_action("well")

    def action_going(self) -> None:
        """Take the alarm of the line under the cursor, and leave for it."""
        need = self.chosen
        if need is not None and need.alarm is not None:
            go_for(self, need.alarm.view, lambda _answer: self._taken(need))

    def _acknowledged(self, need: Need, what: str) -> None:
        self.desk.say(f"acknowledged {what}", "good")
        self._taken(need)

    def _taken(self, need: Need) -> None:
        """Nothing of the line waits any more but its duty."""
        others = [other for other in self._list.items if other.key != need.key or other.stays]
        self.show_items([other._replace(alarms=(), alarm=None) if other.key == need.key else other for other in others])
        self.refetch()
