//! Users, logins and counters in memory, exactly as their ports describe them.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use straightway_core::ports::Rotated;
use straightway_core::{Accounts, Conflict, Error, Limits, Login, LoginId, User, UserId, Username};

#[derive(Default)]
pub(crate) struct Memory {
    users: Mutex<HashMap<String, User>>,
    logins: Mutex<HashMap<String, Login>>,
    counters: Mutex<HashMap<String, u64>>,
    /// Runs once, right before the next `rotate_login`: another request that is faster.
    before_rotate: Mutex<Option<Login>>,
}

impl Memory {
    /// Lets another request write this login right before the next rotation.
    pub(crate) fn be_faster(&self, login: Login) {
        *self.before_rotate.lock().unwrap() = Some(login);
    }

    pub(crate) fn only_login(&self) -> Login {
        let logins = self.logins.lock().unwrap();
        assert_eq!(logins.len(), 1);
        logins.values().next().unwrap().clone()
    }

    pub(crate) fn users_with_password(&self, part: &str) -> usize {
        self.users.lock().unwrap().values().filter(|u| u.password_hash.expose_secret().contains(part)).count()
    }
}

#[async_trait]
impl Accounts for Memory {
    async fn create_user(&self, user: &User) -> Result<(), Error> {
        let mut users = self.users.lock().unwrap();
        if users.values().any(|other| other.username == user.username) {
            return Err(Error::Conflict(Conflict::UsernameTaken));
        }
        users.insert(user.user_id.to_string(), user.clone());
        Ok(())
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, Error> {
        Ok(self.users.lock().unwrap().get(id.as_str()).cloned())
    }

    async fn user_by_name(&self, name: &Username) -> Result<Option<User>, Error> {
        Ok(self.users.lock().unwrap().values().find(|user| user.username == *name).cloned())
    }

    async fn set_password(
        &self,
        id: &UserId,
        before: &SecretString,
        after: &SecretString,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut users = self.users.lock().unwrap();
        let user = users.get_mut(id.as_str()).ok_or(Error::NotFound)?;
        if user.password_hash.expose_secret() != before.expose_secret() {
            return Err(Error::Changed);
        }
        user.password_hash = after.clone();
        user.logins_valid_from = now;
        Ok(())
    }

    async fn end_logins(&self, id: &UserId, now: Timestamp) -> Result<(), Error> {
        self.users.lock().unwrap().get_mut(id.as_str()).ok_or(Error::NotFound)?.logins_valid_from = now;
        Ok(())
    }

    async fn create_login(&self, login: &Login) -> Result<(), Error> {
        self.logins.lock().unwrap().insert(login.login_id.to_string(), login.clone());
        Ok(())
    }

    async fn login(&self, id: &LoginId) -> Result<Option<Login>, Error> {
        Ok(self.logins.lock().unwrap().get(id.as_str()).cloned())
    }

    async fn rotate_login(&self, before: &Login, after: &Login) -> Result<Rotated, Error> {
        let mut logins = self.logins.lock().unwrap();
        if let Some(faster) = self.before_rotate.lock().unwrap().take() {
            logins.insert(faster.login_id.to_string(), faster);
        }
        match logins.get_mut(before.login_id.as_str()) {
            Some(login) if (login.generation, &login.current) == (before.generation, &before.current) => {
                *login = after.clone();
                Ok(Rotated::Done)
            }
            _ => Ok(Rotated::Changed),
        }
    }

    async fn delete_login(&self, id: &LoginId) -> Result<(), Error> {
        self.logins.lock().unwrap().remove(id.as_str());
        Ok(())
    }
}

#[async_trait]
impl Limits for Memory {
    async fn take(&self, key: &str, amount: u64, max: u64, _: Timestamp) -> Result<bool, Error> {
        let mut counters = self.counters.lock().unwrap();
        let counter = counters.entry(key.to_owned()).or_default();
        let within = *counter + amount <= max;
        if within {
            *counter += amount;
        }
        Ok(within)
    }

    async fn give_back(&self, key: &str, amount: u64) -> Result<(), Error> {
        *self.counters.lock().unwrap().get_mut(key).unwrap() -= amount;
        Ok(())
    }
}
