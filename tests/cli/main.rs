//! The command line, as people use it: the real binary against the running stack.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod commands;
mod folders;
mod transfers;

use std::io::Write;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use e2e::{Cli, Meter, TestApp};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A stack behind two meters: what goes to the API, and what goes to the bucket.
struct Metered {
    app: TestApp,
    api: Meter,
    s3: Meter,
}

impl Metered {
    async fn start() -> Self {
        let (api, s3) = (Meter::listen().await, Meter::listen().await);
        let url = |meter: &Meter| format!("http://{}", meter.address).parse().unwrap();
        let app = TestApp::start_with(|options| {
            options.public_url = Some(url(&api));
            options.s3_public_url = Some(url(&s3));
        })
        .await;
        api.pass_on_to(app.api);
        s3.pass_on_to(app.s3);
        Self { app, api, s3 }
    }

    /// Somebody new, at a machine of their own.
    fn signed_up(&self, username: &str) -> Cli {
        let cli = Cli::new(&self.app.origin);
        cli.json(&["signup", username]);
        cli
    }

    /// The same person at another machine.
    fn signed_in(&self, username: &str) -> Cli {
        let cli = Cli::new(&self.app.origin);
        cli.json(&["login", username]);
        cli
    }
}

/// A file of bytes that nobody has, in a folder that goes with it.
struct LocalFile {
    folder: TempDir,
    path: PathBuf,
}

impl LocalFile {
    fn random(size: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.bin");
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).unwrap();
        let mut state = u64::from_le_bytes(seed);
        let mut file = std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(&path).unwrap());
        for _ in 0..size / 8 {
            file.write_all(&splitmix(&mut state).to_le_bytes()).unwrap();
        }
        file.write_all(&vec![7; size % 8]).unwrap();
        file.into_inner().unwrap().sync_all().unwrap();
        Self { folder, path }
    }

    fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): fast, and no two seeds give the same gibibyte.
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn sha256(path: &Path) -> String {
    let mut hash = Sha256::new();
    let mut file = std::fs::File::open(path).unwrap();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match std::io::Read::read(&mut file, &mut buffer).unwrap() {
            0 => return HEXLOWER.encode(&hash.finalize()),
            read => hash.update(&buffer[..read]),
        }
    }
}
