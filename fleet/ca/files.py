"""The authority's files: a 0700 directory that appears whole or not at all, and keys nobody else may read."""

import os
import shutil
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from fleet.ca.errors import AuthorityExists, AuthorityUnreadable, KeyExposed


def key_to_pem(key: EllipticCurvePrivateKey) -> bytes:
    """The unencrypted PKCS #8 PEM of `key`."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step, readable by its owner only (0600), and flushed to the disk.

    Root writes it for the directory's owner: the controller could not read a file of root's.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            _give_to_owner(Path(name))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def make_directory(path: Path) -> None:
    """Make `path` (0700) if it is not there, for the owner of the directory above it."""
    if not path.is_dir():
        path.mkdir(mode=0o700)
        _give_to_owner(path)


def move(source: Path, target: Path) -> None:
    """Rename a file within one file system, flushed to the disk; replaces `target`."""
    source.rename(target)
    _sync_directory(target.parent)
    _sync_directory(source.parent)


def remove(path: Path) -> None:
    """Remove a file, flushed to the disk. Its blocks are not wiped: on flash memory that can not be had."""
    path.unlink()
    _sync_directory(path.parent)


def create_directory(directory: Path, contents: dict[str, bytes]) -> None:
    """Make `directory` (0700) with the files `contents` (0600), all or nothing; a name may have folders in it (0700).

    Raises AuthorityExists when it is there and not empty. It must not be a mount point: it arrives by renaming.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        _give_to_owner(staged)
        for name, content in contents.items():
            for folder in reversed(Path(name).parents[:-1]):
                make_directory(staged / folder)
            write_private(staged / name, content)
        try:
            # POSIX: replaces an empty directory, and fails on one that holds anything.
            staged.rename(directory)
        except OSError as error:
            if directory.exists():
                raise AuthorityExists(directory) from error
            raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    _sync_directory(directory.parent)


def read_certificate_file(directory: Path, name: str) -> bytes:
    """The bytes of `directory/name`; raises AuthorityUnreadable."""
    try:
        return (directory / name).read_bytes()
    except OSError as error:
        raise AuthorityUnreadable(directory, f"{name}: {error.strerror}") from error


def read_private(directory: Path, name: str) -> bytes:
    """The bytes of the key file `directory/name`; raises KeyExposed when others may read it, AuthorityUnreadable."""
    path = directory / name
    try:
        mode = path.stat().st_mode & 0o777
        content = path.read_bytes()
    except OSError as error:
        raise AuthorityUnreadable(directory, f"{name}: {error.strerror}") from error
    if mode & 0o077:
        raise KeyExposed(path, mode)
    return content


def parse_key(directory: Path, name: str, pem: bytes) -> EllipticCurvePrivateKey:
    """The P-256 key in `pem`, read from `directory/name`; raises AuthorityUnreadable."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        # Not chained: the parser's message could quote the file.
        raise AuthorityUnreadable(directory, f"{name} is not a private key in PEM") from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise AuthorityUnreadable(directory, f"{name} is not an EC P-256 key")
    return key


def _give_to_owner(path: Path) -> None:
    if os.geteuid() == 0:
        above = path.parent.stat()
        os.chown(path, above.st_uid, above.st_gid)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
