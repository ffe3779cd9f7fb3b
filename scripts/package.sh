#!/usr/bin/env bash
# Builds each function into a zip that Lambda takes.
#
#   package.sh          release build for Lambda: dist/<function>.zip
#   package.sh --dev    the same steps with the development build's artifacts, for the tests: target/package-dev/
#
# ARCH is x86-64 (default) or arm64.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

bins=()
functions=()
for main in functions/*/src/main.rs; do
    name=${main#functions/}
    name=${name%%/*}
    functions+=("$name")
    bins+=(--bin "straightway-$name")
done

# The whole workspace decides which features are built, as in the tests: so nothing is compiled twice. `--examples`
# brings in the features of test dependencies (there are no examples).
if [ "${1:-}" = --dev ]; then
    out=target/package-dev
    build=(--profile dev --compiler cargo --workspace --examples)
else
    out=dist
    # Zig links against the C library of Lambda's system, which may be older than this machine's.
    build=(--release --workspace "--${ARCH:-x86-64}")
fi

zips=target/lambda-zips
cargo lambda build --locked --output-format zip --lambda-dir "$zips" "${build[@]}" "${bins[@]}"

mkdir -p "$out"
for name in "${functions[@]}"; do
    cp "$zips/straightway-$name/bootstrap.zip" "$out/$name.zip"
    python3 - "$out/$name.zip" <<'PY'
import sys, zipfile
path = sys.argv[1]
with zipfile.ZipFile(path) as archive:
    broken = archive.testzip()
    program = archive.getinfo("bootstrap")
    magic = archive.open("bootstrap").read(4)
# Lambda starts a program of this name, with this right, in this format.
runs = broken is None and magic == b"\x7fELF" and program.external_attr >> 16 & 0o100
if not runs:
    sys.exit(f"{path} holds no program that Lambda could start")
zipped = sum(item.compress_size for item in archive.infolist())
print(f"{path}: {zipped / 1e6:.1f} MB, {program.file_size / 1e6:.1f} MB unpacked")
PY
done
