//! Objects: put, head, read, delete.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::{Deserialize, Serialize};

use super::blob::Blob;
use super::conditions::{ReadConditions, Selection, WriteCondition};
use super::digest::{Algorithm, Checksum, ChecksumKind, etag_of_put};
use super::error::BucketError;
use super::event::{Publication, announce};
use super::metadata::Effects;
use super::multipart::PartInfo;
use super::reader::ObjectReader;
use super::{Bucket, Stamp, random_content, require_bucket, timestamp};

/// The headers stored with an object and returned with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Headers {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Expires`, an HTTP date.
    pub expires: Option<String>,
    /// User metadata, without the `x-amz-meta-` prefix.
    pub metadata: BTreeMap<String, String>,
}

impl Headers {
    pub(super) fn to_column(&self) -> Result<String, BucketError> {
        serde_json::to_string(self).map_err(|error| std::io::Error::other(error).into())
    }

    pub(super) fn from_column(column: &str) -> Self {
        serde_json::from_str(column).unwrap_or_default()
    }
}

/// Everything about an object but its bytes.
#[derive(Clone, Debug)]
pub struct ObjectInfo {
    /// Grows with every publication in this engine.
    pub sequence: i64,
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its ETag, without quotes.
    pub etag: String,
    /// When it was published.
    pub modified_at: Timestamp,
    /// Its headers.
    pub headers: Headers,
    /// Its checksum.
    pub checksum: Option<Checksum>,
    /// How many parts it was completed from; `None` for a single PUT.
    pub part_count: Option<u32>,
    pub(super) content: i64,
}

/// An object about to be published by one PUT or copy.
pub struct NewObject {
    /// The bucket.
    pub bucket: String,
    /// The object key.
    pub key: String,
    /// The headers to keep.
    pub headers: Headers,
    /// Which of the body's checksums becomes the object's.
    pub algorithm: Algorithm,
    /// What must hold at the moment of publication.
    pub condition: WriteCondition,
    /// How the event names it.
    pub publication: Publication,
}

/// An object to delete, if it still has this ETag.
#[derive(Clone, Debug)]
pub struct Doomed {
    /// The object key.
    pub key: String,
    /// What must hold of it.
    pub condition: WriteCondition,
}

impl Bucket {
    /// Refuses early what [`Bucket::put_object`] would refuse once the body is there.
    pub async fn check_put(&self, bucket: &str, key: &str, condition: &WriteCondition) -> Result<(), BucketError> {
        let (bucket, key, condition) = (bucket.to_owned(), key.to_owned(), condition.clone());
        self.metadata
            .read(move |connection| {
                require_bucket(connection, &bucket)?;
                if condition == WriteCondition::Always {
                    return Ok(());
                }
                condition.check(find(connection, &bucket, &key)?.as_ref())
            })
            .await
    }

    /// Publishes a body as an object, replacing what is there, atomically.
    pub async fn put_object(&self, object: NewObject, blob: Blob) -> Result<ObjectInfo, BucketError> {
        let blob = blob.sync().await?;
        let stamp = self.stamp();
        self.metadata
            .write(move |connection, effects| {
                let content = random_content()?;
                let checksum = blob.checksums().base64(object.algorithm);
                let row = Assembled {
                    content,
                    size: blob.size(),
                    etag: etag_of_put(blob.md5()),
                    checksum: checksum.map(|value| Checksum {
                        algorithm: object.algorithm,
                        kind: ChecksumKind::FullObject,
                        value,
                    }),
                    part_count: None,
                    upload_id: None,
                };
                let published = publish(connection, effects, &stamp, &object, row)?;
                insert_extent(connection, effects, stamp.now, (content, 1), blob)?;
                Ok(published)
            })
            .await
    }

