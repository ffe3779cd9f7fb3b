//! Reading an object: its extents one after another, one file open at a time.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::Stream;
use rusqlite::Connection;

use super::files::{DataFolder, FileId, Pin};

/// Bytes read at a time: the memory of one download.
const CHUNK: usize = 256 * 1024;

/// The bytes of an object, or of a range of it. They stay readable to the end, whatever happens to the object meanwhile.
pub struct ObjectReader {
    folder: Arc<DataFolder>,
    pieces: VecDeque<Piece>,
    open: Option<(FileId, File)>,
    _pin: Pin,
}

struct Piece {
    source: Source,
    range: Range<u64>,
}

enum Source {
    File(FileId),
    Inline(Bytes),
}

impl ObjectReader {
    /// Looks up the extents of `content` that `range` touches. To be called inside a look-up, with the content pinned.
    pub(super) fn look_up(
        connection: &Connection,
        folder: &Arc<DataFolder>,
        pin: Pin,
        content: i64,
        range: &Range<u64>,
    ) -> rusqlite::Result<Self> {
        let mut sizes = connection
            .prepare_cached("SELECT part_number, size, file FROM extents WHERE content = ?1 ORDER BY part_number")?;
        let mut inline =
            connection.prepare_cached("SELECT bytes FROM extents WHERE content = ?1 AND part_number = ?2")?;
        let mut rows = sizes.query([content])?;
        let mut pieces = VecDeque::new();
        let mut start = 0;
        while let Some(row) = rows.next()? {
            let size: u64 = row.get(1)?;
            let touched = range.start.max(start)..range.end.min(start + size);
            if touched.start < touched.end {
                let source = if let Some(file) = row.get(2)? {
                    Source::File(file)
                } else {
                    let part_number: i64 = row.get(0)?;
                    let bytes: Vec<u8> = inline.query_row((content, part_number), |row| row.get(0))?;
                    Source::Inline(bytes.into())
                };
                pieces.push_back(Piece { source, range: touched.start - start..touched.end - start });
            }
            start += size;
        }
        Ok(Self { folder: Arc::clone(folder), pieces, open: None, _pin: pin })
    }

    /// The bytes in order.
    pub fn into_stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        futures::stream::try_unfold(self, |mut reader| async move {
            if let Some(bytes) = reader.take_inline() {
                return Ok(Some((bytes, reader)));
            }
            if reader.pieces.is_empty() {
                return Ok(None);
            }
            let reading = tokio::task::spawn_blocking(move || {
                let bytes = reader.read_chunk()?;
                Ok::<_, io::Error>((bytes, reader))
            });
            reading.await.map_err(io::Error::other)?.map(Some)
        })
    }

    fn take_inline(&mut self) -> Option<Bytes> {
        let piece = self.pieces.front()?;
        let Source::Inline(bytes) = &piece.source else {
            return None;
        };
        let start = usize::try_from(piece.range.start).ok()?;
        let end = usize::try_from(piece.range.end).ok()?;
        let bytes = bytes.slice(start..end);
        self.pieces.pop_front();
        Some(bytes)
    }

    fn read_chunk(&mut self) -> io::Result<Bytes> {
        let Some(Piece { source: Source::File(id), range }) = self.pieces.front_mut() else {
            return Ok(Bytes::new());
        };
        if self.open.as_ref().is_none_or(|(open, _)| open != id) {
            self.open = Some((id.clone(), self.folder.open_file(id)?));
        }
        let rest = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let mut chunk = BytesMut::zeroed(rest.min(CHUNK));
        if let Some((_, file)) = &self.open {
            file.read_exact_at(&mut chunk, range.start)?;
        }
        range.start += chunk.len() as u64;
        if range.start == range.end {
            self.pieces.pop_front();
        }
        Ok(chunk.freeze())
    }
}
