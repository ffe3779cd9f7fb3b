//! Leaf hashes: those recorded at signing, a hundred parts an item, and those of a read-back.

use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use straightway_core::ports::ReadBack;
use straightway_core::session::MAX_LIFE;
use straightway_core::{Error, LeafHash, PartNumber, SessionId};

use crate::database::Database;
use crate::item::{Item, NewItem, Reader, bytes, pair_key, text, ttl};
use crate::schema::{SESSIONS, TTL};
use crate::sessions::KEPT_AFTER_END;
use crate::write::Write;

/// Parts an item: 100 hashes are about 4 KB, far from DynamoDB's limits for items and expressions.
const PARTS_AN_ITEM: usize = 100;
const PARTS: &str = "parts#";
const READ_BACK: &str = "read_back";

/// Records leaf hashes. Not conditional: repeating it changes nothing, and the last hash of a part counts.
pub(crate) async fn record(db: &Database, id: &SessionId, leaves: &[(PartNumber, LeafHash)]) -> Result<(), Error> {
    let mut sorted = leaves.to_vec();
    // Stable, so that of two hashes for one part the later one stays last, and counts.
    sorted.sort_by_key(|(number, _)| *number);
    let item_of = |number: PartNumber| number.index() / PARTS_AN_ITEM;
    let chunks = sorted.chunk_by(|(a, _), (b, _)| item_of(*a) == item_of(*b));
    try_join_all(chunks.map(|chunk| async move {
        let key = pair_key(id, format!("{PARTS}{:03}", item_of(chunk[0].0)));
        db.write(record_chunk(key, chunk)).await
    }))
    .await?;
    Ok(())
}

fn record_chunk(key: Item, chunk: &[(PartNumber, LeafHash)]) -> Write {
    let mut terms = vec![format!("#{TTL} = :ttl")];
    let mut values = Item::from([(":ttl".to_owned(), ttl(gone_by()))]);
    for (number, leaf) in chunk {
        if values.insert(format!(":{number}"), bytes(leaf.as_bytes())).is_none() {
            terms.push(format!("#{number} = :{number}"));
        }
    }
    let write = Write::update(&SESSIONS, key, format!("SET {}", terms.join(", ")));
    values.into_iter().fold(write, |write, (name, value)| write.value(name, value))
}

/// The recorded leaf hashes, ascending.
pub(crate) async fn read(db: &Database, id: &SessionId) -> Result<Vec<(PartNumber, LeafHash)>, Error> {
    let query = db
        .query(&SESSIONS)
        .key_condition_expression("pk = :id AND begins_with(sk, :parts)")
        .expression_attribute_values(":id", text(id))
        .expression_attribute_values(":parts", text(PARTS));
    let mut leaves = Vec::new();
    for item in db.pages("leaf hashes", query).await? {
        let read = Reader::new("list of leaf hashes", &item);
        let numbers = item.keys().filter(|name| name.starts_with(|c: char| c.is_ascii_digit()));
        for name in numbers {
            let number = name.parse().ok().and_then(|n| PartNumber::new(n).ok()).ok_or_else(|| read.broken(name))?;
            leaves.push((number, LeafHash::from_bytes(read.bytes(name)?.try_into().map_err(|_| read.broken(name))?)));
        }
    }
    leaves.sort_unstable_by_key(|(number, _)| *number);
    Ok(leaves)
}

/// How far a read-back is.
pub(crate) async fn read_back(db: &Database, id: &SessionId) -> Result<Option<ReadBack>, Error> {
    let Some(item) = db.get(&SESSIONS, pair_key(id, READ_BACK)).await? else { return Ok(None) };
    let read = Reader::new("read-back", &item);
    Ok(Some(ReadBack {
        etag: read.text("etag")?.to_owned(),
        leaves: read.chunks("leaves")?.into_iter().map(LeafHash::from_bytes).collect(),
        sha1_state: read.bytes("sha1_state")?.to_vec(),
    }))
}

/// Saves how far a read-back is. Not conditional: it only spares reading again, whichever worker's it is.
pub(crate) async fn save_read_back(db: &Database, id: &SessionId, read_back: &ReadBack) -> Result<(), Error> {
    let leaves: Vec<u8> = read_back.leaves.iter().flat_map(LeafHash::as_bytes).copied().collect();
    let item = NewItem::new(pair_key(id, READ_BACK))
        .with("etag", text(&read_back.etag))
        .with("leaves", bytes(leaves))
        .with("sha1_state", bytes(&read_back.sha1_state))
        .expiring(gone_by())
        .build();
    db.write(Write::put(&SESSIONS, item)).await?;
    Ok(())
}

/// When a session that lives now, and is kept after its end, is certainly gone.
#[expect(clippy::disallowed_methods, reason = "it only decides when leftovers are cleaned; no rule looks at it")]
fn gone_by() -> Timestamp {
    Timestamp::now() + MAX_LIFE + KEPT_AFTER_END + SignedDuration::from_hours(24)
}
