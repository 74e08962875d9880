"""8 People: who may sign in, with which key, until when. Administrators draft changes, and end access at once."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.people import AccessEnded, DraftView, NewKey, NewPerson, PersonView
from protocols.api.problems import Problem
from tui.dialogs.confirm import ConfirmDialog
from tui.dialogs.new_key import NewKeyDialog
from tui.dialogs.person import PersonDialog
from tui.paint import Line, Span, fit
from tui.role_words import Reserved
from tui.rooms.drafts import DraftsRoom
from tui.rooms.following import FollowingRoom
from tui.rooms.listing_room import ListingRoom
from tui.words import left, moment, plural


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


class PeopleRoom(ListingRoom[PersonView], FollowingRoom):
    """The list of people."""

    ROOM = "people"
    CLICKED = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "drafts", "drafts", tooltip="changes that wait for signatures"),
        Binding("n", "add", "add", tooltip="draft a list with one more person"),
        Binding("k", "rekey", "new key", tooltip="another key, role or term; also for somebody who was ended"),
        Binding("x", "end", "end access"),
        Binding("r", "refetch", "refresh"),
    ]
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "add": Reserved("adding a person", "manage-people"),
        "rekey": Reserved("giving another key", "manage-people"),
        "end": Reserved("ending access", "manage-people"),
    }

    def __init__(self) -> None:
        super().__init__()
        self._waiting = 0

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        self.ask("people", self._load, self._arrived, background=background)

    async def _load(self) -> tuple[list[PersonView], list[DraftView]]:
        return await self.desk.door.people(), await self.desk.door.people_drafts()

    def _arrived(self, answer: tuple[list[PersonView], list[DraftView]]) -> None:
        """Those with access first."""
        people, drafts = answer
        self._waiting = sum(draft.state == "open" for draft in drafts)
        self.show_items(sorted(people, key=lambda person: (person.ended_at is not None, person.person_id)))

    @override
    def key_of(self, item: PersonView) -> str:
        """See ListingRoom."""
        return item.person_id

    @override
    def item_line(self, item: PersonView, width: int) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return person_line(item, width, clock.now(), self.me, utc=clock.utc)

    @override
    def title_line(self) -> Line:
        """How many have access, and how many drafts wait."""
        if not self._is_known:
            return (Span(" PEOPLE  …", "muted"),)
        active = sum(person.ended_at is None for person in self._list.items)
        title: Line = (Span(" PEOPLE  ", "muted"), Span(str(active), "strong"), Span(" have access", "muted"))
        if not self._waiting:
            return title
        verb = "waits" if self._waiting == 1 else "wait"
        drafts = f"   {plural(self._waiting, 'draft')} {verb} for signatures"
        return (*title, Span(drafts, "fair"), Span("  d", "accent"))

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return [(Span("Nobody is on the people list.", "muted"),)]

    @override
    def detail_lines(self, item: PersonView) -> list[Line]:
        """The whole key."""
        kind = "FIDO token" if item.hardware_key else "on disk"
        return [(Span(" key ", "muted"), Span(item.key_fingerprint), Span(f"  {kind}", "muted"))]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only administrators change people."""
        if not self.allows(action):
            return False
        person = self.chosen
        match action:
            case "rekey":
                return person is not None
            case "end":
                return person is not None and person.ended_at is None
        return True

    def action_refetch(self) -> None:
        """Ask again."""
        self.refetch()

    async def action_add(self) -> None:
        """Add a person."""
        await self.app.push_screen(PersonDialog(self.desk.me.person_id), self._add)

    def _add(self, person: NewPerson | None) -> None:
        if person is not None:
            self.do(f"drafting {person.person_id}", lambda: self.desk.door.draft_people(person), self._drafted)

    async def action_rekey(self) -> None:
        """Another key for the person under the cursor."""
        person = self.chosen
        if person is not None:
            await self.app.push_screen(NewKeyDialog(person, self.desk.me.person_id), self._rekey)

    def _rekey(self, change: NewKey | None) -> None:
        if change is not None:
            self.do(f"drafting {change.person_id}", lambda: self.desk.door.draft_people(change), self._drafted)

    def _drafted(self, draft: DraftView) -> None:
        self.desk.say(f"list {draft.version} is drafted: two administrators sign it", "good")
        self._open_drafts()

    def action_drafts(self) -> None:
        """Changes that wait for signatures."""
        self._open_drafts()

    def _open_drafts(self) -> None:
        if self.app.screen is self:
            self.app.push_screen(DraftsRoom())
        else:
            self.refetch()

    async def action_end(self) -> None:
        """End a person's access."""
        person = self.chosen
        if person is None:
            return
        before: list[Line] = [
            (Span(f" {person.person_id} {person.name}, {person.role}", "strong"),),
            (),
            (Span(" Their sessions close at once, and every draft that waits is outdated. Units", "muted"),),
            (Span(" trust their key until two administrators sign the list without them.", "muted"),),
        ]
        sentence = f"person.ended: {self.desk.me.person_id} ends the access of {person.person_id}"
        dialog = ConfirmDialog("End access", before, sentence)
        await self.app.push_screen(dialog, lambda yes: self._end(person.person_id) if yes else None)

    def _end(self, person_id: str) -> None:
        self.do(f"ending the access of {person_id}", lambda: self.desk.door.end_person(person_id), self._ended)

    def _ended(self, ended: AccessEnded) -> None:
        self.desk.say(f"{ended.person_id} has no access any more", "good")
        if ended.draft is not None:
            self.desk.say(f"{ended.person_id} has no access any more; sign the list without them: d", "good")
        elif ended.administrators_left < 2:
            self.desk.show_problem(stuck(ended), "Too few administrators")
        self.refetch()


def stuck(ended: AccessEnded) -> Problem:
    """What it means that too few administrators are left."""
    return Problem(
        code="people-stuck",
        message=f"{ended.person_id} has no access any more. {plural(ended.administrators_left, 'administrator')} "
        "can not sign people lists, so units go on trusting that key.",
        remedy="found the people list anew on the controller's host: fleet person refound",
    )
