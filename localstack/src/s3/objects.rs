//! Objects: put, get, head, delete, attributes.

use std::ops::Range;

use futures::TryStreamExt as _;
use http::HeaderMap;
use s3s::dto::{
    self, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectAttributesParts, GetObjectInput, GetObjectOutput,
    HeadObjectInput, HeadObjectOutput, ObjectAttributes, ObjectPart, PutObjectInput, PutObjectOutput, StorageClass,
    StreamingBlob,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::body::receive;
use super::checks::Declared;
use super::convert::{
    StoredHeaders, carried, checksum_fields, etag, expires, metadata, part_checksum_fields, read_conditions, time,
    write_condition,
};
use crate::bucket::{
    Algorithm, Bucket, Doomed, NewObject, ObjectInfo, ObjectReader, PartPage, Publication, Selection, WriteCondition,
};

/// What S3 says of an object that was stored without a type.
const NO_TYPE: &str = "binary/octet-stream";
const MAX_DELETES: usize = 1_000;
const MAX_PARTS: i32 = 1_000;
/// What would be a lie to accept: none of it is kept here.
const UNSUPPORTED: [&str; 8] = [
    "x-amz-tagging",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
];
const ACLS: [&str; 2] = ["private", "bucket-owner-full-control"];

pub(super) async fn put_object(
    engine: &Bucket,
    request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    refuse_unsupported(&request.headers)?;
    let declared = Declared::parse(&request.headers)?;
    let input = request.input;
    let condition = write_condition(input.if_match, input.if_none_match)?;
    // Now, too: a client that would be refused need not send its body.
    engine.check_put(&input.bucket, &input.key, &condition).await?;
    let headers = StoredHeaders {
        content_type: input.content_type,
        content_encoding: input.content_encoding,
        content_language: input.content_language,
        content_disposition: input.content_disposition,
        cache_control: input.cache_control,
        expires: input.expires,
        metadata: input.metadata,
    }
    .parse()?;
    let algorithm = declared.algorithm().unwrap_or(Algorithm::Crc64Nvme);
    let trailing = request.trailing_headers.as_ref();
    let blob = receive(engine, input.body, trailing, &declared, &[algorithm]).await?;
    let object = NewObject {
        bucket: input.bucket,
        key: input.key,
        headers,
        algorithm,
        condition,
        publication: Publication::Put,
    };
    let object = engine.put_object(object, blob).await?;
    let checksum = checksum_fields(object.checksum.as_ref());
    Ok(S3Response::new(PutObjectOutput {
        e_tag: Some(etag(&object.etag)),
        checksum_crc32: checksum.checksum_crc32,
        checksum_crc32c: checksum.checksum_crc32c,
        checksum_crc64nvme: checksum.checksum_crc64nvme,
        checksum_sha1: checksum.checksum_sha1,
        checksum_sha256: checksum.checksum_sha256,
        checksum_type: checksum.checksum_type,
        ..PutObjectOutput::default()
    }))
}

pub(super) async fn get_object(
    engine: &Bucket,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let input = request.input;
    refuse_version(input.version_id.as_deref())?;
    let conditions = read_conditions(
        input.if_match,
        input.if_none_match,
        input.if_modified_since.as_ref(),
        input.if_unmodified_since.as_ref(),
    );
    let selection = selection(input.range, input.part_number)?;
    let (object, range, reader) = engine.read_object(&input.bucket, &input.key, conditions, selection).await?;
    let shown = Shown::of(&object, &range, selection, input.checksum_mode.as_ref());
    Ok(S3Response::new(GetObjectOutput {
        body: Some(stream(reader, &range)),
        accept_ranges: Some("bytes".into()),
        content_length: shown.length,
        content_range: shown.content_range,
        parts_count: shown.parts_count,
        checksum_crc32: shown.checksum.checksum_crc32,
        checksum_crc32c: shown.checksum.checksum_crc32c,
        checksum_crc64nvme: shown.checksum.checksum_crc64nvme,
        checksum_sha1: shown.checksum.checksum_sha1,
        checksum_sha256: shown.checksum.checksum_sha256,
        checksum_type: shown.checksum.checksum_type,
        e_tag: Some(etag(&object.etag)),
        last_modified: Some(time(object.modified_at)),
        expires: expires(&object.headers),
        metadata: metadata(&object.headers),
        content_type: shown.content_type,
        content_encoding: object.headers.content_encoding,
        content_language: object.headers.content_language,
        content_disposition: object.headers.content_disposition,
        cache_control: object.headers.cache_control,
        ..GetObjectOutput::default()
    }))
}

pub(super) async fn head_object(
    engine: &Bucket,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let input = request.input;
    refuse_version(input.version_id.as_deref())?;
    let conditions = read_conditions(
        input.if_match,
        input.if_none_match,
        input.if_modified_since.as_ref(),
        input.if_unmodified_since.as_ref(),
    );
    let selection = selection(input.range, input.part_number)?;
    let (object, range) = engine.head_object(&input.bucket, &input.key, conditions, selection).await?;
    let shown = Shown::of(&object, &range, selection, input.checksum_mode.as_ref());
    let status = shown.content_range.as_ref().map(|_| http::StatusCode::PARTIAL_CONTENT);
    let mut response = S3Response::new(HeadObjectOutput {
        accept_ranges: Some("bytes".into()),
        content_length: shown.length,
        content_range: shown.content_range,
        parts_count: shown.parts_count,
        checksum_crc32: shown.checksum.checksum_crc32,
        checksum_crc32c: shown.checksum.checksum_crc32c,
        checksum_crc64nvme: shown.checksum.checksum_crc64nvme,
        checksum_sha1: shown.checksum.checksum_sha1,
        checksum_sha256: shown.checksum.checksum_sha256,
        checksum_type: shown.checksum.checksum_type,
        e_tag: Some(etag(&object.etag)),
        last_modified: Some(time(object.modified_at)),
        expires: expires(&object.headers),
        metadata: metadata(&object.headers),
        content_type: shown.content_type,
        content_encoding: object.headers.content_encoding,
        content_language: object.headers.content_language,
        content_disposition: object.headers.content_disposition,
        cache_control: object.headers.cache_control,
        ..HeadObjectOutput::default()
    });
    response.status = status;
    Ok(response)
}

pub(super) async fn get_object_attributes(
    engine: &Bucket,
    request: S3Request<GetObjectAttributesInput>,
) -> S3Result<S3Response<GetObjectAttributesOutput>> {
    let input = request.input;
    refuse_version(input.version_id.as_deref())?;
    let (object, _) =
        engine.head_object(&input.bucket, &input.key, read_conditions(None, None, None, None), Selection::All).await?;
    let names = input.object_attributes.iter().flat_map(|names| names.as_str().split(','));
    let asked: Vec<&str> = names.map(str::trim).collect();
    let asks = |name| asked.contains(&name);
    let parts = match object.part_count {
        Some(total) if asks(ObjectAttributes::OBJECT_PARTS) => {
            let marker = u32::try_from(input.part_number_marker.unwrap_or(0)).unwrap_or(0);
            let limit = input.max_parts.unwrap_or(MAX_PARTS).clamp(0, MAX_PARTS);
            let page = engine.object_parts(&object, marker, usize::try_from(limit).unwrap_or_default()).await?;
            Some(attribute_parts(&object, total, marker, limit, &page))
        }
        _ => None,
    };
    Ok(S3Response::new(GetObjectAttributesOutput {
        // S3 leaves out the count of a composite here.
        checksum: asks(ObjectAttributes::CHECKSUM).then(|| {
            let bare = object.checksum.clone().map(|mut checksum| {
                checksum.value = checksum.value.split('-').next().unwrap_or_default().to_owned();
                checksum
            });
            checksum_fields(bare.as_ref())
        }),
        e_tag: asks(ObjectAttributes::ETAG).then(|| etag(&object.etag)),
        last_modified: Some(time(object.modified_at)),
        object_parts: parts,
        object_size: asks(ObjectAttributes::OBJECT_SIZE).then(|| i64::try_from(object.size).ok()).flatten(),
        storage_class: asks(ObjectAttributes::STORAGE_CLASS).then(|| StorageClass::from_static(StorageClass::STANDARD)),
        ..GetObjectAttributesOutput::default()
    }))
}

fn attribute_parts(
    object: &ObjectInfo,
    total: u32,
    marker: u32,
    limit: i32,
    page: &PartPage,
) -> GetObjectAttributesParts {
    let algorithm = object.checksum.as_ref().map(|checksum| checksum.algorithm);
    let number = |number: u32| i32::try_from(number).ok();
    let parts = page.parts.iter().map(|part| {
        let checksum = part_checksum_fields(&part.checksums, algorithm);
        ObjectPart {
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            part_number: number(part.part_number),
            size: i64::try_from(part.size).ok(),
        }
    });
    GetObjectAttributesParts {
        is_truncated: Some(page.truncated),
        max_parts: Some(limit),
        next_part_number_marker: page.parts.last().and_then(|part| number(part.part_number)),
        part_number_marker: number(marker),
        parts: Some(parts.collect()),
        total_parts_count: number(total),
    }
}

pub(super) async fn delete_object(
    engine: &Bucket,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let input = request.input;
    refuse_version(input.version_id.as_deref())?;
    let doomed = Doomed { key: input.key, condition: write_condition(input.if_match, None)? };
    let deleted = engine.delete_objects(&input.bucket, vec![doomed]).await?;
    deleted.into_iter().collect::<Result<(), _>>()?;
    Ok(S3Response::new(DeleteObjectOutput::default()))
}

pub(super) async fn delete_objects(
    engine: &Bucket,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let delete = request.input.delete;
    if delete.objects.is_empty() || delete.objects.len() > MAX_DELETES {
        return Err(s3_error!(MalformedXML, "Between 1 and 1,000 keys are deleted at a time."));
    }
    let doomed: Vec<Doomed> = delete
        .objects
        .into_iter()
        .map(|object| Doomed {
            key: object.key,
            condition: object.e_tag.map_or(WriteCondition::Always, |etag| WriteCondition::Matches(etag.into_value())),
        })
        .collect();
    let keys: Vec<String> = doomed.iter().map(|doomed| doomed.key.clone()).collect();
    let outcomes = engine.delete_objects(&request.input.bucket, doomed).await?;
    let mut output = DeleteObjectsOutput::default();
    let mut deleted = Vec::new();
    let mut errors = Vec::new();
    for (key, outcome) in keys.into_iter().zip(outcomes) {
        match outcome.map_err(S3Error::from) {
            Ok(()) => deleted.push(DeletedObject { key: Some(key), ..DeletedObject::default() }),
            Err(error) => errors.push(dto::Error {
                code: Some(error.code().as_str().to_owned()),
                key: Some(key),
                message: error.message().map(str::to_owned),
                version_id: None,
            }),
        }
    }
    output.deleted = (!delete.quiet.unwrap_or(false)).then_some(deleted);
    output.errors = (!errors.is_empty()).then_some(errors);
    Ok(S3Response::new(output))
}

/// What both GET and HEAD say.
struct Shown {
    length: Option<i64>,
    content_range: Option<String>,
    content_type: Option<String>,
    parts_count: Option<i32>,
    checksum: dto::Checksum,
}

impl Shown {
    fn of(object: &ObjectInfo, range: &Range<u64>, selection: Selection, mode: Option<&dto::ChecksumMode>) -> Self {
        let partial = selection != Selection::All;
        // A checksum of the whole beside a part of the bytes would look like corruption to clients.
        let wants_checksum = mode.is_some_and(|mode| mode.as_str() == dto::ChecksumMode::ENABLED) && !partial;
        let by_part = matches!(selection, Selection::Part(_));
        Self {
            length: i64::try_from(range.end - range.start).ok(),
            content_range: (partial && range.end > range.start)
                .then(|| format!("bytes {}-{}/{}", range.start, range.end - 1, object.size)),
            content_type: Some(object.headers.content_type.clone().unwrap_or_else(|| NO_TYPE.to_owned())),
            parts_count: object.part_count.filter(|_| by_part).and_then(|count| i32::try_from(count).ok()),
            checksum: checksum_fields(object.checksum.as_ref().filter(|_| wants_checksum)),
        }
    }
}

fn selection(range: Option<dto::Range>, part_number: Option<i32>) -> S3Result<Selection> {
    match (range, part_number) {
        (None, None) => Ok(Selection::All),
        (Some(dto::Range::Int { first, last }), None) => Ok(Selection::Bytes { first, last }),
        (Some(dto::Range::Suffix { length }), None) => Ok(Selection::Suffix(length)),
        (None, Some(number)) => Ok(Selection::Part(super::multipart::part_number(number)?)),
        (Some(_), Some(_)) => {
            Err(s3_error!(InvalidRequest, "Cannot specify both Range header and partNumber query parameter"))
        }
    }
}

fn stream(reader: ObjectReader, range: &Range<u64>) -> StreamingBlob {
    let length = range.end - range.start;
    let frames = reader.into_stream().map_ok(http_body::Frame::data);
    let body = Sized { inner: http_body_util::StreamBody::new(Box::pin(frames)), length };
    StreamingBlob::from(s3s::Body::http_body_unsync(body))
}

/// A body that knows its length.
struct Sized<B> {
    inner: B,
    length: u64,
}

impl<B: http_body::Body + Unpin> http_body::Body for Sized<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<B::Data>, B::Error>>> {
        std::pin::Pin::new(&mut self.inner).poll_frame(context)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.length)
    }
}