    /// Everything about an object but its bytes.
    pub async fn head_object(
        &self,
        bucket: &str,
        key: &str,
        conditions: ReadConditions,
        selection: Selection,
    ) -> Result<(ObjectInfo, Range<u64>), BucketError> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        self.metadata.read(move |connection| select(connection, &bucket, &key, &conditions, selection)).await
    }

    /// An object and the bytes that were asked for.
    pub async fn read_object(
        &self,
        bucket: &str,
        key: &str,
        conditions: ReadConditions,
        selection: Selection,
    ) -> Result<(ObjectInfo, Range<u64>, ObjectReader), BucketError> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        let folder = Arc::clone(&self.folder);
        self.metadata
            .read(move |connection| {
                let (object, range) = select(connection, &bucket, &key, &conditions, selection)?;
                let pin = folder.pin(object.content);
                let reader = ObjectReader::look_up(connection, &folder, pin, object.content, &range)?;
                Ok((object, range, reader))
            })
            .await
    }

    /// Deletes objects, all in one transaction; one that is absent already is as good as deleted.
    pub async fn delete_objects(
        &self,
        bucket: &str,
        objects: Vec<Doomed>,
    ) -> Result<Vec<Result<(), BucketError>>, BucketError> {
        let bucket = bucket.to_owned();
        self.metadata
            .write(move |connection, effects| {
                require_bucket(connection, &bucket)?;
                objects
                    .iter()
                    .map(|doomed| match delete(connection, effects, &bucket, doomed) {
                        Err(refused @ (BucketError::NoSuchKey | BucketError::PreconditionFailed)) => Ok(Err(refused)),
                        other => other.map(Ok),
                    })
                    .collect()
            })
            .await
    }

    /// The parts a multipart object was completed from, after `marker`; empty for a single PUT.
    pub async fn object_parts(
        &self,
        object: &ObjectInfo,
        marker: u32,
        limit: usize,
    ) -> Result<super::PartPage, BucketError> {
        let content = object.content;
        self.metadata.read(move |connection| super::multipart::page(connection, content, marker, limit)).await
    }
}

/// The columns of a new object that depend on how it came.
pub(super) struct Assembled {
    pub(super) content: i64,
    pub(super) size: u64,
    pub(super) etag: String,
    pub(super) checksum: Option<Checksum>,
    pub(super) part_count: Option<u32>,
    pub(super) upload_id: Option<String>,
}

/// Makes an object visible in place of what is there, and says so to the queues.
pub(super) fn publish(
    connection: &Connection,
    effects: &mut Effects,
    stamp: &Stamp,
    object: &NewObject,
    row: Assembled,
) -> Result<ObjectInfo, BucketError> {
    require_bucket(connection, &object.bucket)?;
    let present = find(connection, &object.bucket, &object.key)?;
    object.condition.check(present.as_ref())?;
    if let Some(present) = present {
        remove(connection, effects, &present)?;
    }
    let checksum = row.checksum.as_ref();
    let sequence = connection
        .prepare_cached(
            "INSERT INTO objects (bucket, object_key, content, size, etag, modified_at, headers,
               checksum_algorithm, checksum_kind, checksum, part_count, upload_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) RETURNING sequence",
        )?
        .query_row(
            rusqlite::params![
                object.bucket,
                object.key,
                row.content,
                row.size,
                row.etag,
                stamp.now.as_millisecond(),
                object.headers.to_column()?,
                checksum.map(|it| it.algorithm.name()),
                checksum.map(|it| it.kind.name()),
                checksum.map(|it| &it.value),
                row.part_count,
                row.upload_id,
            ],
            |row| row.get(0),
        )?;
    let published = ObjectInfo {
        sequence,
        key: object.key.clone(),
        size: row.size,
        etag: row.etag,
        modified_at: timestamp(stamp.now.as_millisecond()),
        headers: object.headers.clone(),
        checksum: row.checksum,
        part_count: row.part_count,
        content: row.content,
    };
    announce(connection, effects, stamp, &object.bucket, &published, object.publication)?;
    Ok(published)
}

/// Stores a body as one extent of a content, in place of the one with that number.
pub(super) fn insert_extent(
    connection: &Connection,
    effects: &mut Effects,
    now: Timestamp,
    (content, part_number): (i64, u32),
    blob: Blob,
) -> Result<PartInfo, BucketError> {
    let part = PartInfo {
        part_number,
        size: blob.size(),
        md5: *blob.md5(),
        checksums: blob.checksums().clone(),
        modified_at: timestamp(now.as_millisecond()),
    };
    let replaced: Option<Option<String>> = connection
        .prepare_cached("DELETE FROM extents WHERE content = ?1 AND part_number = ?2 RETURNING file")?
        .query_row((content, part_number), |row| row.get(0))
        .optional()?;
    effects.discard(content, replaced.flatten().into_iter().collect());
    let (file, bytes, unpublished) = blob.into_columns();
    connection
        .prepare_cached(
            "INSERT INTO extents (content, part_number, size, md5, checksums, modified_at, file, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(rusqlite::params![
            content,
            part_number,
            part.size,
            part.md5,
            part.checksums.to_column(),
            part.modified_at.as_millisecond(),
            file,
            bytes,
        ])?;
    if let Some(file) = unpublished {
        effects.publish(file);
    }
    Ok(part)
}

