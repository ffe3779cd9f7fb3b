//! What a refresh token may still do: the rule of rotation, as pure functions.
//!
//! Every use of a valid token makes a new generation of its login: the used token becomes the predecessor, its
//! successor the only valid token. The predecessor works a while longer, because the answer may have been lost or a
//! second tab may have been faster: each such use adds another valid successor. As soon as one successor is used,
//! the others, its siblings, are refused and do no harm for as long again: they are what the slower tab holds.
//! Everything older is reuse, which means that two parties hold the login's tokens: nobody can say which one is the
//! thief, so the login ends for both.

use jiff::{SignedDuration, Timestamp};
use straightway_core::account::TokenHash;
use straightway_core::{Login, LoginId, User, UserId};

use crate::refresh_token::Presented;

/// 60 s: how long a used token works on while its successors are unused, and its siblings do no harm.
pub const GRACE: SignedDuration = SignedDuration::from_secs(60);
/// 30 days: a login that is not refreshed for as long ends.
pub const IDLE_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// 90 days: a login ends then, however often it was refreshed.
pub const MAX_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// More successors than a client that retries each second can make within the grace; the oldest goes for a new one.
const MAX_SUCCESSORS: usize = 64;

/// What becomes of a login when a refresh token of it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A valid token: its successor starts a new generation.
    Rotate,
    /// The predecessor within its grace: one more successor.
    AddSuccessor,
    /// Another successor of the same token was used just now: refuse this one, but end nothing.
    Sibling,
    /// An older token: end the login.
    Reused,
    /// The login has ended.
    Ended,
}

/// Judges a token that was made for this login.
pub(crate) fn judge(login: &Login, user: &User, token: &Presented, now: Timestamp) -> Verdict {
    let in_grace = now < login.rotated_at + GRACE;
    if has_ended(login, user, now) {
        Verdict::Ended
    } else if login.current.contains(&token.hash) {
        Verdict::Rotate
    } else if in_grace && login.predecessor == Some(token.hash) {
        Verdict::AddSuccessor
    } else if in_grace && is_sibling(login, token) {
        Verdict::Sibling
    } else {
        Verdict::Reused
    }
}

/// Whether a token was as valid as the predecessor until that was used. A change of password since then makes it look
/// older, which is the safe side.
fn is_sibling(login: &Login, token: &Presented) -> bool {
    token.generation + 1 == login.generation
}

/// Whether a login is over: by time, by "log out everywhere", or by a change of password.
pub(crate) fn has_ended(login: &Login, user: &User, now: Timestamp) -> bool {
    login.user_id != user.user_id || now >= login.expires_at || login.created_at < user.logins_valid_from
}

/// A new login whose first token has this hash.
pub(crate) fn open(login_id: LoginId, user_id: UserId, first: TokenHash, now: Timestamp) -> Login {
    Login {
        login_id,
        user_id,
        generation: FIRST_GENERATION,
        current: vec![first],
        predecessor: None,
        rotated_at: now,
        created_at: now,
        expires_at: now + IDLE_LIFE,
    }
}

/// The generation of a new login.
pub(crate) const FIRST_GENERATION: u64 = 1;

/// The login after a valid token was used.
pub(crate) fn rotate(login: &Login, used: TokenHash, successor: TokenHash, now: Timestamp) -> Login {
    Login {
        generation: login.generation + 1,
        current: vec![successor],
        predecessor: Some(used),
        rotated_at: now,
        expires_at: (now + IDLE_LIFE).min(login.created_at + MAX_LIFE),
        ..login.clone()
    }
}

/// The login after its predecessor was used again: the grace does not begin anew.
pub(crate) fn add_successor(login: &Login, successor: TokenHash) -> Login {
    let mut current = login.current.clone();
    if current.len() >= MAX_SUCCESSORS {
        current.remove(0);
    }
    current.push(successor);
    Login { current, ..login.clone() }
}

/// The login as if it was made at `created_at`: how one login survives a change of password. The generation goes up
/// with the tokens unchanged, so that a refresh under way reads again instead of writing the former date back.
pub(crate) fn made_anew(login: &Login, created_at: Timestamp) -> Login {
    Login { generation: login.generation + 1, created_at, ..login.clone() }
}

#[cfg(test)]
#[path = "rotation_tests.rs"]
mod tests;
