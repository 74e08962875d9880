"""What a deployment is planned with, and what is taken away from it: plan, authorities, its file."""

from pathlib import Path

from protocols.api.authorities import AuthorityPage
from protocols.api.deployments import DeploymentView, NamedAuthorities, SetDeployment
from tui.authority_asking import authorities_of
from tui.deployment_forms import changed_words
from tui.dialogs.confirm import TextDialog
from tui.dialogs.deployment_authorities import AuthoritiesDialog
from tui.dialogs.deployment_forms import PlanDialog
from tui.paint import Line, Span
from tui.rooms.deeds import DeedsRoom
from tui.rooms.deployment_following import DeploymentFollowing
from tui.saved_files import write_new

_FORMS = (".json", ".pdf")


class DeploymentPlanDeeds(DeploymentFollowing, DeedsRoom[DeploymentView]):
    """A room with a deployment that can be planned."""

    async def action_plan(self) -> None:
        """Site, times, people who answer for it, what it wants."""
        view = self.chosen
        if view is None:
            return
        about, change_it = view.row.deployment, self.desk.door.set_deployment

        def planned(change: SetDeployment | None) -> None:
            if change is not None:
                asked = change
                said = f"{about}: {changed_words(asked)} changed"
                self.change("planning it", lambda: change_it(about, asked), lambda _after: said)

        await self.app.push_screen(PlanDialog(view, self.look), planned)

    def action_authorities(self) -> None:
        """Name the recorded authorities that it rests on."""
        door = self.desk.door
        if self.chosen is not None:
            self.ask("authorities", lambda: authorities_of(door), self._choose_authorities)

    def _choose_authorities(self, page: AuthorityPage) -> None:
        view = self.chosen
        if view is None:
            return
        about, name_them = view.row.deployment, self.desk.door.name_authorities
        named = [one.authority_id for one in view.authorities]

        def chosen(ids: list[str] | None) -> None:
            if ids is not None:
                asked = NamedAuthorities(based_on=view.version, authorities=ids)
                self.change(
                    "naming its authorities", lambda: name_them(about, asked), lambda _after: f"{about} rests on them"
                )

        self.app.push_screen(AuthoritiesDialog(about, page.rows, named, self.look), chosen)

    async def action_file(self) -> None:
        """Ask for a file name, then write the deployment file there, in the form that the name ends in."""
        view = self.chosen
        if view is None:
            return
        about = view.row.deployment
        before: list[Line] = [
            (),
            (Span(" Everything of it but the site's address. Making it is an entry:", "muted"),),
            (Span(f" “deployment.file-read: {self.me} reads the file of {about}”", "strong"),),
            (Span(" A name that ends in .pdf is for reading, one in .json for machines.", "muted"),),
            (),
        ]
        dialog = TextDialog(f"Save the file of {about}", before, value=f"{about}.pdf", least=1, most=300)
        await self.app.push_screen(dialog, lambda name: self._save(about, name) if name else None)

    def _save(self, about: str, name: str) -> None:
        path, door = Path(name).expanduser(), self.desk.door
        if path.suffix.lower() not in _FORMS:
            self.desk.say("a name that ends in .pdf or .json, please: f asks again", "fair")
            return
        fetch = door.deployment_file_pdf if path.suffix.lower() == ".pdf" else door.deployment_file_json

        async def save() -> str:
            return await write_new(path, await fetch(about))

        self.do(f"making {path.name}", save, lambda trouble: self._saved(path, trouble))

    def _saved(self, path: Path, trouble: str) -> None:
        self.desk.say(trouble or f"saved {path}", "bad" if trouble else "good")
