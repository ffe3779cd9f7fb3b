//! Reading and deleting objects.

use std::ops::Range;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use futures::{StreamExt, stream};
use straightway_core::Error;
use straightway_core::ports::ObjectBody;

use crate::S3Store;
use crate::failure::StoreFailure;

impl S3Store {
    pub(crate) async fn read_object(&self, key: &str, range: Range<u64>, etag: &str) -> Result<ObjectBody, Error> {
        if range.is_empty() {
            return self.read_nothing(key, etag).await;
        }
        let asked = format!("bytes={}-{}", range.start, range.end - 1);
        let request = self.client.get_object().bucket(&self.bucket).key(key).range(asked).if_match(etag);
        let answer = request.send().await.map_err(|error| read_error(key, StoreFailure::new(error)))?;
        require_range(&answer, &range)?;
        Ok(body(answer, key.to_owned()))
    }

    /// HTTP has no empty range: only the object's being there, with this ETag, is left to be seen.
    async fn read_nothing(&self, key: &str, etag: &str) -> Result<ObjectBody, Error> {
        let request = self.client.head_object().bucket(&self.bucket).key(key).if_match(etag);
        request.send().await.map_err(|error| read_error(key, StoreFailure::new(error)))?;
        Ok(stream::empty().boxed())
    }

    pub(crate) async fn delete_object(&self, key: &str) -> Result<(), Error> {
        match self.client.delete_object().bucket(&self.bucket).key(key).send().await.map_err(StoreFailure::new) {
            Ok(_) => Ok(()),
            Err(failure) if failure.is("NoSuchKey") => Ok(()),
            Err(failure) => Err(failure.during(format!("delete {key}"))),
        }
    }
}

fn read_error(key: &str, failure: StoreFailure) -> Error {
    match failure.status() {
        Some(412) => Error::Changed,
        Some(404) => Error::NotFound,
        _ => failure.during(format!("read {key}")),
    }
}

/// A store that ignores or shortens the range would have other bytes hashed in the place of those asked for.
fn require_range(answer: &GetObjectOutput, range: &Range<u64>) -> Result<(), Error> {
    let wanted = format!("bytes {}-{}/", range.start, range.end - 1);
    let answered = answer.content_range().unwrap_or("no Content-Range");
    if answered.starts_with(&wanted) {
        return Ok(());
    }
    Err(Error::internal(format!("asked for {wanted}, the store answered {answered}")))
}

fn body(answer: GetObjectOutput, key: String) -> ObjectBody {
    let chunks = stream::try_unfold((answer.body, key), |(mut body, key)| async move {
        match body.next().await {
            Some(Ok(chunk)) => Ok(Some((chunk, (body, key)))),
            Some(Err(error)) => Err(Error::unavailable(format!("read {key}"), error)),
            None => Ok(None),
        }
    });
    chunks.boxed()
}
