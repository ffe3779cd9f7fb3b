//! Downloads through signed URLs.

use reqwest::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, RANGE};
use reqwest::{Method, Response, StatusCode};
use straightway_core::ObjectKey;
use straightway_core::ports::{ResponseHeaders, SignedRequest};

use super::Subject;
use super::subject::{LIFE, long_ago, now, status};

const BODY: &[u8] = b"the whole film";

fn headers() -> ResponseHeaders {
    ResponseHeaders {
        content_type: "video/mp4".to_owned(),
        content_disposition: "attachment; filename=\"a film.mp4\"; filename*=UTF-8''%C3%BCber%20alles.mp4".to_owned(),
        cache_control: "private, max-age=300".to_owned(),
    }
}

fn sign(subject: &Subject, key: &ObjectKey) -> SignedRequest {
    subject.store().sign_get(key, &headers(), LIFE, now()).unwrap()
}

fn header(answer: &Response, name: HeaderName) -> &str {
    answer.headers().get(name).map_or("absent", |value| value.to_str().unwrap())
}

pub async fn a_download_answers_with_the_headers_of_its_url(subject: &Subject) {
    let (key, _) = subject.object(BODY).await;
    let answer = subject.request(Method::GET, &sign(subject, &key)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(header(&answer, CONTENT_TYPE), headers().content_type);
    assert_eq!(header(&answer, CONTENT_DISPOSITION), headers().content_disposition);
    assert_eq!(header(&answer, CACHE_CONTROL), headers().cache_control);
    assert_eq!(answer.bytes().await.unwrap(), BODY);
}

pub async fn a_download_can_be_asked_for_in_ranges(subject: &Subject) {
    let (key, _) = subject.object(BODY).await;
    let request = subject.request(Method::GET, &sign(subject, &key)).header(RANGE, "bytes=4-8");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(answer.bytes().await.unwrap(), &BODY[4..9]);
}

pub async fn an_altered_response_header_is_refused(subject: &Subject) {
    let (key, _) = subject.object(BODY).await;
    let mut signed = sign(subject, &key);
    let altered = signed.url.replace("video%2Fmp4", "text%2Fhtml");
    assert_ne!(altered, signed.url);
    signed.url = altered;
    assert_eq!(status(subject.request(Method::GET, &signed)).await, StatusCode::FORBIDDEN);
}

pub async fn an_expired_download_is_refused(subject: &Subject) {
    let (key, _) = subject.object(BODY).await;
    let signed = subject.store().sign_get(&key, &headers(), LIFE, long_ago()).unwrap();
    assert_eq!(status(subject.request(Method::GET, &signed)).await, StatusCode::FORBIDDEN);
}
