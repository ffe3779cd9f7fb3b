#!/usr/bin/env python3
"""Computes tests/vectors/content-hash.json from the definitions alone, with Python's hashlib and hmac.

Nothing here is shared with the Rust code, so that each checks the other. `--check` writes nothing and fails when the
file differs. tests/vectors/README.md describes the format.
"""

import hashlib
import hmac
import json
import sys
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "tests/vectors/content-hash.json"

MIB = 1 << 20
GIB = 1 << 30
MAX_PARTS = 10_000
MAX_FILE_BYTES = MAX_PARTS * 5 * GIB

PLAN_SIZES = [
    0,
    1,
    16 * MIB,
    16 * MIB + 1,
    MAX_PARTS * 16 * MIB,
    MAX_PARTS * 16 * MIB + 1,
    160 * GIB,
    42_949_672_960_000,
    42_949_672_960_001,
    MAX_FILE_BYTES,
]
CONTENT_SIZES = [0, 1, 16 * MIB, 16 * MIB + 1, 48 * MIB]


def part_size(size: int) -> int:
    power = 16 * MIB
    while power <= 4 * GIB:
        if size <= power * MAX_PARTS:
            return power
        power *= 2
    return 5 * GIB


def plan(size: int) -> dict:
    each = part_size(size)
    count = max(1, -(-size // each))
    return {
        "size_bytes": size,
        "method": "put" if count == 1 else "multipart",
        "part_size": each,
        "part_count": count,
        "last_part_bytes": size - (count - 1) * each,
    }


def content(size: int) -> bytes:
    period = bytes(range(251))
    return (period * (size // 251 + 1))[:size]


def leaves(data: bytes) -> list[bytes]:
    each = part_size(len(data))
    parts = [data[start : start + each] for start in range(0, len(data), each)] or [b""]
    return [hashlib.sha256(part).digest() for part in parts]


def tree(leaf_hashes: list[bytes]) -> bytes:
    return leaf_hashes[0] if len(leaf_hashes) == 1 else hashlib.sha256(b"".join(leaf_hashes)).digest()


def hashed(size: int) -> dict:
    leaf_hashes = leaves(content(size))
    content_hash = tree(leaf_hashes).hex()
    return {
        "size_bytes": size,
        "leaf_hashes": [leaf.hex() for leaf in leaf_hashes],
        "content_hash": content_hash,
        "file_key": f"{content_hash}-{size}",
    }


def same_hash() -> dict:
    """A two-part file, and the 64 bytes of its leaves as a file: equal hashes, other file keys."""
    size = 16 * MIB + 1
    leaf_hashes = leaves(content(size))
    small = b"".join(leaf_hashes)
    content_hash = tree(leaf_hashes).hex()
    assert tree(leaves(small)).hex() == content_hash
    return {
        "content_hash": content_hash,
        "file_keys": [f"{content_hash}-{size}", f"{content_hash}-{len(small)}"],
        "small_file_hex": small.hex(),
    }


def field(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(4, "big") + raw


def proof(size: int, origin: str, ranges: list[tuple[int, int]]) -> dict:
    data = content(size)
    file_key = hashed(size)["file_key"]
    owner_id = "0123456789abcdef0123456789abcdef"
    nonce = bytes(range(32))
    message = b"straightway proof 1" + field(origin) + field(owner_id) + field(file_key)
    for offset, length in ranges:
        message += data[offset : offset + length]
    return {
        "size_bytes": size,
        "origin": origin,
        "owner_id": owner_id,
        "file_key": file_key,
        "nonce": nonce.hex(),
        "ranges": [{"offset": offset, "length": length} for offset, length in ranges],
        "mac": hmac.new(nonce, message, hashlib.sha256).hexdigest(),
    }


def proofs() -> list[dict]:
    large = 16 * MIB + 1
    # One range in each 64th. Where in it, the server chooses; here: 977 bytes further in each time, modulo what fits.
    starts = [large * i // 64 for i in range(65)]
    ranges = [(starts[i] + 977 * i % (starts[i + 1] - starts[i] - 4095), 4096) for i in range(64)]
    return [
        proof(MIB, "http://127.0.0.1:8080", [(0, MIB)]),
        proof(large, "https://files.example.org", ranges),
    ]


def vectors() -> dict:
    return {
        "part_plans": [plan(size) for size in PLAN_SIZES],
        "too_large": [MAX_FILE_BYTES + 1],
        "content_hashes": [hashed(size) for size in CONTENT_SIZES],
        "same_hash_other_size": same_hash(),
        "proofs": proofs(),
    }


def main() -> int:
    text = json.dumps(vectors(), indent=2) + "\n"
    if "--check" in sys.argv[1:]:
        if FILE.read_text() == text:
            return 0
        print(f"{FILE} is not what this script computes: run `make vectors`", file=sys.stderr)
        return 1
    FILE.write_text(text)
    print(FILE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
