//! The canary objects of a probe.

use std::time::Duration;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use straightway_core::ports::{PartToSign, SignedRequest, StoreChecksum, UploadedPart};
use straightway_core::{ContentHash, Error, Integrity, LeafHash, MultipartUploadId, PartNumber};

use super::send::Answer;
use super::{Check, Outcome, ProbeReport};
use crate::S3Store;
use crate::presign::{Existing, Life};

const BODY: Bytes = Bytes::from_static(b"canary of a probe");
const OTHER: Bytes = Bytes::from_static(b"CANARY OF A PROBE");
const LONGER: Bytes = Bytes::from_static(b"canary of a probe.");
const SHORTER: Bytes = Bytes::from_static(b"canary of a prob");
/// The smallest part that is not the last, by S3's rules.
const FIRST_PART: usize = 5 << 20;
const LIFE: Duration = Duration::from_mins(5);

/// One probe's objects, all under one random key.
pub(super) struct Canaries {
    store: S3Store,
    prefix: String,
    life: Life,
}

/// The keys below the prefix.
const RIGHT: &str = "right";
const WRONG_DIGEST: &str = "wrong-digest";
const WRONG_LENGTH: &str = "wrong-length";
const TWICE: &str = "twice";
const UNSIGNED: &str = "unsigned";
const PARTS: &str = "parts";

