"""What rules say of each component of a plan, handed to the row that it is drawn in. Pure."""

from protocols.wiring.findings import Assessment, Judgement


class Remarks:
    """What rules say of each component, handed out once."""

    def __init__(self, assessment: Assessment | None) -> None:
        self._of: dict[str, list[Judgement]] = {}
        for one in assessment.judgements if assessment is not None else ():
            if one.verdict != "pass":
                self._of.setdefault(_component(one.subject), []).append(one)

    def take(self, *paths: str) -> tuple[Judgement, ...]:
        """What is said of the components at `paths` and was not handed out yet."""
        return tuple(one for path in paths for one in self._of.pop(path, ()))

    def rest(self) -> list[Judgement]:
        """What was not handed out."""
        return [one for some in self._of.values() for one in some]


_DEEPER = (("connectors", "cavities"), ("loads", "terminals"))


def _component(subject: str) -> str:
    """The path of the component that a path is in, as far as it has a row of its own."""
    parts = subject.split(".")
    if subject.startswith("vehicle.batteries."):
        return ".".join(parts[:3])
    is_deeper = len(parts) > 3 and (parts[0], parts[2]) in _DEEPER
    return ".".join(parts[: 4 if is_deeper else 2])
