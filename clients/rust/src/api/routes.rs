//! The routes.

use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use straightway_api::List;
use straightway_api::accounts::{Account, ChangePassword, CreateAccount, CreateLogin, Me, Tokens};
use straightway_api::files::{CreateFolder, Download, Entry, Job, UpdateFile};
use straightway_api::uploads::{
    Capabilities, CompleteUpload, CreateUpload, PartPlan, PartsSigned, Session, SignParts, UploadCreated,
};

use super::Api;
use super::call::Call;
use crate::credentials::Login;
use crate::error::Error;

/// What a create came to, and whether anything was made.
#[derive(Clone, Debug)]
pub struct Created {
    /// The outcome.
    pub outcome: UploadCreated,
    /// `false` for a `stored` that was there before: this name already held this content.
    pub is_new: bool,
}

/// What a deletion came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone.
    Done,
    /// A large folder: the job goes on.
    Running {
        /// For [`Api::job`].
        job_id: String,
    },
}

/// Which page of which folder.
#[derive(Clone, Debug, Default)]
pub struct ListFiles {
    /// The folder: `root` (default) or an entry id.
    pub parent_id: Option<String>,
    /// Only the entry with this name.
    pub name: Option<String>,
    /// Only names that begin so.
    pub name_prefix: Option<String>,
    /// Most entries on the page; default 100, at most 1,000.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// About the server.
impl Api {
    /// `GET /v1/capabilities`.
    pub async fn capabilities(&self) -> Result<Capabilities, Error> {
        self.call(&Call::new(Method::GET, ["v1", "capabilities"]).public()).await?.json()
    }

    /// `GET /v1/part-plan`.
    pub async fn part_plan(&self, size_bytes: u64) -> Result<PartPlan, Error> {
        let call = Call::new(Method::GET, ["v1", "part-plan"]).public().query("size_bytes", Some(size_bytes));
        self.call(&call).await?.json()
    }
}

/// Accounts and logins.
impl Api {
    /// `POST /v1/accounts`.
    pub async fn create_account(
        &self,
        username: &str,
        password: &SecretString,
        invite: Option<&str>,
    ) -> Result<Account, Error> {
        let body = CreateAccount {
            username: username.to_owned(),
            password: password.expose_secret().to_owned(),
            invite: invite.map(str::to_owned),
        };
        self.call(&Call::new(Method::POST, ["v1", "accounts"]).public().once().json(&body)?).await?.json()
    }

    /// `POST /v1/logins`; the credentials keep the login.
    pub async fn create_login(&self, username: &str, password: &SecretString) -> Result<(), Error> {
        let body = CreateLogin { username: username.to_owned(), password: password.expose_secret().to_owned() };
        let call = Call::new(Method::POST, ["v1", "logins"]).public().once().json(&body)?;
        let tokens: Tokens = self.call(&call).await?.json()?;
        self.keep_login(Some(Login::received(tokens))).await
    }

    /// `DELETE /v1/logins/current`; the credentials forget the login, even one that had ended.
    pub async fn delete_login(&self) -> Result<(), Error> {
        self.end(Call::new(Method::DELETE, ["v1", "logins", "current"])).await
    }

    /// `DELETE /v1/logins`: all of the caller's; the credentials forget this one.
    pub async fn delete_all_logins(&self) -> Result<(), Error> {
        self.end(Call::new(Method::DELETE, ["v1", "logins"])).await
    }

    async fn end(&self, call: Call) -> Result<(), Error> {
        match self.call(&call).await {
            Ok(_) | Err(Error::SignedOut) => self.keep_login(None).await,
            Err(error) => Err(error),
        }
    }

    /// `GET /v1/me`.
    pub async fn me(&self) -> Result<Me, Error> {
        self.call(&Call::new(Method::GET, ["v1", "me"])).await?.json()
    }

    /// `PUT /v1/me/password`; ends the caller's other logins.
    pub async fn change_password(&self, current: &SecretString, new: &SecretString) -> Result<(), Error> {
        let body = ChangePassword { current: current.expose_secret().to_owned(), new: new.expose_secret().to_owned() };
        self.call(&Call::new(Method::PUT, ["v1", "me", "password"]).once().json(&body)?).await?;
        Ok(())
    }
}

/// Uploads.
impl Api {
    /// `POST /v1/uploads`.
    pub async fn create_upload(&self, request: &CreateUpload) -> Result<Created, Error> {
        let answer = self.call(&Call::new(Method::POST, ["v1", "uploads"]).idempotent()?.json(request)?).await?;
        Ok(Created { outcome: answer.json()?, is_new: answer.status == StatusCode::CREATED })
    }

