#!/usr/bin/env bash
# Everything CI runs, the cheap first. Goes on after a failure, so that one run shows all. The last line is
# `N passed, N failed, N skipped`: tests, and each step that is not a test counts as one.
#
# A test that cannot run prints `skipped: why` to standard error and passes; here it counts as skipped.
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
# The servers that tests run against are installed below: here their absence is a failure, not a reason to skip.
export STRAIGHTWAY_REQUIRE_SERVERS=1
logs=target/check
mkdir -p "$logs"

passed=0
failed=0
skips=()
faults=()

step() {
    local name=$1
    shift
    printf '\n== %s\n' "$name"
    SECONDS=0
    if "$@"; then
        passed=$((passed + 1))
        printf -- '-- %s: ok after %d s\n' "$name" "$SECONDS"
    else
        failed=$((failed + 1))
        faults+=("$name")
        printf -- '-- %s: FAILED after %d s\n' "$name" "$SECONDS"
    fi
}

skip() {
    skips+=("$1")
    printf '\nskipped: %s\n' "$1"
}

advisories() {
    if ! command -v cargo-deny >/dev/null; then
        skip "security advisories: cargo-deny is not installed"
    elif ! ls -d "${CARGO_HOME:-$HOME/.cargo}"/advisory-db*/* >/dev/null 2>&1; then
        skip "security advisories: cargo-deny has no database here (cargo deny fetch)"
    else
        step "security advisories" cargo deny --offline check advisories
    fi
}

# Runs the tests and adds their results to the sums.
tests() {
    printf '\n== tests\n'
    SECONDS=0
    local log=$logs/tests.log status ok bad results marked
    cargo test --locked --workspace --no-fail-fast 2>&1 | tee "$log"
    status=$?
    mapfile -t results < <(sed -nE 's/^(test .* [.]{3} )?skipped: (.*)/\2/p' "$log")
    skips+=("${results[@]}")
    mapfile -t marked < <(sed -nE 's/^test (.*) \.\.\. ignored.*/\1: marked as not to be run/p' "$log")
    skips+=("${marked[@]}")
    # Tests that skipped themselves are among the passed ones.
    read -r ok bad < <(
        sed -nE 's/^test result: .* ([0-9]+) passed; ([0-9]+) failed; .*/\1 \2/p' "$log" |
            awk '{ ok += $1; bad += $2 } END { print ok + 0, bad + 0 }'
    )
    passed=$((passed + ok - ${#results[@]}))
    failed=$((failed + bad))
    if [ "$bad" != 0 ]; then
        faults+=("$bad tests: $(sed -nE 's/^test (.*) \.\.\. FAILED$/\1/p' "$log" | sort -u | paste -sd, | sed 's/,/, /g')")
    elif [ "$status" != 0 ]; then
        failed=$((failed + 1))
        faults+=("the tests could not be built, or one of their processes died: see $log")
    elif [ "$ok" = 0 ]; then
        failed=$((failed + 1))
        faults+=("not one test ran")
    fi
    printf -- '-- tests: %d s\n' "$SECONDS"
}

started=$(date +%s)
step "formatting" cargo fmt --all --check
step "dependency rules" python3 scripts/deny.py
step "test vectors are what their script computes" python3 scripts/make-vectors.py --check
step "documents" python3 scripts/check-docs.py
step "defences are where they are looked for" python3 scripts/defences.py --check
advisories
step "tools for the tests" make --silent --no-print-directory venv
step "clippy" cargo clippy --locked --workspace --all-targets -- --deny warnings
# `--examples` (there are none) builds with the features of test dependencies, so that nothing is compiled twice.
step "documentation" env RUSTDOCFLAGS=-Dwarnings cargo doc --locked --workspace --no-deps --lib --examples
step "programs" cargo build --locked --workspace --bins --examples
tests
# A release build for another target compiles everything once more: too long for every run.
if [ -n "${STRAIGHTWAY_FULL:-}" ]; then
    step "packages for Lambda" scripts/package.sh
    step "a thousand kills" cargo test --locked --workspace --test bucket_crash -- 1000
else
    skip "packages for Lambda and long tests: make test-full"
fi

took=$(($(date +%s) - started))
printf '\n%d min %02d s\n' $((took / 60)) $((took % 60))
for why in "${skips[@]}"; do printf 'skipped: %s\n' "$why"; done
for what in "${faults[@]}"; do printf 'failed: %s\n' "$what"; done
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "${#skips[@]}"
[ "$failed" = 0 ]
