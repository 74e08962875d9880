"""An example of a rota's definition."""

from datetime import date, datetime, timedelta

from protocols.rota.model import Layer, Requirement, Rota, TurnLength

PEOPLE = ("TO-12", "SU-02", "TO-14", "SU-05")


def template(today: date) -> Rota:
    """Weekly turns in primary and secondary from next Monday at 09:00 in London, of four people."""
    monday = today + timedelta(days=7 - today.weekday())
    starts = datetime(monday.year, monday.month, monday.day, 9)  # noqa: DTZ001 - a wall time of the rota
    week = TurnLength(every=1, unit="weeks")
    later = [*PEOPLE[1:], *PEOPLE[:1]]
    return Rota(
        rota="technical",
        name="Technical on-call",
        zone="Europe/London",
        layers=[
            Layer(layer="primary-weeks", position="primary", starts=starts, turn=week, order=list(PEOPLE)),
            Layer(layer="secondary-weeks", position="secondary", starts=starts, turn=week, order=later),
        ],
        members=list(PEOPLE),
        allowance_permille=100,
        requirements=[Requirement(subject="electrical", level=3)],
    )
