#!/usr/bin/env bash
# Builds each function into a zip that Lambda takes: dist/<function>.zip. ARCH is x86-64 (default) or arm64.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

functions=()
bins=()
for main in functions/*/src/main.rs; do
    name=${main#functions/}
    name=${name%%/*}
    functions+=("$name")
    bins+=(--bin "straightway-$name")
done

# cargo-lambda links with Zig against the C library of Lambda's system, which may be older than this machine's.
built=target/lambda
cargo lambda build --locked --release "--${ARCH:-x86-64}" --output-format zip --lambda-dir "$built" \
    --workspace "${bins[@]}"

mkdir -p dist
for name in "${functions[@]}"; do
    cp "$built/straightway-$name/bootstrap.zip" "dist/$name.zip"
done
python3 - "${functions[@]}" <<'PY'
import sys
import zipfile

for name in sys.argv[1:]:
    path = f"dist/{name}.zip"
    with zipfile.ZipFile(path) as archive:
        broken = archive.testzip()
        program = archive.getinfo("bootstrap")
        magic = archive.open("bootstrap").read(4)
    # Lambda starts a program of this name, which it may execute, in this format.
    if broken or magic != b"\x7fELF" or not program.external_attr >> 16 & 0o100:
        sys.exit(f"{path} holds no program that Lambda could start")
    print(f"{path}: {program.compress_size / 1e6:.1f} MB, unpacked {program.file_size / 1e6:.1f} MB")
PY
