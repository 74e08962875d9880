"""Text from a line made fit to be shown: no position, no secret, no number of a subscriber or a device. Pure.

What is known to be harmless is shown, and the rest is not: a position that a protocol nobody thought of sends has to
stay hidden too.
"""

import re

from protocols.words import UNKNOWN

MAX_SHOWN = 160

_SECRET = re.compile(r"(?i)(pin|puk|psk|pass(?:word|phrase|wd)?|secret|token|key|credential)(\W.*|$)")
_ANGLE = re.compile(r"(?<![A-Za-z])[NSEWnsew]?\s?\d[\d\s.,:;'\"-]*[NSEWnsew]?\b")
_NUMBER = re.compile(r"(?:\d+(?:[.,]\d{2,}|\d{3,})|\d{3,}[.,]\d)[\d.,]*")
_HEXADECIMAL = re.compile(r"\b(?=[0-9A-Fa-f]*\d)[0-9A-Fa-f]{4,}\b")
_LONG_WORD = re.compile(r"\S{24,}")
_SMALL = re.compile(r"\d{1,3}|\d{1,2}\.\d")

_COMMAND = re.compile(r"(?i)\s*AT(?P<rest>.*)")
_HARMLESS_SETTING = re.compile(r"(?i)\+(?:CMEE|C[GE]?REG|CFUN|COPS|CSQ|CESQ)=(?:\?|\d{1,2}(?:,\d{1,2})?)")
_QUESTION = re.compile(r"(?i)[+&%^#]?[A-Z]{0,16}\d{0,2}(?:=\?|\?)?")
_REPLY = re.compile(r"(?P<name>[+^#%][A-Za-z0-9 ]{1,24}): ?(?P<values>.*)")
_SHORT_VALUE = re.compile(r"[A-Z][A-Z ]{0,15}|-?\d{1,3}(?:\.\d)?")
_SHOWN_VALUES = {"+CSQ": 2, "+CESQ": 6, "+CPIN": 1, "+CFUN": 1, "+CREG": 2, "+CGREG": 2, "+CEREG": 2, "+COPS": 2}
_ERRORS = {"+CME ERROR", "+CMS ERROR"}

_POSITION_FIELDS = re.compile(r",[NSEWnsew]\b")
_SENTENCE = re.compile(r"\$?(?P<kind>[A-Z]{2,3}[A-Z]{3}),(?P<fields>[ -)+-~]*)\*(?P<sum>[0-9A-Fa-f]{2})")
_GNSS_WORDS = re.compile(r"(?i)\$[A-Z]{2}|GGA|RMC|GLL|GNS\b|PUBX|\b(?:lat|lon|latitude|longitude|geo|pos|position)\b")
_SMALL_COUNT, _DILUTION, _LETTERS = (
    re.compile(form, re.ASCII) for form in (r"\d{1,2}", r"\d{1,2}\.\d{1,2}", r"[A-Z]{1,4}")
)
_SHOWN_FIELDS: dict[str, dict[int, tuple[str, re.Pattern[str]]]] = {
    "GGA": {5: ("quality", _SMALL_COUNT), 6: ("satellites", _SMALL_COUNT), 7: ("HDOP", _DILUTION)},
    "GNS": {5: ("mode", _LETTERS), 6: ("satellites", _SMALL_COUNT), 7: ("HDOP", _DILUTION)},
    "GSA": {1: ("fix", _SMALL_COUNT), 14: ("PDOP", _DILUTION), 15: ("HDOP", _DILUTION), 16: ("VDOP", _DILUTION)},
    "GSV": {2: ("in view", _SMALL_COUNT)},
    "RMC": {1: ("status", _LETTERS)},
    "GLL": {5: ("status", _LETTERS)},
}
"""Of each sentence, the fields that are shown, and what each looks like; a maker's own sentences show none."""


def is_at(text: str) -> bool:
    """Whether `text` is of a modem's language: a command, or one of its answers."""
    return text in {"OK", "ERROR"} or text[:2].upper() == "AT" or _REPLY.fullmatch(text) is not None


def is_gnss(text: str) -> bool:
    """Whether `text` is a receiver's, whole or damaged, or speaks of a place."""
    return _GNSS_WORDS.search(text) is not None or _POSITION_FIELDS.search(text) is not None


def shown_gnss(text: str) -> str:
    """A receiver's line: the sentence and its figures of quality; never where it is."""
    found = _SENTENCE.fullmatch(text.strip())
    if found is None or not _sum_fits(found):
        return f"NMEA damaged, {len(text)} signs"
    fields = found["fields"].split(",")
    wanted = {} if found["kind"].startswith("P") else _SHOWN_FIELDS.get(found["kind"][-3:], {})
    figures = [f"{name} {_field(fields, at, form)}" for at, (name, form) in wanted.items()]
    return " ".join(["NMEA", found["kind"], ", ".join(figures)]).rstrip()


def shown_text(text: str) -> str:
    """A line of a modem's or of plain text, as one line of 160 signs at most."""
    command = _COMMAND.fullmatch(text)
    if command is not None:
        return _shown_command(command["rest"])
    reply = _REPLY.fullmatch(text)
    return masked(text)[:MAX_SHOWN] if reply is None else _shown_reply(reply["name"], reply["values"])


def masked(text: str) -> str:
    """Plain text without long numbers, long words, angles and what follows a word for a secret."""
    text = _SECRET.sub(rf"\1 {UNKNOWN}", text)
    for pattern in (_NUMBER, _LONG_WORD, _HEXADECIMAL):
        text = pattern.sub(UNKNOWN, text)
    return _ANGLE.sub(_kept_small, text)


def _kept_small(found: re.Match[str]) -> str:
    """A lone number of up to three digits, as it was; anything more, or with a point of the compass, hidden."""
    text = found[0]
    trimmed = text.strip(" \t.,:;'\"-")
    return text if _SMALL.fullmatch(trimmed) else UNKNOWN + " " * text.endswith(" ")


def _shown_command(rest: str) -> str:
    if _QUESTION.fullmatch(rest) or _HARMLESS_SETTING.fullmatch(rest):
        return f"AT{rest}"
    name = re.match(r"[+&%^#]?[A-Za-z]{0,16}", rest)
    return f"AT{'' if name is None else name[0]}={UNKNOWN}"


def _shown_reply(name: str, values: str) -> str:
    if name in _ERRORS:
        return f"{name}: {values if _SHORT_VALUE.fullmatch(values) else masked(values)[:MAX_SHOWN]}"
    given = values.split(",")
    kept = [each.strip() for each in given[: _SHOWN_VALUES.get(name, 0)]]
    shown = [each if _SHORT_VALUE.fullmatch(each) else UNKNOWN for each in kept]
    if len(given) > len(kept):
        shown.append(UNKNOWN)
    return f"{name if _SHOWN_VALUES.get(name) else masked(name)}: {','.join(shown)}"


def _field(fields: list[str], at: int, form: re.Pattern[str]) -> str:
    value = fields[at] if at < len(fields) else ""
    return value if form.fullmatch(value) else UNKNOWN


def _sum_fits(found: re.Match[str]) -> bool:
    total = 0
    for sign in f"{found['kind']},{found['fields']}".encode():
        total ^= sign
    return total == int(found["sum"], 16)
