//! Multipart uploads.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, Initiator, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput,
    ListPartsOutput, MultipartUpload as UploadEntry, Part, StorageClass, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::body::receive;
use super::buckets::{Names, owner};
use super::checks::Declared;
use super::convert::{self, StoredHeaders, checksum_fields, etag, part_checksum_fields, time, write_condition};
use super::objects::refuse_unsupported;
use crate::bucket::{Algorithm, Bucket, ChecksumKind, Completion, ListedPart, MultipartUpload, PartInfo, UploadMarker};

const MAX_PART_NUMBER: i32 = 10_000;
const MAX_PAGE: i32 = 1_000;

pub(super) async fn create_multipart_upload(
    engine: &Bucket,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    refuse_unsupported(&request.headers)?;
    let input = request.input;
    let checksum = wanted_checksum(input.checksum_algorithm.as_ref(), input.checksum_type.as_ref())?;
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
    let upload = engine.create_upload(&input.bucket, &input.key, headers, checksum).await?;
    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        checksum_algorithm: shown_algorithm(&upload),
        checksum_type: shown_type(&upload),
        upload_id: Some(upload.upload_id),
        ..CreateMultipartUploadOutput::default()
    }))
}

pub(super) async fn upload_part(
    engine: &Bucket,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let declared = Declared::parse(&request.headers)?;
    let input = request.input;
    let number = part_number(input.part_number)?;
    let upload = engine.upload(&input.bucket, &input.key, &input.upload_id).await?;
    check_algorithm(&upload, declared.algorithm())?;
    let algorithms: Vec<Algorithm> = declared.algorithm().into_iter().chain([upload.object_checksum().0]).collect();
    let trailing = request.trailing_headers.as_ref();
    let blob = receive(engine, input.body, trailing, &declared, &algorithms).await?;
    let part = engine.put_part(&input.bucket, &input.key, &input.upload_id, number, blob).await?;
    let shown = declared.algorithm().or(upload.checksum.map(|(algorithm, _)| algorithm));
    let checksum = part_checksum_fields(&part.checksums, shown);
    Ok(S3Response::new(UploadPartOutput {
        e_tag: Some(etag(&part.etag())),
        checksum_crc32: checksum.checksum_crc32,
        checksum_crc32c: checksum.checksum_crc32c,
        checksum_crc64nvme: checksum.checksum_crc64nvme,
        checksum_sha1: checksum.checksum_sha1,
        checksum_sha256: checksum.checksum_sha256,
        ..UploadPartOutput::default()
    }))
}

pub(super) async fn complete_multipart_upload(
    engine: &Bucket,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let input = request.input;
    let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    if parts.is_empty() {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published schema"
        ));
    }
    let declared = [
        (Algorithm::Crc32, input.checksum_crc32),
        (Algorithm::Crc32c, input.checksum_crc32c),
        (Algorithm::Crc64Nvme, input.checksum_crc64nvme),
        (Algorithm::Sha1, input.checksum_sha1),
        (Algorithm::Sha256, input.checksum_sha256),
    ];
    let completion = Completion {
        parts: parts.into_iter().map(listed_part).collect::<S3Result<_>>()?,
        object_size: input.mpu_object_size.map(size).transpose()?,
        checksum: declared.into_iter().find_map(|(algorithm, value)| Some((algorithm, value?))),
        kind: input.checksum_type.as_ref().map(kind).transpose()?,
        condition: write_condition(input.if_match, input.if_none_match)?,
    };
    let object = engine.complete_upload(&input.bucket, &input.key, &input.upload_id, completion).await?;
    let checksum = checksum_fields(object.checksum.as_ref());
    Ok(S3Response::new(CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(etag(&object.etag)),
        checksum_crc32: checksum.checksum_crc32,
        checksum_crc32c: checksum.checksum_crc32c,
        checksum_crc64nvme: checksum.checksum_crc64nvme,
        checksum_sha1: checksum.checksum_sha1,
        checksum_sha256: checksum.checksum_sha256,
        checksum_type: checksum.checksum_type,
        ..CompleteMultipartUploadOutput::default()
    }))
}

