//! Accounts: users, their logins, and what they use.

use std::fmt;

use jiff::Timestamp;
use secrecy::SecretString;

use crate::{LoginId, UserId, Violation};

/// A user name: 3-32 of `[a-z0-9._-]`, folded to lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Username(String);

impl Username {
    /// Folds and checks a user name.
    ///
    /// # Errors
    /// A violation with code `username` for another length or other characters.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let folded = text.to_ascii_lowercase();
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
        if (3..=32).contains(&folded.len()) && folded.bytes().all(allowed) {
            Ok(Self(folded))
        } else {
            Err(Violation::new("username", "must be 3 to 32 of a-z, 0-9, `.`, `_`, `-`"))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account.
#[derive(Clone, Debug)]
pub struct User {
    /// Its identity; also the owner id of its space.
    pub user_id: UserId,
    /// Unique.
    pub username: Username,
    /// The password's argon2id hash in PHC form.
    pub password_hash: SecretString,
    /// When it was made.
    pub created_at: Timestamp,
    /// Logins made before this ended with "log out everywhere" or a change of password.
    pub logins_valid_from: Timestamp,
    /// What it uses.
    pub usage: Usage,
}

/// What a user may use and does use, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Full sizes of all entries, reservations not included.
    pub used_bytes: u64,
    /// Sizes of live upload sessions.
    pub reserved_bytes: u64,
    /// What both together may be.
    pub quota_bytes: u64,
}

/// SHA-256 of a refresh token's secret part: what the record keeps of it.
pub type TokenHash = [u8; 32];

/// One login of a user: a family of refresh tokens, of which the newest generation is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Its identity.
    pub login_id: LoginId,
    /// Whose.
    pub user_id: UserId,
    /// Goes up by one when a refresh token of the newest generation is used.
    pub generation: u64,
    /// The valid tokens of this generation: several when a lost answer or a second tab used the predecessor again.
    pub current: Vec<TokenHash>,
    /// The token whose use made this generation; works a while more, until its successor is used.
    pub predecessor: Option<TokenHash>,
    /// When this generation was made.
    pub rotated_at: Timestamp,
    /// When the login was made.
    pub created_at: Timestamp,
    /// When it ends, in code; the table's own expiry only cleans.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_are_folded_and_checked() {
        assert_eq!(Username::parse("Ada.Lovelace").unwrap().as_str(), "ada.lovelace");
        let long = "a".repeat(33);
        for wrong in ["", "ab", &long, "ada lovelace", "ada@x", "\u{e4}da", "ada\n"] {
            assert_eq!(Username::parse(wrong).unwrap_err().code, "username", "{wrong:?}");
        }
    }
}
