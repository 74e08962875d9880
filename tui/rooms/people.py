"""8 People: who may sign in, with which key, until when. Administrators add people and end their access."""

from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.feed import Watch
from protocols.api.people import NewPerson, PersonView
from tui.dialogs.confirm import ConfirmDialog
from tui.dialogs.person import PersonDialog
from tui.lines import Page
from tui.listing import ItemListing
from tui.paint import Line, Span, fit
from tui.rooms.room import Room
from tui.words import left, moment


def person_line(person: PersonView, width: int, now: datetime, me: str, *, utc: bool) -> Line:
    """A person: id, name, role, how long, key."""
    if person.ended_at is not None:
        state, tone = f"ended {moment(person.ended_at, now, utc=utc)}", "muted"
    elif person.valid_until <= now:
        state, tone = left(person.valid_until, now), "fair"
    else:
        state, tone = left(person.valid_until, now), "plain"
    gone = person.ended_at is not None
    key_width = len(person.key_fingerprint) + 1 if width > 110 else 0
    name_width = max(10, min(40, width - 9 - 14 - 20 - key_width))
    return (
        Span(fit(person.person_id, 9), "muted" if gone else "strong"),
        Span(fit(person.name + (" (you)" if person.person_id == me else ""), name_width), "muted" if gone else "plain"),
        Span(" " + fit(person.role, 13), "muted" if gone else "plain"),
        Span(" " + fit(state, 19), "muted" if tone == "muted" else "fair" if tone == "fair" else "plain"),
        Span(" " + person.key_fingerprint if width > 110 else "", "muted"),
    )


class PeopleRoom(Room):
    """The list of people."""

    ROOM = "people"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "add", "add a person"),
        Binding("x", "end", "end access"),
        Binding("r", "refetch", "refresh"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._title = Page(id="title")
        self._list: ItemListing[PersonView] = ItemListing(self._draw, lambda person: person.person_id, id="list")
        self._detail = Page(id="detail")

    @override
    def body(self) -> ComposeResult:
        """Title, people, the key of the one under the cursor."""
        yield self._title
        yield self._list
        yield self._detail

    def on_mount(self) -> None:
        """Nothing is known yet."""
        self.set_focus(self._list)
        self._title.show([(Span(" PEOPLE  …", "muted"),)])

    @override
    def refetch(self) -> None:
        """See Room."""
        self.ask("people", self.desk.door.people, self._arrived)

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True)

    def _arrived(self, people: list[PersonView]) -> None:
        """Those with access first."""
        self._list.show(sorted(people, key=lambda person: (person.ended_at is not None, person.person_id)))
        active = sum(person.ended_at is None for person in people)
        self._title.show([(Span(" PEOPLE  ", "muted"), Span(str(active), "strong"), Span(" have access", "muted"))])
        self.refresh_bindings()

    def _draw(self, person: PersonView, width: int) -> Line:
        clock = self.desk.server_clock
        return person_line(person, width, clock.now(), self.desk.me.person_id, utc=clock.utc)

    def on_listing_moved(self) -> None:
        """Show the whole key."""
        person = self._list.item
        key = (Span(" key ", "muted"), Span(person.key_fingerprint)) if person is not None else ()
        self._detail.show([key])
        self.refresh_bindings()

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only administrators change people."""
        match action:
            case "add":
                return self.desk.may("manage-people")
            case "end":
                person = self._list.item
                return person is not None and person.ended_at is None and self.desk.may("manage-people")
        return True

    def action_refetch(self) -> None:
        """Ask again."""
        self.refetch()

    async def action_add(self) -> None:
        """Add a person."""
        await self.app.push_screen(PersonDialog(self.desk.me.person_id), self._add)

    def _add(self, person: NewPerson | None) -> None:
        if person is not None:
            self.do(f"adding {person.person_id}", lambda: self.desk.door.add_person(person), self._added)

    def _added(self, person: PersonView) -> None:
        self.desk.say(f"{person.person_id} {person.name} may sign in as {person.role}", "good")
        self.refetch()

    async def action_end(self) -> None:
        """End a person's access."""
        person = self._list.item
        if person is None:
            return
        before: list[Line] = [
            (Span(f" {person.person_id} {person.name}, {person.role}", "strong"),),
            (),
            (Span(" Their sessions close at once. There is no undo: they would be added again with a key.", "muted"),),
        ]
        sentence = f"person.ended: {self.desk.me.person_id} ends the access of {person.person_id}"
        dialog = ConfirmDialog("End access", before, sentence)
        await self.app.push_screen(dialog, lambda yes: self._end(person.person_id) if yes else None)

    def _end(self, person_id: str) -> None:
        async def end() -> str:
            await self.desk.door.end_person(person_id)
            return person_id

        self.do(f"ending the access of {person_id}", end, self._ended)

    def _ended(self, person_id: str) -> None:
        self.desk.say(f"{person_id} has no access any more", "good")
        self.refetch()
