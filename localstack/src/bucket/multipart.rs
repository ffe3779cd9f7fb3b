//! Multipart uploads: parts are extents of a content that the completed object takes over as it is.

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::blob::Blob;
use super::conditions::WriteCondition;
use super::digest::{Algorithm, Checksum, ChecksumKind, Checksums, Md5Sum, checksum_of_parts, etag_of_parts};
use super::error::BucketError;
use super::event::Publication;
use super::list::end_of;
use super::metadata::Effects;
use super::object::{self, Assembled, Headers, NewObject, ObjectInfo};
use super::{Bucket, random_content, require_bucket, timestamp};

/// Every part but the last has at least this many bytes.
const MIN_PART_SIZE: u64 = 5 * 1024 * 1024;

/// A multipart upload under way.
#[derive(Clone, Debug)]
pub struct MultipartUpload {
    /// Its id.
    pub upload_id: String,
    /// The key the object will have.
    pub key: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// The headers the object will have.
    pub headers: Headers,
    /// The checksum it was created with; `None`: CRC64NVME of the whole object, and parts need none.
    pub checksum: Option<(Algorithm, ChecksumKind)>,
    content: i64,
}

impl MultipartUpload {
    /// The checksum the object will have.
    pub fn object_checksum(&self) -> (Algorithm, ChecksumKind) {
        self.checksum.unwrap_or((Algorithm::Crc64Nvme, ChecksumKind::FullObject))
    }

    /// The algorithm whose value every part must bring, if the upload was created so.
    pub fn required_of_parts(&self) -> Option<Algorithm> {
        match self.checksum {
            Some((algorithm, ChecksumKind::Composite)) => Some(algorithm),
            _ => None,
        }
    }
}

/// A stored part.
#[derive(Clone, Debug)]
pub struct PartInfo {
    /// 1 to 10,000.
    pub part_number: u32,
    /// Its size in bytes.
    pub size: u64,
    /// Its MD5: in hex, its ETag.
    pub md5: Md5Sum,
    /// Its checksums.
    pub checksums: Checksums,
    /// When it was stored.
    pub modified_at: Timestamp,
}

impl PartInfo {
    /// Its ETag, without quotes.
    pub fn etag(&self) -> String {
        object_etag(&self.md5)
    }
}

fn object_etag(md5: &Md5Sum) -> String {
    super::digest::etag_of_put(md5)
}

/// Parts in ascending order.
#[derive(Clone, Debug)]
pub struct PartPage {
    /// The parts.
    pub parts: Vec<PartInfo>,
    /// Whether there are more.
    pub truncated: bool,
}

/// A part as Complete lists it.
#[derive(Clone, Debug)]
pub struct ListedPart {
    /// 1 to 10,000.
    pub part_number: u32,
    /// The ETag the client was given, without quotes.
    pub etag: String,
    /// The checksums the client lists, in base64.
    pub checksums: Vec<(Algorithm, String)>,
}

/// What Complete says about the object.
#[derive(Clone, Debug, Default)]
pub struct Completion {
    /// The parts.
    pub parts: Vec<ListedPart>,
    /// The size it should have.
    pub object_size: Option<u64>,
    /// The checksum it should have, with or without the `-n` of a composite.
    pub checksum: Option<(Algorithm, String)>,
    /// The kind of checksum it should have.
    pub kind: Option<ChecksumKind>,
    /// What must hold at the moment of publication.
    pub condition: WriteCondition,
}

/// Where a page of uploads begins: after this key, or after this upload of this key.
#[derive(Clone, Debug, Default)]
pub struct UploadMarker {
    /// The key.
    pub key: String,
    /// The upload id, if the key's other uploads are still to come.
    pub upload_id: Option<String>,
}

/// Multipart uploads by key, then id.
#[derive(Clone, Debug)]
pub struct UploadPage {
    /// The uploads.
    pub uploads: Vec<MultipartUpload>,
    /// Whether there are more.
    pub truncated: bool,
}

impl Bucket {
    /// Begins a multipart upload.
    pub async fn create_upload(
        &self,
        bucket: &str,
        key: &str,
        headers: Headers,
        checksum: Option<(Algorithm, ChecksumKind)>,
    ) -> Result<MultipartUpload, BucketError> {
        let bucket = bucket.to_owned();
        let upload = MultipartUpload {
            upload_id: random_upload_id()?,
            key: key.to_owned(),
            created_at: timestamp(self.now().as_millisecond()),
            headers,
            checksum,
            content: random_content()?,
        };
        self.metadata
            .write(move |connection, _| {
                require_bucket(connection, &bucket)?;
                insert(connection, &bucket, &upload)?;
                Ok(upload)
            })
            .await
    }

