//! Items: how values are written down as attributes, and read back.

use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use straightway_core::Error;

use crate::schema::{DUE_SHARDS, TTL};

/// An item, or a key, as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Text.
#[expect(clippy::needless_pass_by_value, reason = "callers name a value, whether they have it or borrow it")]
pub(crate) fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// A number.
pub(crate) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// Bytes.
pub(crate) fn bytes(value: impl AsRef<[u8]>) -> AttributeValue {
    AttributeValue::B(value.as_ref().into())
}

/// A time: milliseconds since 1970, which is what a record keeps.
pub(crate) fn time(value: Timestamp) -> AttributeValue {
    number(value.as_millisecond())
}

/// The time in [`TTL`]: seconds, because DynamoDB wants them.
pub(crate) fn ttl(value: Timestamp) -> AttributeValue {
    number(value.as_second())
}

/// The key of a table whose records are single.
pub(crate) fn id_key(id: impl ToString) -> Item {
    Item::from([("id".to_owned(), text(id))])
}

/// The key of a table whose records have parts.
pub(crate) fn pair_key(pk: impl ToString, sk: impl ToString) -> Item {
    Item::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

/// Which part of an index of due work an item belongs to.
pub(crate) fn due_shard(id: &str) -> AttributeValue {
    number(Sha256::digest(id)[0] % DUE_SHARDS)
}

/// An item under construction.
pub(crate) struct NewItem(Item);

impl NewItem {
    /// Starts with the key.
    pub(crate) fn new(key: Item) -> Self {
        Self(key)
    }

    /// Adds an attribute.
    pub(crate) fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// Adds an attribute if there is a value.
    pub(crate) fn with_some(self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Lets the item be due. `id` decides the shard.
    pub(crate) fn due(self, id: &str, at: Timestamp) -> Self {
        self.with("due_shard", due_shard(id)).with("due_at", time(at))
    }

    /// Lets the item expire.
    pub(crate) fn expiring(self, at: Timestamp) -> Self {
        self.with(TTL, ttl(at))
    }

    /// The item.
    pub(crate) fn build(self) -> Item {
        self.0
    }
}

/// Reads the attributes of one item. What is missing or malformed is a fault of ours: `Internal`, naming both.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    what: &'static str,
    item: &'a Item,
}

impl<'a> Reader<'a> {
    /// Reads `item`, of the kind `what`.
    pub(crate) fn new(what: &'static str, item: &'a Item) -> Self {
        Self { what, item }
    }

    /// The text `name`.
    pub(crate) fn text(self, name: &str) -> Result<&'a str, Error> {
        self.text_opt(name)?.ok_or_else(|| self.broken(name))
    }

    /// The text `name`, if it is there.
    pub(crate) fn text_opt(self, name: &str) -> Result<Option<&'a str>, Error> {
        match self.item.get(name) {
            None => Ok(None),
            Some(AttributeValue::S(text)) => Ok(Some(text)),
            Some(_) => Err(self.broken(name)),
        }
    }

    /// The value that the text `name` spells.
    pub(crate) fn parsed<T, P>(self, name: &str, parse: impl FnOnce(&str) -> P) -> Result<T, Error>
    where
        P: IntoParsed<T>,
    {
        parse(self.text(name)?).into_parsed().ok_or_else(|| self.broken(name))
    }

    /// The value that the text `name` spells, if it is there.
    pub(crate) fn parsed_opt<T, P>(self, name: &str, parse: impl FnOnce(&str) -> P) -> Result<Option<T>, Error>
    where
        P: IntoParsed<T>,
    {
        let Some(text) = self.text_opt(name)? else { return Ok(None) };
        parse(text).into_parsed().map(Some).ok_or_else(|| self.broken(name))
    }

    /// The number `name`.
    pub(crate) fn number<T: FromStr>(self, name: &str) -> Result<T, Error> {
        self.number_opt(name)?.ok_or_else(|| self.broken(name))
    }

    /// The number `name`, if it is there.
    pub(crate) fn number_opt<T: FromStr>(self, name: &str) -> Result<Option<T>, Error> {
        match self.item.get(name) {
            None => Ok(None),
            Some(AttributeValue::N(digits)) => digits.parse().map(Some).map_err(|_| self.broken(name)),
            Some(_) => Err(self.broken(name)),
        }
    }

    /// The time `name`.
    pub(crate) fn time(self, name: &str) -> Result<Timestamp, Error> {
        self.time_opt(name)?.ok_or_else(|| self.broken(name))
    }

    /// The time `name`, if it is there.
    pub(crate) fn time_opt(self, name: &str) -> Result<Option<Timestamp>, Error> {
        let Some(millis) = self.number_opt(name)? else { return Ok(None) };
        Timestamp::from_millisecond(millis).map(Some).map_err(|_| self.broken(name))
    }

    /// The bytes `name`.
    pub(crate) fn bytes(self, name: &str) -> Result<&'a [u8], Error> {
        self.bytes_opt(name)?.ok_or_else(|| self.broken(name))
    }

    /// The bytes `name`, if they are there.
    pub(crate) fn bytes_opt(self, name: &str) -> Result<Option<&'a [u8]>, Error> {
        match self.item.get(name) {
            None => Ok(None),
            Some(AttributeValue::B(blob)) => Ok(Some(blob.as_ref())),
            Some(_) => Err(self.broken(name)),
        }
    }

    /// The bytes `name` cut into pieces of `N`.
    pub(crate) fn chunks<const N: usize>(self, name: &str) -> Result<Vec<[u8; N]>, Error> {
        let (chunks, rest) = self.bytes(name)?.as_chunks();
        if rest.is_empty() { Ok(chunks.to_vec()) } else { Err(self.broken(name)) }
    }

    /// That this attribute is not what it must be.
    pub(crate) fn broken(self, name: &str) -> Error {
        Error::internal(format!("a record of a {} has no valid {name}", self.what))
    }
}

