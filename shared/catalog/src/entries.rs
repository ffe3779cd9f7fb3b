//! Entries: the name item (owner and parent, folded name) holds the entry, the pointer item (entry id) says where.

use straightway_core::entry::OCTET_STREAM;
use straightway_core::name::MAX_NAME_BYTES;
use straightway_core::ports::Page;
use straightway_core::{
    Entry, EntryId, EntryKind, EntryName, Error, FileRecordKey, FoldedName, FolderId, Metadata, OwnerId,
};

use crate::database::{Database, pause};
use crate::item::{Item, NewItem, Reader, number, pair_key, text, time};
use crate::schema::{BY_FILE, ENTRIES};
use crate::write::Write;

/// How often an entry is looked for that keeps moving.
const READS: u32 = 8;
/// Longest sort key (DynamoDB's documents).
const MAX_SORT_KEY_BYTES: usize = 1024;
/// No folded name is longer: neither folding nor composing makes UTF-8 more than three times as long.
const MAX_FOLDED_BYTES: usize = 3 * MAX_NAME_BYTES;
/// How many entries the index may nominate: most owners have a content once.
const NOMINATED: i32 = 10;

const FOLDER: &str = "folder";
const FILE: &str = "file";

pub(crate) fn name_key(owner: &OwnerId, parent: &FolderId, name: &FoldedName) -> Item {
    pair_key(format!("{owner}#{parent}"), name.as_str())
}

fn key_of(entry: &Entry) -> Item {
    name_key(&entry.owner_id, &entry.parent, &entry.name.folded())
}

fn pointer_key(id: &EntryId) -> Item {
    pair_key(format!("entry#{id}"), "pointer")
}

/// Whether two entries have the same place: then they are the same name item.
pub(crate) fn same_place(a: &Entry, b: &Entry) -> bool {
    a.owner_id == b.owner_id && a.parent == b.parent && a.name.folded() == b.name.folded()
}

// Reads

/// The owner's entry with this id.
pub(crate) async fn read(db: &Database, owner: &OwnerId, id: &EntryId) -> Result<Option<Entry>, Error> {
    for read in 0..READS {
        let Some(pointer) = db.get(&ENTRIES, pointer_key(id)).await? else { return Ok(None) };
        let pointer = Reader::new("pointer", &pointer);
        if pointer.text("owner_id")? != owner.as_str() {
            return Ok(None);
        }
        let parent = pointer.parsed("parent", FolderId::parse)?;
        let name = FoldedName::from_folded(pointer.text("folded_name")?.to_owned());
        let entry = read_named(db, owner, &parent, &name).await?;
        if let Some(entry) = entry.filter(|entry| entry.entry_id == *id) {
            return Ok(Some(entry));
        }
        // Moved between the two reads; not in step with who moves it, the next two may fall between two moves.
        pause(read).await;
    }
    Err(Error::unavailable("reading an entry", "it keeps moving"))
}

/// The owner's entry with this name in a folder.
pub(crate) async fn read_named(
    db: &Database,
    owner: &OwnerId,
    parent: &FolderId,
    name: &FoldedName,
) -> Result<Option<Entry>, Error> {
    if name.as_str().is_empty() || name.as_str().len() > MAX_FOLDED_BYTES {
        return Ok(None);
    }
    db.get(&ENTRIES, name_key(owner, parent, name)).await?.map(|item| from_item(&item)).transpose()
}

/// An entry of the owner's that refers to this file: nominated by the index, then read.
pub(crate) async fn read_of_file(db: &Database, owner: &OwnerId, file: &FileRecordKey) -> Result<Option<Entry>, Error> {
    let query = db
        .query(&ENTRIES)
        .consistent_read(false)
        .index_name(BY_FILE.name)
        .key_condition_expression("owner_file = :owner_file")
        .expression_attribute_values(":owner_file", owner_file(owner, file))
        .limit(NOMINATED);
    for nominated in db.page("entries of a file", query).await?.items {
        let read = Reader::new("entry", &nominated);
        let key = pair_key(read.text("pk")?, read.text("sk")?);
        let entry = db.get(&ENTRIES, key).await?.map(|item| from_item(&item)).transpose()?;
        if let Some(entry) = entry.filter(|entry| entry.file() == Some(file)) {
            return Ok(Some(entry));
        }
    }
    Ok(None)
}

