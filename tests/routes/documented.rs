//! What is not in the document does not exist.

use std::collections::BTreeSet;

use e2e::TestApp;
use reqwest::Method;
use straightway_http::EdgeConfig;
use straightway_local::gateway;

use crate::world::{Owned, operations};

/// Routes of every server that are no part of the API.
const OF_THE_SERVER: [&str; 3] = ["/healthz", "/openapi.json", "/readyz"];

/// The paths that a router answers, read off its `Debug` form: axum has no other way to list them.
fn paths_of(router: &axum::Router) -> BTreeSet<String> {
    let text = format!("{router:?}");
    let quoted = text.split('"').skip(1).step_by(2);
    // The fallback has the path "/"; that nothing else has it, another test says.
    quoted
        .filter(|text| text.starts_with('/') && !text.contains("__private") && *text != "/")
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn every_path_that_is_routed_is_documented_and_the_other_way_round() {
    let app = TestApp::start().await;
    let router = gateway::router(app.functions.clone(), EdgeConfig::default());
    let documented: BTreeSet<_> = operations().into_iter().map(|operation| operation.path).collect();
    let expected: BTreeSet<_> = documented.into_iter().chain(OF_THE_SERVER.map(str::to_owned)).collect();
    assert_eq!(paths_of(&router), expected);
}

#[tokio::test]
async fn every_method_that_is_not_documented_is_405_before_anything_else() {
    let app = TestApp::start().await;
    let owned = Owned::by(&app.user("ada").await).await;
    let operations = operations();
    for path in operations.iter().map(|operation| &operation.path).collect::<BTreeSet<_>>() {
        let of_path: Vec<_> = operations.iter().filter(|operation| operation.path == *path).collect();
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let documented = of_path.iter().any(|operation| operation.method == method);
            let answer = app.send(app.request(method.clone(), &of_path[0].path_of(&owned))).await;
            if documented {
                assert_ne!(answer.status, 405, "{method} {path}");
                continue;
            }
            let allowed = answer.headers["allow"].to_str().unwrap().to_owned();
            for operation in &of_path {
                assert!(allowed.contains(operation.method.as_str()), "{path} allows {allowed}");
            }
            answer.expect_problem(405, "method-not-allowed");
        }
    }
}

#[tokio::test]
async fn an_unknown_path_is_a_404_problem() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for path in ["/", "/v1", "/v1/", "/v1/nothing", "/v2/uploads", "/v1/uploads/", "/v1/files/a/b/c", "/..", "/%2e%2e/"]
    {
        app.get(path).await.expect_problem(404, "not-found");
        app.send(ada.request(Method::POST, path)).await.expect_problem(404, "not-found");
    }
}

#[tokio::test]
async fn public_routes_need_no_token_and_mind_none() {
    let app = TestApp::start().await;
    for path in ["/v1/capabilities", "/v1/part-plan?size_bytes=1", "/.well-known/jwks.json", "/healthz", "/readyz"] {
        app.get(path).await.expect(200);
        app.send(app.request(Method::GET, path).bearer_auth("garbage")).await.expect(200);
    }
    let public: BTreeSet<_> =
        operations().into_iter().filter(|operation| operation.is_public).map(|operation| operation.name).collect();
    let expected = ["createAccount", "createLogin", "getCapabilities", "getJwks", "getPartPlan", "refreshLogin"]
        .map(str::to_owned);
    assert_eq!(public, BTreeSet::from(expected), "a route that everybody may call is a decision");
}

#[tokio::test]
async fn every_answer_names_its_request_and_answers_with_secrets_are_not_kept() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let owned = Owned::by(&ada).await;
    let mut ids = BTreeSet::new();
    for operation in operations().into_iter().filter(|operation| operation.method == Method::GET) {
        let answer = app.send(operation.request(&app, &owned).bearer_auth(&ada.token)).await;
        assert!(ids.insert(answer.headers["x-request-id"].to_str().unwrap().to_owned()));
        let text = answer.json.to_string();
        if text.contains("X-Amz-Signature") || text.contains("_token") {
            assert_eq!(answer.headers["cache-control"], "no-store", "{}", operation.name);
        }
    }
}
