"""What can be done with an authority, from the list and from its page alike."""

from collections.abc import Awaitable, Mapping
from typing import ClassVar

from textual.widget import AwaitMount
from typing_extensions import override

from protocols.api.authorities import AuthorityView, DocumentHash
from tui.authority_lines import owes_statement
from tui.dialogs.authority import AuthorityDialog
from tui.dialogs.reason import ReasonDialog
from tui.dialogs.review import ReviewDialog, StatementDialog
from tui.dialogs.salt import SaltDialog
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.deeds import DeedsRoom
from tui.words import full_moment, plural

_OVER = ("ended", "cancelled")
_SEE = Reserved("seeing authorities", "see-mandates")


class AuthorityDeeds(DeedsRoom[AuthorityView]):
    """A room with an authority to act on."""

    ROOM = "mandates"
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "new": Reserved("recording an authority", "record-authority"),
        "renew": Reserved("recording a renewal", "record-authority"),
        "review": Reserved("recording a review", "record-authority"),
        "statement": Reserved("recording a statement", "record-authority"),
        "cancel": Reserved("cancelling an authority", "record-authority"),
        "open": _SEE,
        "filter": _SEE,
    }

    @override
    def can(self, action: str) -> bool:
        """See DeedsRoom."""
        view = self.chosen
        if not self.allows(action):
            return False
        match action:
            case "review":
                return view is not None and view.state not in _OVER and view.next_review_at is not None
            case "statement":
                return view is not None and owes_statement(view)
            case "cancel":
                return view is not None and view.state not in _OVER
            case "renew":
                return view is not None and view.state not in _OVER and view.renewed_by is None
        return True

    @override
    def say_whose(self, key: str) -> None:
        """A key that did nothing: why."""
        view = self.chosen
        if view is not None and key in {"v", "w", "x"} and self.allows("review"):
            why = {
                "v": "it has no review to come" if view.state not in _OVER else f"it is {view.state}",
                "w": "its statement is recorded" if view.urgent_oral else "it was given in writing",
                "x": f"it is {view.state}: nothing rests on it any more",
            }
            self.desk.say(why[key], "fair")
        else:
            super().say_whose(key)

    async def action_new(self) -> None:
        """Record an authority."""
        await self._record(AuthorityDialog(self.me))

    async def action_renew(self) -> None:
        """Record what follows the authority."""
        view = self.chosen
        if view is not None:
            await self._record(AuthorityDialog(self.me, renews=view.authority_id, reference=view.reference))

    def _record(self, dialog: AuthorityDialog) -> AwaitMount:
        record = self.desk.door.record_authority
        return self.change_after(
            dialog,
            "recording the authority",
            lambda new: self._keeping(new.document, record(new)),
            lambda view: f"{view.reference} is recorded as {view.authority_id}",
        )

    async def _keeping(self, document: DocumentHash | None, deed: Awaitable[AuthorityView]) -> AuthorityView:
        """What comes of `deed`, after which the person is told the salt that only this machine knows."""
        view = await deed
        if document is not None:
            self.app.push_screen(SaltDialog(f"{view.reference} is recorded as {view.authority_id}", document))
        return view

    async def action_review(self) -> None:
        """Record that the review was held."""
        view = self.chosen
        if view is not None:
            review = self.desk.door.review_authority
            await self.change_after(
                ReviewDialog(view, self.me),
                "recording the review",
                lambda done: review(view.authority_id, done),
                lambda reviewed: _reviewed(reviewed, utc=self.desk.server_clock.utc),
            )

    async def action_statement(self) -> None:
        """Record that the written statement was made."""
        view = self.chosen
        if view is not None:
            record = self.desk.door.record_statement
            await self.change_after(
                StatementDialog(view, self.me),
                "recording it",
                lambda document: self._keeping(document, record(view.authority_id, document)),
                lambda stated: f"the written statement of {stated.reference} is recorded",
            )

    async def action_cancel(self) -> None:
        """End the authority and all mandates under it."""
        view = self.chosen
        if view is None:
            return
        cancel = self.desk.door.cancel_authority
        count = plural(view.mandates, "live mandate ends", "live mandates end")
        before: list[Line] = [
            (Span(f" {view.reference}, to {', '.join(view.kinds)}", "strong"),),
            (),
            (Span(f" {count} with it, and every one to come that rests on it.", "fair"),),
            (Span(" Units that are open under them close at once; drafts are given up.", "fair"),),
            (Span(" Each of them stays an alarm until its kit is back.", "muted"),),
        ]
        dialog = ReasonDialog(
            f"Cancel authority {view.reference}",
            before,
            lambda why: f"authority.cancelled: {self.me} cancels authority {view.reference}, because {why}",
        )
        await self.change_after(
            dialog,
            f"cancelling {view.reference}",
            lambda why: cancel(view.authority_id, why),
            lambda ended: f"{ended.reference} is cancelled, and all mandates under it: bring their kit back",
        )


def _reviewed(view: AuthorityView, *, utc: bool) -> str:
    """What a recorded review has come to: the next, or that none is left."""
    due = view.next_review_at
    told = "none is left" if due is None else f"next: {full_moment(due, utc=utc)}"
    return f"the review of {view.reference} is recorded; {told}"
