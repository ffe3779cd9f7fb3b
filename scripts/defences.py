#!/usr/bin/env python3
"""Takes each defence of docs/security.md out and looks whether its tests notice.

A defence is a place in the code and what stands there without it. They are taken out in a copy of the tree, several at
a time where they have nothing to do with one another; then the tests that are named after them run. Each has to fail.
`make defences` runs this; `make test` only checks (with --check) that the places and the tests are still there.

    scripts/defences.py [--check] [NAME...]
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPY = ROOT / "target" / "defences"


@dataclass(frozen=True)
class Defence:
    """What is taken out, where, and which tests (`binary::test`) have to fail then."""

    name: str
    path: str
    present: str
    absent: str
    tests: tuple[str, ...]
    batch: int = 1


DEFENCES = [
    # Instant upload
    Defence(
        "the answer to a challenge is compared",
        "shared/core/src/proof.rs",
        "    prover.verify(answer) && telling\n",
        "    let _ = prover.verify(answer);\n    telling\n",
        ("instant::one_wrong_byte_is_a_wrong_answer", "instant::who_has_the_first_nine_tenths_never_passes"),
    ),
    Defence(
        "half of the ranges must say something",
        "shared/core/src/proof.rs",
        "pub const MIN_TELLING_RANGES: usize = 32;",
        "pub const MIN_TELLING_RANGES: usize = 0;",
        ("instant::a_file_that_is_hardly_more_than_zeros_is_never_granted",),
        2,
    ),
    Defence(
        "offsets are the same all day",
        "shared/core/src/proof.rs",
        'key.mac(format!("{file}{day}#{i}").as_bytes())',
        'key.mac(format!("{file}{day}#{i}{:?}", std::time::Instant::now()).as_bytes())',
        ("instant::all_challenges_of_a_day_ask_for_the_same_bytes",),
        3,
    ),
    Defence(
        "a nonce is used once",
        "shared/catalog/src/proofs.rs",
        'id_key(format!("nonce#{}", attempt.nonce))',
        'id_key(format!("nonce#{}#{claim_id}", attempt.nonce))',
        ("instant::a_nonce_is_used_once_even_for_a_right_answer", "instant::a_wrong_answer_uses_its_nonce_up_too"),
        2,
    ),
    Defence(
        "wrong answers of an owner are counted",
        "shared/core/src/proof.rs",
        "pub const MAX_WRONG_PER_OWNER: u64 = 3;",
        "pub const MAX_WRONG_PER_OWNER: u64 = 3000;",
        ("instant::after_three_wrong_answers_nothing_helps_until_the_next_day",),
        2,
    ),
    Defence(
        "wrong answers for a file are counted",
        "shared/core/src/proof.rs",
        "pub const MAX_WRONG_PER_FILE: u64 = 20;",
        "pub const MAX_WRONG_PER_FILE: u64 = 2000;",
        ("instant::after_twenty_wrong_answers_by_anybody_nobody_gets_the_file_that_day",),
        2,
    ),
    Defence(
        "a challenge holds for its owner",
        "shared/core/src/proof.rs",
        "challenge.owner_id == owner.as_str()",
        "!owner.as_str().is_empty()",
        ("instant::another_owners_challenge_is_of_no_use",),
        2,
    ),
    Defence(
        "a challenge expires",
        "shared/core/src/proof.rs",
        "            && now < challenge.expires_at;",
        "            && now > Timestamp::MIN;",
        ("instant::an_expired_challenge_is_of_no_use",),
        2,
    ),
    Defence(
        "`own` looks nothing of others up",
        "functions/uploads/src/create_upload.rs",
        "self.settings.instant == InstantUpload::Global",
        "self.settings.instant != InstantUpload::Off",
        ("instant::own_answers_the_same_whether_others_have_the_content_or_not",),
        2,
    ),
    Defence(
        "small content of others is not offered",
        "functions/uploads/src/create_upload.rs",
        "            && size_bytes >= MIN_INSTANT_BYTES",
        "            && size_bytes <= u64::MAX - MIN_INSTANT_BYTES",
        ("instant::below_one_mebibyte_nothing_of_others_is_offered",),
        2,
    ),
    Defence(
        "content is confined to its owner when the deployment says so",
        "shared/lifecycle/src/lib.rs",
        "Dedupe::Owner => Some(owner.clone()),",
        "Dedupe::Owner => Some(owner.clone()).filter(|_| false),",
        ("instant::deduplication_within_owners_leaves_no_trace_of_others",),
        2,
    ),
    # What is uploaded
    Defence(
        "the leaf hash is signed into a PUT",
        "shared/s3/src/presign.rs",
        "            put = put.checksum_sha256(leaf_hash.as_bytes());",
        "            let _ = leaf_hash;",
        ("tampering::other_bytes_are_refused",),
        3,
    ),
    Defence(
        "nothing is overwritten",
        "shared/s3/src/presign.rs",
        "            put = put.if_none_match_any();",
        "            put = put.content_type(OBJECT_TYPE);",
        ("tampering::a_second_put_to_a_finished_object_is_refused",),
        3,
    ),
    Defence(
        "the content is compared with what was declared",
        "shared/lifecycle/src/verify.rs",
        "declared != verified.content_hash)",
        "declared != verified.content_hash && head.size_bytes == u64::MAX)",
        (
            "uploads::a_put_whose_client_vanished_is_rejected_by_its_event_when_the_hash_is_wrong",
            "uploads::a_read_back_that_finds_another_hash_is_rejected",
        ),
    ),
    Defence(
        "metadata that we never set is refused",
        "shared/lifecycle/src/verify.rs",
        "        if head.foreign_metadata {",
        "        if head.foreign_metadata && head.size_bytes == u64::MAX {",
        ("tampering::content_headers_that_a_client_adds_never_reach_those_who_share_the_file",),
    ),
    Defence(
        "the store refuses other digests",
        "localstack/src/s3/checks.rs",
        "    if blob.checksums().get(algorithm) == Some(value) {",
        "    if blob.checksums().get(algorithm).is_none_or(|_| !value.is_empty()) {",
        ("tampering::swapped_parts_are_refused",),
        4,
    ),
    Defence(
        "the store refuses headers that were not signed",
        "localstack/src/s3/signature.rs",
        "    if unsigned.is_empty() {",
        "    if unsigned.len() < usize::MAX {",
        ("tampering::an_unsigned_amz_header_is_refused",),
        4,
    ),
    Defence(
        "only types without scripts are shown",
        "functions/files/src/disposition.rs",
        '    matches!(kind, "audio" | "video")\n',
        '    matches!(kind, "audio" | "video" | "text" | "image" | "application")\n',
        ("files::only_types_that_run_no_script_are_shown",),
    ),
    Defence(
        "names cannot break out of their header",
        "functions/files/src/disposition.rs",
        """&& !matches!(c, '"' | '\\\\' | '%' | '/' | ';')""",
        """&& !matches!(c, '\\\\' | '%' | '/' | ';')""",
        ("files::names_cannot_break_out_of_the_header",),
    ),
    # Limits
    Defence(
        "what costs money is counted",
        "functions/uploads/src/limits.rs",
        "        if self.limits.take(&key, amount, max, ends_at).await? {",
        "        if self.limits.take(&key, amount, u64::MAX.min(max.max(1) << 40), ends_at).await? {",
        (
            "uploads::creates_are_limited_by_the_minute",
            "uploads::calls_that_sign_are_limited_and_not_the_urls_in_them",
            "uploads::calls_that_ask_the_store_are_limited",
            "uploads::what_is_read_back_is_limited_by_the_day",
        ),
    ),
    # Who somebody is
    Defence(
        "ids are looked up with their owner",
        "functions/uploads/src/sign_parts.rs",
        "session.filter(|session| session.owner_id == *owner)",
        "session.filter(|session| !owner.as_str().is_empty() && !session.owner_id.as_str().is_empty())",
        ("routes::every_route_that_names_a_thing_answers_404_for_anothers",),
    ),
    Defence(
        "a token of another type is no access token",
        "shared/http/src/authenticator.rs",
        "header.typ.as_deref() != Some(ACCESS_TOKEN_TYPE) || ",
        "",
        ("routes::every_protected_route_refuses_every_token_that_is_none_of_ours",),
    ),
    Defence(
        "access tokens expire",
        "shared/http/src/authenticator.rs",
        "    now < claims.exp\n        && claims.iat",
        "    claims.iat",
        ("routes::every_protected_route_refuses_an_expired_token",),
    ),
    Defence(
        "each kind of token has a key of its own",
        "shared/core/src/seal.rs",
        "            .expand(kind.as_bytes(), key",
        "            .expand(&kind.as_bytes()[..0], key",
        ("straightway_core::a_sealed_value_opens_only_under_its_own_kind_and_only_unaltered",),
    ),
    Defence(
        "wrong passwords for a name are counted",
        "functions/accounts/src/attempts.rs",
        "        quarter.take(limits, &for_name, most.wrong_per_name, now).await?;",
        "        quarter.take(limits, &for_name, u64::MAX >> 8, now).await?;",
        ("accounts::after_ten_wrong_passwords_even_the_right_one_has_to_wait",),
    ),
    Defence(
        "wrong passwords of an address are counted",
        "functions/accounts/src/attempts.rs",
        "hour.take(limits, &for_address, most.wrong_per_address, now).await {",
        "hour.take(limits, &for_address, u64::MAX >> 8, now).await {",
        ("accounts::an_address_that_guesses_at_many_names_is_limited_as_a_whole",),
    ),
    Defence(
        "a forwarding header counts only from a proxy that is trusted",
        "shared/http/src/address.rs",
        "    if !trusted.contains(&peer) {",
        "    if !trusted.contains(&peer) && forwarded.is_empty() {",
        ("accounts::a_header_names_no_other_address",),
    ),
    Defence(
        "an old refresh token ends its login",
        "functions/accounts/src/rotation.rs",
        "    } else {\n        Verdict::Reused\n    }",
        "    } else {\n        Verdict::Sibling\n    }",
        ("accounts::an_older_token_is_taken_for_theft_and_ends_the_login_for_both",),
    ),
    Defence(
        "a lost answer is no theft",
        "functions/accounts/src/rotation.rs",
        "    } else if in_grace && login.predecessor == Some(token.hash) {",
        "    } else if in_grace && login.predecessor == Some(token.hash) && login.current.is_empty() {",
        ("accounts::a_lost_answer_does_not_end_the_login",),
        2,
    ),
    # The local stack
    Defence(
        "the API answers for its own hosts only",
        "shared/http/src/edge.rs",
        "    let Some(hosts) = hosts else { return true };",
        "    let Some(hosts) = hosts.filter(|hosts| hosts.is_empty()) else { return true };",
        ("stack::a_foreign_host_or_origin_gets_nothing_from_any_port",),
    ),
]


def binary_of(test):
    return test.split("::", 1)


def problems():
    """What is wrong with the table itself."""
    for defence in DEFENCES:
        text = (ROOT / defence.path).read_text()
        if text.count(defence.present) != 1:
            yield f"{defence.name}: its place is in {defence.path} {text.count(defence.present)} times"
        for test in defence.tests:
            binary, function = binary_of(test)
            folder = ROOT / "tests" / binary
            if not folder.is_dir():
                folder = ROOT / "shared" / binary.removeprefix("straightway_") / "src"
            sources = "".join(path.read_text() for path in folder.rglob("*.rs"))
            if not re.search(rf"\bfn {function}\(", sources):
                yield f"{defence.name}: there is no test {test}"


def copy_tree(defences):
    """A copy of the tracked files without these defences. Unchanged files keep their times, so little is built."""
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, text=True, capture_output=True
    ).stdout.splitlines()
    tree = COPY / "tree"
    for name in files:
        source, target = ROOT / name, tree / name
        if not source.is_file():
            continue
        content = source.read_bytes()
        for defence in (defence for defence in defences if defence.path == name):
            content = content.replace(defence.present.encode(), defence.absent.encode())
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            shutil.copymode(source, target)
    return tree


def run(tree, defences):
    """The tests that failed among those of these defences."""
    tests = sorted({test for defence in defences for test in defence.tests})
    binaries = sorted({binary_of(test)[0] for test in tests})
    command = ["cargo", "test", "--workspace", "--no-fail-fast"]
    for binary in binaries:
        command += ["--test", binary] if (ROOT / "tests" / binary).is_dir() else ["--lib"]
    command += ["--", *sorted({binary_of(test)[1] for test in tests})]
    environment = {**os.environ, "RUSTFLAGS": os.environ.get("RUSTFLAGS", ""), "CARGO_TARGET_DIR": str(COPY / "build")}
    if "CARGO_TARGET_DIR" in os.environ:
        environment["CARGO_TARGET_DIR"] = os.environ["CARGO_TARGET_DIR"]
    environment["PATH"] = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(command, cwd=tree, env=environment, text=True, capture_output=True, check=False)
    if "error: could not compile" in done.stderr:
        sys.exit(done.stderr[-4000:])
    ran = dict(re.findall(r"^test (?:\S+::)*(\w+) \.\.\. (ok|FAILED)$", done.stdout, re.MULTILINE))
    return {test: ran.get(binary_of(test)[1], "did not run") for test in tests}


def main(arguments):
    wrong = list(problems())
    for line in wrong:
        print(line, file=sys.stderr)
    if wrong or "--check" in arguments:
        return bool(wrong)
    chosen = [defence for defence in DEFENCES if not arguments or defence.name in arguments]
    unnoticed = 0
    for batch in sorted({defence.batch for defence in chosen}):
        defences = [defence for defence in chosen if defence.batch == batch]
        results = run(copy_tree(defences), defences)
        for defence in defences:
            missed = [test for test in defence.tests if results[test] != "FAILED"]
            unnoticed += bool(missed)
            verdict = f"NOT NOTICED by {', '.join(missed)}" if missed else f"noticed by {', '.join(defence.tests)}"
            print(f"without \"{defence.name}\": {verdict}", flush=True)
    print(f"{len(chosen) - unnoticed} of {len(chosen)} defences are missed when they are taken out")
    return unnoticed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
