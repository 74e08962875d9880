"""What stops a step because a unit was not found ready. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from fleet.deployments.rules.answers import TEAM, held_items, refused, unit_items, warning
from fleet.deployments.rules.facts import CertificateFacts, Facts, ItemFacts
from protocols.deployments import Blocker

HOLDS = timedelta(hours=12)
"""How long a readiness certificate holds †; exactly so old it still does."""

_JUDGE = "judge its readiness again"


def certified(facts: Facts) -> Iterator[Blocker]:
    """`certificate-missing`, `certificate-failed`, `certificate-old`, `certificate-early`, for commissioning."""
    for item, latest in _latest(facts):
        yield from _passed(item, latest)
        if latest is not None and latest.passed:
            if facts.now > latest.valid_until:
                yield refused("certificate-old", _old(item, latest), TEAM, _JUDGE)
            elif latest.issued_at < facts.deployment.state_since:
                yield warning(
                    "certificate-early", f"{item.item} was judged before it was fitted", TEAM, f"{_JUDGE}, fitted"
                )


def still_certified(facts: Facts) -> Iterator[Blocker]:
    """`certificate-missing`, `certificate-failed`, and as a warning `certificate-old`, for going live."""
    for item, latest in _latest(facts):
        yield from _passed(item, latest)
        if latest is not None and latest.passed and facts.now > latest.valid_until:
            yield warning("certificate-old", _old(item, latest), TEAM, _JUDGE)


def certified_again(facts: Facts) -> Iterator[Blocker]:
    """`certificate-missing`, `certificate-failed`, and as a warning `not-judged-since`, for going live again."""
    for item, latest in _latest(facts):
        yield from _passed(item, latest)
        if latest is not None and latest.passed and latest.issued_at < facts.deployment.state_since:
            yield warning(
                "not-judged-since", f"{item.item} was not judged since maintenance began", TEAM, f"{_JUDGE} first"
            )


def _passed(item: ItemFacts, latest: CertificateFacts | None) -> Iterator[Blocker]:
    if latest is None:
        yield refused(
            "certificate-missing", f"{item.item} has no readiness certificate", TEAM, "judge its readiness, fitted"
        )
    elif not latest.passed:
        yield refused(
            "certificate-failed",
            f"{item.item} was judged not ready at {latest.issued_at:%Y-%m-%d %H:%M} UTC",
            TEAM,
            f"mend what its lines say, then {_JUDGE}",
        )


def _latest(facts: Facts) -> Iterator[tuple[ItemFacts, CertificateFacts | None]]:
    """Each item that is a unit, with its latest certificate."""
    for item, unit in unit_items(held_items(facts)):
        of_unit = [one for one in facts.certificates if one.unit == unit]
        yield item, max(of_unit, key=lambda one: one.issued_at, default=None)


def _old(item: ItemFacts, latest: CertificateFacts) -> str:
    hours = int(HOLDS / timedelta(hours=1))
    return f"the certificate of {item.item} is older than {hours} h: issued {latest.issued_at:%Y-%m-%d %H:%M} UTC"