/// One page of a folder.
pub(crate) async fn list(
    db: &Database,
    owner: &OwnerId,
    parent: &FolderId,
    prefix: Option<&FoldedName>,
    after: Option<&FoldedName>,
    limit: usize,
) -> Result<Page<Entry, FoldedName>, Error> {
    let nothing = Page { items: Vec::new(), next: None };
    let prefix = prefix.filter(|prefix| !prefix.as_str().is_empty());
    // DynamoDB refuses a start outside the range that is asked for: before it means its beginning, beyond it nothing.
    let after = match (prefix, after) {
        (Some(prefix), Some(after)) if !after.as_str().starts_with(prefix.as_str()) => {
            if after > prefix {
                return Ok(nothing);
            }
            None
        }
        (_, after) => after.filter(|after| !after.as_str().is_empty()),
    };
    if prefix.is_some_and(|prefix| prefix.as_str().len() > MAX_FOLDED_BYTES) {
        return Ok(nothing);
    }
    let after = after.map(|after| FoldedName::from_folded(truncated(after.as_str()).to_owned()));
    let mut query = db
        .query(&ENTRIES)
        .expression_attribute_values(":folder", text(format!("{owner}#{parent}")))
        .set_exclusive_start_key(after.map(|after| name_key(owner, parent, &after)))
        .limit(i32::try_from(limit.max(1)).unwrap_or(i32::MAX));
    query = match prefix {
        None => query.key_condition_expression("pk = :folder"),
        Some(prefix) => query
            .key_condition_expression("pk = :folder AND begins_with(sk, :prefix)")
            .expression_attribute_values(":prefix", text(prefix.as_str())),
    };
    let page = db.page("a folder", query).await?;
    let next = page.next.as_ref().map(|key| Reader::new("entry", key).text("sk")).transpose()?;
    Ok(Page {
        items: page.items.iter().map(from_item).collect::<Result<_, _>>()?,
        next: next.map(|name| FoldedName::from_folded(name.to_owned())),
    })
}