pub(super) async fn abort_multipart_upload(
    engine: &Bucket,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let input = request.input;
    engine.abort_upload(&input.bucket, &input.key, &input.upload_id).await?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}

pub(super) async fn list_parts(
    engine: &Bucket,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let input = request.input;
    let marker = input.part_number_marker.unwrap_or(0);
    let limit = page_size("max-parts", input.max_parts)?;
    let upload = engine.upload(&input.bucket, &input.key, &input.upload_id).await?;
    let after =
        u32::try_from(marker).map_err(|_| s3_error!(InvalidArgument, "part-number-marker must not be negative"))?;
    let page = engine.parts(&upload, after, usize::try_from(limit).unwrap_or_default()).await?;
    let last = page.parts.last().and_then(|part| i32::try_from(part.part_number).ok());
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        checksum_algorithm: shown_algorithm(&upload),
        checksum_type: shown_type(&upload),
        initiator: Some(initiator()),
        owner: Some(owner()),
        is_truncated: Some(page.truncated),
        max_parts: Some(limit),
        next_part_number_marker: Some(last.unwrap_or(marker)),
        part_number_marker: Some(marker),
        parts: Some(page.parts.iter().map(|part| list_entry(&upload, part)).collect()),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        upload_id: Some(upload.upload_id),
        ..ListPartsOutput::default()
    }))
}

pub(super) async fn list_multipart_uploads(
    engine: &Bucket,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let input = request.input;
    if input.delimiter.as_ref().is_some_and(|delimiter| !delimiter.is_empty()) {
        return Err(s3_error!(NotImplemented, "Multipart uploads are not listed by delimiter."));
    }
    let limit = page_size("max-uploads", input.max_uploads)?;
    let names = Names::new(input.encoding_type.as_ref())?;
    let marker = UploadMarker {
        key: input.key_marker.clone().unwrap_or_default(),
        upload_id: input.upload_id_marker.clone().filter(|id| !id.is_empty()),
    };
    let prefix = input.prefix.clone().unwrap_or_default();
    let page = engine.uploads(&input.bucket, &prefix, marker, usize::try_from(limit).unwrap_or_default()).await?;
    let last = page.uploads.last().filter(|_| page.truncated);
    Ok(S3Response::new(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        is_truncated: Some(page.truncated),
        next_key_marker: last.map(|upload| names.show(&upload.key)),
        next_upload_id_marker: last.map(|upload| upload.upload_id.clone()),
        uploads: Some(page.uploads.iter().map(|upload| upload_entry(upload, &names)).collect()),
        key_marker: Some(names.show(&input.key_marker.unwrap_or_default())),
        upload_id_marker: input.upload_id_marker,
        max_uploads: Some(limit),
        prefix: Some(names.show(&prefix)),
        encoding_type: input.encoding_type,
        ..ListMultipartUploadsOutput::default()
    }))
}

/// Part numbers go from 1 to 10,000.
pub(super) fn part_number(number: i32) -> S3Result<u32> {
    match u32::try_from(number) {
        Ok(valid) if (1..=MAX_PART_NUMBER).contains(&number) => Ok(valid),
        _ => Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive")),
    }
}

/// The combinations S3 has: a SHA of a whole cannot be had from parts, and CRC64NVME has no composite.
fn wanted_checksum(
    algorithm: Option<&ChecksumAlgorithm>,
    asked: Option<&ChecksumType>,
) -> S3Result<Option<(Algorithm, ChecksumKind)>> {
    let asked = asked.map(kind).transpose()?;
    let Some(algorithm) = algorithm.map(convert::algorithm).transpose()? else {
        return match asked {
            None => Ok(None),
            Some(_) => Err(s3_error!(
                InvalidRequest,
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
            )),
        };
    };
    let usual = match algorithm {
        Algorithm::Crc64Nvme => ChecksumKind::FullObject,
        _ => ChecksumKind::Composite,
    };
    let kind = asked.unwrap_or(usual);
    let exists = match algorithm {
        Algorithm::Crc32 | Algorithm::Crc32c => true,
        Algorithm::Crc64Nvme | Algorithm::Sha1 | Algorithm::Sha256 => kind == usual,
    };
    if !exists {
        return Err(s3_error!(
            InvalidRequest,
            "The {} checksum type cannot be used with the {} checksum algorithm.",
            kind.name(),
            algorithm.name().to_lowercase()
        ));
    }
    Ok(Some((algorithm, kind)))
}

