"""When people of a rota are not there, or would rather not be on call: leave, deployments, wishes, rest."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import FeedItem, FleetClient
from protocols.api.call_outs import NewRest, RestView
from protocols.api.feed import RotasChanged, Watch
from protocols.api.rota_people import AbsenceView, NewAbsence, NewWish, WishView
from protocols.rota.model import Rota
from tui.dialogs.confirm import ConfirmDialog
from tui.dialogs.rota_times_off import AbsenceDialog, RestDialog, WishDialog
from tui.paint import Line, Span, joined, wrap
from tui.role_words import Reserved
from tui.rooms.following import FollowingRoom
from tui.rooms.listing_room import ListingRoom
from tui.rota_change_lines import Sight
from tui.rota_times_off_lines import OffKind, TimeOff, begin_of_list, in_words, time_off_line, times_off

_ENTRIES: dict[OffKind, str] = {
    "leave": "absence.withdrawn",
    "away": "absence.withdrawn",
    "wish": "wish.withdrawn",
    "rest": "rest.withdrawn",
}


class RotaTimesOffRoom(ListingRoom[TimeOff], FollowingRoom):
    """What is recorded of the members of a rota; of others' wishes and rest for those who see working time.
    Rest is planned for `owed_to`, where the room was opened because of what somebody is owed."""

    ROOM = "rota"
    CLICKED = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "absence", "leave", tooltip="record leave, or a deployment away"),
        Binding("w", "wish", "wish", tooltip="wish to be on call in a time, or not to be"),
        Binding("R", "rest", "plan rest", tooltip="give compensatory rest"),
        Binding("x", "withdraw", "withdraw", tooltip="it does not count any more"),
        Binding("escape", "back", "back"),
    ]
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "absence": Reserved("recording leave", "serve-rota"),
        "wish": Reserved("wishing", "serve-rota"),
        "rest": Reserved("planning compensatory rest", "manage-rota"),
        "withdraw": Reserved("withdrawing", "serve-rota"),
    }

    def __init__(self, rota: Rota, owed_to: str = "") -> None:
        super().__init__()
        self._rota = rota
        self._owed_to = owed_to

    @property
    def sight(self) -> Sight:
        """Who looks, and when."""
        clock = self.desk.server_clock
        return Sight(self.me, self.desk.may("manage-rota"), self._rota.zone, clock.now(), clock.utc)

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, rotas=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, RotasChanged):
            self.soon("anew", lambda: self.ask_anew(background=True))

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        self.ask("times off", self._load, self.show_items, background=background)

    async def _load(self) -> list[TimeOff]:
        door: FleetClient = self.desk.door
        since = begin_of_list(self.desk.server_clock.now())
        absences, wishes, rests = await asyncio.gather(
            door.absences(since=since), door.wishes(), door.rests(since=since)
        )
        return times_off(absences, wishes, rests, [*self._rota.members, self.me])

    @override
    def key_of(self, item: TimeOff) -> str:
        """See ListingRoom."""
        return item.record

    @override
    def item_line(self, item: TimeOff, width: int) -> Line:
        """See ListingRoom."""
        return time_off_line(item, width, self.sight)

    @override
    def detail_lines(self, item: TimeOff) -> list[Line]:
        """See ListingRoom."""
        told = (Span(f" {item.person} {item.said}", "strong"), Span(f"  {in_words(item.span, self.sight)}"))
        return [told, (Span(f" {item.record}  {item.more}", "muted"),)]

    @override
    def title_line(self) -> Line:
        """Who is not there now."""
        name = (Span(f" LEAVE AND WISHES ON {self._rota.rota}", "title"),)
        now = self.sight.now
        gone = [
            one.person
            for one in self._list.items
            if one.kind in {"leave", "away"} and one.span.starts_at <= now < one.span.ends_at
        ]
        told = f"not there now: {', '.join(gone)}" if gone else "all are there now"
        return joined([name, (Span(told, "fair" if gone else "muted"),) if self._is_known else ()])

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        words = "Nothing is recorded from the last four weeks on: n records leave or a deployment away, w a wish."
        return wrap(words, 70, "muted")

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what this person may do."""
        if action in {"absence", "wish", "rest"}:
            return self.allows(action)
        return self._may_withdraw(self.chosen) if action == "withdraw" else True

    def _may_withdraw(self, one: TimeOff | None) -> bool:
        if one is None or not self.allows("withdraw"):
            return False
        manages = self.desk.may("manage-rota")
        if one.kind == "rest":
            return manages
        return one.person == self.me or (manages and one.kind != "wish")

    async def action_absence(self) -> None:
        """Record leave, or a deployment away."""
        await self.app.push_screen(AbsenceDialog(self.sight), self._absence)

    def _absence(self, new: NewAbsence | None) -> None:
        if new is not None:
            add = self.desk.door.add_absence
            self.do("recording it", lambda: add(new), self._absence_added)

    def _absence_added(self, view: AbsenceView) -> None:
        self.desk.say(f"{'deployment' if view.kind == 'away' else 'leave'} of {view.person} is recorded", "good")
        self.refetch()

    async def action_wish(self) -> None:
        """Wish to be on call, or not to be."""
        await self.app.push_screen(WishDialog(self.sight), self._wish)

    def _wish(self, new: NewWish | None) -> None:
        if new is not None:
            add = self.desk.door.add_wish
            self.do("wishing", lambda: add(new), self._wish_added)

    def _wish_added(self, view: WishView) -> None:
        self.desk.say(f"wished: {view.wants} call", "good")
        self.refetch()

    async def action_rest(self) -> None:
        """Plan compensatory rest."""
        person = self._owed_to or (self.chosen.person if self.chosen is not None else "")
        await self.app.push_screen(RestDialog(self.sight, person), self._rest)

    def _rest(self, new: NewRest | None) -> None:
        if new is not None:
            add = self.desk.door.add_rest
            self.do("planning the rest", lambda: add(new), self._rest_added)

    def _rest_added(self, view: RestView) -> None:
        self.desk.say(f"planned: rest of {view.person}", "good")
        self.refetch()

    async def action_withdraw(self) -> None:
        """It does not count any more."""
        one = self.chosen
        if one is None:
            return
        before: list[Line] = [(Span(f" {one.person} {one.said}  {in_words(one.span, self.sight)}", "strong"),)]
        sentence = f"{_ENTRIES[one.kind]}: {self.me} withdraws {one.record} of {one.person}"
        await self.app.push_screen(
            ConfirmDialog("Withdraw", before, sentence), lambda yes: self._withdraw(one) if yes else None
        )

    def _withdraw(self, one: TimeOff) -> None:
        door = self.desk.door
        deeds: dict[OffKind, Callable[[str], Awaitable[Any]]] = {
            "leave": door.withdraw_absence,
            "away": door.withdraw_absence,
            "wish": door.withdraw_wish,
            "rest": door.withdraw_rest,
        }
        self.do("withdrawing it", lambda: deeds[one.kind](one.record), lambda _: self._withdrawn(one))

    def _withdrawn(self, one: TimeOff) -> None:
        self.desk.say(f"{one.record} does not count any more", "good")
        self.refetch()
