"""Recording an authority that was given elsewhere. Its document is hashed on this machine and stays here."""

import asyncio
from pathlib import Path
from typing import ClassVar, NamedTuple

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Label
from typing_extensions import override

from fleet.client import hash_document
from protocols.api.authorities import DocumentHash, NewAuthority
from tui.authority_drafting import TypedAuthority, authority_of, faults_of
from tui.dialogs.confirm import log_sentence
from tui.dialogs.form import Form
from tui.field import Field
from tui.paint import Line, Span, wrap
from tui.words import full_moment, plural


class _Row(NamedTuple):
    label: str
    hint: str
    most: int
    value: str = ""


_ROWS: tuple[tuple[str, _Row, str, _Row | None], ...] = (
    ("reference", _Row("reference", "as on the authority, URN/1234/26", 60), "", None),
    ("kinds", _Row("to do what", "install use retrieve", 40), "modalities", _Row("with", "video audio position", 40)),
    ("rank", _Row("authorised by", "rank, no name", 60), "oral", _Row("by mouth", "urgent oral? no", 3, "no")),
    ("starts", _Row("from", "now, -2h, or a date", 20), "ends", _Row("until", "+28d, or a date", 20)),
    ("reviews", _Row("reviews by", "+28d, +56d, or dates; may stay empty", 400), "", None),
    ("document", _Row("document", "its file here, hashed; it stays here", 400), "", None),
    ("renews", _Row("renews", "A-0123456789ab, or nothing", 14), "", None),
    ("note", _Row("note", "never whom it concerns; can be erased", 500), "", None),
)


async def hashed(path: Path) -> DocumentHash | str:
    """The salted hash of the file, or why it can not be read."""

    def read() -> DocumentHash | str:
        try:
            if not path.is_file():
                return f"{path} is no file"
            return hash_document(path)
        except OSError as error:
            return f"{path} can not be read: {error.strerror or error}"

    return await asyncio.to_thread(read)


class AuthorityDialog(Form[NewAuthority]):
    """Returns the authority to record, None when closed. `renews` is filled in for a renewal."""

    TITLE = "Record an authority"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "record")]

    def __init__(self, me: str, renews: str = "", reference: str = "") -> None:
        super().__init__()
        self._me = me
        self._filled = {"renews": renews, "reference": reference}

    @override
    def content(self) -> ComposeResult:
        """The fields, then the sentence."""
        for name, row, beside_name, beside in _ROWS:
            with Horizontal(classes="field"):
                yield Label(f" {row.label}", markup=False, classes="label")
                yield self._field(name, row)
                if beside is not None:
                    yield Label(f" {beside.label}", markup=False, classes="beside")
                    yield self._field(beside_name, beside)
        yield self.sentence

    def _field(self, name: str, row: _Row) -> Field:
        value = self._filled.get(name) or row.value
        return Field(value, hint=row.hint, most=row.most, id=name, enter="record", replaced=True)

    @property
    def _typed(self) -> TypedAuthority:
        return TypedAuthority(*(self.query_one(f"#{name}", Field).value.strip() for name in TypedAuthority._fields))

    @override
    def tell(self) -> None:
        """See Form; the field that the cursor is in comes first."""
        clock = self.desk.server_clock
        faults = faults_of(self._typed, clock.now(), utc=clock.utc)
        if faults:
            here = self.focused.id if self.focused is not None else None
            fault = faults.get(here or "", next(iter(faults.values())))
            self.sentence.say([(), *self.fault_lines(fault), ()])
        else:
            self.sentence.say([(), *self._recorded(authority_of(self._typed, clock.now(), utc=clock.utc))])

    def _recorded(self, new: NewAuthority) -> list[Line]:
        utc = self.desk.server_clock.utc
        oral = ", urgent oral" if new.urgent_oral else ""
        what = f"to {', '.join(new.kinds)} with {', '.join(new.modalities) or 'no modality'}{oral}"
        sentence = f"authority.recorded: {self._me} records {new.reference} {what}"
        told = f"{full_moment(new.starts_at, utc=utc)} to {full_moment(new.ends_at, utc=utc)}"
        told += f"; {plural(len(new.review_at), 'review')}"
        lines = [*log_sentence(sentence), *[(Span(" "), *line) for line in wrap(told, 70)]]
        if new.ends_at <= self.desk.server_clock.now():
            lines.append((Span(" It is over already: nothing can rest on it any more.", "bad"),))
        if new.urgent_oral:
            lines.append((Span(" Its written statement is due 72 hours after it was given.", "fair"),))
        return lines

    @override
    def action_save(self) -> None:
        """Hash the document, then return the authority, when the fields describe one."""
        clock = self.desk.server_clock
        faults = faults_of(self._typed, clock.now(), utc=clock.utc)
        if faults:
            self.refuse(next(iter(faults)))
            return
        new = authority_of(self._typed, clock.now(), utc=clock.utc)
        if new.document is None:
            self.dismiss(new)
            return
        path = Path(self._typed.document).expanduser()
        self.desk.say(f"hashing {path.name}", waiting=True)
        self.ask("document", lambda: hashed(path), lambda found: self._hashed(new, found))

    def _hashed(self, new: NewAuthority, found: DocumentHash | str) -> None:
        if isinstance(found, str):
            self.desk.say(found, "bad")
        else:
            self.desk.drop_note()
            self.dismiss(msgspec.structs.replace(new, document=found))
