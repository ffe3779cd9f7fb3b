//! The real accounts, with another request that is faster where a test wants one.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;
use straightway_core::ports::Rotated;
use straightway_core::{Accounts, Error, Login, LoginId, User, UserId, Username};

pub(crate) struct Racing {
    accounts: Arc<dyn Accounts>,
    faster: Mutex<Option<(Login, Login)>>,
}

impl Racing {
    pub(crate) fn over(accounts: Arc<dyn Accounts>) -> Self {
        Self { accounts, faster: Mutex::default() }
    }

    /// Lets another request replace a login right before the next one tries.
    pub(crate) fn be_faster(&self, before: Login, after: Login) {
        *self.faster.lock().unwrap() = Some((before, after));
    }
}

#[async_trait]
impl Accounts for Racing {
    async fn create_user(&self, user: &User) -> Result<(), Error> {
        self.accounts.create_user(user).await
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, Error> {
        self.accounts.user(id).await
    }

    async fn user_by_name(&self, name: &Username) -> Result<Option<User>, Error> {
        self.accounts.user_by_name(name).await
    }

    async fn set_password(
        &self,
        id: &UserId,
        before: &SecretString,
        after: &SecretString,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.accounts.set_password(id, before, after, now).await
    }

    async fn end_logins(&self, id: &UserId, now: Timestamp) -> Result<(), Error> {
        self.accounts.end_logins(id, now).await
    }

    async fn create_login(&self, login: &Login) -> Result<(), Error> {
        self.accounts.create_login(login).await
    }

    async fn login(&self, id: &LoginId) -> Result<Option<Login>, Error> {
        self.accounts.login(id).await
    }

    async fn rotate_login(&self, before: &Login, after: &Login) -> Result<Rotated, Error> {
        let faster = self.faster.lock().unwrap().take();
        if let Some((before, after)) = faster {
            assert_eq!(self.accounts.rotate_login(&before, &after).await.unwrap(), Rotated::Done);
        }
        self.accounts.rotate_login(before, after).await
    }

    async fn delete_login(&self, id: &LoginId) -> Result<(), Error> {
        self.accounts.delete_login(id).await
    }
}
