use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use straightway_core::proof::Prover;
use straightway_core::FileKey;

use crate::{Answer, Content, TestApp};

/// How long a test waits for something that happens by itself, at most.
const PATIENCE: Duration = Duration::from_secs(30);

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

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.app.send(self.request(Method::POST, path).json(body)).await
    }

    /// `GET /v1/me`
    pub async fn me(&self) -> Answer {
        self.get("/v1/me").await
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
        self.app.send(self.request(Method::DELETE, &format!("/v1/uploads/{id}"))).await
    }

    /// `GET /v1/files`, with a query such as `?name=film.mp4`
    pub async fn list_files(&self, query: &str) -> Answer {
        self.get(&format!("/v1/files{query}")).await
    }

    /// `POST /v1/folders`
    pub async fn create_folder(&self, body: &Value) -> Answer {
        self.post("/v1/folders", body).await
    }

    /// `GET /v1/files/{id}`
    pub async fn get_file(&self, id: &str) -> Answer {
        self.get(&format!("/v1/files/{id}")).await
    }

    /// `PATCH /v1/files/{id}`
    pub async fn update_file(&self, id: &str, body: &Value) -> Answer {
        self.app.send(self.request(Method::PATCH, &format!("/v1/files/{id}")).json(body)).await
    }

    /// `DELETE /v1/files/{id}`
    pub async fn delete_file(&self, id: &str) -> Answer {
        self.app.send(self.request(Method::DELETE, &format!("/v1/files/{id}"))).await
    }

    /// `GET /v1/files/{id}/download`
    pub async fn download_file(&self, id: &str, query: &str) -> Answer {
        self.get(&format!("/v1/files/{id}/download{query}")).await
    }

    /// Creates an upload of `content` under `name`, with all hashes.
    pub async fn create(&self, name: &str, content: &Content) -> Answer {
        self.create_upload(&upload_of(name, content)).await
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

    /// Uploads `content` under `name` in the ordinary way and returns the entry.
    ///
    /// # Panics
    /// When any step fails, or no byte needs to be sent.
    pub async fn put(&self, name: &str, content: &Content) -> Value {
        let upload = self.create(name, content).await.expect(201);
        assert_eq!(upload["outcome"], "upload", "{upload}");
        self.send_parts(&upload, content).await;
        let id = upload["session"]["session_id"].as_str().expect("a session has an id");
        let session = self.complete_upload(id, &json!({})).await.expect(200);
        assert_eq!(session["state"], "stored", "{session}");
        session["entry"].clone()
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
            let number = |name: &str| usize::try_from(range[name].as_u64().expect("ranges are numbers")).expect("small");
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
        let arrived = tokio::time::timeout(PATIENCE, async {
            loop {
                let found = self.list_files(&format!("?name={name}")).await.expect(200);
                if let Some(entry) = found["items"].get(0) {
                    return entry.clone();
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        arrived.await.unwrap_or_else(|_| panic!("{name} did not come"))
    }
}

/// The body of a create with content hash and every leaf hash.
fn upload_of(name: &str, content: &Content) -> Value {
    let parts: Vec<_> = content
        .leaves
        .iter()
        .enumerate()
        .map(|(index, leaf)| json!({"part_number": index + 1, "leaf_hash": leaf.to_hex()}))
        .collect();
    json!({"name": name, "size_bytes": content.size(), "content_hash": content.hash.to_hex(), "parts": parts})
}
