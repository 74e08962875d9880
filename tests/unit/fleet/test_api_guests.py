"""Who makes room when the house is full."""

from hypothesis import given
from hypothesis import strategies as st

from fleet.api.guests import MAX_KNOWN_PER_PAYER, MAX_STRANGERS_PER_PAYER, Guest, Guests

CAP = 10


class House:
    """Guests whose connections are numbers."""

    def __init__(self) -> None:
        self.guests = Guests()
        self.gone: set[int] = set()
        self.hung_up: list[int] = []

    def come(self, number: int, payer: str, cap: int = CAP) -> str:
        """Somebody comes from port `number`."""

        def hang_up() -> None:
            self.hung_up.append(number)
            self.gone.add(number)

        guest = Guest(payer, (payer, number), is_gone=lambda: number in self.gone, hang_up=hang_up)
        return self.guests.enter(guest, cap)


def test_the_oldest_of_whoever_has_most_makes_room() -> None:
    house = House()
    for number in range(4):
        house.come(number, "one")
    for number in range(4, 10):
        house.come(number, "crowd")
    assert house.come(10, "new") == "instead-of-another"
    assert house.hung_up == [4]
    assert house.come(11, "new") == "instead-of-another"
    assert house.hung_up == [4, 5]


def test_who_is_known_stays_and_a_house_of_the_known_is_full() -> None:
    house = House()
    for number in range(CAP):
        house.come(number, "site")
        house.guests.settle(("site", number))
    assert house.come(10, "new") == "turned-away"
    house.gone.add(3)
    assert house.come(11, "new") == "let-in"
    assert house.come(12, "newer") == "instead-of-another"
    assert house.hung_up == [11]


def test_one_payer_can_not_have_more_than_its_share() -> None:
    house = House()
    for number in range(MAX_STRANGERS_PER_PAYER + 5):
        house.come(number, "site", cap=10_000)
    assert house.hung_up == [0, 1, 2, 3, 4]
    house = House()
    for number in range(MAX_KNOWN_PER_PAYER + 1):
        house.come(number, "site", cap=10_000)
        house.guests.settle(("site", number))
    assert house.come(1000, "new", cap=MAX_KNOWN_PER_PAYER + 1) == "instead-of-another"
    assert house.hung_up == [MAX_KNOWN_PER_PAYER]


def test_nothing_is_known_of_who_is_not_there() -> None:
    house = House()
    house.guests.settle(None)
    house.guests.settle(("site", 1))
    house.come(1, "site", cap=1)
    assert house.come(2, "site", cap=1) == "instead-of-another"


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=60))
def test_never_more_than_the_cap_and_never_a_known_one_out(comers: list[tuple[str, bool]]) -> None:
    house, known = House(), set[int]()
    for number, (payer, signs_in) in enumerate(comers):
        came = house.come(number, payer)
        if signs_in and came != "turned-away":
            house.guests.settle((payer, number))
            known.add(number)
        assert len(house.guests) <= CAP
    assert known.isdisjoint(house.hung_up)
