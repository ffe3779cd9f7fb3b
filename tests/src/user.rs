use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use straightway_core::FileKey;
use straightway_core::proof::Prover;

use crate::{Answer, Content, TestApp, entry_id, eventually, session_id, with};

/// Somebody who is signed in. One method an endpoint.
pub struct TestUser<'a> {
    /// Where.
    pub app: &'a TestApp,
    /// Their id.
    pub user_id: String,
    /// Their access token.
    pub token: String,
    /// Their newest refresh token.
    pub refresh_token: String,
}

impl TestUser<'_> {
    /// A request to the API, by this user.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.app.request(method, path).bearer_auth(&self.token)
    }

    async fn get(&self, path: &str) -> Answer {
        self.app.send(self.request(Method::GET, path)).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.app.send(self.request(Method::DELETE, path)).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.app.send(self.request(Method::POST, path).json(body)).await
    }

    /// `GET /v1/me`
    pub async fn me(&self) -> Answer {
        self.get("/v1/me").await
    }

    /// `PUT /v1/me/password`
    pub async fn change_password(&self, body: &Value) -> Answer {
        self.app.send(self.request(Method::PUT, "/v1/me/password").json(body)).await
    }

    /// `DELETE /v1/logins/current`
    pub async fn end_login(&self) -> Answer {
        self.delete("/v1/logins/current").await
    }

    /// `DELETE /v1/logins`
    pub async fn end_logins(&self) -> Answer {
        self.delete("/v1/logins").await
    }

    /// Used and reserved bytes.
    pub async fn usage(&self) -> (u64, u64) {
        let usage = &self.me().await.expect(200)["usage"];
        let bytes = |name: &str| usage[name].as_u64().expect("usage is in bytes");
        (bytes("used_bytes"), bytes("reserved_bytes"))
    }

    /// `POST /v1/uploads`
    pub async fn create_upload(&self, body: &Value) -> Answer {
        self.post("/v1/uploads", body).await
    }

    /// `POST /v1/uploads` with an idempotency key
    pub async fn create_upload_once(&self, key: &str, body: &Value) -> Answer {
        self.app.send(self.request(Method::POST, "/v1/uploads").header("idempotency-key", key).json(body)).await
    }

    /// `POST /v1/uploads/{id}/parts`
    pub async fn sign_parts(&self, id: &str, body: &Value) -> Answer {
        self.post(&format!("/v1/uploads/{id}/parts"), body).await
    }

    /// `GET /v1/uploads/{id}`, with a query such as `?missing=true`
    pub async fn get_upload(&self, id: &str, query: &str) -> Answer {
        self.get(&format!("/v1/uploads/{id}{query}")).await
    }

    /// `GET /v1/uploads`
    pub async fn list_uploads(&self, query: &str) -> Answer {
        self.get(&format!("/v1/uploads{query}")).await
    }

    /// `POST /v1/uploads/{id}/complete`
    pub async fn complete_upload(&self, id: &str, body: &Value) -> Answer {
        self.post(&format!("/v1/uploads/{id}/complete"), body).await
    }

    /// `DELETE /v1/uploads/{id}`
    pub async fn cancel_upload(&self, id: &str) -> Answer {
        self.delete(&format!("/v1/uploads/{id}")).await
    }

    /// `GET /v1/files`, with a query such as `?name=film.mp4`
    pub async fn list_files(&self, query: &str) -> Answer {
        self.get(&format!("/v1/files{query}")).await
    }

    /// `POST /v1/folders`
    pub async fn create_folder(&self, body: &Value) -> Answer {
        self.post("/v1/folders", body).await
    }

    /// `POST /v1/folders` with an idempotency key
    pub async fn create_folder_once(&self, key: &str, body: &Value) -> Answer {
        self.app.send(self.request(Method::POST, "/v1/folders").header("idempotency-key", key).json(body)).await
    }

    /// A new folder's id.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn folder(&self, name: &str, parent_id: &str) -> String {
        let folder = self.create_folder(&json!({"name": name, "parent_id": parent_id})).await.expect(201);
        entry_id(&folder).to_owned()
    }

    /// `GET /v1/files/{id}`
    pub async fn get_file(&self, id: &str) -> Answer {
        self.get(&format!("/v1/files/{id}")).await
    }

    /// `PATCH /v1/files/{id}`
    pub async fn update_file(&self, id: &str, body: &Value) -> Answer {
        self.app.send(self.request(Method::PATCH, &format!("/v1/files/{id}")).json(body)).await
    }

    /// `PATCH /v1/files/{id}` of what has this entity tag
    pub async fn update_file_if(&self, id: &str, etag: &str, body: &Value) -> Answer {
        let request = self.request(Method::PATCH, &format!("/v1/files/{id}")).header("if-match", etag);
        self.app.send(request.json(body)).await
    }

    /// `DELETE /v1/files/{id}`
    pub async fn delete_file(&self, id: &str) -> Answer {
        self.delete(&format!("/v1/files/{id}")).await
    }

    /// `DELETE /v1/files/{id}` of what has this entity tag
    pub async fn delete_file_if(&self, id: &str, etag: &str) -> Answer {
        self.app.send(self.request(Method::DELETE, &format!("/v1/files/{id}")).header("if-match", etag)).await
    }

    /// `GET /v1/jobs/{id}`
    pub async fn get_job(&self, id: &str) -> Answer {
        self.get(&format!("/v1/jobs/{id}")).await
    }

    /// `GET /v1/files/{id}/download`
    pub async fn download_file(&self, id: &str, query: &str) -> Answer {
        self.get(&format!("/v1/files/{id}/download{query}")).await
    }

    /// Creates an upload of `content` under `name`, with all hashes.
    pub async fn create(&self, name: &str, content: &Content) -> Answer {
        self.create_upload(&content.upload(name)).await
    }

    /// Opens an upload of `content` under `name`, which has to be sent.
    ///
    /// # Panics
    /// When it is refused, or no byte needs to be sent.
    pub async fn open(&self, name: &str, content: &Content) -> Value {
        self.open_with(content, json!({"name": name})).await
    }

    /// The same with other fields in the create.
    ///
    /// # Panics
    /// As [`Self::open`].
    pub async fn open_with(&self, content: &Content, more: Value) -> Value {
        let upload = self.create_upload(&with(content.upload("unnamed"), more)).await.expect(201);
        assert_eq!(upload["outcome"], "upload", "{upload}");
        upload
    }

    /// Sends every part that an upload's answer holds.
    ///
    /// # Panics
    /// When the store refuses one.
    pub async fn send_parts(&self, upload: &Value, content: &Content) {
        for part in upload["parts"].as_array().expect("an upload has parts") {
            let number = part["part_number"].as_u64().expect("parts are numbered");
            let status = self.app.put_part(part, content.part(number).to_vec()).await;
            assert_eq!(status.as_u16(), 200, "part {number}");
        }
    }

    /// Sends every part of an upload and completes it.
    ///
    /// # Panics
    /// When it does not become a file.
    pub async fn finish(&self, upload: &Value, content: &Content) -> Value {
        self.send_parts(upload, content).await;
        self.finish_sent(upload).await
    }

    /// Completes an upload whose parts are sent.
    ///
    /// # Panics
    /// When it does not become a file.
    pub async fn finish_sent(&self, upload: &Value) -> Value {
        let session = self.complete_upload(session_id(upload), &json!({})).await.expect(200);
        assert_eq!(session["state"], "stored", "{session}");
        session["entry"].clone()
    }

    /// Uploads `content` under `name` in the ordinary way and returns the entry.
    ///
    /// # Panics
    /// When any step fails, or no byte needs to be sent.
    pub async fn put(&self, name: &str, content: &Content) -> Value {
        self.finish(&self.open(name, content).await, content).await
    }

    /// The same with other fields in the create.
    ///
    /// # Panics
    /// As [`Self::put`].
    pub async fn put_with(&self, content: &Content, more: Value) -> Value {
        self.finish(&self.open_with(content, more).await, content).await
    }

    /// The answer to a challenge by somebody who has `content`.
    ///
    /// # Panics
    /// When the challenge is malformed.
    pub fn prove(&self, challenge: &Value, content: &Content) -> Value {
        let nonce = challenge["nonce"].as_str().expect("a challenge has a nonce");
        let nonce = data_encoding::HEXLOWER.decode(nonce.as_bytes()).expect("a nonce is hex");
        let key = FileKey { content_hash: content.hash, size_bytes: content.size() };
        let mut prover = Prover::new(&nonce, &self.app.origin, &self.user_id, &key);
        for range in challenge["ranges"].as_array().expect("a challenge has ranges") {
            let number =
                |name: &str| usize::try_from(range[name].as_u64().expect("ranges are numbers")).expect("small");
            let (offset, length) = (number("offset"), number("length"));
            prover.update(&content.bytes[offset..offset + length]);
        }
        json!({"challenge": challenge["challenge"], "mac": data_encoding::HEXLOWER.encode(&prover.finish())})
    }

    /// The bytes of a file, from the store.
    ///
    /// # Panics
    /// When they cannot be had.
    pub async fn download(&self, entry_id: &str) -> Vec<u8> {
        let download = self.download_file(entry_id, "").await.expect(200);
        let url = download["url"].as_str().expect("a download has a URL");
        let answer = self.app.http().get(url).send().await.expect("the store answers");
        assert_eq!(answer.status().as_u16(), 200);
        answer.bytes().await.expect("the bytes arrive").to_vec()
    }

    /// The entry of this name in the root, once it is there.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn wait_for_file(&self, name: &str) -> Value {
        eventually(name, async || {
            let found = self.list_files(&format!("?name={name}")).await.expect(200);
            found["items"].get(0).cloned()
        })
        .await
    }
}
