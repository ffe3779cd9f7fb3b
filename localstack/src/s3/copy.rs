//! Server-side copies: the bytes are read and hashed again, so that the copy's ETag and checksum are its own.

use futures::{StreamExt as _, TryStreamExt as _};
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource, MetadataDirective, Range,
    UploadPartCopyInput, UploadPartCopyOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::convert::{self, StoredHeaders, checksum_fields, etag, part_checksum_fields, read_conditions, time};
use super::multipart::part_number;
use super::objects::{refuse_unsupported, refuse_version};
use crate::bucket::{
    Algorithm, Blob, Bucket, BucketError, NewObject, ObjectReader, Publication, ReadConditions, Selection,
    WriteCondition,
};

const MAX_COPY: u64 = 5 * 1024 * 1024 * 1024;

pub(super) async fn copy_object(
    engine: &Bucket,
    request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    refuse_unsupported(&request.headers)?;
    let input = request.input;
    let (source_bucket, source_key) = source(&input.copy_source)?;
    let replaces =
        input.metadata_directive.as_ref().is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
    if !replaces && source_bucket == input.bucket && source_key == input.key {
        return Err(s3_error!(
            InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without changing the \
             object's metadata."
        ));
    }
    engine.check_put(&input.bucket, &input.key, &WriteCondition::Always).await?;
    let conditions = source_conditions(
        input.copy_source_if_match,
        input.copy_source_if_none_match,
        input.copy_source_if_modified_since.as_ref(),
        input.copy_source_if_unmodified_since.as_ref(),
    );
    let (origin, _, reader) =
        engine.read_object(&source_bucket, &source_key, conditions, Selection::All).await.map_err(refused)?;
    if origin.size > MAX_COPY {
        return Err(s3_error!(
            InvalidRequest,
            "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120"
        ));
    }
    let headers = if replaces {
        StoredHeaders {
            content_type: input.content_type,
            content_encoding: input.content_encoding,
            content_language: input.content_language,
            content_disposition: input.content_disposition,
            cache_control: input.cache_control,
            expires: input.expires,
            metadata: input.metadata,
        }
        .parse()?
    } else {
        origin.headers
    };
    let algorithm = match &input.checksum_algorithm {
        Some(name) => convert::algorithm(name)?,
        None => origin.checksum.map_or(Algorithm::Crc64Nvme, |checksum| checksum.algorithm),
    };
    let blob = copy(engine, reader, &[algorithm]).await?;
    let object = NewObject {
        bucket: input.bucket,
        key: input.key,
        headers,
        algorithm,
        condition: WriteCondition::Always,
        publication: Publication::Copy,
    };
    let object = engine.put_object(object, blob).await?;
    let checksum = checksum_fields(object.checksum.as_ref());
    Ok(S3Response::new(CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            checksum_type: checksum.checksum_type,
            e_tag: Some(etag(&object.etag)),
            last_modified: Some(time(object.modified_at)),
        }),
        ..CopyObjectOutput::default()
    }))
}

pub(super) async fn upload_part_copy(
    engine: &Bucket,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let input = request.input;
    let (source_bucket, source_key) = source(&input.copy_source)?;
    let number = part_number(input.part_number)?;
    let upload = engine.upload(&input.bucket, &input.key, &input.upload_id).await?;
    let conditions = source_conditions(
        input.copy_source_if_match,
        input.copy_source_if_none_match,
        input.copy_source_if_modified_since.as_ref(),
        input.copy_source_if_unmodified_since.as_ref(),
    );
    let selection = match input.copy_source_range.as_deref() {
        Some(range) => source_range(range)?,
        None => Selection::All,
    };
    let (origin, range, reader) =
        engine.read_object(&source_bucket, &source_key, conditions, selection).await.map_err(refused)?;
    let cut_short = matches!(selection, Selection::Bytes { last: Some(last), .. } if last >= origin.size);
    if cut_short {
        return Err(s3_error!(
            InvalidArgument,
            "Range specified is not valid for source object of size: {}",
            origin.size
        ));
    }
    if range.end - range.start > MAX_COPY {
        return Err(s3_error!(
            InvalidRequest,
            "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120"
        ));
    }
    let algorithm = upload.object_checksum().0;
    let blob = copy(engine, reader, &[algorithm]).await?;
    let part = engine.put_part(&input.bucket, &input.key, &input.upload_id, number, blob).await?;
    let shown = upload.checksum.map(|(algorithm, _)| algorithm);
    let checksum = part_checksum_fields(&part.checksums, shown);
    Ok(S3Response::new(UploadPartCopyOutput {
        copy_part_result: Some(CopyPartResult {
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            e_tag: Some(etag(&part.etag())),
            last_modified: Some(time(part.modified_at)),
        }),
        ..UploadPartCopyOutput::default()
    }))
}

fn source(source: &CopySource) -> S3Result<(String, String)> {
    match source {
        CopySource::Bucket { bucket, key, version_id } => {
            refuse_version(version_id.as_deref())?;
            Ok((bucket.to_string(), key.to_string()))
        }
        _ => Err(s3_error!(NotImplemented, "Copy sources are buckets here, not access points.")),
    }
}

fn source_conditions(
    if_match: Option<s3s::dto::ETagCondition>,
    if_none_match: Option<s3s::dto::ETagCondition>,
    if_modified_since: Option<&s3s::dto::Timestamp>,
    if_unmodified_since: Option<&s3s::dto::Timestamp>,
) -> ReadConditions {
    read_conditions(if_match, if_none_match, if_modified_since, if_unmodified_since)
}

/// A copy has no 304: an unmodified source is a failed condition.
fn refused(error: BucketError) -> s3s::S3Error {
    match error {
        BucketError::NotModified { .. } => BucketError::PreconditionFailed.into(),
        other => other.into(),
    }
}

fn source_range(range: &str) -> S3Result<Selection> {
    match Range::parse(range) {
        Ok(Range::Int { first, last: Some(last) }) => Ok(Selection::Bytes { first, last: Some(last) }),
        _ => Err(s3_error!(
            InvalidArgument,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
             zero-based offsets of the first and last bytes to copy"
        )),
    }
}

async fn copy(engine: &Bucket, reader: ObjectReader, algorithms: &[Algorithm]) -> S3Result<Blob> {
    let mut writer = engine.receive(algorithms);
    let mut bytes = Box::pin(reader.into_stream().map_err(BucketError::from));
    while let Some(bytes) = bytes.next().await {
        writer.write(bytes?).await?;
    }
    Ok(writer.finish().await?)
}
