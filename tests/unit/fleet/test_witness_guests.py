"""Who makes room when a witness is full."""

import pytest

from fleet.witness.guests import MAX_GUESTS, MAX_GUESTS_OF_ONE_PAYER, Guest, Guests, payer_of


class House:
    """Guests, and the numbers of those that were hung up on, in order; each came a second after the one before."""

    def __init__(self) -> None:
        self.guests = Guests()
        self.gone: list[int] = []
        self._count = 0

    def comes(self, payer: str, *, known: bool = False) -> Guest:
        number = self._count
        self._count += 1
        guest = Guest(payer, lambda: self.gone.append(number), float(number), known=known)
        self.guests.enter(guest)
        return guest


def test_when_full_the_longest_idle_of_whoever_has_most_makes_room() -> None:
    house = House()
    house.comes("log", known=True)
    house.comes("quiet")
    crowd = [house.comes(f"crowd {number % 2}") for number in range(MAX_GUESTS - 2)]
    crowd[0].since_s = crowd[2].since_s = 1e6  # was answered just now
    house.comes("another log")
    house.comes("log")
    assert (house.gone, len(house.guests)) == ([3, 6], MAX_GUESTS)


def test_of_as_many_sites_as_there_are_connections_the_longest_idle_makes_room() -> None:
    house = House()
    house.comes("log", known=True)
    for number in range(MAX_GUESTS):
        house.comes(f"site {number}")
    house.comes("log")
    assert house.gone == [1, 2]


def test_a_known_one_makes_room_only_when_all_are_known() -> None:
    house = House()
    for number in range(MAX_GUESTS):
        house.comes(f"log {number}", known=True)
    house.comes("new")
    house.comes("newer")
    assert house.gone == [0, MAX_GUESTS]


def test_one_payer_makes_room_among_its_own_and_keeps_the_known_one() -> None:
    house = House()
    house.comes("elsewhere")
    house.comes("site", known=True)
    for _ in range(MAX_GUESTS_OF_ONE_PAYER):
        house.comes("site")
    assert (house.gone, len(house.guests)) == ([2], MAX_GUESTS_OF_ONE_PAYER + 1)


def test_who_has_gone_needs_no_room() -> None:
    house = House()
    left = [house.comes(f"site {number}") for number in range(MAX_GUESTS)][5]
    house.guests.leave(left)
    house.guests.leave(left)
    house.comes("new")
    assert (house.gone, len(house.guests)) == ([], MAX_GUESTS)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
    ],
)
def test_a_host_counts_once_whichever_of_its_addresses_it_uses(one: str, other: str, same: bool) -> None:
    assert (payer_of(one) == payer_of(other)) is same
