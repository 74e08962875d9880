"""Giving a harness to a deployment: which, for what, and the sentence for the log."""

from collections.abc import Awaitable

from fleet.client import FleetClient
from protocols.api.deployments import DeploymentRow
from protocols.api.kit import ItemView
from protocols.api.wiring import DeploymentWiring
from tui.asks import Asks
from tui.dialogs.confirm import ConfirmDialog
from tui.dialogs.wiring_pick import deployment_dialog, item_dialog
from tui.wiring_asking import going_on
from tui.wiring_words import given_sentence


class GivesHarness(Asks):
    """A room that can give revision `revision` of a harness. What came of it is handed to `given`."""

    def given(self, wiring: DeploymentWiring) -> None:
        """A deployment has it from now on."""
        raise NotImplementedError

    def ask_where(self, harness: str, revision: int, name: str) -> None:
        """Ask for which deployment, then go on."""
        door = self.desk.door
        self.ask("deployments", lambda: going_on(door), lambda rows: self._choose(harness, revision, name, rows))

    def _choose(self, harness: str, revision: int, name: str, rows: list[DeploymentRow]) -> None:
        if not rows:
            self.desk.say("no deployment goes on: 3, then n, requests one", "fair")
            return

        def chosen(deployment: str | None) -> None:
            if deployment is not None:
                self.ask_item(harness, revision, name, deployment)

        self.app.push_screen(deployment_dialog(f"Give {name} to which deployment?", rows), chosen)

    def ask_item(self, harness: str, revision: int, name: str, deployment: str) -> None:
        """Ask what of a deployment's kit it feeds, where there is some, then show the sentence."""
        door = self.desk.door
        self.ask(
            "items",
            lambda: _items(door, deployment),
            lambda items: self._feed(harness, revision, name, deployment, items),
        )

    def _feed(self, harness: str, revision: int, name: str, deployment: str, items: list[ItemView]) -> None:
        def chosen(item: str | None) -> None:
            if item is not None:
                self._confirm(harness, revision, name, deployment, item or None)

        if items:
            self.app.push_screen(item_dialog(deployment, items), chosen)
        else:
            chosen("")

    def _confirm(self, harness: str, revision: int, name: str, deployment: str, item: str | None) -> None:
        door = self.desk.door
        me = self.desk.me.person_id

        def give() -> Awaitable[DeploymentWiring]:
            return door.give_harness(deployment, harness, revision, item)

        def given(wiring: DeploymentWiring) -> None:
            self.desk.say(f"{deployment} has revision {wiring.revision} of {name}", "good")
            self.given(wiring)

        dialog = ConfirmDialog(f"Give {name}", [], given_sentence(me, deployment, name, revision, item))
        self.app.push_screen(dialog, lambda yes: self.do("giving it", give, given) if yes else None)


async def _items(door: FleetClient, deployment: str) -> list[ItemView]:
    return (await door.deployment(deployment)).items