    /// The multipart upload of that id for that key.
    pub async fn upload(&self, bucket: &str, key: &str, upload_id: &str) -> Result<MultipartUpload, BucketError> {
        let (bucket, key, upload_id) = (bucket.to_owned(), key.to_owned(), upload_id.to_owned());
        self.metadata
            .read(move |connection| {
                require_bucket(connection, &bucket)?;
                require(connection, &bucket, &key, &upload_id)
            })
            .await
    }

    /// Stores a part, in place of the one with that number.
    pub async fn put_part(
        &self,
        bucket: &str,
        key: &str,
        upload_id: &str,
        part_number: u32,
        blob: Blob,
    ) -> Result<PartInfo, BucketError> {
        let (bucket, key, upload_id) = (bucket.to_owned(), key.to_owned(), upload_id.to_owned());
        let blob = blob.sync().await?;
        let now = self.now();
        self.metadata
            .write(move |connection, effects| {
                let upload = require(connection, &bucket, &key, &upload_id)?;
                object::insert_extent(connection, effects, now, (upload.content, part_number), blob)
            })
            .await
    }

    /// Publishes the listed parts as the object; the others are dropped. What is refused changes nothing.
    ///
    /// A repeated call, whose first answer was lost, is answered with the object.
    pub async fn complete_upload(
        &self,
        bucket: &str,
        key: &str,
        upload_id: &str,
        completion: Completion,
    ) -> Result<ObjectInfo, BucketError> {
        let (bucket, key, upload_id) = (bucket.to_owned(), key.to_owned(), upload_id.to_owned());
        let stamp = self.stamp();
        self.metadata
            .write(move |connection, effects| {
                require_bucket(connection, &bucket)?;
                let upload = match require(connection, &bucket, &key, &upload_id) {
                    Err(BucketError::NoSuchUpload) => {
                        return completed(connection, &bucket, &key, &upload_id)?.ok_or(BucketError::NoSuchUpload);
                    }
                    other => other?,
                };
                let stored = all_parts(connection, upload.content)?;
                let listed = match_parts(&upload, &stored, &completion.parts)?;
                let content = assemble(&upload, &listed, &completion)?;
                drop_unlisted(connection, effects, &upload, &stored, &listed)?;
                delete(connection, &upload_id)?;
                let object = NewObject {
                    bucket,
                    key,
                    headers: upload.headers.clone(),
                    algorithm: upload.object_checksum().0,
                    condition: completion.condition,
                    publication: Publication::CompleteMultipartUpload,
                };
                object::publish(connection, effects, &stamp, &object, content)
            })
            .await
    }

    /// Gives up a multipart upload and its parts.
    pub async fn abort_upload(&self, bucket: &str, key: &str, upload_id: &str) -> Result<(), BucketError> {
        let (bucket, key, upload_id) = (bucket.to_owned(), key.to_owned(), upload_id.to_owned());
        self.metadata
            .write(move |connection, effects| {
                require_bucket(connection, &bucket)?;
                let upload = require(connection, &bucket, &key, &upload_id)?;
                delete(connection, &upload_id)?;
                object::drop_extents(connection, effects, upload.content)
            })
            .await
    }

    /// The stored parts of an upload after `marker`.
    pub async fn parts(&self, upload: &MultipartUpload, marker: u32, limit: usize) -> Result<PartPage, BucketError> {
        let content = upload.content;
        self.metadata.read(move |connection| page(connection, content, marker, limit)).await
    }

    /// The multipart uploads under way for keys that begin with `prefix`.
    pub async fn uploads(
        &self,
        bucket: &str,
        prefix: &str,
        marker: UploadMarker,
        limit: usize,
    ) -> Result<UploadPage, BucketError> {
        let (bucket, prefix) = (bucket.to_owned(), prefix.to_owned());
        self.metadata
            .read(move |connection| {
                require_bucket(connection, &bucket)?;
                let mut statement = connection.prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM uploads
                     WHERE bucket = ?1 AND object_key >= max(?2, ?4) AND object_key < ?3
                       AND (object_key > ?4 OR upload_id > ?5)
                     ORDER BY object_key, upload_id LIMIT ?6"
                ))?;
                // Without an upload id the whole key is behind the marker: no text is above a blob.
                let upload_id = marker.upload_id.map_or(Value::Blob(Vec::new()), Value::Text);
                let rows = statement
                    .query_map((&bucket, &prefix, end_of(&prefix), &marker.key, upload_id, limit + 1), upload_info)?;
                let mut uploads: Vec<MultipartUpload> = rows.collect::<Result<_, _>>()?;
                let truncated = uploads.len() > limit;
                uploads.truncate(limit);
                Ok(UploadPage { uploads, truncated })
            })
            .await
    }
}

