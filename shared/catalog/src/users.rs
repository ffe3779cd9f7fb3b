//! Users: the account, its unique name, and what its owner uses.
//!
//! The item of a user is also where its space is counted: `used_bytes` (reservations included, so that one comparison
//! is the quota check), `reserved_bytes` and `open_sessions` change only in the transactions that make them true.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use straightway_core::{Conflict, Error, OwnerId, Usage, User, UserId, Username};

use crate::database::{Database, Written};
use crate::item::{Item, NewItem, Reader, id_key, number, text, time};
use crate::schema::USERS;
use crate::transact::{Transacted, Transaction};
use crate::write::Write;

/// How often a change is tried on a user that others keep changing.
const ATTEMPTS: u32 = 16;

fn key(id: impl std::fmt::Display) -> Item {
    id_key(format!("user#{id}"))
}

fn name_key(name: &Username) -> Item {
    id_key(format!("name#{name}"))
}

/// Puts the user and its name.
pub(crate) async fn create(db: &Database, user: &User) -> Result<(), Error> {
    #[derive(Clone, Copy, PartialEq)]
    enum Why {
        User,
        Name,
    }
    let name = NewItem::new(name_key(&user.username)).with("user_id", text(&user.user_id)).build();
    let mut transaction = Transaction::new("creating a user");
    transaction.add(Why::Name, Write::put_new(&USERS, name));
    transaction.add(Why::User, Write::put_new(&USERS, to_item(user)));
    let Transacted::Refused(refusals) = db.transact(transaction).await? else { return Ok(()) };
    match refusals.item(Why::Name).map(|item| Reader::new("user name", item).text("user_id")).transpose()? {
        // The answer to an earlier attempt of this call was lost.
        Some(holder) if holder == user.user_id.as_str() => Ok(()),
        Some(_) => Err(Error::Conflict(Conflict::UsernameTaken)),
        None => Err(Error::internal("a new user's id is taken")),
    }
}

/// The user with this id.
pub(crate) async fn read(db: &Database, id: &UserId) -> Result<Option<User>, Error> {
    db.get(&USERS, key(id)).await?.map(|item| from_item(&item)).transpose()
}

/// The user with this name.
pub(crate) async fn read_by_name(db: &Database, name: &Username) -> Result<Option<User>, Error> {
    let Some(item) = db.get(&USERS, name_key(name)).await? else { return Ok(None) };
    let id = Reader::new("user name", &item).parsed("user_id", UserId::parse)?;
    read(db, &id).await
}

/// Changes the password of a user whose hash is `before`, and ends its logins.
pub(crate) async fn set_password(
    db: &Database,
    id: &UserId,
    before: &SecretString,
    after: &SecretString,
    now: Timestamp,
) -> Result<(), Error> {
    for _ in 0..ATTEMPTS {
        let user = read(db, id).await?.ok_or(Error::NotFound)?;
        let present = user.password_hash.expose_secret();
        if present == after.expose_secret() {
            // The answer to an earlier attempt was lost: hashes are salted, nobody else makes this one.
            return Ok(());
        }
        if present != before.expose_secret() {
            return Err(Error::Changed);
        }
        // Never back: clocks differ, and an ended login must stay ended.
        let valid_from = user.logins_valid_from.max(now);
        let write = Write::update(&USERS, key(id), "SET #password_hash = :after, #logins_valid_from = :from")
            .only_if("#password_hash = :before AND #logins_valid_from = :seen")
            .value(":before", text(present))
            .value(":after", text(after.expose_secret()))
            .value(":seen", time(user.logins_valid_from))
            .value(":from", time(valid_from));
        if let Written::Done(_) = db.write(write).await? {
            return Ok(());
        }
    }
    Err(Error::unavailable("changing a password", "the user kept changing"))
}

/// Ends the logins made before `now`.
pub(crate) async fn end_logins(db: &Database, id: &UserId, now: Timestamp) -> Result<(), Error> {
    let write = Write::update(&USERS, key(id), "SET #logins_valid_from = :now")
        .only_if_there()
        .only_if("#logins_valid_from < :now")
        .value(":now", time(now));
    match db.write(write).await? {
        Written::Done(_) | Written::Refused(Some(_)) => Ok(()),
        Written::Refused(None) => Err(Error::NotFound),
    }
}

/// What an owner uses, as quota checks see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Space {
    /// Reservations included.
    pub(crate) used_bytes: u64,
    pub(crate) quota_bytes: u64,
}

impl Space {
    fn of(item: &Item) -> Result<Self, Error> {
        let read = Reader::new("user", item);
        Ok(Self { used_bytes: read.number("used_bytes")?, quota_bytes: read.number("quota_bytes")? })
    }

