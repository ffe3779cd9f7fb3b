//! The answer to a challenge: we have the bytes, not just their hash.

use std::io;

use data_encoding::HEXLOWER;
use straightway_api::uploads::{Challenge, Proof};
use straightway_core::FileKey;
use straightway_core::proof::Prover;

use crate::error::Error;
use crate::source::{CHUNK_BYTES, Source};

/// Reads what the challenge asks for and computes the answer.
pub(crate) async fn answer(
    source: &Source,
    file: FileKey,
    challenge: Challenge,
    origin: String,
    owner_id: String,
) -> Result<Proof, Error> {
    let nonce = HEXLOWER
        .decode(challenge.nonce.as_bytes())
        .map_err(|_| Error::Protocol("the challenge's nonce is no hex".into()))?;
    let within = |range: &straightway_api::uploads::ByteRange| {
        range.offset.checked_add(range.length).is_some_and(|end| end <= file.size_bytes)
    };
    if !challenge.ranges.iter().all(within) {
        return Err(Error::Protocol("the challenge asks for bytes beyond the end".into()));
    }
    let (source, token, ranges) = (source.clone(), challenge.challenge, challenge.ranges);
    let mac = tokio::task::spawn_blocking(move || -> io::Result<[u8; 32]> {
        let mut prover = Prover::new(&nonce, &origin, &owner_id, &file);
        let mut buffer = vec![0; CHUNK_BYTES];
        for range in &ranges {
            source.for_each_chunk(&mut buffer, range.offset, range.length, |chunk| {
                prover.update(chunk);
                Ok(())
            })?;
        }
        Ok(prover.finish())
    })
    .await
    .map_err(io::Error::other)
    .flatten()
    .map_err(|error| Error::file("cannot read the file to prove that we have it", error))?;
    Ok(Proof { challenge: token, mac: HEXLOWER.encode(&mac) })
}
