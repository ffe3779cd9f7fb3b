//! Tables, keys, indexes and expiry: the only description of them.
//!
//! [`create_tables`](crate::create_tables) makes them so; the Terraform files are kept equal by a test.

/// How many parts an index of due work has, so that no single partition takes all of it.
pub const DUE_SHARDS: u8 = 16;

/// Attribute that DynamoDB deletes an item by, some time after it (seconds since 1970). It only cleans: what has
/// ended is judged in code.
pub const TTL: &str = "ttl";

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, after the deployment's prefix.
    pub name: &'static str,
    /// Its key.
    pub key: Key,
    /// Its global secondary indexes, all sparse and with keys only: they nominate, then the item is read.
    pub indexes: &'static [Index],
    /// The attribute that items expire by, if any do.
    pub ttl: Option<&'static str>,
}

/// A key of a table or index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The partition key.
    pub hash: Attribute,
    /// The sort key.
    pub range: Option<Attribute>,
}

/// A global secondary index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Its key.
    pub key: Key,
}

/// An attribute of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: AttributeKind,
}

/// The type of an attribute of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeKind {
    /// Text.
    Text,
    /// A number.
    Number,
}

/// Users (`user#<id>`) and their names (`name#<username>`).
pub const USERS: Table = Table { name: "users", key: ID, indexes: &[], ttl: None };

/// Logins, by their id.
pub const LOGINS: Table = Table { name: "logins", key: ID, indexes: &[], ttl: Some(TTL) };

/// Upload sessions: by session id the `session`, `parts#<n>` and `read_back`; by `owner#<id>` one `live#<session id>`
/// a live session; by `marker#<hash>` the session that exactly this upload has.
pub const SESSIONS: Table = Table { name: "sessions", key: PAIR, indexes: &[DUE], ttl: Some(TTL) };

/// Files, by their record key.
pub const FILES: Table = Table { name: "files", key: ID, indexes: &[DUE, BY_SHA1], ttl: None };

/// Entries: by `<owner>#<parent>` and folded name the entry; by `entry#<id>` the `pointer` to it.
pub const ENTRIES: Table = Table { name: "entries", key: PAIR, indexes: &[BY_FILE], ttl: None };

/// Garbage, by object key.
pub const GARBAGE: Table = Table { name: "garbage", key: ID, indexes: &[DUE], ttl: None };

/// Events to be delivered, by their id.
pub const OUTBOX: Table = Table { name: "outbox", key: ID, indexes: &[DUE], ttl: Some(TTL) };

/// Requests with an idempotency key, by `<owner>#<key>`.
pub const REQUESTS: Table = Table { name: "requests", key: ID, indexes: &[], ttl: Some(TTL) };

/// Counters (`count#<key>`, `wrong#<what>`) and used nonces (`nonce#<nonce>`).
pub const LIMITS: Table = Table { name: "limits", key: ID, indexes: &[], ttl: Some(TTL) };

/// Jobs, by their id.
pub const JOBS: Table = Table { name: "jobs", key: ID, indexes: &[], ttl: Some(TTL) };

/// Every table.
pub const TABLES: [Table; 10] = [USERS, LOGINS, SESSIONS, FILES, ENTRIES, GARBAGE, OUTBOX, REQUESTS, LIMITS, JOBS];

const ID: Key = Key { hash: text("id"), range: None };
const PAIR: Key = Key { hash: text("pk"), range: Some(text("sk")) };

/// What is due, by shard and time; an item is in it only while something is.
pub const DUE: Index = Index { name: "due", key: Key { hash: number("due_shard"), range: Some(number("due_at")) } };

/// Files whose SHA-1 is known.
pub const BY_SHA1: Index =
    Index { name: "by_sha1", key: Key { hash: text("sha1"), range: Some(number("size_bytes")) } };

/// Entries by `<owner>#<file>`: "I have it already".
pub const BY_FILE: Index = Index { name: "by_file", key: Key { hash: text("owner_file"), range: None } };

const fn text(name: &'static str) -> Attribute {
    Attribute { name, kind: AttributeKind::Text }
}

const fn number(name: &'static str) -> Attribute {
    Attribute { name, kind: AttributeKind::Number }
}