/// The files of a content, whose rows are gone with this.
pub(super) fn drop_extents(connection: &Connection, effects: &mut Effects, content: i64) -> Result<(), BucketError> {
    let mut statement = connection.prepare_cached("DELETE FROM extents WHERE content = ?1 RETURNING file")?;
    let files: Vec<Option<String>> = statement.query_map([content], |row| row.get(0))?.collect::<Result<_, _>>()?;
    effects.discard(content, files.into_iter().flatten().collect());
    Ok(())
}

pub(super) const COLUMNS: &str = "sequence, object_key, content, size, etag, modified_at, headers, \
     checksum_algorithm, checksum_kind, checksum, part_count";

pub(super) fn object_info(row: &Row<'_>) -> rusqlite::Result<ObjectInfo> {
    Ok(ObjectInfo {
        sequence: row.get(0)?,
        key: row.get(1)?,
        content: row.get(2)?,
        size: row.get(3)?,
        etag: row.get(4)?,
        modified_at: timestamp(row.get(5)?),
        headers: Headers::from_column(&row.get::<_, String>(6)?),
        checksum: checksum(row)?,
        part_count: row.get(10)?,
    })
}

fn checksum(row: &Row<'_>) -> rusqlite::Result<Option<Checksum>> {
    let algorithm: Option<String> = row.get(7)?;
    let kind: Option<String> = row.get(8)?;
    let value: Option<String> = row.get(9)?;
    let parts =
        (algorithm.as_deref().and_then(Algorithm::from_name), kind.as_deref().and_then(ChecksumKind::from_name), value);
    Ok(match parts {
        (Some(algorithm), Some(kind), Some(value)) => Some(Checksum { algorithm, kind, value }),
        _ => None,
    })
}

pub(super) fn find(connection: &Connection, bucket: &str, key: &str) -> rusqlite::Result<Option<ObjectInfo>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM objects WHERE bucket = ?1 AND object_key = ?2"))?
        .query_row((bucket, key), object_info)
        .optional()
}

fn select(
    connection: &Connection,
    bucket: &str,
    key: &str,
    conditions: &ReadConditions,
    selection: Selection,
) -> Result<(ObjectInfo, Range<u64>), BucketError> {
    require_bucket(connection, bucket)?;
    let object = find(connection, bucket, key)?.ok_or(BucketError::NoSuchKey)?;
    conditions.check(&object)?;
    let size = object.size;
    let range = match selection {
        Selection::All => Some(0..size),
        Selection::Bytes { first, last } => {
            let end = last.map_or(size, |last| last.saturating_add(1).min(size));
            (first < end).then_some(first..end)
        }
        Selection::Suffix(length) => (length > 0 && size > 0).then(|| size.saturating_sub(length)..size),
        Selection::Part(number) => part_range(connection, &object, number)?,
    };
    let range = range.ok_or(BucketError::InvalidRange { size })?;
    Ok((object, range))
}

fn part_range(connection: &Connection, object: &ObjectInfo, number: u32) -> rusqlite::Result<Option<Range<u64>>> {
    let (start, size): (u64, Option<u64>) = connection
        .prepare_cached(
            "SELECT coalesce(sum(size) FILTER (WHERE part_number < ?2), 0),
                    max(size) FILTER (WHERE part_number = ?2) FROM extents WHERE content = ?1",
        )?
        .query_row((object.content, number), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(size.map(|size| start..start + size))
}

fn delete(connection: &Connection, effects: &mut Effects, bucket: &str, doomed: &Doomed) -> Result<(), BucketError> {
    let present = find(connection, bucket, &doomed.key)?;
    doomed.condition.check(present.as_ref())?;
    match present {
        Some(present) => remove(connection, effects, &present),
        None => Ok(()),
    }
}

fn remove(connection: &Connection, effects: &mut Effects, object: &ObjectInfo) -> Result<(), BucketError> {
    connection.prepare_cached("DELETE FROM objects WHERE sequence = ?1")?.execute([object.sequence])?;
    drop_extents(connection, effects, object.content)
}