    /// `POST /v1/uploads/{id}/parts`.
    pub async fn sign_parts(&self, session_id: &str, request: &SignParts) -> Result<PartsSigned, Error> {
        self.call(&Call::new(Method::POST, ["v1", "uploads", session_id, "parts"]).json(request)?).await?.json()
    }

    /// `GET /v1/uploads/{id}`; `wait_seconds` (at most 20) returns as soon as the state changes.
    pub async fn upload(&self, session_id: &str, wait_seconds: Option<u8>) -> Result<Session, Error> {
        let call = Call::new(Method::GET, ["v1", "uploads", session_id]).query("wait", wait_seconds);
        self.call(&call).await?.json()
    }

    /// `GET /v1/uploads/{id}?missing=true`: asks the store which parts it does not have.
    pub async fn upload_with_missing(&self, session_id: &str) -> Result<Session, Error> {
        let call = Call::new(Method::GET, ["v1", "uploads", session_id]).query("missing", Some(true));
        self.call(&call).await?.json()
    }

    /// `GET /v1/uploads`: one page of the caller's live sessions.
    pub async fn list_uploads(&self, cursor: Option<&str>) -> Result<List<Session>, Error> {
        self.call(&Call::new(Method::GET, ["v1", "uploads"]).query("cursor", cursor)).await?.json()
    }

    /// `POST /v1/uploads/{id}/complete`.
    pub async fn complete_upload(&self, session_id: &str, request: &CompleteUpload) -> Result<Session, Error> {
        self.call(&Call::new(Method::POST, ["v1", "uploads", session_id, "complete"]).json(request)?).await?.json()
    }

    /// `DELETE /v1/uploads/{id}`.
    pub async fn abort_upload(&self, session_id: &str) -> Result<(), Error> {
        self.call(&Call::new(Method::DELETE, ["v1", "uploads", session_id])).await?;
        Ok(())
    }
}

/// Files and folders.
impl Api {
    /// `GET /v1/files`: one page of a folder, by name.
    pub async fn list_files(&self, page: &ListFiles) -> Result<List<Entry>, Error> {
        let call = Call::new(Method::GET, ["v1", "files"])
            .query("parent_id", page.parent_id.as_ref())
            .query("name", page.name.as_ref())
            .query("name_prefix", page.name_prefix.as_ref())
            .query("limit", page.limit)
            .query("cursor", page.cursor.as_ref());
        self.call(&call).await?.json()
    }

    /// `POST /v1/folders`.
    pub async fn create_folder(&self, request: &CreateFolder) -> Result<Entry, Error> {
        self.call(&Call::new(Method::POST, ["v1", "folders"]).idempotent()?.json(request)?).await?.json()
    }

    /// `GET /v1/files/{id}`.
    pub async fn file(&self, entry_id: &str) -> Result<Entry, Error> {
        self.call(&Call::new(Method::GET, ["v1", "files", entry_id])).await?.json()
    }

    /// `PATCH /v1/files/{id}`; with a revision only if it is still that.
    pub async fn update_file(
        &self,
        entry_id: &str,
        request: &UpdateFile,
        revision: Option<u64>,
    ) -> Result<Entry, Error> {
        let call = Call::new(Method::PATCH, ["v1", "files", entry_id]).if_match(revision).json(request)?;
        self.call(&call).await?.json()
    }

    /// `DELETE /v1/files/{id}`; with a revision only if it is still that.
    pub async fn delete_file(&self, entry_id: &str, revision: Option<u64>) -> Result<Deleted, Error> {
        let answer = self.call(&Call::new(Method::DELETE, ["v1", "files", entry_id]).if_match(revision)).await?;
        if answer.status == StatusCode::ACCEPTED {
            return Ok(Deleted::Running { job_id: answer.json::<JobStarted>()?.job_id });
        }
        Ok(Deleted::Done)
    }

    /// `GET /v1/files/{id}/download`.
    pub async fn download(&self, entry_id: &str) -> Result<Download, Error> {
        self.call(&Call::new(Method::GET, ["v1", "files", entry_id, "download"])).await?.json()
    }

    /// `GET /v1/jobs/{id}`.
    pub async fn job(&self, job_id: &str) -> Result<Job, Error> {
        self.call(&Call::new(Method::GET, ["v1", "jobs", job_id])).await?.json()
    }
}

/// The part of a 202 that says where the work goes on.
#[derive(serde::Deserialize)]
struct JobStarted {
    job_id: String,
}
