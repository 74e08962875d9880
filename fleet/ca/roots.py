"""Roots over time: a new one, known through the one before it; taking keys off the host; out of use."""

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey, generate_private_key

from fleet.ca import certificates, files
from fleet.ca.errors import LastRoot, NotAccepted, RootKeyAbsent, RootsFull
from fleet.ca.holdings import Root, digest, file_name, load_holdings, load_roots, pem
from fleet.ca.key_ring import load_key
from fleet.ca.rotation import Changed, key_of, next_number, path_length, read_several

MOST_ROOTS = 4
"""How many roots a unit is told of, `protocols.joining.Renewed.roots`."""
PUBLIC_NAME = "new-root.pem"
"""The public parts of a new root: its certificate, then its cross certificate."""


def rotate_root(old_directory: Path, new_directory: Path, now: datetime) -> Changed:
    """Make a new root in `new_directory`, cross-signed by the newest root in `old_directory`, whose key is there.

    The new directory gets root.crt, root.key, cross.crt, and PUBLIC_NAME to be carried to the controllers. Raises
    RootKeyAbsent, NotAccepted for an old root that can not sign another, AuthorityExists when the new directory holds
    anything (it must not be a mount point), and what `load_roots` raises.
    """
    old = load_roots(old_directory)[0]
    if path_length(old.certificate) != certificates.ROOT_PATH_LENGTH:
        detail = "this root can not vouch for another (path length below 2); found the fleet anew"
        raise NotAccepted(old_directory, detail)
    old_key = key_of(old, old_directory)
    key = generate_private_key(SECP256R1())
    root = certificates.root_certificate(key, now)
    signer = certificates.Signer(old.certificate.subject, old_key)
    cross = certificates.cross_certificate(root, now, old.certificate, signer)
    contents = {"root.crt": pem(root), "root.key": files.key_to_pem(key), "cross.crt": pem(cross)}
    files.create_directory(new_directory, {**contents, PUBLIC_NAME: pem(root) + pem(cross)})
    return Changed("root-added", digest(root).hex())


def install_root(directory: Path, path: Path, now: datetime) -> Changed:
    """Take the new root in `path` (what `rotate_root` made) into use in the authority's `directory`.

    Raises NotAccepted when it is not a root with the newest root's signature or is here already, RootsFull.
    """
    found = read_several(path)
    roots = load_roots(directory)
    newest = roots[0].certificate
    if len(found) != 2:
        raise NotAccepted(path, f"it has to hold the new root and its cross certificate, as {PUBLIC_NAME} does")
    root, cross = found
    if any(root == held.certificate for held in roots):
        raise NotAccepted(path, "this root is in force already")
    if len(roots) >= MOST_ROOTS:
        raise RootsFull(MOST_ROOTS)
    _check_root(root, path, now)
    if cross.public_key() != root.public_key() or cross.subject != root.subject:
        raise NotAccepted(path, "the cross certificate is not the root's")
    _check_signed(cross, newest, path, "the cross certificate is not signed by the newest root here")
    number = next_number(directory, "root")
    # The root's own file last: it is what makes the root count.
    files.write_private(directory / file_name("cross", number), pem(cross))
    files.write_private(directory / file_name("root", number), pem(root))
    return Changed("root-added", digest(root).hex())


def retire_root(directory: Path, sha256: str, now: datetime, *, at_once: bool = False) -> list[Changed]:
    """Put a root, and the issuing certificates under it, into retired/. `sha256` may be its beginning.

    Raises LastRoot when it is the only one, when the newest issuing certificate is under it, or, unless `at_once`,
    while units can still hold certificates from before the newest issuing certificate. NotAccepted when `sha256`
    names no root in force, or several.
    """
    held = load_holdings(directory)
    named = [root for root in held.roots if digest(root.certificate).hex().startswith(sha256.lower())]
    if len(named) != 1 or not sha256:
        raise NotAccepted(directory, f"{len(named)} roots in force begin with {sha256!r}; see `fleet ca status`")
    root, signing = named[0], held.issuers[0]
    full = digest(root.certificate).hex()
    if len(held.roots) == 1:
        raise LastRoot(full, "it is the only one; make another with `fleet ca rotate-root` first")
    if signing.root == root:
        raise LastRoot(
            full, "the issuing certificate in use is under it; `fleet ca rotate-issuing` under another first"
        )
    renewed_by = signing.certificate.not_valid_before_utc + certificates.BACKDATED_BY + certificates.UNIT_LIFE
    if now < renewed_by and not at_once:
        raise LastRoot(
            full,
            f"until {renewed_by:%Y-%m-%d} units may hold certificates under it; wait, or say --at-once and give the "
            "units that did not renew a new voucher",
        )
    files.make_directory(directory / "retired")
    under = [issuer for issuer in held.issuers if issuer.root == root]
    for issuer in under:
        _retire(directory, [file_name("issuing", issuer.number), file_name("issuing", issuer.number, "key")])
    _retire(directory, [file_name("root", root.number), file_name("cross", root.number)])
    _retire(directory, [file_name("root", root.number, "key")])
    gone = [Changed("issuing-retired", digest(issuer.certificate).hex()) for issuer in under]
    return [*gone, Changed("root-retired", full)]


def move_root(directory: Path, target: Path) -> list[Path]:
    """Take every root key out of the authority's `directory` to the directory `target`, with its certificate.

    Each is copied, read back, checked against its certificate, and only then removed here. Returns the keys' new
    places. Raises RootKeyAbsent when there is none here, NotAccepted when `target` holds one of the names already.
    """
    roots = [root for root in load_roots(directory) if (directory / file_name("root", root.number, "key")).exists()]
    if not roots:
        raise RootKeyAbsent(directory, digest(load_roots(directory)[0].certificate).hex())
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [_move(root, directory, target) for root in roots]


def _move(root: Root, directory: Path, target: Path) -> Path:
    key_name, name = file_name("root", root.number, "key"), file_name("root", root.number)
    moved = target / key_name
    content = files.read_private(directory, key_name)
    if moved.exists() and moved.read_bytes() != content:
        raise NotAccepted(moved, "another key is there already; name another directory")
    files.write_private(target / name, pem(root.certificate))
    if root.cross is not None:
        files.write_private(target / file_name("cross", root.number), pem(root.cross))
    files.write_private(moved, content)
    if load_key(target, key_name).public_key() != root.certificate.public_key():
        raise NotAccepted(moved, f"what was written there is not the key of {name}; the key here stays")
    files.remove(directory / key_name)
    return moved


def _retire(directory: Path, names: list[str]) -> None:
    for name in names:
        if (directory / name).exists():
            files.move(directory / name, directory / "retired" / name)


def _check_root(root: x509.Certificate, path: Path, now: datetime) -> None:
    _check_signed(root, root, path, "it is not a root: it is not signed by its own key")
    key = root.public_key()
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise NotAccepted(path, "its key is not EC P-256")
    if path_length(root) != certificates.ROOT_PATH_LENGTH:
        raise NotAccepted(path, f"it is no root of this kind (path length {certificates.ROOT_PATH_LENGTH})")
    if not root.not_valid_before_utc <= now < root.not_valid_after_utc:
        raise NotAccepted(path, "it is not valid now; check the clocks here and where it was made")


def _check_signed(certificate: x509.Certificate, issuer: x509.Certificate, path: Path, detail: str) -> None:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise NotAccepted(path, detail) from error