/// The longest start of `text` that can be a sort key: no name lies between it and the whole.
fn truncated(text: &str) -> &str {
    let mut end = text.len().min(MAX_SORT_KEY_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

// Writes

/// Puts the entry at its name, if that is free.
pub(crate) fn put_name(entry: &Entry) -> Write {
    Write::put_new(&ENTRIES, to_item(entry))
}

/// Puts the entry at a name that `holder`, as read, holds.
pub(crate) fn put_name_over(entry: &Entry, holder: &Entry) -> Write {
    as_read(Write::put(&ENTRIES, to_item(entry)), holder)
}

/// Deletes the entry's name, if the entry is as read.
pub(crate) fn delete_name(entry: &Entry) -> Write {
    as_read(Write::delete(&ENTRIES, key_of(entry)), entry)
}

/// Checks that the entry is as read.
pub(crate) fn check_name(entry: &Entry) -> Write {
    as_read(Write::check(&ENTRIES, key_of(entry)), entry)
}

/// Checks that no entry has the name.
pub(crate) fn check_free(owner: &OwnerId, parent: &FolderId, name: &FoldedName) -> Write {
    Write::check(&ENTRIES, name_key(owner, parent, name)).only_if_absent()
}

fn as_read(write: Write, entry: &Entry) -> Write {
    write
        .only_if("#entry_id = :entry_id AND #revision = :revision")
        .value(":entry_id", text(&entry.entry_id))
        .value(":revision", number(entry.revision))
}

/// Puts the entry's pointer, if it has none.
pub(crate) fn put_pointer(entry: &Entry) -> Write {
    Write::put_new(&ENTRIES, pointer_item(entry))
}

/// Lets the pointer of `before` point to `after`, if it still points to `before`.
pub(crate) fn move_pointer(before: &Entry, after: &Entry) -> Write {
    Write::put(&ENTRIES, pointer_item(after))
        .only_if("#parent = :parent AND #folded_name = :folded_name")
        .value(":parent", text(&before.parent))
        .value(":folded_name", text(before.name.folded().as_str()))
}

/// Deletes the entry's pointer, if it is there.
pub(crate) fn delete_pointer(entry: &Entry) -> Write {
    Write::delete(&ENTRIES, pointer_key(&entry.entry_id)).only_if_there()
}

/// Checks that the parent is a folder of the owner's: its pointer goes before its children are purged, so nothing can
/// be put into a folder that is being deleted. `None` for the root, which is always there.
pub(crate) fn check_parent(owner: &OwnerId, parent: &FolderId) -> Option<Write> {
    match parent {
        FolderId::Root => None,
        FolderId::Folder(id) => Some(check_folder(owner, id)),
    }
}

/// Checks that a folder of the owner's still is where it was read.
pub(crate) fn check_folder_in_place(folder: &Entry) -> Write {
    check_folder(&folder.owner_id, &folder.entry_id).only_if("#parent = :parent").value(":parent", text(&folder.parent))
}

fn check_folder(owner: &OwnerId, id: &EntryId) -> Write {
    Write::check(&ENTRIES, pointer_key(id))
        .only_if("#owner_id = :owner AND #kind = :folder")
        .value(":owner", text(owner))
        .value(":folder", text(FOLDER))
}

/// Whether a pointer is that of a folder of the owner's.
pub(crate) fn is_folder_of(owner: &OwnerId, pointer: Option<&Item>) -> Result<bool, Error> {
    let Some(pointer) = pointer else { return Ok(false) };
    let read = Reader::new("pointer", pointer);
    Ok(read.text("owner_id")? == owner.as_str() && read.text("kind")? == FOLDER)
}

// Items

fn owner_file(owner: &OwnerId, file: &FileRecordKey) -> aws_sdk_dynamodb::types::AttributeValue {
    text(format!("{owner}#{file}"))
}

const fn kind(entry: &Entry) -> &'static str {
    if entry.is_folder() { FOLDER } else { FILE }
}

fn pointer_item(entry: &Entry) -> Item {
    NewItem::new(pointer_key(&entry.entry_id))
        .with("owner_id", text(&entry.owner_id))
        .with("parent", text(&entry.parent))
        .with("folded_name", text(entry.name.folded().as_str()))
        .with("kind", text(kind(entry)))
        .build()
}

fn to_item(entry: &Entry) -> Item {
    let item = NewItem::new(key_of(entry))
        .with("entry_id", text(&entry.entry_id))
        .with("owner_id", text(&entry.owner_id))
        .with("parent", text(&entry.parent))
        .with("name", text(&entry.name))
        .with("kind", text(kind(entry)))
        .with("revision", number(entry.revision))
        .with_some("client_modified_at", entry.client_modified_at.map(time))
        .with("metadata", metadata(&entry.metadata))
        .with("created_at", time(entry.created_at))
        .with("updated_at", time(entry.updated_at));
    match &entry.kind {
        EntryKind::Folder => item,
        EntryKind::File { file, content_type } => item
            .with("file", text(file))
            .with("owner_file", owner_file(&entry.owner_id, file))
            .with("content_type", text(content_type)),
    }
    .build()
}

pub(crate) fn from_item(item: &Item) -> Result<Entry, Error> {
    let read = Reader::new("entry", item);
    let kind = match read.text("kind")? {
        FOLDER => EntryKind::Folder,
        FILE => EntryKind::File {
            file: read.parsed("file", FileRecordKey::parse)?,
            content_type: read.text_opt("content_type")?.unwrap_or(OCTET_STREAM).to_owned(),
        },
        _ => return Err(read.broken("kind")),
    };
    Ok(Entry {
        entry_id: read.parsed("entry_id", EntryId::parse)?,
        owner_id: read.parsed("owner_id", OwnerId::parse)?,
        parent: read.parsed("parent", FolderId::parse)?,
        name: read.parsed("name", EntryName::parse)?,
        kind,
        revision: read.number("revision")?,
        client_modified_at: read.time_opt("client_modified_at")?,
        metadata: read_metadata(read)?,
        created_at: read.time("created_at")?,
        updated_at: read.time("updated_at")?,
    })
}

/// Metadata as JSON text: DynamoDB's own maps allow no empty key.
pub(crate) fn metadata(metadata: &Metadata) -> aws_sdk_dynamodb::types::AttributeValue {
    text(serde_json::json!(metadata.pairs()))
}

/// Reads what [`metadata`] wrote.
pub(crate) fn read_metadata(read: Reader<'_>) -> Result<Metadata, Error> {
    read.parsed("metadata", |json| Metadata::new(serde_json::from_str(json).ok()?).ok())
}
