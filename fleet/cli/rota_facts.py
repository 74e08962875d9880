"""A rota in words."""

from fleet.cli.rota_times import said
from protocols.api.rotas import RotaView
from protocols.rota.model import Layer, Restriction, Rota

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def rota_facts(view: RotaView) -> list[tuple[str, object]]:
    """What a rota asks for, line by line."""
    rota = view.rota
    return [
        ("rota", rota.rota),
        ("name", rota.name),
        ("zone", rota.zone),
        ("version", view.version),
        ("changed by", view.changed_by),
        ("changed", said(view.changed_at, rota.zone)),
        ("ended", said(view.ended_at, rota.zone)),
        ("members", ", ".join(rota.members)),
        ("layers", [_layer(one) for one in rota.layers]),
        ("covered", ", ".join(rota.positions)),
        ("in the hours", _hours(rota.cover) or "always"),
        ("needed", _needed(rota)),
        ("standby at", rota.standby),
        ("allowance", f"{rota.allowance_permille / 10:g} %"),
        ("notice", f"{rota.policy.notice_days} days"),
        ("handover", f"{rota.policy.handover_from:%H:%M} to {rota.policy.handover_until:%H:%M}"),
    ]


def _layer(one: Layer) -> str:
    unit = one.turn.unit.removesuffix("s") if one.turn.every == 1 else one.turn.unit
    turn = f"every {unit}" if one.turn.every == 1 else f"every {one.turn.every} {unit}"
    ends = "" if one.ends is None else f" to {one.ends:%Y-%m-%d %H:%M}"
    hours = f", only {_hours(one.restrictions)}" if one.restrictions else ""
    order = f": {', '.join(one.order)}" if one.order else ", as given turn by turn"
    return f"{one.layer}, {one.position}, {turn} from {one.starts:%Y-%m-%d %H:%M}{ends}{hours}{order}"


def _hours(restrictions: list[Restriction]) -> str:
    return "; ".join(
        f"{' '.join(DAYS[day] for day in one.weekdays)} {one.from_time:%H:%M}-{one.until_time:%H:%M}"
        for one in restrictions
    )


def _needed(rota: Rota) -> str:
    signers = ["two who may sign together"] if rota.signers else []
    needs = [f"{one.subject} level {one.level} ({one.who})" for one in rota.requirements]
    return ", ".join([*signers, *needs])
