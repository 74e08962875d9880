"""`edge-agent-launch`: the service's main process, which starts the release in force and goes back where one fails."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple, NoReturn

import msgspec

from edge_agent.capture.leash import leashed
from edge_agent.errors import StateUnusable
from edge_agent.releases.place import RELEASE_VARIABLE, ReleasePlace, releases_dir
from edge_agent.releases.rules import FACTORY, Pointers, heeded, judged, next_start

TRIAL_LIMIT_VARIABLE = "MUSTER_LAUNCH_TRIAL_LIMIT_S"
TRIAL_LIMIT_S = 900.0
"""How long a release on trial has to reach the controller, from each start."""

LOOK_EVERY_S = 0.5
STOP_LIMIT_S = 18.0
"""An agent that is told to stop closes what is open first; one that does not end in this time is killed."""

SHORTEST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
GOOD_AFTER_S = 60.0
ONLY_A_PERSON_HELPS = frozenset({2, 3, 4, 5, 6})
"""Exit codes of `edge-agent run` after which starting it again is of no use, outside a trial."""

_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_HEEDED = frozenset({*_PASSED_ON, signal.SIGCHLD})
_STOPPING = frozenset({signal.SIGTERM, signal.SIGINT})


class Ran(NamedTuple):
    """How an agent ended: `code` as a shell has it, after `ran_s` seconds; `stopping` when it was told to."""

    code: int
    ran_s: float
    stopping: bool


class Launcher:
    """Runs agents one after another. The main thread only, with the signals it heeds blocked."""

    def __init__(self, place: ReleasePlace, factory: Path, arguments: list[str], trial_limit_s: float) -> None:
        """`factory` is the program that was installed with this one; `arguments` follow `run`."""
        self._place = place
        self._factory = factory
        self._arguments = arguments
        self._trial_limit_s = trial_limit_s
        self._pointers = Pointers()
        self._gone_back = False
        self._wait_s = SHORTEST_WAIT_S

    def run(self) -> int:
        """Start and watch until told to stop, or until only a person can help; the exit code."""
        self._take_up()
        while True:
            ran = self._run_once(self._chosen())
            if ran.stopping:
                return 0 if ran.code in {0, 128 + signal.SIGTERM, 128 + signal.SIGINT} else ran.code
            took_up = self._take_up()
            if ran.code in ONLY_A_PERSON_HELPS and self._pointers.trial is None and not took_up:
                return ran.code
            if ran.ran_s >= GOOD_AFTER_S or took_up:
                self._wait_s = SHORTEST_WAIT_S
            if not took_up and self._told_to_stop(self._wait_s):
                return 0
            self._wait_s = min(LONGEST_WAIT_S, self._wait_s if took_up else 2 * self._wait_s)

    def _take_up(self) -> bool:
        """Read the files anew; whether something is settled or begun by what the agent has said and asked for."""
        self._pointers = before = self._place.pointers()
        settled = judged(before, self._place.said(), 0, self._trial_limit_s)
        self._keep(heeded(settled, self._place.asked(), self._place.usable))
        return self._pointers != before

    def _chosen(self) -> str:
        """What to start now. A trial that can not be counted might be tried for ever, so it waits for a better disk."""
        start = next_start(self._pointers, self._place.usable)
        if self._keep(start.pointers):
            return start.release
        untried = msgspec.structs.replace(self._pointers, trial=None)
        return next_start(untried, self._place.usable).release

    def _keep(self, pointers: Pointers) -> bool:
        """Keep them on the disk, and go by them from now on; False when the disk does not take them."""
        if pointers == self._pointers:
            return True
        try:
            self._place.keep(pointers)
        except StateUnusable as error:
            _say(str(error))
            return False
        for ended in pointers.ended[-1:]:
            if ended not in self._pointers.ended:
                _say(f"update {ended.update}, {ended.wish}: {ended.outcome} {ended.reason}".rstrip())
        self._pointers = pointers
        return True

    def _run_once(self, release: str) -> Ran:
        program = self._factory if release == FACTORY else self._place.executable(release)
        _say(f"starting {release or 'the factory release'}")
        began_s = _now_s()
        child = self._spawned(program, release)
        stopping = False
        kill_at_s: float | None = None
        while True:
            number = _next_signal(LOOK_EVERY_S)
            stopping = stopping or number in _STOPPING
            code = _ended(child)
            if code is not None:
                return Ran(code, _now_s() - began_s, stopping)
            if number in _PASSED_ON:
                os.kill(child, number)
            if stopping:
                kill_at_s = kill_at_s or _now_s() + STOP_LIMIT_S
            if kill_at_s is None and not self._still_good(_now_s() - began_s, release):
                os.kill(child, signal.SIGTERM)
                kill_at_s = _now_s() + STOP_LIMIT_S
            if kill_at_s is not None and _now_s() >= kill_at_s:
                os.kill(child, signal.SIGKILL)

    def _still_good(self, ran_s: float, release: str) -> bool:
        """Whether `release`, which runs, may go on; settles a trial."""
        trial = self._pointers.trial
        if trial is not None and trial.release == release:
            self._keep(judged(self._pointers, self._place.said(), ran_s, self._trial_limit_s))
            self._gone_back = self._pointers.trial is None and self._pointers.current != release
        return not self._gone_back

    def _spawned(self, program: Path, release: str) -> int:
        self._gone_back = False
        argv = leashed([str(program), "run", *self._arguments])
        environ = {**os.environ, RELEASE_VARIABLE: release}
        return os.posix_spawn(argv[0], argv, environ, setsigmask=[])

    def _told_to_stop(self, seconds: float) -> bool:
        """Wait; whether a signal to stop came meanwhile."""
        until_s = _now_s() + seconds
        while (left_s := until_s - _now_s()) > 0:
            if _next_signal(left_s) in _STOPPING:
                return True
        return False


def run() -> NoReturn:
    """Entry point. `edge-agent-launch [--config FILE]`: what follows is passed to `edge-agent run`."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--help"]:
        sys.stdout.write("edge-agent-launch [--config FILE]: starts `edge-agent run` of the release in force.\n")
        raise SystemExit(0)
    os.umask(0o077)
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEEDED)
    place = ReleasePlace(releases_dir(os.environ, _config_in(arguments)))
    factory = Path(sys.executable).with_name("edge-agent")
    try:
        limit_s = float(os.environ.get(TRIAL_LIMIT_VARIABLE) or TRIAL_LIMIT_S)
        code = Launcher(place, factory, arguments, limit_s).run()
    except (OSError, ValueError) as error:
        _say(str(error))
        code = 1
    raise SystemExit(code)


def _config_in(arguments: list[str]) -> Path | None:
    for place, argument in enumerate(arguments):
        if argument == "--config" and arguments[place + 1 :]:
            return Path(arguments[place + 1])
        if argument.startswith("--config="):
            return Path(argument.removeprefix("--config="))
    return None


def _next_signal(seconds: float) -> int | None:
    found = signal.sigtimedwait(_HEEDED, seconds)
    return None if found is None else found.si_signo


def _ended(child: int) -> int | None:
    done, status = os.waitpid(child, os.WNOHANG)
    if done == 0:
        return None
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _now_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _say(text: str) -> None:
    sys.stderr.write(f"edge-agent-launch: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    run()
