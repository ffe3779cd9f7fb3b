//! A stream of unknown length, kept on disk until it can be uploaded: its size decides the part plan.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use straightway_core::PartPlan;
use straightway_core::plan::MIN_PART_SIZE;

use crate::error::Error;
use crate::hash::{Hashed, TreeHasher};
use crate::progress::{Event, Observer};
use crate::put::Content;
use crate::source::{CHUNK_BYTES, Source};

/// Reads a stream to its end into a file in `folder` that has no name (so nobody else can open it, and it goes with
/// this process however that ends), hashing on the way. Blocks.
///
/// # Errors
/// When the stream cannot be read or the file cannot be written.
pub fn spool(mut stream: impl Read, folder: &Path, observer: &Arc<dyn Observer>) -> Result<Content, Error> {
    let unwritable = |error| Error::file(format!("cannot keep the input in {}", folder.display()), error);
    let mut file = tempfile::tempfile_in(folder).map_err(unwritable)?;
    let mut hasher = TreeHasher::new(MIN_PART_SIZE);
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let length = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::file("cannot read the input", error)),
        };
        hasher.update(&buffer[..length]);
        file.write_all(&buffer[..length]).map_err(unwritable)?;
        observer.on(Event::Hashed { bytes: length as u64 });
    }
    content(file, hasher).map_err(unwritable)
}

fn content(file: File, hasher: TreeHasher) -> io::Result<Content> {
    let source = Source::from_file(file)?;
    match PartPlan::for_size(source.size_bytes()) {
        Ok(plan) if plan.part_size() == MIN_PART_SIZE => {
            Ok(Content::hashed(source, Hashed::new(plan, hasher.finish())))
        }
        // Above 160,000 MiB parts are larger than was assumed; the file is hashed again, or found too large, later.
        _ => Ok(source.into()),
    }
}
