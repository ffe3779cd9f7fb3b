//! Between the engine's types and those of the protocol.

use std::time::SystemTime;

use http::HeaderMap;
use jiff::Timestamp;
use s3s::dto::{self, ETag, ETagCondition, TimestampFormat};
use s3s::{S3Result, s3_error};

use crate::bucket::{Algorithm, Checksum, Checksums, ETagMatch, Headers, ReadConditions, WriteCondition};

/// S3's limit on names and values of user metadata together.
const MAX_METADATA: usize = 2 * 1024;

pub(super) fn etag(value: &str) -> ETag {
    ETag::Strong(value.to_owned())
}

pub(super) fn time(timestamp: Timestamp) -> dto::Timestamp {
    SystemTime::from(timestamp).into()
}

/// The other way, to the second: what conditional headers carry.
pub(super) fn seconds(timestamp: &dto::Timestamp) -> Option<Timestamp> {
    let mut text = Vec::new();
    timestamp.format(TimestampFormat::EpochSeconds, &mut text).ok()?;
    let text = String::from_utf8(text).ok()?;
    let seconds = text.split('.').next()?.parse().ok()?;
    Timestamp::from_second(seconds).ok()
}

pub(super) fn http_date(timestamp: Timestamp) -> String {
    format_http_date(&time(timestamp))
}

fn format_http_date(timestamp: &dto::Timestamp) -> String {
    let mut text = Vec::new();
    // Writing to memory cannot fail; a date that cannot be written is left out.
    let _ = timestamp.format(TimestampFormat::HttpDate, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// A checksum in the fields of an answer.
pub(super) fn checksum_fields(checksum: Option<&Checksum>) -> dto::Checksum {
    let mut fields = dto::Checksum::default();
    if let Some(checksum) = checksum {
        set_field(&mut fields, checksum.algorithm, checksum.value.clone());
        fields.checksum_type = Some(dto::ChecksumType::from_static(checksum.kind.name()));
    }
    fields
}

/// The checksums of a part in the fields of an answer: the one the upload asks for, or those the client sent.
pub(super) fn part_checksum_fields(checksums: &Checksums, shown: Option<Algorithm>) -> dto::Checksum {
    let mut fields = dto::Checksum::default();
    let shown = shown.and_then(|algorithm| Some((algorithm, checksums.base64(algorithm)?)));
    if let Some((algorithm, value)) = shown {
        set_field(&mut fields, algorithm, value);
    }
    fields
}

fn set_field(fields: &mut dto::Checksum, algorithm: Algorithm, value: String) {
    let field = match algorithm {
        Algorithm::Crc32 => &mut fields.checksum_crc32,
        Algorithm::Crc32c => &mut fields.checksum_crc32c,
        Algorithm::Crc64Nvme => &mut fields.checksum_crc64nvme,
        Algorithm::Sha1 => &mut fields.checksum_sha1,
        Algorithm::Sha256 => &mut fields.checksum_sha256,
    };
    *field = Some(value);
}

pub(super) fn algorithm(name: &dto::ChecksumAlgorithm) -> S3Result<Algorithm> {
    Algorithm::from_name(name.as_str()).ok_or_else(|| {
        s3_error!(
            InvalidRequest,
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: \
             [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"
        )
    })
}

/// The headers of a request that are stored with an object.
pub(super) struct StoredHeaders {
    pub(super) content_type: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_language: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) expires: Option<dto::Timestamp>,
    pub(super) metadata: Option<dto::Metadata>,
}

impl StoredHeaders {
    pub(super) fn parse(self) -> S3Result<Headers> {
        let metadata: std::collections::BTreeMap<String, String> =
            self.metadata.unwrap_or_default().into_iter().collect();
        let length: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        if length > MAX_METADATA {
            return Err(s3_error!(MetadataTooLarge, "Your metadata headers exceed the maximum allowed metadata size"));
        }
        Ok(Headers {
            content_type: self.content_type.filter(|value| !value.is_empty()),
            content_encoding: self.content_encoding.and_then(|value| without_framing(&value)),
            content_language: self.content_language,
            content_disposition: self.content_disposition,
            cache_control: self.cache_control,
            expires: self.expires.as_ref().map(format_http_date),
            metadata,
        })
    }
}

/// `aws-chunked` is how the body travelled, not what it is.
fn without_framing(encoding: &str) -> Option<String> {
    let kept: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

pub(super) fn expires(headers: &Headers) -> Option<dto::Timestamp> {
    dto::Timestamp::parse(TimestampFormat::HttpDate, headers.expires.as_deref()?).ok()
}

pub(super) fn metadata(headers: &Headers) -> Option<dto::Metadata> {
    let pairs = headers.metadata.iter();
    let metadata: dto::Metadata = pairs.map(|(name, value)| (name.clone(), value.clone())).collect();
    (!metadata.is_empty()).then_some(metadata)
}

pub(super) fn write_condition(
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
) -> S3Result<WriteCondition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(WriteCondition::Always),
        (None, Some(ETagCondition::Any)) => Ok(WriteCondition::Absent),
        (Some(ETagCondition::Any), None) => Ok(WriteCondition::Present),
        (Some(ETagCondition::ETag(etag)), None) => Ok(WriteCondition::Matches(etag.into_value())),
        (_, Some(_)) => Err(s3_error!(NotImplemented, "If-None-Match on a write must be * and stand alone.")),
    }
}

pub(super) fn read_conditions(
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
    if_modified_since: Option<&dto::Timestamp>,
    if_unmodified_since: Option<&dto::Timestamp>,
) -> ReadConditions {
    let tag = |condition| match condition {
        ETagCondition::Any => ETagMatch::Any,
        ETagCondition::ETag(etag) => ETagMatch::Tag(etag.into_value()),
    };
    ReadConditions {
        if_match: if_match.map(tag),
        if_none_match: if_none_match.map(tag),
        if_modified_since: if_modified_since.and_then(seconds),
        if_unmodified_since: if_unmodified_since.and_then(seconds),
    }
}

/// The first of `names` that a request carries.
pub(super) fn carried<'a>(headers: &HeaderMap, names: &[&'a str]) -> Option<&'a str> {
    names.iter().copied().find(|name| headers.contains_key(*name))
}
