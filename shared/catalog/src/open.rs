//! Opening a session: quota, name, marker, list and session in one transaction.

use straightway_core::ports::{NewSession, Opened};
use straightway_core::{Error, UploadSession};

use crate::database::Database;
use crate::entries;
use crate::item::{Item, Reader, number};
use crate::sessions;
use crate::transact::{Refusals, Transacted, Transaction};
use crate::users::{self, Change, NoRoom, Space};

/// How often it is tried when what is in the way goes away before it can be named.
const ATTEMPTS: u32 = 16;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Why {
    Session,
    Live,
    Marker,
    Name,
    Parent,
    Space,
}

pub(crate) async fn open_session(db: &Database, new: &NewSession<'_>) -> Result<Opened, Error> {
    for _ in 0..ATTEMPTS {
        let space = users::space(db, &new.session.owner_id).await?;
        let refusals = match db.transact(transaction(new, space)).await? {
            Transacted::Done => return Ok(Opened::Done),
            Transacted::Refused(refusals) => refusals,
        };
        if let Some(opened) = judge(db, new, space, &refusals).await? {
            return Ok(opened);
        }
    }
    Err(Error::unavailable("opening a session", "what is in the way kept changing"))
}

fn change(session: &UploadSession) -> Change {
    let size = i128::from(session.plan.size_bytes());
    Change { used_bytes: size, reserved_bytes: size, open_sessions: 1 }
}

fn transaction(new: &NewSession<'_>, space: Space) -> Transaction<Why> {
    let session = new.session;
    let owner = &session.owner_id;
    let name = || entries::check_free(owner, &session.parent, &session.name.folded());
    let reserve = users::change_space_within_quota(owner, change(session), space)
        .map(|write| write.only_if("#open_sessions < :max").value(":max", number(new.max_open_sessions)));
    let mut transaction = Transaction::new("opening a session");
    transaction.add(Why::Session, sessions::put_new(session));
    transaction.add(Why::Live, sessions::put_live(session));
    transaction.add(Why::Marker, sessions::put_marker(session));
    transaction.add(Why::Name, new.name_must_be_free.then(name));
    transaction.add(Why::Parent, entries::check_parent(owner, &session.parent));
    transaction.add(Why::Space, reserve);
    transaction
}

/// What was in the way, in the documented order; `None` when it is gone again.
async fn judge(
    db: &Database,
    new: &NewSession<'_>,
    space: Space,
    refusals: &Refusals<Why>,
) -> Result<Option<Opened>, Error> {
    let session = new.session;
    if refusals.has(Why::Session) {
        // Session ids are random: it was this call, whose answer was lost.
        return Ok(Some(Opened::Done));
    }
    if refusals.has(Why::Marker)
        && let Some(marker) = session.marker()
    {
        let live = sessions::read_by_marker(db, &marker).await?;
        return Ok(live.map(|live| Opened::Live(Box::new(live))));
    }
    if refusals.has(Why::Name) {
        return Ok(Some(Opened::NameTaken));
    }
    if refusals.has(Why::Parent) {
        return Ok(Some(Opened::ParentGone));
    }
    judge_space(new, space, refusals.item(Why::Space))
}

fn judge_space(new: &NewSession<'_>, seen: Space, user: Option<&Item>) -> Result<Option<Opened>, Error> {
    match users::no_room(user, change(new.session), seen)? {
        NoRoom::QuotaChanged => Ok(None),
        NoRoom::QuotaExceeded { available_bytes } => Ok(Some(Opened::QuotaExceeded { available_bytes })),
        NoRoom::Room => {
            let open: u64 = Reader::new("user", user.ok_or_else(users::no_user)?).number("open_sessions")?;
            Ok((open >= new.max_open_sessions).then_some(Opened::TooManySessions))
        }
    }
}
