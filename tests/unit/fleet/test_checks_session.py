"""The states of a check: what is asked, granted and closed, whatever comes in whatever order."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.checks.session import Ask, Close, Ended, GoDark, Grant, Limits, Rest, Session, Step, TakeAnswer

BOOT = "boot-1"
LIMITS = Limits()
SDP = "v=0"


def nonce(number: int) -> str:
    """The `number`th nonce."""
    return f"{number:032x}"


def state(session: Session) -> str:
    """Where it stands now."""
    return session.state


def live_session() -> Session:
    """A check that is live since second 3, watched by one, under a lease asked for at 0 and heard of at 1."""
    session = Session(0.0, has_media=True)
    assert session.begin() == [Ask()]
    session.watched(1, 0.5)
    assert session.nonce_made(nonce(1), BOOT, 1.0) == [Grant(nonce(1), BOOT, first=True)]
    assert state(session) == "granting"
    session.granted(60.0, 1.5)
    assert state(session) == "opening"
    assert session.answered(nonce(1), SDP, 2.0) == [TakeAnswer(SDP)]
    session.began(3.0)
    assert state(session) == "live"
    return session


def test_a_check_goes_from_asking_to_live() -> None:
    assert live_session().lease_ends_s == 60.0


def test_a_lease_is_renewed_while_somebody_watches() -> None:
    session = live_session()
    assert session.look(34.9) == []
    assert session.look(35.0) == [Ask()]
    assert session.nonce_made(nonce(2), BOOT, 35.2) == [Grant(nonce(2), BOOT, first=False)]
    session.granted(60.0, 35.4)
    assert session.lease_ends_s == 60.0
    assert session.answered(nonce(2), None, 35.6) == []
    assert session.lease_ends_s == 95.0
    assert not session.has_ended


@pytest.mark.parametrize("rule", ["bad-nonce", "lease-expired"])
def test_a_renewal_that_came_too_late_is_asked_for_anew_while_the_lease_lasts(rule: str) -> None:
    session = live_session()
    assert session.look(35.0) == [Ask()]
    assert session.look(40.0) == [Ask()]
    assert session.nonce_made(nonce(2), BOOT, 41.0) == [Grant(nonce(2), BOOT, first=False)]
    session.granted(60.0, 41.2)
    assert session.refused(rule, "another nonce is waited for", 42.0) == [Ask()]
    assert state(session) == "live"
    assert session.nonce_made(nonce(3), BOOT, 42.5) == [Grant(nonce(3), BOOT, first=False)]


def test_a_lease_is_not_renewed_while_nobody_watches() -> None:
    session = live_session()
    session.watched(0, 30.0)
    assert session.look(49.9) == []
    assert session.look(50.0) == [Ended("closed", "viewer-left", "nobody watched any more"), Close("viewer-left")]


def test_a_viewer_who_comes_back_in_time_finds_the_same_check() -> None:
    session = live_session()
    session.watched(0, 10.0)
    session.watched(1, 29.0)
    assert session.look(34.0) == []
    assert not session.has_ended


def test_a_nonce_that_comes_when_the_last_viewer_has_gone_is_not_answered() -> None:
    session = live_session()
    assert session.look(35.0) == [Ask()]
    session.watched(0, 35.1)
    assert session.nonce_made(nonce(2), BOOT, 35.2) == []


def test_a_unit_that_says_nothing_is_away_after_five_seconds() -> None:
    session = Session(0.0, has_media=True)
    session.watched(1, 0.0)
    assert session.look(4.9) == []
    steps = session.look(5.0)
    assert [type(step) for step in steps] == [Ended, Close, Rest]
    assert (session.state, session.reason) == ("refused", "unit-away")


def test_a_unit_that_refuses_its_first_lease_leaves_a_refused_check() -> None:
    session = Session(0.0, has_media=True)
    session.nonce_made(nonce(1), BOOT, 1.0)
    session.granted(60.0, 1.5)
    steps = session.refused("not-on-bench", "the lid is shut", 2.0)
    assert steps == [Ended("refused", "not-on-bench", "the lid is shut"), Rest(None)]


def test_an_unused_lease_ends_with_its_time() -> None:
    session = live_session()
    session.look(35.0)
    session.nonce_made(nonce(2), BOOT, 35.2)
    assert session.not_granted("over-minutes", "the day's minutes are used", 35.4, runs_out=True) == []
    assert session.look(60.9) == []
    assert session.look(61.0) == [GoDark()]
    assert session.look(61.8)[0] == Ended("closed", "over-minutes", "the day's minutes are used")


def test_it_is_dark_as_the_lease_ends_and_the_units_word_says_why() -> None:
    session = live_session()
    assert session.look(61.0) == [GoDark()]
    assert (session.state, session.goes_on, session.due_s()) == ("live", False, 61.0 + LIMITS.word_s)
    assert session.look(61.7) == []
    steps = session.closed("after-mandate", "", 58, 61.75)
    assert steps == [Ended("closed", "after-mandate", ""), Rest(58)]


def test_a_unit_that_says_nothing_as_the_lease_ends_is_closed_a_moment_later() -> None:
    session = live_session()
    session.look(61.0)
    assert session.look(61.8) == [Ended("closed", "expiry", "the lease has ended"), Close("expiry")]
    assert session.closed("expiry", "", 58, 62.0) == [Rest(58)]


def test_that_a_lease_ended_is_no_more_than_why_there_was_no_other() -> None:
    for word, kept in (("expiry", "after-mandate"), ("budget-used", "budget-used")):
        session = live_session()
        session.look(35.0)
        session.nonce_made(nonce(2), BOOT, 35.2)
        session.not_granted("after-mandate", "mandate M ends", 35.4, runs_out=True)
        session.look(61.0)
        session.closed(word, "", 58, 61.1)
        assert session.reason == kept


@pytest.mark.parametrize("rule", ["bad-nonce", "lease-expired"])
def test_nothing_is_renewed_or_shown_once_it_is_dark(rule: str) -> None:
    session = live_session()
    session.look(56.5)
    session.nonce_made(nonce(2), BOOT, 56.6)
    session.look(61.0)
    assert not session.goes_on
    for steps in (
        session.granted(60.0, 61.1),
        session.answered(nonce(2), None, 61.2),
        session.nonce_made(nonce(3), BOOT, 61.3),
        session.refused(rule, "", 61.4),
        session.lost("the stream ended", 61.5),
        session.look(61.6),
    ):
        assert steps == []
    session.look(61.8)
    assert session.reason == "expiry"


def test_a_stream_that_ends_is_dark_at_once_and_closed_unless_the_unit_says_why() -> None:
    session = live_session()
    assert session.lost("the stream ended", 20.0) == [GoDark()]
    assert session.look(20.7) == []
    assert session.look(20.8) == [Ended("closed", "media-failed", "the stream ended"), Close("media-failed")]
    other = live_session()
    other.lost("the stream ended", 20.0)
    assert other.closed("device-died", "the camera is gone", 17, 20.5)[0] == Ended(
        "closed", "device-died", "the camera is gone"
    )


def test_whoever_closes_it_in_the_dark_is_heeded() -> None:
    session = live_session()
    session.lost("the stream ended", 20.0)
    assert session.end("cancelled", "", 20.1) == [Ended("closed", "cancelled", ""), Close("cancelled")]


def test_a_refused_renewal_closes_at_once() -> None:
    session = live_session()
    session.look(35.0)
    session.nonce_made(nonce(2), BOOT, 35.2)
    assert session.not_granted("mandate-cancelled", "", 35.4)[0] == Ended("closed", "mandate-cancelled", "")


def test_a_unit_that_started_anew_has_closed() -> None:
    session = live_session()
    session.look(35.0)
    assert isinstance(session.nonce_made(nonce(2), "boot-2", 35.2)[0], Ended)
    assert session.reason == "other-boot"


def test_the_units_last_word_says_how_long_it_was_open() -> None:
    session = live_session()
    assert session.end("asked", "", 20.0)[1:] == [Close("asked")]
    assert session.closed("asked", "", 17, 20.4) == [Rest(17)]
    assert session.is_over


def test_a_unit_that_closes_by_itself_ends_the_check_with_its_reason() -> None:
    session = live_session()
    steps = session.closed("device-died", "the camera is gone", 4, 7.0)
    assert steps == [Ended("closed", "device-died", "the camera is gone"), Rest(4)]


def test_a_unit_that_has_no_last_word_is_waited_for_three_seconds() -> None:
    session = live_session()
    session.end("cancelled", "", 20.0)
    assert session.look(22.9) == []
    assert session.look(23.0) == [Rest(None)]


def test_a_position_needs_no_viewer_and_is_never_renewed() -> None:
    session = Session(0.0, has_media=False)
    session.nonce_made(nonce(1), BOOT, 1.0)
    session.granted(60.0, 1.5)
    assert session.answered(nonce(1), None, 2.0) == []
    assert session.state == "live"
    for second in range(3, 61):
        assert session.look(float(second)) == []
    assert session.look(61.0) == [GoDark()]
    assert session.look(61.8)[0] == Ended("closed", "expiry", "the lease has ended")


@pytest.mark.parametrize("has_sdp", [True, False])
def test_picture_or_sound_that_never_comes_ends_the_check(has_sdp: bool) -> None:
    session = Session(0.0, has_media=True)
    session.watched(1, 0.0)
    session.nonce_made(nonce(1), BOOT, 1.0)
    session.granted(60.0, 1.5)
    session.answered(nonce(1), SDP if has_sdp else None, 2.0)
    session.look(22.0)
    assert session.reason == "media-failed"


@dataclass
class Play:
    """Anything in any order, with what must hold after each step."""

    session: Session
    now_s: float = 0.0
    asked: int = 0
    granted: list[str] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    dark: int = 0
    rested: int = 0

    def take(self, steps: list[Step]) -> None:
        assert not (self.rested and steps), "nothing comes after the last step"
        for step in steps:
            if isinstance(step, Ask | Grant | TakeAnswer):
                assert not self.ended, "nothing is opened or renewed once it has ended"
                assert not self.dark, "nor once it is dark"
            if isinstance(step, Ask):
                assert self.session.state in {"asking", "live"}
                assert self.session.state == "asking" or self.session.viewers, "never renewed without viewers"
                self.asked += 1
            elif isinstance(step, Grant):
                assert step.nonce not in self.granted, "no nonce is answered twice"
                assert self.session.state == "granting" or self.session.viewers, "never renewed without viewers"
                self.granted.append(step.nonce)
                assert len(self.granted) <= self.asked, "no lease without a question"
            elif isinstance(step, Ended):
                self.ended.append(step)
            elif isinstance(step, GoDark):
                self.dark += 1
            elif isinstance(step, Rest):
                self.rested += 1
        assert len(self.ended) <= 1
        assert self.dark <= 1
        assert self.session.goes_on == (not self.ended and not self.dark)
        assert self.rested <= 1
        assert self.session.has_ended == bool(self.ended)


HAPPENINGS = st.tuples(
    st.sampled_from(
        [
            *("nonce", "granted", "not-granted", "runs-out", "answered"),
            *("began", "lost", "refused", "closed", "watched", "look"),
        ]
    ),
    st.integers(0, 3),
    st.floats(0.0, 12.0),
)


def _happen(play: Play, what: str, number: int) -> list[Step]:
    session, now_s = play.session, play.now_s
    return {
        "nonce": lambda: session.nonce_made(nonce(len(play.granted) + number), BOOT, now_s),
        "granted": lambda: session.granted(60.0, now_s),
        "not-granted": lambda: session.not_granted("over-minutes", "", now_s),
        "runs-out": lambda: session.not_granted("over-minutes", "", now_s, runs_out=True),
        "answered": lambda: session.answered(play.granted[-1] if play.granted else nonce(99), SDP, now_s),
        "began": lambda: session.began(now_s),
        "lost": lambda: session.lost("", now_s) if number == 3 else [],
        "refused": lambda: session.refused("busy", "", now_s) if number == 3 else [],
        "closed": lambda: session.closed("fault", "", 3, now_s) if number == 3 else [],
        "watched": lambda: session.watched(number, now_s),
        "look": lambda: session.look(now_s),
    }[what]()


@given(st.booleans(), st.lists(HAPPENINGS, max_size=60))
def test_whatever_happens_it_opens_once_and_ends_once(
    has_media: bool, happenings: list[tuple[str, int, float]]
) -> None:
    play = Play(Session(0.0, has_media=has_media))
    play.take(play.session.begin())
    for what, number, later_s in happenings:
        play.now_s += later_s
        play.take(_happen(play, what, number))
        play.take(play.session.look(play.now_s))


@given(st.booleans(), st.lists(HAPPENINGS, max_size=40))
def test_whatever_happened_a_cancel_ends_it_and_left_alone_it_ends_by_itself(
    has_media: bool, happenings: list[tuple[str, int, float]]
) -> None:
    for is_cancelled in (True, False):
        play = Play(Session(0.0, has_media=has_media))
        play.take(play.session.begin())
        for what, number, later_s in happenings:
            play.now_s += later_s
            play.take(_happen(play, what, number))
        if is_cancelled:
            play.take(play.session.end("cancelled", "", play.now_s))
            assert play.session.has_ended
        play.take(play.session.watched(0, play.now_s))
        for _ in range(30):
            if not play.session.is_over:
                play.now_s = max(play.now_s, play.session.due_s())
                play.take(play.session.look(play.now_s))
        assert play.session.is_over
        assert play.rested == 1


@pytest.mark.parametrize("word", ["passed", "failed", "viewer-left", "stopped", "review-overdue", "a-new-word"])
def test_what_no_unit_can_say_is_a_fault_with_its_word(word: str) -> None:
    closed = live_session().closed(word, "it says so", 1, 9.0)
    assert closed == [Ended("closed", "fault", f"the unit says {word}: it says so"), Rest(1)]
    refused = live_session().refused(word, "", 9.0)
    assert refused[0] == Ended("closed", "fault", f"the unit says {word}")


def test_a_unit_was_not_open_for_longer_than_since_its_first_lease_was_sent() -> None:
    assert live_session().closed("expiry", "", (1 << 31) - 1, 4.2)[-1] == Rest(3)


def test_a_lease_that_can_name_nobody_waits_until_somebody_watches() -> None:
    session = live_session()
    assert session.look(35.0) == [Ask()]
    assert session.nonce_made(nonce(2), BOOT, 35.2) == [Grant(nonce(2), BOOT, first=False)]
    assert session.nobody_to_name(35.3) == []
    assert session.look(36.0) == []
    session.watched(1, 37.0)
    assert session.look(37.0) == [Ask()]
    session.watched(0, 38.0)
    assert session.look(58.0)[0] == Ended("closed", "viewer-left", "nobody watched any more")
