"""What a person signs of a mandate, read here from its exact line, and a signature found in what was pasted. Pure.

The controller's other words about a mandate are shown in lists; they decide nothing about signing.
"""

from datetime import datetime
from typing import NamedTuple

from fleet.client import read_view
from protocols.api.mandates import MandateView
from protocols.api.problems import Problem
from protocols.errors import InvalidMandate
from protocols.mandate import APPROVER, REQUESTER, Mandate, Signer, mandate_hash
from protocols.people import ListedPerson, PeopleList
from protocols.sshsig import MAX_ARMORED, PersonKey, read_key
from tui.words import safe

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_NOT_SIGN = "sign nothing; let it be discarded and drafted again, and tell a supervisor what you saw"


class ReadMandate(NamedTuple):
    """A mandate that may be signed: its line, read; the line's SHA-256; as what this person signs it; their key as the
    checked people list has it, and the other's role. Both are None when no people list could be checked here."""

    line: Mandate
    sha256: str
    signer: Signer
    key: PersonKey | None
    other_role: str | None


def read_for_signing(view: MandateView, people: PeopleList | None, me: str, now: datetime) -> ReadMandate | Problem:
    """What `me` would sign, or why it is not to be signed. `people` is the newest checked list, `now` the person's own
    clock, which no controller sets."""
    line = read_safely(view)
    if isinstance(line, Problem):
        return line
    if me not in {line.requester, line.approver}:
        return Problem(
            code="not-yours",
            message=f"{line.mandate} is {line.requester}'s and {line.approver}'s to sign",
            remedy="they sign it; one of them may hand a signature in with p",
        )
    if me in view.signed_by:
        return Problem(code="mandate-signed", message="you have signed it already", remedy="the other's turn")
    if line.not_after <= now:
        return Problem(
            code="after-mandate",
            message=f"its window ended at {line.not_after:%Y-%m-%d %H:%M} UTC; here it is {now:%Y-%m-%d %H:%M} UTC",
            remedy="draft it with a later end, or set this machine's clock right",
        )
    signer = REQUESTER if me == line.requester else APPROVER
    if people is None:
        return ReadMandate(line, mandate_hash(view.text), signer, None, None)
    return _with_people(line, mandate_hash(view.text), signer, people, now)


def read_safely(view: MandateView) -> Mandate | Problem:
    """The draft's own line, or why nobody should sign it: it can not be read, says something else than is shown, or
    holds signs that can not be seen."""
    if view.state != "draft":
        return Problem(code="mandate-not-draft", message=f"{view.mandate_id} is {view.state}: nothing is to be signed")
    if safe(view.text) != view.text:
        return Problem(code="hidden-signs", message="its line holds signs that can not be seen", remedy=_NOT_SIGN)
    try:
        return read_view(view)
    except InvalidMandate as error:
        return Problem(code=error.reason, message=error.detail, remedy=_NOT_SIGN)


def _with_people(
    line: Mandate, sha256: str, signer: Signer, people: PeopleList, now: datetime
) -> ReadMandate | Problem:
    listed = {person.person_id: person for person in people.people}
    for part in (REQUESTER, APPROVER):
        trouble = _trouble(part, _of(line, part), listed.get(_of(line, part)), people.version, now)
        if trouble is not None:
            return trouble
    other = APPROVER if signer is REQUESTER else REQUESTER
    key = read_key(listed[_of(line, signer)].key)
    return ReadMandate(line, sha256, signer, key, listed[_of(line, other)].role)


def _of(line: Mandate, part: Signer) -> str:
    return line.requester if part.as_what == "requester" else line.approver


def _trouble(part: Signer, person_id: str, person: ListedPerson | None, version: int, now: datetime) -> Problem | None:
    """Why no unit would take this person's signature, as `protocols.mandate.check_signature` judges."""
    remedy = "draft it again with somebody else, or let two administrators sign a people list with them"
    if person is None:
        return Problem(code="unknown-person", message=f"{person_id} is not in people list {version}", remedy=remedy)
    if not person.in_force(now):
        return Problem(code="not-in-force", message=f"the access of {person_id} is not in force", remedy=remedy)
    if person.role not in part.roles:
        said = f"{person_id} is {person.role}, who may not be {part.as_what} ({' or '.join(sorted(part.roles))} may)"
        return Problem(code="role-may-not-sign", message=said, remedy=remedy)
    return None


def armored_in(text: str) -> str | None:
    """The last whole armored signature in a pasted text, None while there is none; what a mail put around it, and
    blanks at the ends of its lines, are left out."""
    end = text.rfind(_END)
    begin = text.rfind(_BEGIN, 0, max(0, end))
    if begin < 0 or end - begin > MAX_ARMORED:
        return None
    lines = [line.strip(" \t\r>") for line in text[begin : end + len(_END)].splitlines()]
    return "\n".join([*filter(None, lines), ""])


def missing_in(text: str) -> str:
    """What a pasted text in which `armored_in` finds nothing lacks of a signature, in words."""
    if _BEGIN not in text:
        return f"This is no signature: its first line, {_BEGIN}, is missing."
    if _END not in text[text.rfind(_BEGIN) :]:
        return f"This is not all of it: its last line, {_END}, is missing."
    return "This is longer than a signature: paste the text of m.sig alone."
