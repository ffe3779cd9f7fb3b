//! Buckets and the listing of their objects.

use std::fmt::Write as _;

use data_encoding::BASE64URL_NOPAD;
use s3s::dto::{
    self, BucketLocationConstraint, CommonPrefix, CreateBucketInput, CreateBucketOutput, DeleteBucketInput,
    DeleteBucketOutput, GetBucketLocationInput, GetBucketLocationOutput, GetBucketVersioningInput,
    GetBucketVersioningOutput, HeadBucketInput, HeadBucketOutput, ListBucketsInput, ListBucketsOutput,
    ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, Object, ObjectStorageClass, Owner,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::convert::{etag, time};
use crate::bucket::{Bucket, Creation, Listing, ObjectInfo, Page};

/// The region where S3 answers the creation of one's own bucket with success.
const FORGIVING: &str = "us-east-1";
const MAX_KEYS: i32 = 1_000;

pub(super) async fn create_bucket(
    engine: &Bucket,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let input = request.input;
    let constraint = input.create_bucket_configuration.and_then(|configuration| configuration.location_constraint);
    if let Some(constraint) = constraint.filter(|it| it.as_str() != engine.region()) {
        return Err(s3_error!(
            IllegalLocationConstraintException,
            "The {} location constraint is incompatible for the region specific endpoint this request was sent to.",
            constraint.as_str()
        ));
    }
    let creation = engine.create_bucket(&input.bucket).await?;
    if creation == Creation::Existed && engine.region() != FORGIVING {
        return Err(s3_error!(
            BucketAlreadyOwnedByYou,
            "Your previous request to create the named bucket succeeded and you already own it."
        ));
    }
    Ok(S3Response::new(CreateBucketOutput { location: Some(format!("/{}", input.bucket)) }))
}

pub(super) async fn delete_bucket(
    engine: &Bucket,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<S3Response<DeleteBucketOutput>> {
    engine.delete_bucket(&request.input.bucket).await?;
    Ok(S3Response::new(DeleteBucketOutput::default()))
}

pub(super) async fn head_bucket(
    engine: &Bucket,
    request: S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    engine.bucket(&request.input.bucket).await?;
    Ok(S3Response::new(HeadBucketOutput {
        bucket_region: Some(engine.region().to_owned()),
        ..HeadBucketOutput::default()
    }))
}

pub(super) async fn get_bucket_location(
    engine: &Bucket,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    engine.bucket(&request.input.bucket).await?;
    let elsewhere = engine.region() != FORGIVING;
    let location = elsewhere.then(|| BucketLocationConstraint::from(engine.region().to_owned()));
    Ok(S3Response::new(GetBucketLocationOutput { location_constraint: location }))
}

/// Nothing is versioned here, and saying so keeps clients from guessing.
pub(super) async fn get_bucket_versioning(
    engine: &Bucket,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<S3Response<GetBucketVersioningOutput>> {
    engine.bucket(&request.input.bucket).await?;
    Ok(S3Response::new(GetBucketVersioningOutput::default()))
}

pub(super) async fn list_buckets(
    engine: &Bucket,
    request: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let prefix = request.input.prefix.unwrap_or_default();
    let buckets = engine.buckets().await?;
    let buckets = buckets
        .into_iter()
        .filter(|bucket| bucket.name.starts_with(&prefix))
        .map(|bucket| dto::Bucket {
            bucket_region: Some(engine.region().to_owned()),
            creation_date: Some(time(bucket.created_at)),
            name: Some(bucket.name),
        })
        .collect();
    Ok(S3Response::new(ListBucketsOutput {
        buckets: Some(buckets),
        owner: Some(owner()),
        ..ListBucketsOutput::default()
    }))
}

pub(super) async fn list_objects_v2(
    engine: &Bucket,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let input = request.input;
    let max_keys = max_keys(input.max_keys)?;
    let after = match &input.continuation_token {
        Some(token) => Some(key_of(token)?),
        None => input.start_after.clone(),
    };
    let listing = listing(input.prefix.as_deref(), input.delimiter.as_deref(), after, max_keys);
    let page = engine.list_objects(&input.bucket, listing).await?;
    let names = Names::new(input.encoding_type.as_ref())?;
    let with_owner = input.fetch_owner.unwrap_or(false);
    Ok(S3Response::new(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(names.show(input.prefix.as_deref().unwrap_or_default())),
        max_keys: Some(max_keys),
        key_count: i32::try_from(page.objects.len() + page.prefixes.len()).ok(),
        continuation_token: input.continuation_token,
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.as_ref().map(|key| token_of(key)),
        contents: Some(names.objects(&page, with_owner)),
        common_prefixes: Some(names.prefixes(&page)),
        delimiter: input.delimiter.map(|delimiter| names.show(&delimiter)),
        encoding_type: input.encoding_type,
        start_after: input.start_after.map(|key| names.show(&key)),
        request_charged: None,
    }))
}

pub(super) async fn list_objects(
    engine: &Bucket,
    request: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let input = request.input;
    let max_keys = max_keys(input.max_keys)?;
    let listing = listing(input.prefix.as_deref(), input.delimiter.as_deref(), input.marker.clone(), max_keys);
    let page = engine.list_objects(&input.bucket, listing).await?;
    let names = Names::new(input.encoding_type.as_ref())?;
    // Without a delimiter the last key serves as the next marker.
    let next_marker = page.next.as_ref().filter(|_| input.delimiter.is_some());
    Ok(S3Response::new(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(names.show(input.prefix.as_deref().unwrap_or_default())),
        marker: Some(names.show(input.marker.as_deref().unwrap_or_default())),
        max_keys: Some(max_keys),
        is_truncated: Some(page.next.is_some()),
        contents: Some(names.objects(&page, true)),
        common_prefixes: Some(names.prefixes(&page)),
        next_marker: next_marker.map(|key| names.show(key)),
        delimiter: input.delimiter.map(|delimiter| names.show(&delimiter)),
        encoding_type: input.encoding_type,
        request_charged: None,
    }))
}

fn max_keys(asked: Option<i32>) -> S3Result<i32> {
    match asked.unwrap_or(MAX_KEYS) {
        negative if negative < 0 => Err(s3_error!(InvalidArgument, "max-keys must not be negative")),
        asked => Ok(asked.min(MAX_KEYS)),
    }
}

fn listing(prefix: Option<&str>, delimiter: Option<&str>, after: Option<String>, max_keys: i32) -> Listing {
    Listing {
        prefix: prefix.unwrap_or_default().to_owned(),
        delimiter: delimiter.map(str::to_owned),
        after: after.filter(|key| !key.is_empty()),
        limit: usize::try_from(max_keys).unwrap_or_default(),
    }
}

fn token_of(key: &str) -> String {
    BASE64URL_NOPAD.encode(key.as_bytes())
}

fn key_of(token: &str) -> S3Result<String> {
    BASE64URL_NOPAD
        .decode(token.as_bytes())
        .ok()
        .and_then(|key| String::from_utf8(key).ok())
        .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))
}

