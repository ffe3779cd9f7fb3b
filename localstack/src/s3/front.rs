//! The operations of S3 that are spoken here. Everything else `s3s` answers with `NotImplemented`.

use std::sync::Arc;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
    CopyObjectInput, CopyObjectOutput, CreateBucketInput, CreateBucketOutput, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, DeleteBucketInput, DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectsInput, DeleteObjectsOutput, GetBucketLocationInput, GetBucketLocationOutput, GetBucketVersioningInput,
    GetBucketVersioningOutput, GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectInput, GetObjectOutput,
    HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput,
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutObjectInput, PutObjectOutput, UploadPartCopyInput,
    UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result};

use crate::bucket::Bucket;

/// The engine as `s3s` calls it.
pub(super) struct Front {
    pub(super) engine: Arc<Bucket>,
}

macro_rules! operations {
    ($($operation:ident: $input:ty => $output:ty = $module:ident;)*) => {
        #[async_trait::async_trait]
        impl S3 for Front {
            $(
                async fn $operation(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                    super::$module::$operation(&self.engine, request).await
                }
            )*
        }
    };
}

operations! {
    create_bucket: CreateBucketInput => CreateBucketOutput = buckets;
    delete_bucket: DeleteBucketInput => DeleteBucketOutput = buckets;
    head_bucket: HeadBucketInput => HeadBucketOutput = buckets;
    get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput = buckets;
    get_bucket_versioning: GetBucketVersioningInput => GetBucketVersioningOutput = buckets;
    list_buckets: ListBucketsInput => ListBucketsOutput = buckets;
    list_objects: ListObjectsInput => ListObjectsOutput = buckets;
    list_objects_v2: ListObjectsV2Input => ListObjectsV2Output = buckets;

    put_object: PutObjectInput => PutObjectOutput = objects;
    get_object: GetObjectInput => GetObjectOutput = objects;
    head_object: HeadObjectInput => HeadObjectOutput = objects;
    get_object_attributes: GetObjectAttributesInput => GetObjectAttributesOutput = objects;
    delete_object: DeleteObjectInput => DeleteObjectOutput = objects;
    delete_objects: DeleteObjectsInput => DeleteObjectsOutput = objects;

    copy_object: CopyObjectInput => CopyObjectOutput = copy;
    upload_part_copy: UploadPartCopyInput => UploadPartCopyOutput = copy;

    create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput = multipart;
    upload_part: UploadPartInput => UploadPartOutput = multipart;
    complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput = multipart;
    abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput = multipart;
    list_parts: ListPartsInput => ListPartsOutput = multipart;
    list_multipart_uploads: ListMultipartUploadsInput => ListMultipartUploadsOutput = multipart;
}
