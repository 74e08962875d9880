"""People lists by a dishonest sender: a unit follows the true ones, and obeys nobody whom it knows from others."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import msgspec

from edge_agent.people_keeping import follow
from protocols.people import ListSignature, SignedPeopleList
from tests.fuzz.grants_mutations import damaged, spliced
from tests.fuzz.grants_papers import SteadyToken
from tests.support.mandates import ADMINISTRATORS, APPROVER, AT, ENGINEER, SUPERVISOR, House, Signatory, signatories
from tests.support.tlog_making import MadeLog


def _house(name: str = "") -> House:
    """The fleet; with a `name`, one whose people have the names of its people, and other keys."""
    return House({who: Signatory(who, one.role, SteadyToken(name + who)) for who, one in signatories().items()})


class ListAttack:
    """Draws pages of lists from a seed. The unit carries version 3; versions 1 to 5 are true."""

    def __init__(self, seed: int | str) -> None:
        self._drawn = Random(seed)
        self.house, self._forgers = _house(), _house("forged ")
        changes: list[dict[str, Any]] = [{}, {"TO_12": None}, {}, {"AP_07": {"role": "inspector"}}, {"IN_05": None}]
        lists = [self.house.people_list(version, **change) for version, change in enumerate(changes, 1)]
        self.true = [self.house.signed_list(one) for one in lists]
        self.carried = self.true[2].text
        self._texts = [one.text for one in self.true]
        self._wrong = [*self._forged(), *self._half_signed()]

    def page(self) -> list[SignedPeopleList]:
        """What somebody answers who is asked for newer lists."""
        shown = [self._drawn.choice((*self.true, *self._wrong)) for _ in range(self._drawn.randint(1, 3))]
        return [self._disarranged(one) if self._drawn.random() < 0.7 else one for one in shown]

    def is_illegal(self, page: list[SignedPeopleList]) -> bool:
        """Whether the unit comes to carry what two administrators never signed, or goes back."""
        followed = follow(self.carried, page).text
        return followed not in self._texts[2:]

    def follows_truth(self) -> bool:
        """Whether the unit goes along with the true lists."""
        return follow(self.carried, self.true[self._drawn.randrange(4) :]).text == self._texts[4]

    def _forged(self) -> list[SignedPeopleList]:
        """The next list as forgers want it: signed by themselves, in the names of those who may."""
        other_log = MadeLog([], origin="other.example/log").policy.text
        wanted = [
            self._forgers.people_list(4),
            self.house.people_list(4, TO_12={"key": SteadyToken("forged TO-12").line}),
            self.house.people_list(4, AP_07={"role": "supervisor"}),
            self.house.people_list(4, log_policy=other_log),
            self.house.people_list(4, log_policy=""),
        ]
        return [signed for one in wanted for signed in (self._forgers.signed_list(one), self._names_only(one.text()))]

    def _names_only(self, text: str) -> SignedPeopleList:
        true = self.true[3].signatures
        return SignedPeopleList(text=text, signatures=true)

    def _half_signed(self) -> list[SignedPeopleList]:
        """A list that one of two signed who may, or both as a mandate; and true ones in no place to follow."""
        fourth, one = self.house.people_list(4), ADMINISTRATORS[0]
        pairs: list[tuple[str, ...]] = [(), (one,), (one, one), (one, ENGINEER), (SUPERVISOR, APPROVER)]
        earlier = msgspec.structs.replace(fourth, made_at=AT - timedelta(days=60))
        elsewhere = [self.house.people_list(version, SV_03={"role": "approver"}) for version in (1, 2, 3, 7)]
        signatures = [
            ListSignature(person_id=who, signature=self.house.people[who].sign(fourth.text().encode()))
            for who in ADMINISTRATORS
        ]
        return [
            *(self.house.signed_list(fourth, pair) for pair in pairs),
            *(self.house.signed_list(each) for each in (earlier, *elsewhere)),
            SignedPeopleList(text=fourth.text(), signatures=signatures),
        ]

    def _disarranged(self, one: SignedPeopleList) -> SignedPeopleList:
        ways: list[Callable[[SignedPeopleList], SignedPeopleList]] = [self._text, self._spliced, self._signers]
        return self._drawn.choice(ways)(one)

    def _text(self, one: SignedPeopleList) -> SignedPeopleList:
        text = damaged(self._drawn, one.text)
        return msgspec.structs.replace(one, text=text.encode(errors="surrogateescape").decode(errors="replace"))

    def _spliced(self, one: SignedPeopleList) -> SignedPeopleList:
        other = self._drawn.choice((*self.true, *self._wrong))
        return SignedPeopleList(text=spliced(self._drawn, one.text, other.text), signatures=other.signatures)

    def _signers(self, one: SignedPeopleList) -> SignedPeopleList:
        more = [each for other in (*self.true, *self._wrong) for each in other.signatures]
        signatures = [*one.signatures, *self._drawn.sample(more, 2)]
        self._drawn.shuffle(signatures)
        return msgspec.structs.replace(one, signatures=signatures[: self._drawn.randint(0, 4)])
