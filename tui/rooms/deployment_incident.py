"""Going to a critical incident, from wherever the person is."""

from collections.abc import Mapping

from fleet.client import ClientError
from protocols.api.deployments import DeploymentView, NewIncident
from tui.deployment_words import Look
from tui.dialogs.deployment_incident import IncidentDialog
from tui.role_words import Reserved, whose
from tui.rooms.room import Room

GOING = Reserved("going to a critical incident", "work-deployment")


async def go_to_incident(room: Room) -> None:
    """Ask once, over `room`; then open the page of the deployment that it has become."""
    desk = room.desk
    if not desk.may(GOING.permission):
        desk.say(whose(GOING), "fair")
        return
    await _ask(room, None)


async def _ask(room: Room, typed: Mapping[str, str] | None) -> None:
    """Ask, with what was typed before where that was refused."""
    desk = room.desk
    clock = desk.server_clock
    dialog = IncidentDialog(Look(room.me, clock.now(), clock.utc), typed)

    def began(view: DeploymentView) -> None:
        desk.say(f"{view.row.deployment} is yours; s says that it is fitted", "good")
        desk.call_later(_open, room, view.row.deployment)

    async def ask_again(error: ClientError) -> None:
        await _ask(room, dialog.typed)
        desk.explain(error)

    def refused(error: ClientError) -> None:
        desk.call_later(ask_again, error)

    def begin(new: NewIncident | None) -> None:
        if new is not None:
            asked = new
            room.do("going to a critical incident", lambda: desk.door.begin_incident(asked), began, failed=refused)

    await desk.push_screen(dialog, begin)


async def _open(room: Room, deployment_id: str) -> None:
    """Its page over the board, so that esc leads there."""
    desk = room.desk
    await desk.go("deployments")
    await desk.open_deployment(deployment_id)
