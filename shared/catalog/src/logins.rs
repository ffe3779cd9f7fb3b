//! Logins: one item a login, replaced as a whole under the condition that nobody was faster.

use jiff::SignedDuration;
use straightway_core::ports::Rotated;
use straightway_core::{Error, Login, LoginId, UserId};

use crate::database::{Database, Written};
use crate::item::{Item, NewItem, Reader, bytes, id_key, number, text, time};
use crate::schema::LOGINS;
use crate::write::Write;

/// How long an ended login is kept: a token of it that turns up then is still known to be old, not just unknown.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Puts a new login.
pub(crate) async fn create(db: &Database, login: &Login) -> Result<(), Error> {
    match db.write(Write::put_new(&LOGINS, to_item(login))).await? {
        Written::Refused(Some(item)) if from_item(&item)? != *login => {
            Err(Error::internal("a new login's id is taken"))
        }
        // Refused by itself: the answer to an earlier attempt was lost.
        _ => Ok(()),
    }
}

/// The login with this id.
pub(crate) async fn read(db: &Database, id: &LoginId) -> Result<Option<Login>, Error> {
    db.get(&LOGINS, id_key(id)).await?.map(|item| from_item(&item)).transpose()
}

/// Replaces `before` if generation and valid tokens are as read.
pub(crate) async fn rotate(db: &Database, before: &Login, after: &Login) -> Result<Rotated, Error> {
    let write = Write::put(&LOGINS, to_item(after))
        .only_if("#generation = :generation AND #valid = :valid")
        .value(":generation", number(before.generation))
        .value(":valid", bytes(before.current.concat()));
    match db.write(write).await? {
        Written::Done(_) => Ok(Rotated::Done),
        // The answer to an earlier attempt was lost: tokens are random, nobody else makes this login.
        Written::Refused(Some(item)) if from_item(&item)? == *after => Ok(Rotated::Done),
        Written::Refused(_) => Ok(Rotated::Changed),
    }
}

/// Deletes a login. Not conditional: it stays deleted.
pub(crate) async fn delete(db: &Database, id: &LoginId) -> Result<(), Error> {
    db.write(Write::delete(&LOGINS, id_key(id))).await?;
    Ok(())
}

fn to_item(login: &Login) -> Item {
    NewItem::new(id_key(&login.login_id))
        .with("user_id", text(&login.user_id))
        .with("generation", number(login.generation))
        .with("valid", bytes(login.current.concat()))
        .with_some("predecessor", login.predecessor.map(bytes))
        .with("rotated_at", time(login.rotated_at))
        .with("created_at", time(login.created_at))
        .with("expires_at", time(login.expires_at))
        .expiring(login.expires_at + KEPT)
        .build()
}

fn from_item(item: &Item) -> Result<Login, Error> {
    let read = Reader::new("login", item);
    let predecessor = match read.bytes_opt("predecessor")? {
        Some(hash) => Some(hash.try_into().map_err(|_| read.broken("predecessor"))?),
        None => None,
    };
    Ok(Login {
        login_id: read.parsed("id", LoginId::parse)?,
        user_id: read.parsed("user_id", UserId::parse)?,
        generation: read.number("generation")?,
        current: read.chunks("valid")?,
        predecessor,
        rotated_at: read.time("rotated_at")?,
        created_at: read.time("created_at")?,
        expires_at: read.time("expires_at")?,
    })
}