fn kind(name: &ChecksumType) -> S3Result<ChecksumKind> {
    ChecksumKind::from_name(name.as_str())
        .ok_or_else(|| s3_error!(InvalidRequest, "Value for x-amz-checksum-type header is invalid."))
}

fn check_algorithm(upload: &MultipartUpload, sent: Option<Algorithm>) -> S3Result<()> {
    let Some((wanted, _)) = upload.checksum else {
        return Ok(());
    };
    let missing = sent.is_none() && upload.required_of_parts().is_some();
    if !missing && sent.is_none_or(|sent| sent == wanted) {
        return Ok(());
    }
    Err(s3_error!(
        InvalidRequest,
        "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
        wanted.name().to_lowercase(),
        sent.map_or_else(|| "null".to_owned(), |sent| sent.name().to_lowercase())
    ))
}

fn listed_part(part: CompletedPart) -> S3Result<ListedPart> {
    let (Some(number), Some(etag)) = (part.part_number, part.e_tag) else {
        return Err(s3_error!(MalformedXML, "A part needs its number and its ETag."));
    };
    let checksums = [
        (Algorithm::Crc32, part.checksum_crc32),
        (Algorithm::Crc32c, part.checksum_crc32c),
        (Algorithm::Crc64Nvme, part.checksum_crc64nvme),
        (Algorithm::Sha1, part.checksum_sha1),
        (Algorithm::Sha256, part.checksum_sha256),
    ];
    Ok(ListedPart {
        part_number: part_number(number)?,
        etag: etag.into_value(),
        checksums: checksums.into_iter().filter_map(|(algorithm, value)| Some((algorithm, value?))).collect(),
    })
}

fn size(declared: i64) -> S3Result<u64> {
    u64::try_from(declared).map_err(|_| s3_error!(InvalidRequest, "Value for x-amz-mp-object-size header is invalid."))
}

fn page_size(name: &str, asked: Option<i32>) -> S3Result<i32> {
    match asked.unwrap_or(MAX_PAGE) {
        negative if negative < 0 => Err(s3_error!(InvalidArgument, "{name} must not be negative")),
        asked => Ok(asked.min(MAX_PAGE)),
    }
}

fn list_entry(upload: &MultipartUpload, part: &PartInfo) -> Part {
    let checksum = part_checksum_fields(&part.checksums, upload.checksum.map(|(algorithm, _)| algorithm));
    Part {
        checksum_crc32: checksum.checksum_crc32,
        checksum_crc32c: checksum.checksum_crc32c,
        checksum_crc64nvme: checksum.checksum_crc64nvme,
        checksum_sha1: checksum.checksum_sha1,
        checksum_sha256: checksum.checksum_sha256,
        e_tag: Some(etag(&part.etag())),
        last_modified: Some(time(part.modified_at)),
        part_number: i32::try_from(part.part_number).ok(),
        size: i64::try_from(part.size).ok(),
    }
}

fn upload_entry(upload: &MultipartUpload, names: &Names) -> UploadEntry {
    UploadEntry {
        checksum_algorithm: shown_algorithm(upload),
        checksum_type: shown_type(upload),
        initiated: Some(time(upload.created_at)),
        initiator: Some(initiator()),
        key: Some(names.show(&upload.key)),
        owner: Some(owner()),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        upload_id: Some(upload.upload_id.clone()),
    }
}

fn shown_algorithm(upload: &MultipartUpload) -> Option<ChecksumAlgorithm> {
    upload.checksum.map(|(algorithm, _)| ChecksumAlgorithm::from_static(algorithm.name()))
}

fn shown_type(upload: &MultipartUpload) -> Option<ChecksumType> {
    upload.checksum.map(|(_, kind)| ChecksumType::from_static(kind.name()))
}

fn initiator() -> Initiator {
    Initiator { display_name: owner().display_name, id: owner().id }
}
