"""Nothing is opened, and a person is told why."""

from fleet.errors import RequestRefused
from fleet.mandates.standing import Obstacle


class OpeningRefused(RequestRefused):
    """Nothing is opened, by the rule of an obstacle: which rule, whose it is, and what would make it possible."""

    status = 409

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.rule, obstacle.sentence, obstacle.remedy)
        self.obstacle = obstacle
