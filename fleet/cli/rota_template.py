"""An example of a rota's definition."""

from datetime import date, datetime, timedelta

from protocols.rota.model import Layer, Rota, TurnLength

PRIMARY, SECONDARY = ("TO-12", "SU-02"), ("SU-02", "AP-04")


def template(today: date) -> Rota:
    """Weekly turns in primary and secondary from next Monday at 09:00 in London, of the demo's people: whoever is
    on call, two of them may sign a mandate together."""
    monday = today + timedelta(days=7 - today.weekday())
    starts = datetime(monday.year, monday.month, monday.day, 9)  # noqa: DTZ001 - a wall time of the rota
    week = TurnLength(every=1, unit="weeks")
    return Rota(
        rota="technical",
        name="Technical on-call",
        zone="Europe/London",
        layers=[
            Layer(layer="primary-weeks", position="primary", starts=starts, turn=week, order=list(PRIMARY)),
            Layer(layer="secondary-weeks", position="secondary", starts=starts, turn=week, order=list(SECONDARY)),
        ],
        members=sorted({*PRIMARY, *SECONDARY}),
        allowance_permille=100,
    )
