//! Leaf hashes and the content hash of local bytes: in parallel over a file, or in order over a stream.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use sha2::{Digest, Sha256};
use straightway_core::plan::Part;
use straightway_core::{ContentHash, FileKey, LeafHash, PartNumber, PartPlan};
use tokio::sync::Semaphore;

use crate::error::Error;
use crate::progress::{Event, Observer};
use crate::source::{CHUNK_BYTES, Source};

/// What is known about some content once all of it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashed {
    /// How it is cut.
    pub plan: PartPlan,
    /// One hash a part, in order.
    pub leaves: Vec<LeafHash>,
    /// The hash over the leaves.
    pub content_hash: ContentHash,
}

impl Hashed {
    pub(crate) fn new(plan: PartPlan, leaves: Vec<LeafHash>) -> Self {
        let content_hash = ContentHash::from_leaves(&leaves);
        Self { plan, leaves, content_hash }
    }

    pub(crate) fn leaf(&self, number: PartNumber) -> LeafHash {
        self.leaves[number.index()]
    }

    /// The identity of the content.
    pub const fn file_key(&self) -> FileKey {
        FileKey { content_hash: self.content_hash, size_bytes: self.plan.size_bytes() }
    }
}

/// Hashes a file, part by part, on as many threads as `threads` has permits.
///
/// # Errors
/// When the file cannot be read; `UnexpectedEof` when it became shorter.
pub(crate) async fn hash_file(
    source: &Source,
    plan: PartPlan,
    threads: &Arc<Semaphore>,
    observer: &Arc<dyn Observer>,
) -> io::Result<Hashed> {
    let work = Arc::new(Work {
        source: source.clone(),
        plan,
        next: AtomicU16::new(0),
        stop: AtomicBool::new(false),
        observer: Arc::clone(observer),
    });
    // Threads outlive the future that waits for them: dropping it must end their work.
    let _stop = StopOnDrop(Arc::clone(&work));
    let workers = threads.available_permits().clamp(1, usize::from(plan.part_count()));
    let hash_some = || async {
        let permit = Arc::clone(threads).acquire_owned().await.map_err(io::Error::other)?;
        let work = Arc::clone(&work);
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work.run()
        })
        .await
        .map_err(io::Error::other)?
    };
    let shares = futures::future::try_join_all((0..workers).map(|_| hash_some())).await?;
    let mut leaves: Vec<_> = shares.into_iter().flatten().collect();
    leaves.sort_unstable_by_key(|(number, _)| *number);
    Ok(Hashed::new(plan, leaves.into_iter().map(|(_, leaf)| leaf).collect()))
}

struct Work {
    source: Source,
    plan: PartPlan,
    next: AtomicU16,
    stop: AtomicBool,
    observer: Arc<dyn Observer>,
}

struct StopOnDrop(Arc<Work>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

impl Work {
    /// Takes parts until none is left.
    fn run(&self) -> io::Result<Vec<(PartNumber, LeafHash)>> {
        let mut leaves = Vec::new();
        let mut buffer = vec![0; CHUNK_BYTES];
        while let Some(part) = self.take() {
            let leaf = leaf_of(&self.source, part, &mut buffer, |bytes| {
                self.observer.on(Event::Hashed { bytes });
                if self.stop.load(Ordering::Relaxed) { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
            })?;
            leaves.push((part.number, leaf));
        }
        Ok(leaves)
    }

    fn take(&self) -> Option<Part> {
        let index = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
            (next < self.plan.part_count()).then_some(next + 1)
        });
        self.plan.part(PartNumber::new(u64::from(index.ok()?) + 1).ok()?)
    }
}

/// Hashes one part. Blocks.
fn leaf_of(
    source: &Source,
    part: Part,
    buffer: &mut [u8],
    mut each: impl FnMut(u64) -> io::Result<()>,
) -> io::Result<LeafHash> {
    let mut leaf = Sha256::new();
    source.for_each_chunk(buffer, part.offset, part.size_bytes, |chunk| {
        leaf.update(chunk);
        each(chunk.len() as u64)
    })?;
    Ok(LeafHash::from_bytes(leaf.finalize().into()))
}

