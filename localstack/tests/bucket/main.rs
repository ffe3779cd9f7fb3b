//! The engine below the protocol: faults of the disk, and what a start finds.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use straightway_core::Clock;
use straightway_local::bucket::{
    Algorithm, Bucket, BucketError, Headers, NewObject, Publication, ReadConditions, Selection, WriteCondition,
};

struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "a test has no other")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

fn open(folder: &Path) -> Result<Bucket, BucketError> {
    Bucket::open(folder, "us-east-1", Arc::new(WallClock))
}

async fn put(engine: &Bucket, key: &str, body: &[u8]) -> Result<(), BucketError> {
    let mut writer = engine.receive(&[Algorithm::Crc64Nvme]);
    for piece in body.chunks(100_000) {
        writer.write(piece.to_vec().into()).await?;
    }
    let object = NewObject {
        bucket: "files".into(),
        key: key.into(),
        headers: Headers::default(),
        algorithm: Algorithm::Crc64Nvme,
        condition: WriteCondition::Always,
        publication: Publication::Put,
    };
    engine.put_object(object, writer.finish().await?).await?;
    Ok(())
}

async fn get(engine: &Bucket, key: &str) -> Result<Vec<u8>, BucketError> {
    let (_, _, reader) = engine.read_object("files", key, ReadConditions::default(), Selection::All).await?;
    let chunks: Vec<bytes::Bytes> = reader.into_stream().try_collect().await?;
    Ok(chunks.concat())
}

fn data_files(folder: &Path) -> usize {
    fs::read_dir(folder.join("data")).unwrap().count()
}

#[tokio::test]
async fn the_metadata_are_for_their_owner_only_even_where_others_could_read_them_before() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["metadata.sqlite", "metadata.sqlite-wal", "metadata.sqlite-shm"].map(|file| folder.path().join(file));
    for _ in 0..2 {
        let engine = open(folder.path()).unwrap();
        put(&engine, "a", b"x").await.unwrap_err();
        for file in &files {
            assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
        }
        drop(engine);
        fs::set_permissions(&files[0], fs::Permissions::from_mode(0o644)).unwrap();
    }
}

#[tokio::test]
async fn a_data_folder_has_one_owner_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path()).unwrap();
    let second = open(folder.path()).unwrap_err();
    assert!(matches!(second, BucketError::InUse(_)), "{second}");
    assert!(second.to_string().contains("in use by another running instance"));
    drop(engine);
    open(folder.path()).unwrap();
}

#[tokio::test]
async fn nobody_else_on_the_machine_can_look_into_the_data_folder() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("bucket");
    let engine = open(&folder).unwrap();
    engine.create_bucket("files").await.unwrap();
    put(&engine, "a", &vec![7; 100_000]).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("data")), 0o700);
    for file in fs::read_dir(folder.join("data")).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[tokio::test]
async fn a_start_removes_files_that_no_row_knows() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path()).unwrap();
    engine.create_bucket("files").await.unwrap();
    put(&engine, "kept", &vec![1; 100_000]).await.unwrap();
    drop(engine);
    fs::write(folder.path().join("data/0123456789abcdef"), b"left by a crash").unwrap();
    let engine = open(folder.path()).unwrap();
    assert_eq!(data_files(folder.path()), 1);
    assert_eq!(get(&engine, "kept").await.unwrap(), vec![1; 100_000]);
}

#[tokio::test]
async fn damaged_metadata_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path()).unwrap();
    engine.create_bucket("files").await.unwrap();
    put(&engine, "a", &vec![1; 100_000]).await.unwrap();
    drop(engine);
    let path = folder.path().join("metadata.sqlite");
    let good = fs::read(&path).unwrap();
    let mut torn = good.clone();
    torn[4096..12_288].fill(0xAB);
    for bad in [b"this is no database, but long enough to be taken for one".to_vec(), torn] {
        fs::write(&path, &bad).unwrap();
        let error = open(folder.path()).unwrap_err();
        assert!(matches!(error, BucketError::Corrupt { .. }), "{error:?}");
        let message = error.to_string();
        assert!(message.contains("metadata.sqlite") && message.contains("restore"), "{message}");
        assert_eq!(data_files(folder.path()), 1, "no file goes because of damaged metadata");
    }
    fs::write(&path, &good).unwrap();
    assert_eq!(get(&open(folder.path()).unwrap(), "a").await.unwrap(), vec![1; 100_000]);
}

#[tokio::test]
async fn metadata_of_another_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    let connection = rusqlite::Connection::open(folder.path().join("metadata.sqlite")).unwrap();
    connection.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(connection);
    let error = open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("version 99"), "{error}");
}

#[tokio::test]
async fn an_unfinished_body_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path()).unwrap();
    engine.create_bucket("files").await.unwrap();
    let mut writer = engine.receive(&[]);
    for _ in 0..8 {
        writer.write(vec![0; 512 * 1024].into()).await.unwrap();
    }
    drop(writer);
    drop(engine.receive(&[]).finish().await.unwrap());
    drop(engine);
    drop(open(folder.path()).unwrap());
    assert_eq!(data_files(folder.path()), 0);
}

#[tokio::test]
async fn bytes_that_vanish_below_us_are_an_error_and_not_an_empty_object() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path()).unwrap();
    engine.create_bucket("files").await.unwrap();
    put(&engine, "a", &vec![1; 100_000]).await.unwrap();
    for file in fs::read_dir(folder.path().join("data")).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    assert!(get(&engine, "a").await.is_err());
}

#[tokio::test]
async fn concurrent_small_puts_share_commits() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path()).unwrap();
    engine.create_bucket("files").await.unwrap();
    let keys: Vec<String> = (0..500).map(|number| format!("small/{number}")).collect();
    let puts = keys.iter().map(|key| put(&engine, key, key.as_bytes()));
    futures::future::try_join_all(puts).await.unwrap();
    for key in &keys {
        assert_eq!(get(&engine, key).await.unwrap(), key.as_bytes());
    }
    assert_eq!(data_files(folder.path()), 0);
}