impl Canaries {
    pub(super) fn new(store: S3Store, now: Timestamp) -> Result<Self, Error> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| Error::unavailable("name the probe's objects", error))?;
        let prefix = format!("probe/{}", HEXLOWER.encode(&random));
        Ok(Self { store, prefix, life: Life { from: now, length: LIFE } })
    }

    /// Makes every check.
    pub(super) async fn fly(&self) -> Result<ProbeReport, Error> {
        self.require_plain_put().await?;
        let mut checks = vec![
            (Check::PutChecksumReturned, settle(self.put_checksum().await)?),
            (Check::WrongPutDigestRefused, settle(self.wrong_put_digest().await)?),
            (Check::WrongPutLengthRefused, settle(self.wrong_put_length().await)?),
            (Check::SecondPutRefused, settle(self.second_put().await)?),
            (Check::UnsignedHeaderRefused, settle(self.unsigned_header().await)?),
        ];
        checks.extend(self.parts().await?);
        Ok(ProbeReport { checks })
    }

    /// Removes what the probe made, and what a store made of it that accepted too much.
    pub(super) async fn remove(&self) {
        if let Err(error) = self.try_remove().await {
            tracing::warn!(error = &error as &dyn std::error::Error, prefix = self.prefix, "canaries are left behind");
        }
    }

    async fn try_remove(&self) -> Result<(), Error> {
        let parts = self.key(PARTS);
        for id in self.store.uploads_of(&parts).await? {
            self.store.abort(&parts, &id).await?;
        }
        for name in [RIGHT, WRONG_DIGEST, WRONG_LENGTH, TWICE, UNSIGNED, PARTS] {
            self.store.delete_object(&self.key(name)).await?;
        }
        Ok(())
    }

    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    /// Without this every refusal below would prove nothing.
    async fn require_plain_put(&self) -> Result<(), Error> {
        let signed = self.sign(RIGHT, Some(LeafHash::of(&BODY)), Existing::Overwrite)?;
        match self.store.send(signed, BODY).await? {
            Answer::Accepted => Ok(()),
            Answer::Refused(why) => Err(Error::internal(format!("the probe's plain PUT was refused: {why}"))),
        }
    }

    async fn put_checksum(&self) -> Result<Outcome, Error> {
        self.checksum_is(RIGHT, StoreChecksum::Full(LeafHash::of(&BODY))).await
    }

    async fn wrong_put_digest(&self) -> Result<Outcome, Error> {
        let signed = self.sign(WRONG_DIGEST, Some(LeafHash::of(&BODY)), Existing::Overwrite)?;
        let outcome = refused(&self.store.send(signed, OTHER).await?);
        if outcome == Outcome::Passed && self.store.head_object(&self.key(WRONG_DIGEST)).await?.is_some() {
            return Ok(Outcome::Failed("refused, and stored all the same".to_owned()));
        }
        Ok(outcome)
    }

    /// Without a digest, so that nothing but the length can be wrong.
    async fn wrong_put_length(&self) -> Result<Outcome, Error> {
        for body in [LONGER, SHORTER] {
            let signed = self.sign(WRONG_LENGTH, None, Existing::Overwrite)?;
            let outcome = refused(&self.store.send(signed, body).await?);
            if outcome != Outcome::Passed {
                return Ok(outcome);
            }
        }
        Ok(Outcome::Passed)
    }

    async fn second_put(&self) -> Result<Outcome, Error> {
        let signed = self.sign(TWICE, None, Existing::Keep)?;
        if let Answer::Refused(why) = self.store.send(signed.clone(), BODY).await? {
            return Ok(Outcome::Failed(format!("the first conditional PUT: {why}")));
        }
        Ok(refused(&self.store.send(signed, OTHER).await?))
    }

    async fn unsigned_header(&self) -> Result<Outcome, Error> {
        let mut signed = self.sign(UNSIGNED, None, Existing::Overwrite)?;
        signed.headers.push(("x-amz-meta-probe", "unsigned".to_owned()));
        Ok(refused(&self.store.send(signed, BODY).await?))
    }

    /// The three checks of multipart uploads share one upload.
    async fn parts(&self) -> Result<[(Check, Outcome); 3], Error> {
        use Check::{CompositeReturned, WrongPartDigestRefused, WrongPartLengthRefused};
        let key = self.key(PARTS);
        let first = Bytes::from(vec![0; FIRST_PART]);

        let begun = match self.begin_upload(&key, &first).await {
            Ok(id) => Ok(id),
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => Err(Outcome::Failed(told(&error))),
        };
        let id = match begun {
            Ok(id) => id,
            Err(failed) => {
                let failed = |check| (check, failed.clone());
                return Ok([WrongPartDigestRefused, WrongPartLengthRefused, CompositeReturned].map(failed));
            }
        };
        Ok([
            (WrongPartDigestRefused, settle(self.wrong_part_digest(&key, &id).await)?),
            (WrongPartLengthRefused, settle(self.wrong_part_length(&key, &id).await)?),
            (CompositeReturned, settle(self.composite(&key, &id, &first).await)?),
        ])
    }

    /// An upload with its two right parts.
    async fn begin_upload(&self, key: &str, first: &Bytes) -> Result<MultipartUploadId, Error> {
        let id = self.store.create_multipart(key, Integrity::Leaf).await?;
        for (number, body) in [(1, first), (2, &BODY)] {
            let signed = self.sign_part(key, &id, number, body, Some(LeafHash::of(body)))?;
            if let Answer::Refused(why) = self.store.send(signed, body.clone()).await? {
                return Err(Error::internal(format!("the probe's right part was refused: {why}")));
            }
        }
        Ok(id)
    }

    async fn wrong_part_digest(&self, key: &str, id: &MultipartUploadId) -> Result<Outcome, Error> {
        let signed = self.sign_part(key, id, 3, &BODY, Some(LeafHash::of(&BODY)))?;
        Ok(refused(&self.store.send(signed, OTHER).await?))
    }

    /// Each body with its own digest, so that nothing but the length can be wrong.
    async fn wrong_part_length(&self, key: &str, id: &MultipartUploadId) -> Result<Outcome, Error> {
        for body in [LONGER, SHORTER] {
            let signed = self.sign_part(key, id, 4, &BODY, Some(LeafHash::of(&body)))?;
            let outcome = refused(&self.store.send(signed, body).await?);
            if outcome != Outcome::Passed {
                return Ok(outcome);
            }
        }
        Ok(Outcome::Passed)
    }

    async fn composite(&self, key: &str, id: &MultipartUploadId, first: &Bytes) -> Result<Outcome, Error> {
        let leaves = [LeafHash::of(first), LeafHash::of(&BODY)];
        let listed = self.store.uploaded_parts(key, id).await?.unwrap_or_default();
        let right = |part: UploadedPart| {
            let leaf = leaves.get(part.part_number.index()).copied()?;
            Some(UploadedPart { leaf_hash: Some(leaf), ..part })
        };
        let parts: Vec<UploadedPart> = listed.into_iter().filter_map(right).collect();
        let size_bytes = (FIRST_PART + BODY.len()) as u64;
        self.store.complete(key, id, &parts, size_bytes).await?;
        self.checksum_is(PARTS, StoreChecksum::Composite(ContentHash::from_leaves(&leaves), 2)).await
    }

    async fn checksum_is(&self, name: &str, wanted: StoreChecksum) -> Result<Outcome, Error> {
        let head = self.store.head_object(&self.key(name)).await?;
        Ok(match head.map(|object| object.checksum) {
            Some(Some(checksum)) if checksum == wanted => Outcome::Passed,
            Some(other) => Outcome::Failed(format!("the store returned {other:?} for {wanted:?}")),
            None => Outcome::Failed("the object is absent".to_owned()),
        })
    }

    /// A URL for `BODY`, or what has its length.
    fn sign(&self, name: &str, leaf: Option<LeafHash>, existing: Existing) -> Result<SignedRequest, Error> {
        self.store.presign_put(&self.key(name), BODY.len() as u64, leaf, existing, self.life)
    }

    fn sign_part(
        &self,
        key: &str,
        id: &MultipartUploadId,
        number: u64,
        body: &Bytes,
        leaf_hash: Option<LeafHash>,
    ) -> Result<SignedRequest, Error> {
        let part_number = PartNumber::new(number).expect("the probe numbers its parts 1 to 4");
        let part = PartToSign { part_number, size_bytes: body.len() as u64, leaf_hash };
        let mut signed = self.store.presign_parts(key, id, &[part], self.life)?;
        Ok(signed.remove(0))
    }
}

fn refused(answer: &Answer) -> Outcome {
    match answer {
        Answer::Refused(_) => Outcome::Passed,
        Answer::Accepted => Outcome::Failed("accepted".to_owned()),
    }
}

/// A store that cannot do something fails the check; one that does not answer fails the probe.
fn settle(result: Result<Outcome, Error>) -> Result<Outcome, Error> {
    match result {
        Err(error) if !error.is_transient() => Ok(Outcome::Failed(told(&error))),
        result => result,
    }
}

/// The error and its sources, in one line.
fn told(error: &Error) -> String {
    let sources = std::iter::successors(std::error::Error::source(error), |error| error.source());
    sources.fold(error.to_string(), |told, source| format!("{told}: {source}"))
}
