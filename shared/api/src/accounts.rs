//! Accounts and logins.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /v1/accounts`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAccount {
    /// 3-32 of `[a-z0-9._-]`, folded to lower case.
    pub username: String,
    /// 8-128 characters.
    pub password: String,
    /// Needed where sign-up is by invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<String>,
}

/// A new account.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Its identity.
    pub user_id: String,
    /// As folded.
    pub username: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// `POST /v1/logins`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateLogin {
    /// The account's name.
    pub username: String,
    /// Its password.
    pub password: String,
}

/// `POST /v1/logins/refresh`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshLogin {
    /// The newest refresh token.
    pub refresh_token: String,
}

/// Tokens of a login.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Tokens {
    /// Goes into `Authorization: Bearer`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// For the next `POST /v1/logins/refresh`; used once.
    pub refresh_token: String,
}

/// `GET /v1/me`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The caller's id; also what a proof of possession names.
    pub user_id: String,
    /// The caller's name.
    pub username: String,
    /// When the account was made.
    pub created_at: Timestamp,
    /// What the caller uses.
    pub usage: Usage,
}

/// What a user uses, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// Full sizes of all entries, without reservations.
    pub used_bytes: u64,
    /// Sizes of live uploads.
    pub reserved_bytes: u64,
    /// What both together may be.
    pub quota_bytes: u64,
}

/// `PUT /v1/me/password`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The present password.
    pub current: String,
    /// The new one, 8-128 characters.
    pub new: String,
}
