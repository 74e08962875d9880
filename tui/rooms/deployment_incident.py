"""Going to a critical incident, from wherever the person is."""

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
    clock = desk.server_clock

    def began(view: DeploymentView) -> None:
        desk.say(f"{view.row.deployment} is yours; s says that it is fitted", "good")
        desk.call_later(_open, room, view.row.deployment)

    def begin(new: NewIncident | None) -> None:
        if new is not None:
            asked = new
            room.do("going to a critical incident", lambda: desk.door.begin_incident(asked), began)

    await desk.push_screen(IncidentDialog(Look(room.me, clock.now(), clock.utc)), begin)


async def _open(room: Room, deployment_id: str) -> None:
    """Its page over the board, so that esc leads there."""
    desk = room.desk
    await desk.go("deployments")
    await desk.open_deployment(deployment_id)
