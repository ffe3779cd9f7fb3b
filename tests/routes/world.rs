use e2e::{Content, TestApp, TestUser, entry_id, session_id};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use straightway_local::gateway;

/// An operation as the document describes it.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) is_public: bool,
    pub(crate) takes_body: bool,
}

/// Every operation of the API.
pub(crate) fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(gateway::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut operations = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            if operation.get("operationId").is_none() {
                continue;
            }
            let everybody = |needs: &Value| needs.as_array().unwrap().contains(&json!({}));
            operations.push(Operation {
                name: operation["operationId"].as_str().unwrap().to_owned(),
                method,
                path: path.clone(),
                is_public: operation.get("security").is_some_and(everybody),
                takes_body: operation.get("requestBody").is_some(),
            });
        }
    }
    assert!(operations.len() >= 24, "the document holds every operation: {}", operations.len());
    operations
}

/// Those that need a token.
pub(crate) fn protected() -> Vec<Operation> {
    let protected: Vec<_> = operations().into_iter().filter(|operation| !operation.is_public).collect();
    assert!(protected.len() >= 18, "{}", protected.len());
    protected
}

impl Operation {
    /// Whether it is about a thing that its path names.
    pub(crate) fn names_a_thing(&self) -> bool {
        self.path.contains('{')
    }

    /// Its path, about a thing of `owned`.
    pub(crate) fn path_of(&self, owned: &Owned) -> String {
        let id = match self.path.split('/').nth(2) {
            Some("uploads") => &owned.session,
            Some("files") => &owned.file,
            Some("jobs") => &owned.job,
            _ if self.names_a_thing() => panic!("give {} something that an owner has", self.path),
            _ => return self.path.clone(),
        };
        self.path.replace("{id}", id)
    }

    /// A request without token and body.
    pub(crate) fn request(&self, app: &TestApp, owned: &Owned) -> RequestBuilder {
        app.request(self.method.clone(), &self.path_of(owned))
    }

    /// The same with a query.
    pub(crate) fn request_with(&self, query: &str, app: &TestApp, owned: &Owned) -> RequestBuilder {
        app.request(self.method.clone(), &format!("{}?{query}", self.path_of(owned)))
    }

    /// A body that every field of is right.
    pub(crate) fn right_body(&self) -> Option<Value> {
        if !self.takes_body {
            return None;
        }
        Some(match self.name.as_str() {
            "createUpload" => json!({"name": "new", "size_bytes": 1}),
            "signParts" => json!({"done": [1]}),
            "completeUpload" => json!({}),
            "createFolder" => json!({"name": "new"}),
            "updateFile" => json!({"name": "renamed"}),
            "changePassword" => json!({"current": "not this one", "new": "a longer password"}),
            other => panic!("give {other} a body that every field of is right"),
        })
    }

    /// A request with a right body, if it takes one.
    pub(crate) fn right_request(&self, app: &TestApp, owned: &Owned) -> RequestBuilder {
        let request = self.request(app, owned);
        match self.right_body() {
            Some(body) => request.json(&body),
            None => request,
        }
    }
}

/// One thing of each kind.
#[derive(Debug)]
pub(crate) struct Owned {
    pub(crate) file: String,
    pub(crate) session: String,
    pub(crate) job: String,
}

impl Owned {
    pub(crate) async fn by(user: &TestUser<'_>) -> Self {
        let file = user.put("file", &Content::random(10)).await;
        let session = user.open("upload", &Content::random(20)).await;
        // A small folder is deleted at once; its job stays, done.
        let folder = user.folder("folder", "root").await;
        assert_eq!(user.delete_file(&folder).await.status, 204);
        let jobs = user.app.records.all("jobs").await;
        let job = jobs.iter().find(|job| job.text("owner_id") == user.user_id).expect("a job was made");
        let job = job.text("id").to_owned();
        user.get_job(&job).await.expect(200);
        Self { file: entry_id(&file).to_owned(), session: session_id(&session).to_owned(), job }
    }

    /// Everything about it as its owner sees it.
    pub(crate) async fn seen_by(&self, user: &TestUser<'_>) -> [Value; 4] {
        let mut session = user.get_upload(&self.session, "").await.expect(200);
        session["expires_in"] = Value::Null;
        [
            user.get_file(&self.file).await.expect(200),
            session,
            user.get_job(&self.job).await.expect(200),
            user.me().await.expect(200),
        ]
    }
}
