//! The local stack as a process: starting, stopping, being killed, and who may reach it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod crashes;
mod neighbours;
mod start;

use e2e::{Answer, Content};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

/// Somebody who talks to a stack that may go away and come back.
struct Visitor {
    origin: String,
    token: String,
    http: Client,
}

impl Visitor {
    async fn sign_up(origin: &str) -> Self {
        let http = Client::new();
        let credentials = json!({"username": "ada", "password": "correct horse battery"});
        let post = |path: &str| http.post(format!("{origin}{path}")).json(&credentials).send();
        Answer::read(post("/v1/accounts").await.unwrap()).await.expect(201);
        let login = Answer::read(post("/v1/logins").await.unwrap()).await.expect(201);
        let token = login["access_token"].as_str().unwrap().to_owned();
        Self { origin: origin.to_owned(), token, http }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.origin)).bearer_auth(&self.token)
    }

    async fn get(&self, path: &str) -> Value {
        Answer::read(self.request(Method::GET, path).send().await.unwrap()).await.expect(200)
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::read(self.request(Method::POST, path).json(body).send().await.unwrap()).await
    }

    async fn put_part(&self, part: &Value, content: &Content) {
        let mut request = self.http.put(part["url"].as_str().unwrap());
        for (name, value) in part["headers"].as_object().unwrap() {
            request = request.header(name, value.as_str().unwrap());
        }
        let bytes = content.part(part["part_number"].as_u64().unwrap()).to_vec();
        assert_eq!(request.body(bytes).send().await.unwrap().status().as_u16(), 200);
    }
}
