"""What people on a rota do from its board: ask for cover and swaps, see changes, call-outs, leave and wishes."""

import asyncio
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.wall import midnight
from protocols.api.rota_changes import ChangeView, NewChange
from protocols.rota.book import RotaBook
from protocols.rota.model import Shift
from tui.dialogs.rota_change import ChangeDialog, Wanted
from tui.dialogs.rota_pick import Pick, PickDialog
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.rota_call_outs import RotaCallOutsRoom
from tui.rooms.rota_changes import RotaChangesRoom
from tui.rooms.rota_deeds import RotaDeeds, Shown
from tui.rooms.rota_times_off import RotaTimesOffRoom
from tui.rota_change_lines import Sight, it_stands, slot_words, way_words
from tui.rota_changing import AHEAD, AROUND, Return, Slot, Taker, Way, returns_of, slots_of, takers, ways_of
from tui.rota_times import day_text


class Known(NamedTuple):
    """The book around what is to be changed, and who is on call in it."""

    book: RotaBook
    shifts: list[Shift]


class RotaServing(RotaDeeds):
    """A board on which people serve. The keys are for where no draft is on it."""

    SERVING_BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "change", "swap/cover", tooltip="ask for a swap or cover of this day; supervisors: override"),
        Binding("c", "changes", "changes", tooltip="swaps, take-overs, overrides: what waits for whom"),
        Binding("k", "call_outs", "call-outs", tooltip="record a call-out, say who is back, plan rest"),
        Binding("l", "times_off", "leave", tooltip="leave, deployments away, wishes, compensatory rest"),
    ]
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        **RotaDeeds.RESERVED,
        "change": Reserved("asking for a swap", "serve-rota"),
        "changes": Reserved("seeing changes", "see-rota"),
        "call_outs": Reserved("seeing call-outs", "see-rota"),
        "times_off": Reserved("seeing leave", "see-rota"),
    }

    @override
    def can(self, action: str) -> bool:
        """See RotaDeeds."""
        if action == "change":
            return self.allows(action) and self.shown is not None and self.shown.view.ended_at is None
        return super().can(action)

    def _sight(self, shown: Shown) -> Sight:
        clock = self.desk.server_clock
        return Sight(self.me, self.desk.may("manage-rota"), shown.book.rota.zone, clock.now(), clock.utc)

    async def action_changes(self) -> None:
        """The rota's changes by hand."""
        if self.shown is not None:
            await self.app.push_screen(RotaChangesRoom(self.shown.view.rota))

    async def action_call_outs(self) -> None:
        """The rota's call-outs."""
        if self.shown is not None:
            await self.app.push_screen(RotaCallOutsRoom(self.shown.view.rota))

    async def action_times_off(self) -> None:
        """When people are not there, or would rather not be."""
        if self.shown is not None:
            await self.app.push_screen(RotaTimesOffRoom(self.shown.view.rota))

    def action_change(self) -> None:
        """Change who is on call on the day under the cursor."""
        shown = self.shown
        if shown is not None:
            self.ask("around", lambda: self._around(shown), lambda known: self._pick_way(shown, known))

    async def _around(self, shown: Shown) -> Known:
        """The book from before the day until shifts that may come back for it."""
        now, day = self.desk.server_clock.now(), midnight(self.day, shown.book.rota.zone)
        book = await self.desk.door.rota_book(shown.view.rota.rota, min(now, day) - AROUND, max(now, day) + AHEAD)
        return Known(book, await asyncio.to_thread(shifts_of, book))

    def _pick_way(self, shown: Shown, known: Known) -> None:
        sight = self._sight(shown)
        slots = slots_of(known.book, known.shifts, self.day, sight.now)
        ways = ways_of(slots, self.me, known.book.rota.members, manages=sight.manages)
        if not ways:
            over = "it is over, or nobody has to be on call then" if not slots else "only members of the rota may ask"
            self.desk.say(f"nothing can be changed on this day: {over}", "fair")
            return
        picks: list[Pick[Way]] = []
        for way in ways:
            text, remark = way_words(way, sight)
            picks.append(Pick(text, remark, "", way))
        before: list[Line] = [(), *[_slot_line(slot, sight) for slot in slots], ()]
        dialog = PickDialog(f"Change {day_text(self.day, self.day)}", picks, before)
        self.app.push_screen(dialog, lambda way: self._way_picked(shown, known, way))

    def _way_picked(self, shown: Shown, known: Known, way: Way | None) -> None:
        if way is None:
            return
        if way.taker is not None:
            self._taker_picked(shown, known, way, way.taker)
            return
        self.ask(
            "takers",
            lambda: asyncio.to_thread(takers, known.book, known.shifts, way),
            lambda found: self._pick_taker(shown, known, way, found),
        )

    def _pick_taker(self, shown: Shown, known: Known, way: Way, found: list[Taker]) -> None:
        if not found:
            self.desk.say("nobody else is a member of this rota", "fair")
            return
        sight = self._sight(shown)
        picks = [
            Pick(one.person, f"free, {one.days} d on call in these months", one.hinders, one.person) for one in found
        ]
        before: list[Line] = [(), (Span(f" {slot_words(way.slot, sight)}", "strong"),), ()]
        title = "Swap with whom?" if way.kind == "swap" else "Who is to have it?"
        self.app.push_screen(
            PickDialog(title, picks, before),
            lambda person: self._taker_picked(shown, known, way, person) if person is not None else None,
        )

    def _taker_picked(self, shown: Shown, known: Known, way: Way, person: str) -> None:
        if way.kind != "swap":
            self._describe(shown, known, Wanted(way, person))
            return
        now = self.desk.server_clock.now()
        self.ask(
            "returns",
            lambda: asyncio.to_thread(returns_of, known.book, known.shifts, way, person, now),
            lambda found: self._pick_return(shown, known, Wanted(way, person), found),
        )

    def _pick_return(self, shown: Shown, known: Known, wanted: Wanted, found: list[Return]) -> None:
        if not found:
            self.desk.say(f"{wanted.taker} has no shift in the next {AHEAD.days // 7} weeks to give in return", "fair")
            return
        sight, slot = self._sight(shown), wanted.way.slot
        picks = [Pick(slot_words(one.slot, sight), "", one.hinders, one.slot) for one in found]
        before: list[Line] = [
            (),
            (Span(f" {wanted.taker} gets {slot_words(slot, sight)}", "strong"),),
            (Span(f" What does {slot.person} get in return?", "muted"),),
            (),
        ]

        def picked(back: Slot | None) -> None:
            if back is not None:
                self._describe(shown, known, wanted._replace(back=back))

        self.app.push_screen(PickDialog("What comes back?", picks, before), picked)

    def _describe(self, shown: Shown, known: Known, wanted: Wanted) -> None:
        """The times, what it brings, the sentence; then ask for it."""
        dialog = ChangeDialog(known.book, wanted, self._sight(shown), sees_all=self.desk.may("see-working-time"))

        def described(new: NewChange | None) -> None:
            if new is not None:
                ask, rota = self.desk.door.ask_rota_change, shown.view.rota.rota
                self.do("asking for the change", lambda: ask(rota, new), lambda view: self._asked(shown, view))

        self.app.push_screen(dialog, described)

    def _asked(self, shown: Shown, view: ChangeView) -> None:
        stands = "it is in force" if view.state == "approved" else it_stands(view, self._sight(shown))
        self.desk.say(f"{view.change}: {stands}; c lists changes", "good")
        self.refetch()


def _slot_line(slot: Slot, sight: Sight) -> Line:
    who = "nobody" if slot.person is None else f"{slot.person} (you)" if slot.person == sight.me else slot.person
    return (Span(f" {who:<16}", "loud" if slot.person is None else "strong"), Span(slot_words(slot, sight)))
