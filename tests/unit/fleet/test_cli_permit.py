"""`fleet permit`: a file that goes from person to person, and holds once two have signed it."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from protocols.errors import InvalidPermit
from protocols.people import ListedPerson, PeopleList, Role
from protocols.releases.permit import Wanted, check_permit, read_permit
from tests.support.fleet_command import run_here
from tests.support.people import Keyholder

IMAGE = b"an image"


def key_of(folder: Path, person: Keyholder) -> str:
    path = folder / person.person_id
    path.write_bytes(person.key.export_private_key())
    path.chmod(0o600)
    return str(path)


def listed(person: Keyholder, role: Role) -> ListedPerson:
    now = datetime.now(UTC)
    term = {"valid_from": now - timedelta(days=1), "valid_until": now + timedelta(days=1)}
    return ListedPerson(person_id=person.person_id, role=role, key=person.line, **term)


async def drafted(folder: Path, *more: str) -> Path:
    (folder / "image.bin").write_bytes(IMAGE)
    image = ("--image", str(folder / "image.bin"), "--version", "1.2.3+4")
    words = ("draft", str(folder / "permit"), *image, "--reason", "1.3.0 is not right", "--until", "2h", *more)
    code, out, err = await run_here("permit", *words)
    assert (code, "waits for two people" in out) == (0, True), err
    return folder / "permit"


async def digest_of(permit: Path) -> str:
    _, out, _ = await run_here("permit", "show", str(permit), "--json")
    told = json.loads(out)
    assert told["permit"]["sha256"] == sha256(IMAGE).hexdigest()
    return str(told["sha256"])


async def test_two_people_sign_and_it_holds(tmp_path: Path) -> None:
    one, other = Keyholder.make("TO-12"), Keyholder.make("SV-03")
    permit = await drafted(tmp_path, "--unit", "unit-abcd2345")
    digest = await digest_of(permit)
    people = PeopleList(version=1, people=[listed(one, "engineer"), listed(other, "supervisor")])
    wanted = Wanted(part="mcu", sha256=sha256(IMAGE).hexdigest(), version="1.2.3+4", unit="unit-abcd2345")
    for person, said in ((one, "waits for a second person"), (other, "signed by TO-12, SV-03")):
        with pytest.raises(InvalidPermit, match="of two people"):
            check_permit(read_permit(permit.read_bytes()), wanted, people, datetime.now(UTC), plain_keys_may_sign=True)
        key = key_of(tmp_path, person)
        words = ("permit", "sign", str(permit), "--person", person.person_id, "--key", key, "--sha256", digest)
        code, out, err = await run_here(*words)
        assert (code, said in out) == (0, True), err
        code, _, err = await run_here(*words)
        assert (code, "has signed it already" in err) == (3, True)
    check_permit(read_permit(permit.read_bytes()), wanted, people, datetime.now(UTC), plain_keys_may_sign=True)
    _, out, _ = await run_here("permit", "show", str(permit))
    assert "TO-12" in out
    assert "unit-abcd2345" in out


async def test_nobody_signs_what_they_have_not_read(tmp_path: Path) -> None:
    permit = await drafted(tmp_path)
    before = permit.read_bytes()
    key = key_of(tmp_path, Keyholder.make("TO-12"))
    words = ("permit", "sign", str(permit), "--person", "TO-12", "--key", key)
    code, _, err = await run_here(*words)
    assert (code, "--sha256" in err) == (2, True)
    code, _, err = await run_here(*words, "--sha256", "00" * 32)
    assert (code, "not the SHA-256 of this permit" in err) == (3, True)
    assert permit.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--until", "8d"), 3),
        (("--until", "-1h"), 3),
        (("--until", "1h", "--version", "a b"), 2),
        (("--until", "1h", "--unit", "UNIT"), 2),
        (("--until", "1h", "--part", "lid"), 2),
    ],
)
async def test_a_draft_that_could_never_hold_is_not_made(words: tuple[str, ...], code: int, tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(IMAGE)
    version = () if "--version" in words else ("--version", "1.2.3+4")
    image = ("--image", str(tmp_path / "image"), *version, "--reason", "why")
    told = await run_here("permit", "draft", str(tmp_path / "permit"), *image, *words)
    assert told[0] == code, told
    assert not (tmp_path / "permit").exists()
