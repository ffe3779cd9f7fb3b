//! Files: one item a stored content. `refs` changes only together with the entries that refer to it.

use jiff::Timestamp;
use straightway_core::garbage::GRACE;
use straightway_core::{Error, File, FileRecordKey, ObjectKey, Replica, Sha1Hash};

use crate::database::Database;
use crate::item::{Item, NewItem, Reader, due_shard, id_key, number, text, time};
use crate::schema::{BY_SHA1, FILES};
use crate::write::Write;

/// The file with this key.
pub(crate) async fn read(db: &Database, key: &FileRecordKey) -> Result<Option<File>, Error> {
    db.get(&FILES, id_key(key)).await?.map(|item| from_item(&item)).transpose()
}

/// Those of these files that are there.
pub(crate) async fn read_many(db: &Database, keys: &[FileRecordKey]) -> Result<Vec<File>, Error> {
    let mut keys: Vec<&FileRecordKey> = keys.iter().collect();
    keys.sort_unstable();
    keys.dedup();
    let items = db.get_many(&FILES, keys.into_iter().map(id_key).collect()).await?;
    items.iter().map(from_item).collect()
}

/// A file that the index has under this SHA-1.
pub(crate) async fn with_sha1(db: &Database, sha1: &Sha1Hash, size_bytes: u64) -> Result<Option<FileRecordKey>, Error> {
    let query = db
        .query(&FILES)
        .consistent_read(false)
        .index_name(BY_SHA1.name)
        .key_condition_expression("sha1 = :sha1 AND size_bytes = :size")
        .expression_attribute_values(":sha1", text(sha1))
        .expression_attribute_values(":size", number(size_bytes))
        .limit(1);
    let page = db.page("files by SHA-1", query).await?;
    page.items.first().map(|item| Reader::new("file", item).parsed("id", FileRecordKey::parse)).transpose()
}

/// Puts a file that is not there.
pub(crate) fn put_new(file: &File) -> Write {
    Write::put_new(&FILES, to_item(file))
}

/// Adds a reference to a file that is there; it is not to be collected any more.
pub(crate) fn add_reference(key: &FileRecordKey) -> Write {
    Write::update(&FILES, id_key(key), "SET #refs = #refs + :one REMOVE #collectable_at, #due_at, #due_shard")
        .only_if_there()
        .value(":one", number(1))
}

/// Checks that a file is there with a reference: for an entry that is replaced by another one to the same file.
pub(crate) fn keep_reference(key: &FileRecordKey) -> Write {
    Write::check(&FILES, id_key(key)).only_if("#refs >= :one").value(":one", number(1))
}

/// Takes a reference from `file` as read: with the last one it becomes collectable, in the same update (step 6).
/// Conditions have no branches, so each of the two updates demands the references it was chosen for.
pub(crate) fn drop_reference(file: &File, now: Timestamp) -> Write {
    let key = id_key(&file.record_key);
    if file.refs > 1 {
        return Write::update(&FILES, key, "SET #refs = #refs - :one").only_if("#refs > :one").value(":one", number(1));
    }
    let shard = due_shard(&file.record_key.to_string());
    let expression = "SET #refs = #refs - :one, #collectable_at = :now, #due_at = :due_at, #due_shard = :due_shard";
    Write::update(&FILES, key, expression)
        .only_if("#refs = :one")
        .value(":one", number(1))
        .value(":now", time(now))
        .value(":due_at", time(now + GRACE))
        .value(":due_shard", shard)
}

fn to_item(file: &File) -> Item {
    let key = file.record_key.to_string();
    let item = NewItem::new(id_key(&key))
        .with("object_key", text(&file.object_key))
        .with("size_bytes", number(file.record_key.file_key.size_bytes))
        .with("etag", text(&file.etag))
        .with("refs", number(file.refs))
        .with("replica", text(file.replica.as_str()))
        .with_some("sha1", file.sha1.as_ref().map(text))
        .with("created_at", time(file.created_at));
    match file.collectable_at {
        Some(at) => item.with("collectable_at", time(at)).due(&key, at + GRACE),
        None => item,
    }
    .build()
}

fn from_item(item: &Item) -> Result<File, Error> {
    let read = Reader::new("file", item);
    Ok(File {
        record_key: read.parsed("id", FileRecordKey::parse)?,
        object_key: read.parsed("object_key", ObjectKey::parse)?,
        etag: read.text("etag")?.to_owned(),
        refs: read.number("refs")?,
        collectable_at: read.time_opt("collectable_at")?,
        replica: read.parsed("replica", Replica::parse)?,
        sha1: read.parsed_opt("sha1", Sha1Hash::from_hex)?,
        created_at: read.time("created_at")?,
    })
}
