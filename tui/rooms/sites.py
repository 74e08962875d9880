"""Sites: their codes with what surveys found; and the page of one, with its address, which is entered in the log."""

from collections.abc import Awaitable, Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.feed import Watch
from protocols.api.sites import NewSurvey, SetSite, SitePage, SiteRow, SiteView
from tui.dialogs.confirm import ConfirmDialog
from tui.dialogs.site_forms import SiteDialog, SurveyDialog
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.deployment_following import FollowsDeployments
from tui.rooms.filtered import FilteredRoom
from tui.rooms.following import FollowingRoom
from tui.rooms.page_room import ViewRoom
from tui.site_lines import consult_sentence, site_detail, site_heads, site_line, site_page
from tui.words import number

AT_ONCE = 200
MOST_SITES = 2_000


class SitesRoom(FilteredRoom[SiteRow], FollowsDeployments):
    """The codes. No address is shown here, nor asked for."""

    ROOM = "kit"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "address and surveys", tooltip="its page with the address, which the log tells"),
        Binding("n", "new_site", "new site"),
        Binding("slash", "filter", "filter"),
        Binding("escape", "back", "back"),
    ]
    HINT = "words in code or supply"
    RESERVED: ClassVar[Mapping[str, Reserved]] = {"new_site": Reserved("laying down a site", "work-deployment")}

    def __init__(self) -> None:
        super().__init__()
        self._all: list[SiteRow] = []

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        self.ask("sites", self._everything, self._arrived, background=background)

    async def _everything(self) -> SitePage:
        door = self.desk.door
        page = await door.sites(limit=AT_ONCE)
        rows = page.rows
        while len(rows) < min(page.total, MOST_SITES):
            following = await door.sites(offset=len(rows), limit=AT_ONCE)
            if not following.rows:
                break
            rows = [*rows, *following.rows]
        return SitePage(total=page.total, offset=0, rows=rows)

    def _arrived(self, page: SitePage) -> None:
        self._all, self._is_known = page.rows, True
        self.show_filtered()

    @override
    def show_filtered(self) -> None:
        """See FilteredRoom."""
        words = self.words.lower().split()
        if self._is_known:
            self.show_items([row for row in self._all if all(w in f"{row.site} {row.supply}".lower() for w in words)])

    @override
    def key_of(self, item: SiteRow) -> str:
        """See ListingRoom."""
        return item.site

    @override
    def heads_line(self, width: int) -> Line:
        """See FilteredRoom."""
        return site_heads(width)

    @override
    def item_line(self, item: SiteRow, width: int) -> Line:
        """See ListingRoom."""
        return site_line(item, width, self.desk.server_clock.now())

    @override
    def detail_lines(self, item: SiteRow) -> list[Line]:
        """See ListingRoom."""
        return site_detail(item, self.me)

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        count = number(len(self._list.items)) if self._is_known else "…"
        return (Span(" SITES  ", "muted"), Span(count, "strong"), Span("   codes only", "muted"))

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return [
            (Span("No site has these words." if self.words else "No site is laid down; n lays one down.", "muted"),)
        ]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the site under the cursor."""
        if self._field.has_focus and action != "back":
            return False
        return self.allows(action) and (action != "open" or self.chosen is not None)

    async def action_open(self) -> None:
        """Its page, once the person has seen that the log tells of it."""
        row = self.chosen
        if row is not None:
            await ask_to_consult(self, row.site)

    def action_new_site(self) -> None:
        """Lay down a site."""
        self.app.push_screen(SiteDialog(self.me), self._set)

    def _set(self, answer: tuple[str, SetSite] | None) -> None:
        if answer is not None:
            code, change = answer
            door = self.desk.door
            self.do(
                f"laying down site {code}",
                lambda: door.put_site(code, change.version, address=change.address, access=change.access),
                self._done,
            )

    def _done(self, view: SiteView) -> None:
        self.desk.say(f"site {view.row.site} is laid down", "good")
        self.refetch()


async def ask_to_consult(room: FollowingRoom, site: str) -> None:
    """Show what looking at a site's address enters in the log, and its page after `y`."""
    before: list[Line] = [
        (Span(" Its address and access notes are shown to who asks for this one site.", "plain"),),
    ]

    def answered(answer: bool | None) -> None:
        if answer:
            room.app.push_screen(SiteRoom(site))

    dialog = ConfirmDialog(f"The address of site {site}", before, consult_sentence(room.me, site))
    await room.app.push_screen(dialog, answered)


class SiteRoom(ViewRoom[SiteView], FollowingRoom):
    """The page of one site. Each asking for it is an entry of the log: it is asked for once, and after each deed
    the controller's answer is shown."""

    ROOM = "kit"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "survey", "survey", tooltip="record what was found there"),
        Binding("e", "change_site", "change", tooltip="address and access notes"),
        Binding("x", "erase", "erase", tooltip="address and access notes, for good"),
        Binding("escape", "back", "back"),
    ]
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "survey": Reserved("recording a survey", "work-deployment"),
        "change_site": Reserved("changing a site", "work-deployment"),
        "erase": Reserved("erasing a site's address", "manage-deployments"),
    }

    @override
    def refetch(self) -> None:
        """Ask once: each asking is an entry."""
        if self.chosen is None:
            self.ask_anew()

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """Nothing is asked for without the person."""

    @override
    def fetch(self) -> Awaitable[SiteView]:
        """See ViewRoom."""
        return self.desk.door.site(self._about)

    @override
    def view_lines(self, view: SiteView, width: int) -> list[Line]:
        """See ViewRoom."""
        clock = self.desk.server_clock
        return site_page(view, width, clock.now(), utc=clock.utc)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with it."""
        if action in self.RESERVED:
            erased = self.chosen is None or self.chosen.row.erased_at is not None
            return self.chosen is not None and self.allows(action) and not (action == "erase" and erased)
        return True

    def action_survey(self) -> None:
        """Record what was found there."""
        clock = self.desk.server_clock
        self.app.push_screen(SurveyDialog(self.me, self._about, clock.now(), utc=clock.utc), self._surveyed)

    def _surveyed(self, survey: NewSurvey | None) -> None:
        if survey is not None:
            door = self.desk.door
            self.do("recording the survey", lambda: door.survey_site(self._about, survey), self._became)

    def action_change_site(self) -> None:
        """Address and access notes."""
        if self.chosen is not None:
            self.app.push_screen(SiteDialog(self.me, self.chosen), self._set)

    def _set(self, answer: tuple[str, SetSite] | None) -> None:
        if answer is not None:
            door, (code, change) = self.desk.door, answer
            self.do(
                f"changing site {code}",
                lambda: door.put_site(code, change.version, address=change.address, access=change.access),
                self._became,
            )

    def action_erase(self) -> None:
        """Erase address and access notes, for good."""
        before: list[Line] = [
            (Span(" Address and access notes are gone for good; code and surveys stay.", "fair"),),
        ]
        sentence = f"site.erased: {self.me} erases the address and access notes of site {self._about}"
        self.app.push_screen(ConfirmDialog(f"Erase the address of {self._about}", before, sentence), self._erase)

    def _erase(self, answer: bool | None) -> None:
        if answer:
            door = self.desk.door
            self.do(f"erasing the address of {self._about}", lambda: door.erase_site(self._about), self._became)

    def _became(self, view: SiteView) -> None:
        self.desk.say(f"site {view.row.site} is changed", "good")
        self.arrived(view)
