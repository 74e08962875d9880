"""The people list a unit carries: followed step by proved step, never back, never because somebody says so."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.identity import IdentityInUse
from edge_agent.people_keeping import REFUSED_WAIT_S, PeopleKeeping, carried_version, follow
from edge_agent.watch import Happening
from fleet.ca.authority import CertificateAuthority
from protocols.errors import InvalidPeopleList
from protocols.people import ListedPerson, PeopleList, SignedPeopleList
from tests.support.people import Keyholder
from tests.support.renewing import Controller, HandClock, Unit

MADE_AT = datetime(2026, 6, 1, tzinfo=UTC)
SIGNERS = (Keyholder.make("AD-01"), Keyholder.make("AD-02"))
STRANGER = Keyholder.make("AD-66")


def _person(holder: Keyholder, role: str = "administrator") -> ListedPerson:
    person = {"person_id": holder.person_id, "role": role, "key": holder.line}
    dates = {"valid_from": MADE_AT - timedelta(days=1), "valid_until": MADE_AT + timedelta(days=2000)}
    return msgspec.convert({**person, **dates}, ListedPerson)


def _list(version: int, *more: Keyholder) -> str:
    people = [*(_person(one) for one in SIGNERS), *(_person(one, "engineer") for one in more)]
    return PeopleList(version=version, people=people, made_at=MADE_AT + timedelta(days=version)).text()


def _signed(text: str, *signers: Keyholder) -> SignedPeopleList:
    return SignedPeopleList(text=text, signatures=[one.signed(text) for one in signers or SIGNERS])


ANCHOR = _list(1)
FLEET = [
    _signed(_list(version, *[Keyholder.make(f"TO-{n}") for n in range(20, 18 + version)])) for version in range(2, 8)
]


def test_each_list_proves_itself_by_the_one_before() -> None:
    followed = follow(ANCHOR, FLEET)
    assert (followed.text, followed.version, followed.refusal) == (FLEET[-1].text, 7, None)
    assert follow(FLEET[2].text, FLEET).version == 7, "a page may begin early"
    assert follow(ANCHOR, []).text == ANCHOR


@given(order=st.permutations(range(6)), upto=st.integers(0, 6))
def test_whatever_comes_the_unit_never_goes_back_and_never_skips(order: list[int], upto: int) -> None:
    page = [FLEET[index] for index in order[:upto]]
    for carried in (1, 3, 7):
        text = ANCHOR if carried == 1 else FLEET[carried - 2].text
        followed = follow(text, page)
        assert followed.version >= carried
        assert carried_version(followed.text) == followed.version


@pytest.mark.parametrize(
    ("forged", "reason"),
    [
        (_signed(FLEET[2].text, SIGNERS[0]), "too-few-signatures"),
        (_signed(FLEET[2].text, SIGNERS[0], SIGNERS[0]), "too-few-signatures"),
        (_signed(FLEET[2].text, *SIGNERS, STRANGER), "bad-signature"),
        (_signed(FLEET[2].text, SIGNERS[0], STRANGER), "bad-signature"),
        (SignedPeopleList(text=FLEET[2].text.replace("engineer", "approver"), signatures=FLEET[2].signatures), "bad-"),
        (FLEET[3], "wrong-version"),
        (SignedPeopleList(text='{"version":4}', signatures=FLEET[2].signatures), "unreadable"),
    ],
)
def test_a_list_that_was_tampered_with_ends_the_way_there(forged: SignedPeopleList, reason: str) -> None:
    followed = follow(ANCHOR, [*FLEET[:2], forged, *FLEET[3:]])
    assert (followed.version, followed.text) == (3, FLEET[1].text)
    assert followed.refusal is not None
    assert followed.refusal.reason.startswith(reason)


def test_what_can_not_be_followed_from_says_so() -> None:
    with pytest.raises(InvalidPeopleList):
        follow('{"version":1,"people":[]}', FLEET)
    assert [carried_version(text) for text in ("", "[]", '{"version":"x"}', '{"version":3}', "{}")] == [0, 0, 0, 3, 0]


class Keeping:
    """A unit that carries `text`, and what it tells."""

    def __init__(self, home: Path, text: str, fleet: list[SignedPeopleList]) -> None:
        clock = HandClock()
        self.controller = Controller(CertificateAuthority.create(home / "ca", clock.now()), clock, lists=fleet)
        self.unit = Unit(home / "unit", self.controller)
        self.unit.join(text)
        self.told: list[Happening] = []
        self.start()

    def start(self) -> None:
        identities = IdentityInUse(self.unit.store)
        self.keeping = PeopleKeeping(identities, self.controller, self._tell, draw=lambda low, high: (low + high) / 2)

    @property
    def carried(self) -> int:
        return carried_version(self.unit.store.load().people_list)

    @property
    def kinds(self) -> list[str]:
        return [happening.kind for happening in self.told]

    async def _tell(self, happening: Happening) -> None:
        self.told.append(happening)


async def test_nothing_is_asked_before_a_welcome_has_named_a_newer_list(tmp_path: Path) -> None:
    place = Keeping(tmp_path, ANCHOR, FLEET)
    assert await place.keeping.step() is None
    place.keeping.named(1)
    assert await place.keeping.step() is None
    assert place.controller.people_asked == []
    place.keeping.named(7)
    assert await place.keeping.step() is None
    assert (place.carried, place.controller.people_asked) == (7, [1])
    assert place.kinds == ["people-list-changed"]


async def test_pages_follow_pages_and_each_is_kept_before_the_next(tmp_path: Path) -> None:
    holders = [Keyholder.make(f"TO-{number}") for number in range(20, 62)]
    fleet = [_signed(_list(version, *holders[: version - 1])) for version in range(2, 42)]
    place = Keeping(tmp_path, ANCHOR, fleet)
    place.keeping.named(41)
    assert await place.keeping.step() is None
    assert (place.carried, place.controller.people_asked) == (41, [1, 17, 33])


async def test_a_controller_that_is_away_is_asked_again_less_and_less_often(tmp_path: Path) -> None:
    place = Keeping(tmp_path, ANCHOR, FLEET)
    place.controller.away = 12
    place.keeping.named(7)
    waits = [await place.keeping.step() for _ in range(12)]
    assert all(wait is not None for wait in waits)
    assert waits == sorted(waits, key=lambda wait: wait or 0)
    assert waits[-1] == 1800
    assert await place.keeping.step() is None
    assert place.carried == 7


async def test_a_list_that_is_refused_is_an_alarm_once_and_tried_again_after_an_hour(tmp_path: Path) -> None:
    forged = _signed(FLEET[1].text, SIGNERS[0], STRANGER)
    place = Keeping(tmp_path, ANCHOR, [FLEET[0], forged, *FLEET[2:]])
    place.keeping.named(7)
    for _ in range(3):
        assert await place.keeping.step() == REFUSED_WAIT_S
    assert place.carried == 2
    assert place.kinds == ["people-list-changed", "people-list-refused"]
    assert place.told[-1].severity == "alarm"
    place.controller.lists = FLEET
    assert await place.keeping.step() is None
    assert place.carried == 7


async def test_a_controller_that_goes_back_is_an_alarm_and_changes_nothing(tmp_path: Path) -> None:
    place = Keeping(tmp_path, FLEET[-1].text, FLEET)
    for _ in range(3):
        place.keeping.named(3)
        assert await place.keeping.step() is None
    assert (place.carried, place.kinds) == (7, ["people-list-older"])


async def test_a_name_without_a_list_behind_it_makes_no_tight_loop(tmp_path: Path) -> None:
    place = Keeping(tmp_path, FLEET[-1].text, FLEET)
    place.keeping.named(900)
    assert (await place.keeping.step() or 0) >= 1
    assert place.controller.people_asked == [7]


async def test_a_unit_whose_own_list_can_not_be_followed_says_so_once(tmp_path: Path) -> None:
    place = Keeping(tmp_path, '{"version":1,"people":[]}', FLEET)
    place.keeping.named(7)
    for _ in range(2):
        assert await place.keeping.step() == REFUSED_WAIT_S
    assert place.kinds == ["people-list-unusable"]
    assert place.carried == 1
