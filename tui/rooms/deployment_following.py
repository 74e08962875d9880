"""What rooms about deployments, kit and sites have in common."""

from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.feed import DeploymentsChanged, Watch
from tui.deployment_words import Look
from tui.rooms.following import FollowingRoom


class FollowsDeployments(FollowingRoom):
    """A room that asks again when deployments, kit or sites have changed."""

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, deployments=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, DeploymentsChanged):
            self.soon("anew", lambda: self.ask_anew(background=True))


class DeploymentFollowing(FollowsDeployments):
    """A room about one deployment."""

    ROOM = "deployments"

    @property
    def look(self) -> Look:
        """Who looks, and when."""
        clock = self.desk.server_clock
        return Look(self.me, clock.now(), clock.utc)