/// There is one version of everything, and S3 calls it `null`.
pub(super) fn refuse_version(version_id: Option<&str>) -> S3Result<()> {
    match version_id {
        None | Some("null") => Ok(()),
        Some(_) => Err(s3_error!(NoSuchVersion, "The specified version does not exist.")),
    }
}

/// What is asked for beside the bytes, but not kept here, is refused rather than forgotten.
pub(super) fn refuse_unsupported(headers: &HeaderMap) -> S3Result<()> {
    if let Some(name) = carried(headers, &UNSUPPORTED) {
        return Err(s3_error!(NotImplemented, "this bucket has nothing like what the header {name} asks for"));
    }
    let acl = headers.get("x-amz-acl").map(http::HeaderValue::as_bytes);
    let grants = headers.keys().any(|name| name.as_str().starts_with("x-amz-grant-"));
    if grants || acl.is_some_and(|acl| !ACLS.iter().any(|known| known.as_bytes() == acl)) {
        return Err(s3_error!(AccessControlListNotSupported, "The bucket does not allow ACLs"));
    }
    let class = headers.get("x-amz-storage-class").map(http::HeaderValue::as_bytes);
    if class.is_some_and(|class| class != b"STANDARD") {
        return Err(s3_error!(InvalidStorageClass, "The storage class you specified is not valid."));
    }
    Ok(())
}
