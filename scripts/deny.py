#!/usr/bin/env python3
"""Checks the dependency tree against deny.toml: licences, banned packages, sources.

It needs nothing but Cargo and Python. What it cannot do is look up security advisories: for those, install
cargo-deny, which reads the same file.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def allowed(expression: str, allow: set[str]) -> bool:
    """Whether an SPDX expression can be satisfied with the allowed licences alone."""
    # Before SPDX, Cargo let `/` stand for OR.
    tokens = re.findall(r"\(|\)|[^\s()/]+|/", expression)
    position = 0

    def peek() -> str | None:
        return tokens[position] if position < len(tokens) else None

    def take() -> str:
        nonlocal position
        position += 1
        return tokens[position - 1]

    def any_of() -> bool:
        result = all_of()
        while peek() in ("OR", "/"):
            take()
            # Both sides have to be read, whatever the first one says.
            result = all_of() or result
        return result

    def all_of() -> bool:
        result = one()
        while peek() == "AND":
            take()
            result = one() and result
        return result

    def one() -> bool:
        name = take()
        if name == "(":
            result = any_of()
            if take() != ")":
                raise ValueError(expression)
            return result
        if peek() == "WITH":
            take()
            name = f"{name} WITH {take()}"
        return name in allow

    result = any_of()
    if peek() is not None:
        raise ValueError(expression)
    return result


def targets_metadata(targets: list[str]) -> dict:
    """Every package that is built for one of the targets."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    for target in targets:
        command += ["--filter-platform", target]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


def faults(metadata: dict, rules: dict) -> list[str]:
    allow = set(rules["licenses"]["allow"])
    banned = {ban["name"] for ban in rules["bans"]["deny"]}
    sources = {f"registry+{url}" for url in rules["sources"]["allow-registry"]}
    used = {node["id"] for node in metadata["resolve"]["nodes"]}
    found = []
    for package in metadata["packages"]:
        name = f"{package['name']} {package['version']}"
        if package["id"] not in used or package["source"] is None:
            continue
        if package["name"] in banned:
            found.append(f"{name} is banned")
        if package["source"] not in sources:
            found.append(f"{name} comes from {package['source']}")
        if not package["license"] or not allowed(package["license"], allow):
            found.append(f"{name} has the licence {package['license']}")
    return found


def self_test() -> None:
    allow = {"MIT", "ISC", "Apache-2.0 WITH LLVM-exception"}
    for expression, expected in [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only/MIT", True),
        ("Apache-2.0 / MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("(GPL-3.0-only OR MIT) AND ISC", True),
        ("MIT OR GPL-3.0-only AND ISC", True),
        ("(MIT OR ISC) AND GPL-3.0-only", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("Apache-2.0", False),
    ]:
        assert allowed(expression, allow) is expected, expression


def main() -> int:
    self_test()
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    metadata = targets_metadata(rules["graph"]["targets"])
    found = faults(metadata, rules)
    for fault in found:
        print(f"deny.toml forbids: {fault}", file=sys.stderr)
    if not found:
        print(f"{len(metadata['resolve']['nodes'])} packages keep the rules of deny.toml")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
