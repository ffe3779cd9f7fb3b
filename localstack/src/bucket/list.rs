//! Listing keys in byte order, with a delimiter rolling what lies below into prefixes.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::error::BucketError;
use super::object::{COLUMNS, ObjectInfo, find, object_info};
use super::{Bucket, require_bucket};

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Only keys that begin with this.
    pub prefix: String,
    /// Roll up what comes after the first one of these behind the prefix.
    pub delimiter: Option<String>,
    /// Only keys and prefixes after this one.
    pub after: Option<String>,
    /// How many keys and prefixes together.
    pub limit: usize,
}

/// One page of a listing.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Objects by key.
    pub objects: Vec<ObjectInfo>,
    /// Prefixes, each once, in order.
    pub prefixes: Vec<String>,
    /// The last key or prefix of this page, when there are more: what the next page comes after.
    pub next: Option<String>,
}

impl Bucket {
    /// One page of the objects of a bucket.
    pub async fn list_objects(&self, bucket: &str, listing: Listing) -> Result<Page, BucketError> {
        let bucket = bucket.to_owned();
        self.metadata
            .read(move |connection| {
                require_bucket(connection, &bucket)?;
                Lister { connection, bucket: &bucket, listing: &listing }.page()
            })
            .await
    }
}

struct Lister<'a> {
    connection: &'a Connection,
    bucket: &'a str,
    listing: &'a Listing,
}

impl Lister<'_> {
    fn page(&self) -> Result<Page, BucketError> {
        let mut page = Page::default();
        if self.listing.limit == 0 {
            return Ok(page);
        }
        let mut last = None;
        let mut from = self.start();
        while let Some(bound) = from {
            let Some(key) = self.first_key(&bound)? else {
                return Ok(page);
            };
            if page.objects.len() + page.prefixes.len() == self.listing.limit {
                page.next = last;
                return Ok(page);
            }
            if let Some(prefix) = self.common_prefix(&key) {
                from = behind_all(&prefix).map(Bound::At);
                last = Some(prefix.clone());
                page.prefixes.push(prefix);
            } else {
                page.objects.extend(find(self.connection, self.bucket, &key)?);
                last = Some(key.clone());
                from = Some(Bound::After(key));
            }
            if self.listing.delimiter.is_none() {
                self.fill(&mut page, &mut last, &mut from)?;
            }
        }
        Ok(page)
    }

    /// Without a delimiter one query reads the rest of the page.
    fn fill(&self, page: &mut Page, last: &mut Option<String>, from: &mut Option<Bound>) -> Result<(), BucketError> {
        let Some(Bound::After(after)) = from else {
            return Ok(());
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM objects WHERE bucket = ?1 AND object_key > ?2 AND object_key < ?3
             ORDER BY object_key LIMIT ?4"
        ))?;
        let room = self.listing.limit - page.objects.len();
        let rows = statement.query_map((self.bucket, &*after, end_of(&self.listing.prefix), room), object_info)?;
        for object in rows {
            page.objects.push(object?);
        }
        if let Some(object) = page.objects.last() {
            *last = Some(object.key.clone());
            *from = Some(Bound::After(object.key.clone()));
        }
        Ok(())
    }

    fn start(&self) -> Option<Bound> {
        let Some(after) = &self.listing.after else {
            return Some(Bound::At(self.listing.prefix.clone()));
        };
        if after < &self.listing.prefix {
            return Some(Bound::At(self.listing.prefix.clone()));
        }
        // After a prefix comes what lies behind everything below it.
        if self.common_prefix(after).as_ref() == Some(after) {
            return behind_all(after).map(Bound::At);
        }
        Some(Bound::After(after.clone()))
    }

    fn first_key(&self, bound: &Bound) -> rusqlite::Result<Option<String>> {
        let (operator, key) = match bound {
            Bound::At(key) => (">=", key),
            Bound::After(key) => (">", key),
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT object_key FROM objects WHERE bucket = ?1 AND object_key {operator} ?2
             ORDER BY object_key LIMIT 1"
        ))?;
        let mut rows = statement.query((self.bucket, key))?;
        let key: Option<String> = rows.next()?.map(|row| row.get(0)).transpose()?;
        Ok(key.filter(|key| key.starts_with(&self.listing.prefix)))
    }

    fn common_prefix(&self, key: &str) -> Option<String> {
        let delimiter = self.listing.delimiter.as_deref().filter(|it| !it.is_empty())?;
        let rest = key.strip_prefix(&self.listing.prefix)?;
        let end = rest.find(delimiter)? + delimiter.len();
        Some(format!("{}{}", self.listing.prefix, &rest[..end]))
    }
}

enum Bound {
    At(String),
    After(String),
}

/// The bound of all keys that begin with `prefix`. To SQLite every blob is above every text.
pub(super) fn end_of(prefix: &str) -> Value {
    behind_all(prefix).map_or(Value::Blob(Vec::new()), Value::Text)
}

/// The least string above every string that begins with `prefix`; `None` when there is none.
fn behind_all(prefix: &str) -> Option<String> {
    let mut bound: Vec<char> = prefix.chars().collect();
    while let Some(last) = bound.pop() {
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            other => char::from_u32(u32::from(other) + 1),
        };
        if let Some(next) = next {
            bound.push(next);
            return Some(bound.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_all_is_above_everything_below_a_prefix_and_nothing_else() {
        assert_eq!(behind_all("a/").as_deref(), Some("a0"));
        assert_eq!(behind_all("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(behind_all("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(behind_all("\u{10FFFF}"), None);
        assert_eq!(behind_all(""), None);
    }
}
