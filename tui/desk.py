"""What every screen of the console can rely on: the door, the person, the clock, the link, and the note line."""

from collections.abc import Callable
from datetime import date
from time import monotonic
from typing import NamedTuple

from rich.traceback import Traceback
from textual.app import App
from textual.driver import Driver
from textual.message import Message
from textual.screen import Screen

from fleet.client import (
    ClientError,
    FleetClient,
    LinkDown,
    LinkUp,
    NoPeopleAnchor,
    PeopleNotTrusted,
    Refused,
    VoucherNotTrusted,
)
from protocols.api.duties import Duty
from protocols.api.problems import Problem
from protocols.api.sessions import Whoami
from protocols.api.units import Summary
from protocols.api.welfare import WelfareView
from protocols.people import Permission
from tui.clock import ServerClock
from tui.duty_words import is_mine
from tui.firmware_update import Bench
from tui.needs import wanting
from tui.pace import Pace
from tui.paint import Tone
from tui.rooms_map import RoomName
from tui.welfare_lines import own_timer

NOTE_LIFE_S = 4.0
"""How long a result stays on the note line."""


class Note(NamedTuple):
    """What the note line says; with `waiting` it counts the seconds until the answer is there."""

    text: str
    tone: Tone
    since: float
    waiting: bool = False


class Answered(Message):
    """A question to the controller was answered; `apply` puts the answer on the screen."""

    def __init__(self, apply: Callable[[], None]) -> None:
        super().__init__()
        self.apply = apply


