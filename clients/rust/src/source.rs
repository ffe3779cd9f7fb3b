//! A local file as it was when its upload began: read anywhere, by many at once, and told apart from a changed one.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use crate::error::Error;

/// How much is read, hashed and sent at a time: fits a core's cache, and keeps the cost of a read small beside it.
pub(crate) const CHUNK_BYTES: usize = 256 << 10;

/// An open file to be uploaded. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Source {
    file: Arc<File>,
    stamp: Stamp,
}

/// What changes when somebody writes to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    size_bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self { size_bytes: metadata.len(), modified: metadata.modified().ok() }
    }
}

impl Source {
    /// Opens the regular file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or is a folder, pipe or device.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let wrong = |source| Error::file(format!("cannot read {}", path.display()), source);
        // Asked before opening: opening a pipe would wait for its writer.
        let metadata = std::fs::metadata(path).map_err(wrong)?;
        if !metadata.is_file() {
            return Err(wrong(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")));
        }
        Self::from_file(File::open(path).map_err(wrong)?).map_err(wrong)
    }

    /// An open file.
    ///
    /// # Errors
    /// When the file system does not say how large it is.
    pub fn from_file(file: File) -> io::Result<Self> {
        let stamp = Stamp::of(&file.metadata()?);
        Ok(Self { file: Arc::new(file), stamp })
    }

    /// The same file as it is now.
    ///
    /// # Errors
    /// When the file system does not say how large it is.
    pub(crate) fn as_now(&self) -> io::Result<Self> {
        Ok(Self { file: Arc::clone(&self.file), stamp: Stamp::of(&self.file.metadata()?) })
    }

    /// Whether nobody wrote to it since this value was made.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| Stamp::of(&metadata) == self.stamp)
    }

    /// Size in bytes.
    pub const fn size_bytes(&self) -> u64 {
        self.stamp.size_bytes
    }

    /// When it was last modified, if the file system says so.
    pub const fn modified(&self) -> Option<SystemTime> {
        self.stamp.modified
    }

    /// Fills `buffer` from `offset`; `UnexpectedEof` when the file has become shorter. Blocks.
    pub(crate) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        read_exact_at(&self.file, buffer, offset)
    }

    /// Reads `length` bytes from `offset` on in chunks. Blocks.
    pub(crate) fn for_each_chunk(
        &self,
        buffer: &mut [u8],
        offset: u64,
        length: u64,
        mut each: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut done = 0;
        while done < length {
            let chunk = chunk_length(length - done).min(buffer.len());
            self.read_exact_at(&mut buffer[..chunk], offset + done)?;
            each(&buffer[..chunk])?;
            done += chunk as u64;
        }
        Ok(())
    }
}

/// The length of the next chunk when so many bytes are left.
pub(crate) fn chunk_length(left: u64) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK_BYTES)
}

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                buffer = &mut buffer[n..];
                offset += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn bytes_are_read_in_chunks_and_a_shorter_file_is_noticed() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let source = Source::from_file(file).unwrap();
        let mut seen = Vec::new();
        let mut collect = |chunk: &[u8]| {
            seen.push(String::from_utf8(chunk.to_vec()).unwrap());
            Ok(())
        };
        source.for_each_chunk(&mut [0; 4], 1, 9, &mut collect).unwrap();
        let beyond = source.for_each_chunk(&mut [0; 4], 8, 3, &mut collect).unwrap_err();
        assert_eq!(seen, ["1234", "5678", "9"]);
        assert_eq!(beyond.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_write_is_noticed() {
        let mut file = tempfile::tempfile().unwrap();
        let source = Source::from_file(file.try_clone().unwrap()).unwrap();
        assert!(source.is_unchanged());
        file.write_all(b"more").unwrap();
        assert!(!source.is_unchanged());
        assert_eq!(source.as_now().unwrap().size_bytes(), 4);
    }

    #[test]
    fn a_folder_is_no_source() {
        let folder = tempfile::tempdir().unwrap();
        let error = Source::open(folder.path()).unwrap_err();
        assert!(matches!(error, Error::File { .. }), "{error:?}");
    }
}
