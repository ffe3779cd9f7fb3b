//! Comparing the data folder with what was told.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use futures::TryStreamExt as _;
use straightway_local::bucket::{Bucket, BucketError, ReadConditions, Selection};

use super::load::{Ledger, Version, bytes};
use super::server::{BUCKET, QUEUE, open};

/// Everything is as the ledger says; what was under way is settled one way or the other, and written down.
pub(crate) async fn compare(folder: &Path, ledger: &mut Ledger) -> Result<()> {
    let engine = open(folder).context("the data folder does not open after a crash")?;
    compare_objects(&engine, ledger).await?;
    compare_parts(&engine, ledger).await?;
    compare_events(&engine, ledger).await?;
    drop(engine);
    nothing_left_over(folder)
}

async fn compare_objects(engine: &Bucket, ledger: &mut Ledger) -> Result<()> {
    for (key, expected) in &mut ledger.objects {
        let found = read(engine, key).await.with_context(|| format!("reading {key}"))?;
        let is = |version: &Version| match (version, &found) {
            (Version::Absent, None) => true,
            (Version::Stored { seed, size }, Some(found)) => *found == bytes(*seed, *size),
            _ => false,
        };
        if let Some(attempted) = expected.attempted.take()
            && is(&attempted)
        {
            expected.acknowledged = attempted;
        }
        ensure!(is(&expected.acknowledged), "{key} is not what was acknowledged: {expected:?}");
    }
    Ok(())
}

async fn read(engine: &Bucket, key: &str) -> Result<Option<Vec<u8>>> {
    let read = engine.read_object(BUCKET, key, ReadConditions::default(), Selection::All).await;
    let reader = match read {
        Err(BucketError::NoSuchKey | BucketError::NoSuchBucket) => return Ok(None),
        other => other?.2,
    };
    let chunks: Vec<bytes::Bytes> = reader.into_stream().try_collect().await?;
    Ok(Some(chunks.concat()))
}

async fn compare_parts(engine: &Bucket, ledger: &Ledger) -> Result<()> {
    for (id, parts) in &ledger.uploads {
        match engine.upload(BUCKET, &parts.key, id).await {
            Err(BucketError::NoSuchUpload) => {
                ensure!(parts.completing, "the upload of {} is gone", parts.key);
            }
            upload => {
                let page = engine.parts(&upload?, 0, 100).await?;
                let stored: HashSet<u32> = page.parts.iter().map(|part| part.part_number).collect();
                for number in &parts.numbers {
                    ensure!(stored.contains(&u32::try_from(*number)?), "part {number} of {} is gone", parts.key);
                }
            }
        }
    }
    Ok(())
}

async fn compare_events(engine: &Bucket, ledger: &Ledger) -> Result<()> {
    // Every message is received after every crash: none may die of that.
    let queue = engine.queue(QUEUE).with_max_attempts(u32::MAX);
    let messages = queue.receive(1_000_000).await?;
    let keys: HashSet<String> = messages
        .iter()
        .map(|leased| {
            let event: serde_json::Value = serde_json::from_str(&leased.message.body)?;
            let key = event["Records"][0]["s3"]["object"]["key"].as_str().map(str::to_owned);
            key.context("an event without a key")
        })
        .collect::<Result<_>>()?;
    for (key, expected) in &ledger.objects {
        let stored = expected.acknowledged != Version::Absent;
        ensure!(!stored || keys.contains(key), "{key} was published without an event");
    }
    Ok(())
}

fn nothing_left_over(folder: &Path) -> Result<()> {
    let metadata = rusqlite::Connection::open(folder.join("metadata.sqlite"))?;
    let integrity: String = metadata.query_row("PRAGMA integrity_check", (), |row| row.get(0))?;
    ensure!(integrity == "ok", "{integrity}");
    let mut statement = metadata.prepare("SELECT file FROM extents WHERE file IS NOT NULL")?;
    let known: HashSet<String> = statement.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?;
    let present: HashSet<String> = std::fs::read_dir(folder.join("data"))?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    ensure!(known == present, "files and rows differ: {:?}", known.symmetric_difference(&present));
    Ok(())
}
