"""Where pages reach people: one's own contacts, with a test page for each."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.alarms import ContactTested, ContactView, NewContact
from tui.alarm_rule_lines import contact_detail, contact_line, contacts_title
from tui.dialogs.alarm_forms import ContactDialog
from tui.dialogs.confirm import ConfirmDialog
from tui.paint import Line, Span
from tui.rooms.alarms_books import AlarmBooksRoom
from tui.rooms.listing_room import ListingRoom


class AlarmContactsRoom(ListingRoom[ContactView], AlarmBooksRoom):
    """One's own contacts; everybody's, masked, for who manages alarms."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "add", "add"),
        Binding("t", "test", "test page", tooltip="send a page there now, and see what came of it"),
        Binding("x", "withdraw", "withdraw", tooltip="no page goes there any more"),
        Binding("escape", "back", "back"),
    ]

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        self.ask("contacts", self.desk.door.contacts, self._arrived, background=background)

    def _arrived(self, views: list[ContactView]) -> None:
        here = [view for view in views if view.withdrawn_at is None]
        self.show_items(sorted(here, key=lambda view: (view.person != self.me, view.person, view.contact)))

    @override
    def key_of(self, item: ContactView) -> str:
        """See ListingRoom."""
        return item.contact

    @override
    def item_line(self, item: ContactView, width: int) -> Line:
        """See ListingRoom."""
        return contact_line(item, width, self.desk.server_clock.now())

    @override
    def detail_lines(self, item: ContactView) -> list[Line]:
        """See ListingRoom."""
        return contact_detail(item, self.me, self.desk.server_clock.now())

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        return contacts_title(self._list.items if self._is_known else None, self.me)

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return [(Span("No contact: no alarm can page you. n adds an e-mail address or a webhook.", "fair"),)]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only one's own are tested and withdrawn."""
        if action in {"test", "withdraw"}:
            return self.chosen is not None and self.chosen.person == self.me
        return True

    def action_add(self) -> None:
        """Say how one is to be reached."""
        self.app.push_screen(ContactDialog(self.me), self._add)

    def _add(self, new: NewContact | None) -> None:
        if new is not None:
            door = self.desk.door
            self.do(
                "adding a contact",
                lambda: door.add_contact(new.channel, new.address),
                lambda _view: self.done("added; t sends a test page there"),
            )

    def action_test(self) -> None:
        """Send a page there now."""
        view = self.chosen
        if view is not None:
            door = self.desk.door
            self.do("sending a test page", lambda: door.test_contact(view.contact), self._tested)

    def _tested(self, tested: ContactTested) -> None:
        if tested.sent:
            self.done("the other side took the test page: look whether it has come")
        else:
            self.desk.say(f"it was not delivered: {tested.error}", "bad")
            self.refetch()

    def action_withdraw(self) -> None:
        """No page goes there any more."""
        view = self.chosen
        if view is None:
            return
        door = self.desk.door
        before: list[Line] = [(Span(f" {view.channel}  {view.address}", "strong"),)]
        sentence = f"contact.withdrawn: {self.me} withdraws a contact by {view.channel}"

        def answered(answer: bool | None) -> None:
            if answer:
                self.do(
                    "withdrawing it",
                    lambda: door.withdraw_contact(view.contact),
                    lambda _view: self.done("no page goes there any more"),
                )

        self.app.push_screen(ConfirmDialog("Withdraw a contact", before, sentence), answered)