class Desk(App[None]):
    """The console's shared state; screens find it as `desk_of(self)`."""

    def __init__(self, door: FleetClient, me: Whoami, driver_class: type[Driver] | None = None) -> None:
        super().__init__(driver_class=driver_class)
        self.pace = Pace()
        self.door = door
        self.me = me
        self.server_clock = ServerClock()
        self.server_clock.set(me.server_time)
        self.link: LinkUp | LinkDown | None = None
        self.summary: Summary | None = None
        self.duties: list[Duty] = []
        self.welfare: WelfareView | None = None
        self.things_beside = 0
        self.bench = Bench()
        self.note: Note | None = None
        self.room_shown: object = None
        self._touched_at = monotonic()

    def on_answered(self, message: Answered) -> None:
        """Put the answer to a deed on the screen."""
        message.apply()

    @property
    def is_attended(self) -> bool:
        """Whether somebody has pressed a key within the minutes a session may be idle."""
        return monotonic() - self._touched_at < 60 * max(1, self.door.idle_minutes)

    def touched(self) -> None:
        """Somebody pressed a key."""
        self._touched_at = monotonic()

    def may(self, permission: Permission) -> bool:
        """Whether this session's role grants `permission`, as the controller said."""
        return permission in self.me.permissions

    def take_duties(self, duties: list[Duty]) -> None:
        """What waits of mandates and authorities, as was just asked for."""
        self.duties = duties
        self.repaint_bars()

    def take_welfare(self, timers: list[WelfareView]) -> None:
        """This person's welfare timer, as was just asked for; none where none runs."""
        self.welfare = own_timer(timers, self.me.person_id)
        self.screen.refresh_bindings()
        self.repaint_bars()

    def take_things(self, count: int) -> None:
        """How many things wait for this person, as the opening screen has just counted them. The header counts by the
        summary and the duties; what it does not know of is added."""
        mine = sum(is_mine(duty, self.me.permissions) for duty in self.duties)
        known = wanting(self.summary, self.me.permissions) if self.summary is not None else 0
        self.things_beside = count - mine - known
        self.repaint_bars()

    def say(self, text: str, tone: Tone = "plain", *, waiting: bool = False) -> None:
        """Put `text` on the note line; `waiting` when it tells what was taken and has no result yet."""
        self.note = Note(text, tone, monotonic(), waiting)
        self.repaint_bars()

    def forget_old_note(self) -> None:
        """Take a result off the note line when it has been there long enough."""
        if self.note is not None and not self.note.waiting and monotonic() - self.note.since > NOTE_LIFE_S:
            self.note = None

    def drop_note(self) -> None:
        """Another screen is shown: a result told on the last one goes; what is still waited for stays."""
        if self.note is not None and not self.note.waiting:
            self.note = None
            self.repaint_bars()

    def explain(self, error: ClientError) -> None:
        """Show why something was not done: a refusal, and what must not be trusted, in a box; trouble with the link on
        the note line."""
        if isinstance(error, Refused):
            self.note = None
            self.show_problem(error.problem)
        elif isinstance(error, PeopleNotTrusted | VoucherNotTrusted | NoPeopleAnchor):
            self.note = None
            self.show_problem(Problem(code="not-trusted", message=str(error)), "Not trusted")
        else:
            self.say(str(error), "bad")

    def _fatal_error(self) -> None:
        """Leave with the traceback of a fault, without the values of variables: a voucher could be among them."""
        self.panic(Traceback(show_locals=False, suppress=["textual"]))

    def repaint_bars(self) -> None:
        """The header or the note line has changed."""
        raise NotImplementedError

    def show_problem(self, problem: Problem, title: str = "Refused") -> None:
        """Show a refusal, or what else a person must not miss: what, by which rule, and what to do."""
        raise NotImplementedError

    def update_watch(self) -> None:
        """What is on the screen has changed: tell the feed."""
        raise NotImplementedError

    async def go(self, room: RoomName) -> None:
        """Go to a room's first screen."""
        raise NotImplementedError

    async def open_unit(self, unit_id: str) -> None:
        """Open a unit's page."""
        raise NotImplementedError

    async def open_joins(self) -> None:
        """Open the joining queue."""
        raise NotImplementedError

    async def open_mandates(self, unit_id: str | None = None) -> None:
        """Open the mandates, of one unit or all."""
        raise NotImplementedError

    async def open_mandate(self, mandate_id: str) -> None:
        """Open a mandate's page."""
        raise NotImplementedError

    async def open_authorities(self, authority_id: str | None = None) -> None:
        """Open the authorities, or the page of one."""
        raise NotImplementedError

    async def open_rota(self, rota_id: str | None = None, day: date | None = None) -> None:
        """Open the rotas' board, with one of them and a day of it where they are named."""
        raise NotImplementedError

    async def open_deployment(self, deployment_id: str) -> None:
        """Open the page of a deployment."""
        raise NotImplementedError

    async def open_alarms(self, alarm_id: str | None = None) -> None:
        """Open the alarms, or the page of one."""
        raise NotImplementedError

    async def open_handovers(self, about: str | None = None) -> None:
        """Open the handovers, or the page of the one whose id `about` is."""
        raise NotImplementedError

    async def open_firmware(self, rollout_id: str | None = None) -> None:
        """Open the rollouts, or the page of one."""
        raise NotImplementedError

    async def open_releases(self) -> None:
        """Open what may be installed, and the drafts that wait for signatures."""
        raise NotImplementedError

    async def open_bench(self) -> None:
        """Open the serial ports of this machine."""
        raise NotImplementedError

    async def open_item(self, code: str) -> None:
        """Open the page of an item of kit."""
        raise NotImplementedError

    async def open_harness(self, harness_id: str, revision: int = 0) -> None:
        """Open the page of a harness, with a revision of its plan, 0 the newest."""
        raise NotImplementedError

    async def open_deployment_wiring(self, deployment_id: str) -> None:
        """Open the harnesses of a deployment."""
        raise NotImplementedError

    async def open_unit_wiring(self, unit_id: str) -> None:
        """Open the harnesses of the deployments that a unit is in."""
        raise NotImplementedError

    async def open_unit_events(self, unit_id: str, label: str) -> None:
        """Open one unit's events."""
        raise NotImplementedError

    async def open_unit_log(self, unit_id: str) -> None:
        """Read one unit's entries in the log."""
        raise NotImplementedError

    async def open_units_filtered(self, text: str) -> None:
        """Open the unit list with a filter."""
        raise NotImplementedError


def desk_of(screen: Screen[object]) -> Desk:
    """The desk a screen belongs to."""
    desk = screen.app
    if not isinstance(desk, Desk):
        raise TypeError("this screen belongs to the console")
    return desk