/// What parsers answer: the ids of the core an `Option`, its other types a `Result`.
pub(crate) trait IntoParsed<T> {
    /// The value, if the text spells one.
    fn into_parsed(self) -> Option<T>;
}

impl<T> IntoParsed<T> for Option<T> {
    fn into_parsed(self) -> Option<T> {
        self
    }
}

impl<T, E> IntoParsed<T> for Result<T, E> {
    fn into_parsed(self) -> Option<T> {
        self.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_malformed_attribute_is_named() {
        let item = Item::from([("size".to_owned(), text("five"))]);
        let read = Reader::new("file", &item);

        assert_eq!(read.text("size").unwrap(), "five");
        for error in [read.number::<u64>("size").unwrap_err(), read.bytes("size").unwrap_err()] {
            assert_eq!(error.to_string(), "internal: a record of a file has no valid size");
        }
        assert!(read.time("created_at").unwrap_err().to_string().ends_with("no valid created_at"));
        assert_eq!(read.text_opt("name").unwrap(), None);
    }

    #[test]
    fn times_keep_their_milliseconds_and_expiry_its_seconds() {
        let at: Timestamp = "2026-11-21T10:00:00.123Z".parse().unwrap();
        let item = NewItem::new(id_key("x")).with("at", time(at)).expiring(at).build();
        let read = Reader::new("thing", &item);

        assert_eq!(read.time("at").unwrap(), at);
        assert_eq!(read.number::<i64>(TTL).unwrap(), at.as_second());
    }

    #[test]
    fn due_work_spreads_over_all_shards() {
        let shards: std::collections::HashSet<String> =
            (0..1_000).map(|i| format!("{:?}", due_shard(&i.to_string()))).collect();
        assert_eq!(shards.len(), usize::from(DUE_SHARDS));
    }

    #[test]
    fn bytes_are_cut_only_when_they_fit() {
        let item = Item::from([("leaves".to_owned(), bytes([1, 2, 3, 4]))]);
        let read = Reader::new("session", &item);
        assert_eq!(read.chunks::<2>("leaves").unwrap(), [[1, 2], [3, 4]]);
        assert!(read.chunks::<3>("leaves").is_err());
    }
}