/// The leaf hash of a part as the file is now.
pub(crate) async fn read_leaf(source: &Source, part: Part) -> Result<LeafHash, Error> {
    let source = source.clone();
    tokio::task::spawn_blocking(move || leaf_of(&source, part, &mut vec![0; CHUNK_BYTES], |_| Ok(())))
        .await
        .map_err(io::Error::other)
        .flatten()
        .map_err(|error| Error::file("cannot read the file again", error))
}

/// Hashes bytes in order, for streams.
#[derive(Clone, Debug)]
pub struct TreeHasher {
    part_size: u64,
    leaf: Sha256,
    in_leaf: u64,
    leaves: Vec<LeafHash>,
}

impl TreeHasher {
    /// A hasher for parts of this size.
    pub fn new(part_size: u64) -> Self {
        Self { part_size, leaf: Sha256::new(), in_leaf: 0, leaves: Vec::new() }
    }

    /// Adds bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            // A full leaf is closed only when more follows: the last part is never an empty one after a full one.
            if self.in_leaf == self.part_size {
                self.close();
            }
            let room = usize::try_from(self.part_size - self.in_leaf).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.leaf.update(now);
            self.in_leaf += now.len() as u64;
            bytes = later;
        }
    }

    fn close(&mut self) {
        self.leaves.push(LeafHash::from_bytes(self.leaf.finalize_reset().into()));
        self.in_leaf = 0;
    }

    /// The leaf hashes, at least one.
    pub fn finish(mut self) -> Vec<LeafHash> {
        self.close();
        self.leaves
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Mutex;

    use super::*;
    use crate::progress::Unobserved;

    const MIB: usize = 1 << 20;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u32;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .take(length)
        .collect()
    }

    fn source(bytes: &[u8]) -> Source {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Source::from_file(file).unwrap()
    }

    fn plan(bytes: &[u8]) -> PartPlan {
        PartPlan::for_size(bytes.len() as u64).unwrap()
    }

    #[tokio::test]
    async fn a_file_hashes_alike_in_parallel_in_order_and_by_definition() {
        for length in [0, 1, 16 * MIB, 16 * MIB + 1, 40 * MIB + 7] {
            let bytes = noise(length);
            let parallel =
                hash_file(&source(&bytes), plan(&bytes), &Arc::new(Semaphore::new(3)), &observer(Unobserved))
                    .await
                    .unwrap();
            let by_definition: Vec<_> = if bytes.is_empty() {
                vec![LeafHash::of(b"")]
            } else {
                bytes.chunks(16 * MIB).map(LeafHash::of).collect()
            };
            let mut in_order = TreeHasher::new(plan(&bytes).part_size());
            bytes.chunks(100_003).for_each(|chunk| in_order.update(chunk));
            assert_eq!(parallel.leaves, by_definition, "{length}");
            assert_eq!(in_order.finish(), by_definition, "{length}");
            assert_eq!(parallel.content_hash, ContentHash::from_leaves(&by_definition));
        }
    }

    fn observer(observer: impl Observer + 'static) -> Arc<dyn Observer> {
        Arc::new(observer)
    }

    #[derive(Default)]
    struct Counter(Mutex<u64>);

    impl Observer for Arc<Counter> {
        fn on(&self, event: Event) {
            if let Event::Hashed { bytes } = event {
                *self.0.lock().unwrap() += bytes;
            }
        }
    }

    #[tokio::test]
    async fn every_byte_is_reported_once() {
        let bytes = noise(33 * MIB);
        let counter = Arc::new(Counter::default());
        hash_file(&source(&bytes), plan(&bytes), &Arc::new(Semaphore::new(2)), &observer(counter.clone()))
            .await
            .unwrap();
        assert_eq!(*counter.0.lock().unwrap(), bytes.len() as u64);
    }

    #[tokio::test]
    async fn a_file_that_became_shorter_is_an_error() {
        let bytes = noise(MIB);
        let longer = PartPlan::for_size(bytes.len() as u64 + 1).unwrap();
        let error = hash_file(&source(&bytes), longer, &Arc::new(Semaphore::new(1)), &observer(Unobserved)).await;
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