/// The parts that Complete lists, if each is there as it says.
fn match_parts<'a>(
    upload: &MultipartUpload,
    stored: &'a [PartInfo],
    listed: &[ListedPart],
) -> Result<Vec<&'a PartInfo>, BucketError> {
    if !listed.is_sorted_by(|a, b| a.part_number < b.part_number) {
        return Err(BucketError::InvalidPartOrder);
    }
    let mut parts = Vec::with_capacity(listed.len());
    for want in listed {
        let number = want.part_number;
        let part = stored
            .binary_search_by_key(&number, |part| part.part_number)
            .ok()
            .and_then(|index| stored.get(index))
            .filter(|part| part.etag() == want.etag)
            .ok_or(BucketError::InvalidPart(number))?;
        check_listed_checksums(upload, part, want)?;
        parts.push(part);
    }
    let too_small = parts.iter().rev().skip(1).find(|part| part.size < MIN_PART_SIZE);
    match too_small {
        Some(part) => Err(BucketError::EntityTooSmall(part.part_number)),
        None => Ok(parts),
    }
}

fn check_listed_checksums(upload: &MultipartUpload, part: &PartInfo, listed: &ListedPart) -> Result<(), BucketError> {
    for (algorithm, value) in &listed.checksums {
        if part.checksums.base64(*algorithm).as_ref() != Some(value) {
            return Err(BucketError::InvalidPart(part.part_number));
        }
    }
    let Some(required) = upload.required_of_parts() else {
        return Ok(());
    };
    if listed.checksums.iter().any(|(algorithm, _)| *algorithm == required) {
        return Ok(());
    }
    Err(BucketError::Contradiction(format!(
        "The upload was created using a {} checksum. The complete request must include the checksum for each part. \
         It was missing for part {} in the request.",
        required.name().to_lowercase(),
        part.part_number
    )))
}

/// The object that the parts make, if it is what the request says it is.
fn assemble(upload: &MultipartUpload, parts: &[&PartInfo], completion: &Completion) -> Result<Assembled, BucketError> {
    let size = parts.iter().map(|part| part.size).sum();
    if let Some(declared) = completion.object_size.filter(|declared| *declared != size) {
        return Err(BucketError::SizeMismatch { declared, actual: size });
    }
    let (algorithm, kind) = upload.object_checksum();
    if completion.kind.is_some_and(|declared| declared != kind) {
        return Err(BucketError::Contradiction(format!("The upload was created with checksum type {}.", kind.name())));
    }
    let values = parts.iter().map(|part| (part.checksums.get(algorithm), part.size));
    let checksum = checksum_of_parts(algorithm, kind, values);
    if let Some(declared) = &completion.checksum {
        check_declared(checksum.as_ref(), declared)?;
    }
    Ok(Assembled {
        content: upload.content,
        size,
        etag: etag_of_parts(parts.iter().map(|part| &part.md5)),
        checksum,
        part_count: u32::try_from(parts.len()).ok(),
        upload_id: Some(upload.upload_id.clone()),
    })
}

fn check_declared(checksum: Option<&Checksum>, (algorithm, declared): &(Algorithm, String)) -> Result<(), BucketError> {
    let value = checksum.filter(|checksum| checksum.algorithm == *algorithm).map(|checksum| checksum.value.as_str());
    let without_count = value.map(|value| value.split('-').next().unwrap_or(value));
    if value == Some(declared) || without_count == Some(declared) { Ok(()) } else { Err(BucketError::ChecksumMismatch) }
}

fn drop_unlisted(
    connection: &Connection,
    effects: &mut Effects,
    upload: &MultipartUpload,
    stored: &[PartInfo],
    listed: &[&PartInfo],
) -> Result<(), BucketError> {
    let mut statement =
        connection.prepare_cached("DELETE FROM extents WHERE content = ?1 AND part_number = ?2 RETURNING file")?;
    let mut listed = listed.iter().map(|part| part.part_number).peekable();
    let mut files = Vec::new();
    for part in stored {
        if listed.next_if_eq(&part.part_number).is_none() {
            let file: Option<String> = statement.query_row((upload.content, part.part_number), |row| row.get(0))?;
            files.extend(file);
        }
    }
    effects.discard(upload.content, files);
    Ok(())
}