    /// What is left, in bytes.
    pub(crate) fn available_bytes(self) -> u64 {
        self.quota_bytes.saturating_sub(self.used_bytes)
    }
}

/// Reads what an owner uses.
pub(crate) async fn space(db: &Database, owner: &OwnerId) -> Result<Space, Error> {
    let item = db.get(&USERS, key(owner)).await?.ok_or_else(no_user)?;
    Space::of(&item)
}

/// What changes in an owner's space.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Change {
    /// Reservations included.
    pub(crate) used_bytes: i128,
    pub(crate) reserved_bytes: i128,
    pub(crate) open_sessions: i128,
}

/// Changes an owner's space; no write when nothing changes.
pub(crate) fn change_space(owner: &OwnerId, change: Change) -> Option<Write> {
    let changes = [
        ("used_bytes", change.used_bytes),
        ("reserved_bytes", change.reserved_bytes),
        ("open_sessions", change.open_sessions),
    ];
    let changes: Vec<_> = changes.into_iter().filter(|(_, by)| *by != 0).collect();
    if changes.is_empty() {
        return None;
    }
    let terms: Vec<String> = changes.iter().map(|(name, _)| format!("#{name} = #{name} + :{name}")).collect();
    let write = Write::update(&USERS, key(owner), format!("SET {}", terms.join(", "))).only_if_there();
    Some(changes.into_iter().fold(write, |write, (name, by)| write.value(format!(":{name}"), number(by))))
}

/// As [`change_space`], if there is room for what is added. `space` is as read: conditions have no arithmetic, so the
/// quota is compared with what was read and `used_bytes` with what may be used before.
pub(crate) fn change_space_within_quota(owner: &OwnerId, change: Change, space: Space) -> Option<Write> {
    let write = change_space(owner, change)?;
    if change.used_bytes <= 0 {
        return Some(write);
    }
    let room = i128::from(space.quota_bytes) - change.used_bytes;
    Some(
        write
            .only_if("#quota_bytes = :quota AND #used_bytes <= :room")
            .value(":quota", number(space.quota_bytes))
            .value(":room", number(room)),
    )
}

/// Why a change of an owner's space was refused.
pub(crate) enum NoRoom {
    /// The quota is not what it was: read again.
    QuotaChanged,
    /// Not enough is left.
    QuotaExceeded { available_bytes: u64 },
    /// There is room now: something else was in the way.
    Room,
}

/// Judges a refused change. `item` is the user as it is.
pub(crate) fn no_room(item: Option<&Item>, change: Change, seen: Space) -> Result<NoRoom, Error> {
    let space = Space::of(item.ok_or_else(no_user)?)?;
    let (used, quota) = (i128::from(space.used_bytes), i128::from(space.quota_bytes));
    Ok(if space.quota_bytes != seen.quota_bytes {
        NoRoom::QuotaChanged
    } else if change.used_bytes > 0 && used + change.used_bytes > quota {
        NoRoom::QuotaExceeded { available_bytes: space.available_bytes() }
    } else {
        NoRoom::Room
    })
}

/// That an owner has no user: tokens are only made for users, so this cannot be.
pub(crate) fn no_user() -> Error {
    Error::internal("an owner has no user")
}

fn to_item(user: &User) -> Item {
    let usage = &user.usage;
    NewItem::new(key(&user.user_id))
        .with("user_id", text(&user.user_id))
        .with("username", text(&user.username))
        .with("password_hash", text(user.password_hash.expose_secret()))
        .with("created_at", time(user.created_at))
        .with("logins_valid_from", time(user.logins_valid_from))
        .with("used_bytes", number(i128::from(usage.used_bytes) + i128::from(usage.reserved_bytes)))
        .with("reserved_bytes", number(usage.reserved_bytes))
        .with("quota_bytes", number(usage.quota_bytes))
        .with("open_sessions", number(0))
        .build()
}

fn from_item(item: &Item) -> Result<User, Error> {
    let read = Reader::new("user", item);
    let space = Space::of(item)?;
    let reserved_bytes: u64 = read.number("reserved_bytes")?;
    Ok(User {
        user_id: read.parsed("user_id", UserId::parse)?,
        username: read.parsed("username", Username::parse)?,
        password_hash: read.text("password_hash")?.into(),
        created_at: read.time("created_at")?,
        logins_valid_from: read.time("logins_valid_from")?,
        usage: Usage {
            used_bytes: space.used_bytes.saturating_sub(reserved_bytes),
            reserved_bytes,
            quota_bytes: space.quota_bytes,
        },
    })
}
