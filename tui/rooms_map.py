"""The rooms of the console and their keys. A number whose room is not built yet is not shown."""

from typing import Literal, NamedTuple

RoomName = Literal[
    "now", "units", "log", "people", "events", "mandates", "rota", "deployments", "wiring", "kit", "firmware"
]
"""Firmware has no number: a letter leads there from everywhere."""


class RoomKey(NamedTuple):
    """A room, the key that leads to it and its name in the header."""

    key: str
    name: RoomName
    title: str


ROOMS: tuple[RoomKey, ...] = (
    RoomKey("1", "now", "Now"),
    RoomKey("2", "units", "Units"),
    RoomKey("3", "deployments", "Deployments"),
    RoomKey("4", "rota", "Rota"),
    RoomKey("5", "wiring", "Wiring"),
    RoomKey("6", "kit", "Kit"),
    RoomKey("7", "log", "Log"),
    RoomKey("8", "people", "People"),
    RoomKey("9", "events", "Events"),
    RoomKey("0", "mandates", "Mandates"),
)