/// The object that this upload became, if it is still there.
fn completed(
    connection: &Connection,
    bucket: &str,
    key: &str,
    upload_id: &str,
) -> rusqlite::Result<Option<ObjectInfo>> {
    connection
        .prepare_cached(&format!(
            "SELECT {} FROM objects WHERE bucket = ?1 AND object_key = ?2 AND upload_id = ?3",
            object::COLUMNS
        ))?
        .query_row((bucket, key, upload_id), object::object_info)
        .optional()
}

/// Gives up every upload of a bucket.
pub(super) fn abort_all(connection: &Connection, effects: &mut Effects, bucket: &str) -> Result<(), BucketError> {
    let mut statement = connection.prepare_cached("DELETE FROM uploads WHERE bucket = ?1 RETURNING content")?;
    let contents: Vec<i64> = statement.query_map([bucket], |row| row.get(0))?.collect::<Result<_, _>>()?;
    contents.into_iter().try_for_each(|content| object::drop_extents(connection, effects, content))
}

fn insert(connection: &Connection, bucket: &str, upload: &MultipartUpload) -> Result<(), BucketError> {
    connection
        .prepare_cached(
            "INSERT INTO uploads (upload_id, bucket, object_key, content, created_at, headers,
               checksum_algorithm, checksum_kind) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            &upload.upload_id,
            bucket,
            &upload.key,
            upload.content,
            upload.created_at.as_millisecond(),
            upload.headers.to_column()?,
            upload.checksum.map(|(algorithm, _)| algorithm.name()),
            upload.checksum.map(|(_, kind)| kind.name()),
        ))?;
    Ok(())
}

fn delete(connection: &Connection, upload_id: &str) -> rusqlite::Result<usize> {
    connection.prepare_cached("DELETE FROM uploads WHERE upload_id = ?1")?.execute([upload_id])
}

const COLUMNS: &str = "upload_id, object_key, content, created_at, headers, checksum_algorithm, checksum_kind";

fn upload_info(row: &Row<'_>) -> rusqlite::Result<MultipartUpload> {
    let algorithm: Option<String> = row.get(5)?;
    let kind: Option<String> = row.get(6)?;
    Ok(MultipartUpload {
        upload_id: row.get(0)?,
        key: row.get(1)?,
        content: row.get(2)?,
        created_at: timestamp(row.get(3)?),
        headers: Headers::from_column(&row.get::<_, String>(4)?),
        checksum: algorithm
            .as_deref()
            .and_then(Algorithm::from_name)
            .zip(kind.as_deref().and_then(ChecksumKind::from_name)),
    })
}

fn require(connection: &Connection, bucket: &str, key: &str, upload_id: &str) -> Result<MultipartUpload, BucketError> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM uploads WHERE upload_id = ?1 AND bucket = ?2 AND object_key = ?3"
        ))?
        .query_row((upload_id, bucket, key), upload_info)
        .optional()?
        .ok_or(BucketError::NoSuchUpload)
}

fn all_parts(connection: &Connection, content: i64) -> Result<Vec<PartInfo>, BucketError> {
    Ok(page(connection, content, 0, usize::from(u16::MAX))?.parts)
}

/// The extents of a content after a part number.
pub(super) fn page(connection: &Connection, content: i64, marker: u32, limit: usize) -> Result<PartPage, BucketError> {
    let mut statement = connection.prepare_cached(
        "SELECT part_number, size, md5, checksums, modified_at FROM extents
         WHERE content = ?1 AND part_number > ?2 ORDER BY part_number LIMIT ?3",
    )?;
    let rows = statement.query_map((content, marker, limit + 1), |row| {
        Ok(PartInfo {
            part_number: row.get(0)?,
            size: row.get(1)?,
            md5: row.get(2)?,
            checksums: Checksums::from_column(&row.get::<_, String>(3)?),
            modified_at: timestamp(row.get(4)?),
        })
    })?;
    let mut parts: Vec<PartInfo> = rows.collect::<Result<_, _>>()?;
    let truncated = parts.len() > limit;
    parts.truncate(limit);
    Ok(PartPage { parts, truncated })
}

/// 192 random bits: an id is never guessed and never reused.
fn random_upload_id() -> Result<String, BucketError> {
    let mut random = [0_u8; 24];
    getrandom::fill(&mut random).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(BASE64URL_NOPAD.encode(&random))
}