/// Keys as the answer shows them: XML cannot hold every character, so clients ask for `encoding-type=url`.
pub(super) struct Names {
    encoded: bool,
}

impl Names {
    pub(super) fn new(encoding: Option<&dto::EncodingType>) -> S3Result<Self> {
        match encoding.map(dto::EncodingType::as_str) {
            None => Ok(Self { encoded: false }),
            Some(dto::EncodingType::URL) => Ok(Self { encoded: true }),
            Some(_) => Err(s3_error!(InvalidArgument, "Invalid Encoding Method specified in Request")),
        }
    }

    pub(super) fn show(&self, key: &str) -> String {
        if !self.encoded {
            return key.to_owned();
        }
        let mut shown = String::with_capacity(key.len());
        for byte in key.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                    shown.push(char::from(byte));
                }
                _ => {
                    // Writing to a string cannot fail.
                    let _ = write!(shown, "%{byte:02X}");
                }
            }
        }
        shown
    }

    fn objects(&self, page: &Page, with_owner: bool) -> Vec<Object> {
        let objects = page.objects.iter();
        objects.map(|object| self.object(object, with_owner)).collect()
    }

    fn object(&self, object: &ObjectInfo, with_owner: bool) -> Object {
        let checksum = object.checksum.as_ref();
        Object {
            checksum_algorithm: checksum
                .map(|checksum| vec![dto::ChecksumAlgorithm::from_static(checksum.algorithm.name())]),
            checksum_type: checksum.map(|checksum| dto::ChecksumType::from_static(checksum.kind.name())),
            e_tag: Some(etag(&object.etag)),
            key: Some(self.show(&object.key)),
            last_modified: Some(time(object.modified_at)),
            owner: with_owner.then(owner),
            restore_status: None,
            size: i64::try_from(object.size).ok(),
            storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        }
    }

    fn prefixes(&self, page: &Page) -> Vec<CommonPrefix> {
        let shown = page.prefixes.iter().map(|prefix| self.show(prefix));
        shown.map(|prefix| CommonPrefix { prefix: Some(prefix) }).collect()
    }
}

/// Everything here belongs to whoever runs the stack.
pub(super) fn owner() -> Owner {
    Owner { display_name: Some("local".into()), id: Some("local".into()) }
}
