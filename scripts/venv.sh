#!/usr/bin/env bash
# Makes `.venv` with the pinned programs that tests and packaging need. Can be run at any time: a half-made or broken
# one is repaired, a good one is left alone.
set -euo pipefail
cd "$(dirname "$0")/.."
requirements=tests/tools/requirements.txt
python=.venv/bin/python

say() { printf '%s\n' "$*" >&2; }

has_pip() { [ -x "$python" ] && "$python" -m pip --version >/dev/null 2>&1; }

# Debian ships Python without the part of `venv` that brings pip.
make_venv() {
    python3 -m venv --clear .venv >/dev/null 2>&1 && has_pip && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "Python has no pip to put into .venv; installing python3-venv."
        { apt-get update -qq && apt-get install -y -qq python3-venv; } >/dev/null
        python3 -m venv --clear .venv && has_pip && return
    fi
    if python3 -m pip --version >/dev/null 2>&1; then
        python3 -m venv --clear --without-pip .venv
        python3 -m pip --python "$python" install --quiet --disable-pip-version-check pip && has_pip && return
    fi
    say "Cannot make .venv: this Python has no pip. On Debian: apt-get install python3-venv"
    return 1
}

command -v python3 >/dev/null || { say "python3 is needed for the tests' tools. On Debian: apt-get install python3-venv"; exit 1; }
has_pip || make_venv
say "Installing the tests' tools into .venv (about a minute the first time)."
"$python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
touch .venv/.installed
