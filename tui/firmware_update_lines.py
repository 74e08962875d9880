"""An update at the bench, in lines. Pure."""

from firmware_bridge.images.installed import Installed
from firmware_bridge.updating.machine import Stage
from protocols.words import duration
from tui.firmware_lines import bar
from tui.firmware_update import BenchUpdate, Sent, Wish
from tui.paint import Line, Span, Tone, wrap

BAR_CELLS = 28
_KIB = 1024
_DIGEST = 12
_SAID: dict[Stage, str] = {
    "judging": "looking what the device runs",
    "sending": "sending the image",
    "booting": "restarting the device, to try the image once",
    "checking": "looking whether the device is well",
    "confirming": "telling the device to keep the image",
    "reverting": "restarting the device, to have the old image back",
}
_STEPS: tuple[Stage, ...] = ("judging", "sending", "booting", "checking", "confirming")
_ON_TRIAL = (
    "The device may run the new image on trial. Update it again, and it goes on; left alone, its next restart takes "
    "back what was not confirmed."
)
_LEFT: dict[Stage, str] = {
    "judging": "Nothing was sent; the device runs what it ran.",
    "sending": "The device runs what it ran. Update it again, and what it has is not sent again.",
    "booting": _ON_TRIAL,
    "checking": _ON_TRIAL,
    "confirming": "The device runs the new image and may keep it already. Update it again, to be sure.",
    "reverting": _ON_TRIAL,
}
"""What is so once an update was broken off at a stage."""


def left_words(update: BenchUpdate) -> str:
    """What is so of the device if the update is broken off now."""
    return _LEFT[update.stage]


def short_words(update: BenchUpdate) -> Span:
    """`updating, 45 % sent`: how far it is or how it ended, in a column."""
    if update.is_over:
        return Span("updated", "good") if update.done is not None else Span("not updated", "bad")
    if update.stage == "sending" and update.sent is not None:
        return Span(f"updating, {_percent(update.sent)} % sent", "accent")
    return Span(f"updating, {update.stage}", "accent")


def wish_lines(wish: Wish, name: str, running: Installed, width: int) -> list[Line]:
    """What would be done to the device on the port called `name`, which is `running` something, before it is."""
    would_be = wish.would_be
    board = would_be.board or "a board that it does not name"
    judged = f"{wish.file.name} may be sent: {would_be.version} for {board}, {len(wish.content) / _KIB:.0f} KiB, hash "
    if would_be.digest == running.digest:
        then = f"{name} runs it already: nothing is sent, it is only told to keep it where it is still on trial."
    else:
        then = (
            f"{name} runs {running.version}. The image is sent beside it, tried once, and kept when the device is "
            "well; else the device goes back to what it runs now."
        )
    return [*wrap(f"{judged}{would_be.digest[:_DIGEST]}….", width), (), *wrap(then, width, "strong")]


def ended_words(update: BenchUpdate) -> tuple[str, Tone]:
    """How an update that is over has ended."""
    if update.done is not None:
        return f"updated: it runs {update.done.version}, confirmed, hash {update.done.digest[:_DIGEST]}…", "good"
    return f"not updated: {update.failed}", "bad"


def update_lines(update: BenchUpdate, width: int, ended: str = "") -> list[Line]:
    """How far it is, or how and when it has `ended`."""
    if update.is_over:
        text, tone = ended_words(update)
        lines = wrap(f"{ended}: {text}" if ended else text, width, tone)
        if update.is_broken_off:
            lines += wrap(left_words(update), width, "fair")
        first, *others = update.behind or [""]
        return [*lines, *wrap(first, width), *[line for one in others for line in _item(one, width)]]
    place = f"{_STEPS.index(update.stage) + 1} of {len(_STEPS)}: " if update.stage in _STEPS else ""
    why = f" ({update.why})" if update.why else ""
    lines = wrap(f"{place}{_SAID[update.stage]}{why}", width, "strong")
    if update.held_up:
        lines += wrap(update.held_up, width, "fair")
    if update.sent is not None:
        lines.append(sent_line(update.sent))
    return [*lines, *wrap(f"x breaks it off. {left_words(update)}", width, "muted")]


def _item(text: str, width: int) -> list[Line]:
    first, *others = wrap(text, width - 2)
    return [(Span("- "), *first), *[(Span("  "), *line) for line in others]]


def sent_line(sent: Sent) -> Line:
    """A bar, and with it percent, KiB of KiB, the rate and the time left."""
    done, total = sent.progress
    rate = sent.bytes_per_s
    words = f"  {_percent(sent)} %  {done / _KIB:.1f} of {total / _KIB:.1f} KiB"
    if rate > 0:
        words += f"  {rate / _KIB:.1f} KiB/s  {duration((total - done) / rate)} left"
    return (*bar(done, 0, 0, total, BAR_CELLS), Span(words))


def _percent(sent: Sent) -> int:
    done, total = sent.progress
    return min(100, 100 * done // total) if total else 100
