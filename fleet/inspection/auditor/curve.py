"""Ed25519 (RFC 8032 section 5.1). A point is (X, Y, Z, T) with x = X/Z, y = Y/Z and x times y = T/Z."""

from __future__ import annotations

import hashlib

Point = tuple[int, int, int, int]

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def point(encoded: bytes) -> Point:
    """Decoding (section 5.1.3); raises ValueError for what is no point, or not in its one form."""
    number = int.from_bytes(encoded, "little")
    y, x_is_odd = number & (2**255 - 1), number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and x_is_odd):
        raise ValueError("a key or signature is no point of the curve")
    x = P - x if x % 2 != x_is_odd else x
    return x, y, 1, x * y % P


def add(p: Point, q: Point) -> Point:
    """Addition (section 5.1.4)."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, p: Point) -> Point:
    """`p` added to itself `scalar` times, by doubling."""
    total = (0, 1, 1, 0)
    while scalar:
        total = add(total, p) if scalar & 1 else total
        p, scalar = add(p, p), scalar >> 1
    return total


def check_ed25519(public: bytes, message: bytes, signature: bytes) -> None:
    """RFC 8032 section 5.1.7: S·B = R + SHA-512(R, A, message)·A. Raises ValueError."""
    s = int.from_bytes(signature[32:], "little")
    if len(public) != 32 or len(signature) != 64 or s >= ORDER:
        raise ValueError("a key or signature is out of range")
    if times(8, point(public))[0] % P == 0:
        raise ValueError("a key is a point of small order, under which anybody can sign")
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left = times(s, point(b"\x58" + b"\x66" * 31))
    right = add(point(signature[:32]), times(challenge, point(public)))
    if any((left[xy] * right[2] - right[xy] * left[2]) % P for xy in (0, 1)):
        raise ValueError("a signature does not fit what it signs")
