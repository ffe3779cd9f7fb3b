//! Folders: making one, and the job that purges one with all that is below.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::SignedDuration;
use straightway_core::ports::{Job, Purged, PutFolder};
use straightway_core::{Entry, EntryId, Error, JobId, OwnerId};

use crate::database::{Database, Written};
use crate::entries;
use crate::item::{Item, NewItem, Reader, id_key, number, text, time};
use crate::schema::JOBS;
use crate::transact::{Transacted, Transaction};
use crate::write::Write;

/// How long a finished job can still be asked for, counted from when it was made.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Why {
    Name,
    Pointer,
    Parent,
    Job,
}

/// Puts a folder.
pub(crate) async fn put(db: &Database, folder: &Entry) -> Result<PutFolder, Error> {
    let mut transaction = Transaction::new("making a folder");
    transaction.add(Why::Name, entries::put_name(folder));
    transaction.add(Why::Pointer, entries::put_pointer(folder));
    transaction.add(Why::Parent, entries::check_parent(&folder.owner_id, &folder.parent));
    let Transacted::Refused(refusals) = db.transact(transaction).await? else { return Ok(PutFolder::Done) };
    if refusals.has(Why::Pointer) {
        // Entry ids are random: it was this call, whose answer was lost.
        return Ok(PutFolder::Done);
    }
    Ok(if refusals.has(Why::Name) { PutFolder::NameTaken } else { PutFolder::ParentGone })
}

/// Deletes a folder, as read, and puts the job that purges what is below. The folder's pointer goes first of all: no
/// entry can be put into it from then on.
pub(crate) async fn purge(db: &Database, folder: &Entry, before: Option<&Job>, after: &Job) -> Result<Purged, Error> {
    if !folder.is_folder() {
        return Err(Error::internal("a file is not purged as a folder"));
    }
    let mut transaction = Transaction::new("purging a folder");
    transaction.add(Why::Name, entries::delete_name(folder));
    transaction.add(Why::Pointer, entries::delete_pointer(folder));
    transaction.add(Why::Job, put_job(before, after));
    let Transacted::Refused(refusals) = db.transact(transaction).await? else { return Ok(Purged::Done) };
    saved_before(refusals.item(Why::Job), after)
}

/// The job with this id.
pub(crate) async fn job(db: &Database, id: &JobId) -> Result<Option<Job>, Error> {
    db.get(&JOBS, id_key(id)).await?.map(|item| job_from_item(&item)).transpose()
}

/// Replaces a job that is as read.
pub(crate) async fn save_job(db: &Database, before: &Job, after: &Job) -> Result<Purged, Error> {
    match db.write(put_job(Some(before), after)).await? {
        Written::Done(_) => Ok(Purged::Done),
        Written::Refused(item) => saved_before(item.as_ref(), after),
    }
}

fn put_job(before: Option<&Job>, after: &Job) -> Write {
    let item = job_to_item(after);
    match before {
        None => Write::put_new(&JOBS, item),
        Some(before) => {
            Write::put(&JOBS, item).only_if("#revision = :revision").value(":revision", number(before.revision))
        }
    }
}

/// A job that is what it should become was saved by an earlier attempt whose answer was lost, or by a worker that did
/// the same: either way all that was to be done is done.
fn saved_before(item: Option<&Item>, after: &Job) -> Result<Purged, Error> {
    let present = item.map(job_from_item).transpose()?;
    Ok(if present.as_ref() == Some(after) { Purged::Done } else { Purged::Changed })
}

fn job_to_item(job: &Job) -> Item {
    let item = NewItem::new(id_key(&job.job_id))
        .with("owner_id", text(&job.owner_id))
        .with("revision", number(job.revision))
        .with("pending", AttributeValue::L(job.pending.iter().map(text).collect()))
        .with("created_at", time(job.created_at));
    // Work that is not done must never expire.
    if job.pending.is_empty() { item.expiring(job.created_at + KEPT) } else { item }.build()
}

fn job_from_item(item: &Item) -> Result<Job, Error> {
    let read = Reader::new("job", item);
    let Some(AttributeValue::L(pending)) = item.get("pending") else { return Err(read.broken("pending")) };
    let folder = |value: &AttributeValue| value.as_s().ok().and_then(|id| EntryId::parse(id));
    Ok(Job {
        job_id: read.parsed("id", JobId::parse)?,
        owner_id: read.parsed("owner_id", OwnerId::parse)?,
        revision: read.number("revision")?,
        pending: pending.iter().map(folder).collect::<Option<_>>().ok_or_else(|| read.broken("pending"))?,
        created_at: read.time("created_at")?,
    })
}
