use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::{Error, Login, LoginId, User, UserId, Username};

/// Users and their logins.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Makes a user, its name and its space.
    ///
    /// # Errors
    /// `Conflict(UsernameTaken)`.
    async fn create_user(&self, user: &User) -> Result<(), Error>;

    /// The user with this id.
    async fn user(&self, id: &UserId) -> Result<Option<User>, Error>;

    /// The user with this name.
    async fn user_by_name(&self, name: &Username) -> Result<Option<User>, Error>;

    /// Changes the password and ends every login made before `now`, but `keep`'s is made anew by its caller.
    /// Conditional on `before` still being the password's hash: `Changed` otherwise.
    async fn set_password(
        &self,
        id: &UserId,
        before: &SecretString,
        after: &SecretString,
        now: Timestamp,
    ) -> Result<(), Error>;

    /// Ends every login of a user that was made before `now`.
    async fn end_logins(&self, id: &UserId, now: Timestamp) -> Result<(), Error>;

    /// Records a new login.
    async fn create_login(&self, login: &Login) -> Result<(), Error>;

    /// The login with this id, ended ones included for as long as they are kept.
    async fn login(&self, id: &LoginId) -> Result<Option<Login>, Error>;

    /// Replaces a login if it is still as it was read (generation and valid tokens).
    async fn rotate_login(&self, before: &Login, after: &Login) -> Result<Rotated, Error>;

    /// Ends one login. Nothing happens when it is gone already.
    async fn delete_login(&self, id: &LoginId) -> Result<(), Error>;
}

/// What [`Accounts::rotate_login`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// Replaced.
    Done,
    /// Another request was faster: read again.
    Changed,
}
