"""What can be done about an alarm: from Now, from the list and from its page alike."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.alarms import Acknowledging, AlarmAcknowledged, AlarmDetail, AlarmView
from protocols.api.feed import AlarmsChanged, EventsChanged, Watch
from tui.alarm_lines import acknowledge_sentence, going_lines
from tui.alarm_words import about, waits
from tui.dialogs.confirm import ConfirmDialog
from tui.role_words import Reserved
from tui.rooms.following import FollowingRoom
from tui.rooms.room import Room

RESERVED_OF_ALARMS: Mapping[str, Reserved] = {
    "acknowledge": Reserved("acknowledging", "acknowledge-event"),
    "going": Reserved("going for an alarm", "serve-rota"),
}


def acknowledge(room: Room, view: AlarmView, taken: Callable[[AlarmAcknowledged], None]) -> None:
    """Take an alarm in the person's name, with its events; nothing is asked, for it opens and destroys nothing."""
    door, what = room.desk.door, f"{about(view)}: {view.kind}"

    def done(answer: AlarmAcknowledged) -> None:
        room.desk.say(f"acknowledged {what}; nobody else is paged for it", "good")
        taken(answer)

    room.do(f"acknowledging {what}", lambda: door.acknowledge_alarm(view.alarm, Acknowledging()), done)


def go_for(room: Room, view: AlarmView, taken: Callable[[AlarmAcknowledged], None]) -> None:
    """Take an alarm and leave for it, after what begins by itself has been said: a call-out, and a welfare timer."""
    door = room.desk.door

    def ask(detail: AlarmDetail) -> None:
        dialog = ConfirmDialog(
            f"Go for {view.kind} of {about(view)}",
            going_lines(detail.alarm, detail.paged_by),
            acknowledge_sentence(room.me, detail.alarm, going=True),
        )
        room.app.push_screen(dialog, answered)

    def answered(answer: bool | None) -> None:
        if answer:
            asked = Acknowledging(going=True)
            room.do("taking it and beginning your call-out", lambda: door.acknowledge_alarm(view.alarm, asked), done)

    def done(answer: AlarmAcknowledged) -> None:
        if answer.problem is not None:
            room.desk.show_problem(answer.problem, "Taken, but no call-out began")
        else:
            room.desk.say("it is yours: your call-out and welfare timer run", "good")
        taken(answer)

    room.ask("alarm to go for", lambda: door.alarm(view.alarm), ask)


class AlarmDeeds(FollowingRoom):
    """A room with an alarm to act on. Subclasses know `alarm`, and fill `show_taken`."""

    ROOM = "events"
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        **RESERVED_OF_ALARMS,
        "window": Reserved("beginning maintenance", "work-deployment"),
    }

    @property
    def alarm(self) -> AlarmView | None:
        """What to act on, None when there is nothing."""
        raise NotImplementedError

    def show_taken(self, answer: AlarmAcknowledged) -> None:
        """Somebody has taken it: show how it stands."""
        raise NotImplementedError

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, alarms=True, events=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, AlarmsChanged | EventsChanged):
            self.soon("anew", lambda: self.ask_anew(background=True))

    def can(self, action: str) -> bool:
        """Whether `action` can be done now."""
        view = self.alarm
        match action:
            case "acknowledge":
                return view is not None and waits(view) and self.allows(action)
            case "going":
                return view is not None and view.closed_at is None and waits(view) and self.allows(action)
            case "unit":
                return view is not None and view.subject_kind == "unit"
            case "deployment":
                return view is not None and view.deployment is not None and self.desk.may("see-deployments")
            case "window":
                return view is not None and view.subject_kind in {"unit", "deployment"} and self.allows(action)
        return self.allows(action)

    def action_acknowledge(self) -> None:
        """Take it."""
        if self.alarm is not None:
            acknowledge(self, self.alarm, self.show_taken)

    def action_going(self) -> None:
        """Take it and leave for it."""
        if self.alarm is not None:
            go_for(self, self.alarm, self.show_taken)

    async def action_unit(self) -> None:
        """The page of its unit."""
        if self.alarm is not None and self.alarm.subject_kind == "unit":
            await self.desk.open_unit(self.alarm.subject)

    async def action_deployment(self) -> None:
        """The page of its deployment."""
        if self.alarm is not None and self.alarm.deployment is not None:
            await self.desk.open_deployment(self.alarm.deployment)
