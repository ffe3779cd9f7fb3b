//! Kill -9 at any instant: what was acknowledged is there, nothing half-done is visible, nothing is left over.
//!
//! A child process serves a bucket; this process uploads to it, kills it at a random instant, opens the data folder
//! itself and compares it with what it was told. `cargo test --test bucket_crash -- 1000` kills a thousand times.

mod check;
mod load;
mod server;

use std::ops::RangeInclusive;
use std::time::Duration;

use anyhow::{Context as _, Result};

use load::Ledger;

const ROUNDS: u32 = 6;
/// Everything is compared after each round: a thousand over one folder would read ever more.
const ROUNDS_OF_A_FOLDER: u32 = 25;
const SHORTEST: u64 = 20;
const LONGEST: u64 = 900;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Runtime::new()?;
    if let [first, folder] = arguments.as_slice()
        && first == server::FLAG
    {
        return runtime.block_on(server::serve_forever(folder.as_ref()));
    }
    let rounds = arguments.iter().find_map(|argument| argument.parse().ok());
    runtime.block_on(kill_often(rounds.unwrap_or(ROUNDS)))
}

async fn kill_often(rounds: u32) -> Result<()> {
    let mut uploaded = 0;
    let mut round = 0;
    while round < rounds {
        let last = rounds.min(round + ROUNDS_OF_A_FOLDER);
        uploaded += kill_over(round + 1..=last).await?;
        round = last;
    }
    anyhow::ensure!(uploaded > 10, "hardly anything was uploaded: {uploaded} objects");
    Ok(())
}

/// Kills a bucket over one data folder again and again; how many objects were uploaded.
async fn kill_over(rounds: RangeInclusive<u32>) -> Result<usize> {
    let folder = tempfile::tempdir()?;
    let mut ledger = Ledger::default();
    for round in rounds {
        let mut server = server::start(folder.path()).await?;
        let life = Duration::from_millis(random(SHORTEST, LONGEST)?);
        let uploading = tokio::spawn(load::upload(server.address, round, ledger));
        tokio::time::sleep(life).await;
        server.kill().await?;
        ledger = uploading.await?;
        check::compare(folder.path(), &mut ledger)
            .await
            .with_context(|| format!("round {round}, killed after {life:?}"))?;
    }
    Ok(ledger.objects.len())
}

fn random(from: u64, to: u64) -> Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(from + u64::from_le_bytes(bytes) % (to - from))
}
