//! Web pages and hosts: who may speak to the port from a browser.

use reqwest::Method;

use super::support::{BUCKET, PAGE, TestBucket, an_hour, code_of, send};

const FOREIGN: &str = "http://evil.example";

fn preflight(bucket: &TestBucket, origin: &str, headers: &str) -> reqwest::RequestBuilder {
    let request = bucket.http.request(Method::OPTIONS, bucket.url("/files/a?X-Amz-Signature=x"));
    request
        .header("origin", origin)
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", headers)
}

#[tokio::test]
async fn the_page_may_ask_to_put() {
    let bucket = TestBucket::start().await;
    let wanted = "content-type,if-none-match,x-amz-checksum-sha256";
    let response = preflight(&bucket, PAGE, wanted).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let headers = response.headers();
    assert_eq!(headers["access-control-allow-origin"], PAGE);
    assert_eq!(headers["access-control-allow-methods"], "PUT, POST, GET, HEAD");
    assert_eq!(headers["access-control-allow-headers"], wanted);
    assert_eq!(headers["vary"], "Origin");
}

#[tokio::test]
async fn a_foreign_page_is_refused() {
    let bucket = TestBucket::start().await;
    for origin in [FOREIGN, "null", "http://127.0.0.1:8081", "https://127.0.0.1:8080"] {
        let response = preflight(&bucket, origin, "content-type").send().await.unwrap();
        assert!(response.headers().get("access-control-allow-origin").is_none());
        assert_eq!(code_of(403, response).await, "AccessDenied", "{origin}");
    }
    let response = preflight(&bucket, PAGE, "cookie").send().await.unwrap();
    assert_eq!(code_of(403, response).await, "AccessDenied");
}

#[tokio::test]
async fn a_foreign_page_cannot_use_even_a_right_url() {
    let bucket = TestBucket::start().await;
    let put = bucket.client.put_object().bucket(BUCKET).key("a").presigned(an_hour()).await.unwrap();
    let response = send(&bucket.http, &put).header("origin", FOREIGN).body("x").send().await.unwrap();
    assert_eq!(code_of(403, response).await, "AccessDenied");
    assert!(!bucket.exists("a").await);
}

#[tokio::test]
async fn the_page_sees_the_etag_and_errors_too() {
    let bucket = TestBucket::start().await;
    let put = bucket.client.put_object().bucket(BUCKET).key("a").presigned(an_hour()).await.unwrap();
    let response = send(&bucket.http, &put).header("origin", PAGE).body("x").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["access-control-allow-origin"], PAGE);
    assert_eq!(response.headers()["access-control-expose-headers"], "ETag, Location");
    assert!(response.headers().contains_key("etag"));
    let refused = bucket.http.get(bucket.url("/files/a")).header("origin", PAGE).send().await.unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.headers()["access-control-allow-origin"], PAGE);
}

#[tokio::test]
async fn a_foreign_host_name_is_misdirected() {
    let bucket = TestBucket::start().await;
    for host in ["evil.example", "evil.example:9000", "127.0.0.1.evil.example", "localhost.evil.example"] {
        let response = bucket.http.get(bucket.url("/files/a")).header("host", host).send().await.unwrap();
        assert_eq!(response.status(), 421, "{host}");
    }
}

#[tokio::test]
async fn a_bucket_can_be_named_by_its_host() {
    let bucket = TestBucket::start().await;
    bucket.put("a/b", "x").await;
    let port = bucket.address.port();
    let mut config = bucket.client.config().to_builder();
    config.set_force_path_style(Some(false));
    config.set_endpoint_url(Some(format!("http://s3.localhost:{port}")));
    let client = aws_sdk_s3::Client::from_conf(config.build());
    let get = client.get_object().bucket(BUCKET).key("a/b").presigned(an_hour()).await.unwrap();
    let host = format!("{BUCKET}.s3.localhost:{port}");
    assert!(get.uri().starts_with(&format!("http://{host}/a/b?")), "{}", get.uri());
    let uri = get.uri().replacen(&host, &bucket.address.to_string(), 1);
    let response = bucket.http.get(uri).header("host", host).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.text().await.unwrap(), "x");
}

#[tokio::test]
async fn a_gateway_can_mount_the_bucket_on_a_port_of_its_own() {
    use tower::ServiceExt as _;

    let bucket = TestBucket::start().await;
    bucket.put("a", "x").await;
    let get = bucket.client.get_object().bucket(BUCKET).key("a").presigned(an_hour()).await.unwrap();
    let request = http::Request::get(get.uri())
        .header("host", bucket.address.to_string())
        .body(axum::body::Body::empty())
        .unwrap();
    let router = axum::Router::new().fallback_service(bucket.service());
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let body = axum::body::to_bytes(response.into_body(), 10).await.unwrap();
    assert_eq!(body, "x");
}
