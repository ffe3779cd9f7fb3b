//! What is refused, and what is never shown.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::time::Duration;

use jiff::Timestamp;
use straightway_signer::{
    AddressStyle, BucketAddress, Credentials, Error, Expiry, HeaderSigner, Method, Part, Payload, Presigner,
    RawRequest, Request, Scope,
};

const SECRET: &str = "wJalrXUtnFEMIsecret";
const TOKEN: &str = "FwoGZXIvYXdzEtoken";

fn credentials() -> Credentials {
    Credentials::new("AKIDEXAMPLE", SECRET.into(), Some(TOKEN.into())).unwrap()
}

fn presigner() -> Presigner {
    let address = BucketAddress::new("https://store.example", "films", AddressStyle::Path);
    Presigner::new(address.unwrap(), Scope::s3("eu-central-1").unwrap(), credentials())
}

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn refusal(request: &Request<'_>) -> Error {
    let expiry = Expiry::from_secs(60).unwrap();
    presigner().presign(request, expiry, now()).unwrap_err()
}

#[test]
fn a_url_lives_from_one_second_to_seven_days() {
    for seconds in [1, 604_800] {
        assert_eq!(Expiry::from_secs(seconds).unwrap().as_secs(), seconds);
    }
    for seconds in [0, 604_801, u32::MAX] {
        let error = Expiry::from_secs(seconds).unwrap_err();
        assert_eq!(error.to_string(), format!("expiry of {seconds} s is not within 1 to 604800 s"));
    }
    assert!(Expiry::try_from(Duration::from_millis(999)).is_err());
    assert!(Expiry::try_from(Duration::from_secs(1 << 40)).is_err());
    let hour = Expiry::try_from(Duration::from_millis(3_600_500)).unwrap();
    assert_eq!(hour.as_secs(), 3600);
}

#[test]
fn endpoints_are_plain_http_addresses() {
    for endpoint in [
        "",
        "store.example",
        "ftp://store.example",
        "https://",
        "https://user@store.example",
        "https://:password@store.example",
        "https://store.example?query",
        "https://store.example/#fragment",
    ] {
        let address = BucketAddress::new(endpoint, "films", AddressStyle::Path);
        assert!(matches!(address, Err(Error::InvalidEndpoint { .. })), "{endpoint}");
    }
}

#[test]
fn the_host_header_leaves_out_default_ports() {
    for (endpoint, host) in [
        ("https://store.example", "store.example"),
        ("https://STORE.example:443", "store.example"),
        ("http://store.example:80", "store.example"),
        ("http://store.example:443", "store.example:443"),
        ("http://127.0.0.1:9000/base", "127.0.0.1:9000"),
        ("http://[::1]:9000", "[::1]:9000"),
    ] {
        let address = BucketAddress::new(endpoint, "films", AddressStyle::Path).unwrap();
        assert_eq!(address.host(), host);
    }
    let style = AddressStyle::VirtualHost;
    let address = BucketAddress::new("https://store.example:9000", "films", style).unwrap();
    assert_eq!(address.host(), "films.store.example:9000");
}

#[test]
fn a_base_path_may_end_with_a_slash_or_not() {
    let with = |endpoint| BucketAddress::new(endpoint, "films", AddressStyle::Path).unwrap();
    assert_eq!(with("https://store.example"), with("https://store.example/"));
    assert_eq!(with("https://store.example/base"), with("https://store.example/base/"));
    assert_ne!(with("https://store.example"), with("https://store.example/base"));
}

#[test]
fn a_bucket_cannot_stand_before_an_ip_address() {
    for endpoint in ["http://127.0.0.1:9000", "http://[::1]:9000"] {
        let address = BucketAddress::new(endpoint, "films", AddressStyle::VirtualHost);
        assert_eq!(address, Err(Error::VirtualHostOnAddress));
    }
}

#[test]
fn bucket_names_cannot_change_the_path_or_the_host() {
    let long = "a".repeat(256);
    for bucket in ["", "a/b", "..", ".a", "a.", "-a", "a-", "a..b", "a b", "a?b", "a%2fb", "é", &long] {
        for style in [AddressStyle::Path, AddressStyle::VirtualHost] {
            let address = BucketAddress::new("https://store.example", bucket, style);
            assert!(matches!(address, Err(Error::InvalidBucket { .. })), "{bucket}");
        }
    }
    for bucket in ["films", "a", "my.films-2026", "Old_Bucket"] {
        assert!(BucketAddress::new("https://store.example", bucket, AddressStyle::Path).is_ok());
    }
    let as_host = BucketAddress::new("https://store.example", "Old_Bucket", AddressStyle::VirtualHost);
    assert!(matches!(as_host, Err(Error::InvalidBucket { .. })));
}

#[test]
fn regions_and_services_are_words() {
    for word in ["", "us/east", "us east", "é"] {
        assert!(matches!(Scope::s3(word), Err(Error::InvalidScope { part: "region", .. })));
        assert!(matches!(Scope::new("auto", word), Err(Error::InvalidScope { part: "service", .. })));
    }
}

#[test]
fn credentials_are_visible_characters() {
    for (id, secret, token, field) in [
        ("", "secret", None, "access key id"),
        ("A KID", "secret", None, "access key id"),
        ("AKID", "", None, "secret access key"),
        ("AKID", "secret\n", None, "secret access key"),
        ("AKID", "secret", Some("to\r\nken"), "session token"),
    ] {
        let credentials = Credentials::new(id, secret.into(), token.map(Into::into));
        assert_eq!(credentials.unwrap_err(), Error::InvalidCredentials { field });
    }
    let empty_token = Credentials::new("AKID", "secret".into(), Some("".into())).unwrap();
    assert!(empty_token.session_token().is_none());
}

#[test]
fn objects_have_keys_and_parts_have_numbers() {
    assert_eq!(refusal(&Request::get_object("")), Error::EmptyKey);

    let presigner = presigner();
    let minute = Expiry::from_secs(60).unwrap();
    assert!(matches!(presigner.parts("", "id", minute, now()), Err(Error::EmptyKey)));
    assert!(matches!(presigner.parts("key", "", minute, now()), Err(Error::EmptyMultipartUploadId)));
    let mut parts = presigner.parts("key", "id", minute, now()).unwrap();
    for number in [0, 10_001] {
        let part = Part { number, content_length: None, checksum_sha256: None };
        let refused = Error::InvalidPartNumber { number };
        assert_eq!(parts.presign(&part), Err(refused.clone()));
        assert_eq!(parts.presign_all(&[part]), Err(refused.clone()));
        assert_eq!(Request::upload_part("key", "id", &part).unwrap_err(), refused);
    }
}

#[test]
fn headers_cannot_smuggle_lines_or_be_signed_twice() {
    let with = |name: &'static str, value: &'static str| refusal(&Request::put_object("key").header(name, value));
    for value in ["a\nb", "a\r\nx-amz-acl: public-read", "a\tb", "\0", "é"] {
        assert!(matches!(with("content-type", value), Error::InvalidHeaderValue { .. }));
    }
    for name in ["", "a b", "a:b", "a\nb", "é"] {
        assert!(matches!(with(name, "v"), Error::InvalidHeaderName { .. }));
    }
    assert!(matches!(with("Host", "v"), Error::ReservedHeader { .. }));

    let twice = Request::put_object("key").content_length(1).header("Content-Length", "2");
    let name = "content-length".to_owned();
    assert_eq!(refusal(&twice), Error::DuplicateHeader { name });
}

#[test]
fn parameters_of_the_signature_are_the_signers() {
    for name in ["X-Amz-Signature", "X-Amz-Expires", "X-Amz-Anything"] {
        let request = Request::get_object("key").query(name, "1");
        assert!(matches!(refusal(&request), Error::ReservedParameter { .. }));
    }
    let twice = Request::get_object("key").query("a", "1").query("a", "2");
    assert!(matches!(refusal(&twice), Error::DuplicateParameter { .. }));
}

#[test]
fn parameters_on_both_sides_of_the_signatures_are_put_in_order() {
    let sorted = ["%zz", "A", "X", "X-Amz", "X-B", "partNumber", "~"];
    let urls = [false, true].map(|reversed| {
        let mut names = sorted;
        if reversed {
            names.reverse();
        }
        let request = names.iter().fold(Request::get_object("key"), |request, name| request.query(*name, "1"));
        let url = presigner().presign(&request, Expiry::MAX, now()).unwrap();
        let url = url::Url::parse(url.as_str()).unwrap();
        let signature =
            url.query_pairs().find_map(|(name, value)| (name == "X-Amz-Signature").then(|| value.into_owned()));
        signature.unwrap()
    });
    assert_eq!(urls[0], urls[1]);
}

#[test]
fn header_signing_refuses_what_it_writes_itself() {
    let signer = HeaderSigner::new(Scope::s3("auto").unwrap(), credentials());
    let sign = |path, header| {
        let request = RawRequest {
            method: Method::Get,
            host: "store.example",
            path,
            query: "",
            headers: &[(header, "v")],
            payload: Payload::Unsigned,
        };
        signer.sign(&request, now()).map(|_| ())
    };
    for name in ["Host", "Authorization", "X-Amz-Date", "x-amz-security-token", "x-amz-content-sha256"] {
        assert!(matches!(sign("/", name), Err(Error::ReservedHeader { .. })));
    }
    assert_eq!(sign("relative", "range"), Err(Error::InvalidPath));
    assert_eq!(sign("/", "range"), Ok(()));
}

#[test]
fn a_hash_given_in_place_of_the_body_signs_the_same() {
    let signer = HeaderSigner::new(Scope::s3("auto").unwrap(), credentials());
    let sign = |payload| {
        let request = RawRequest {
            method: Method::Put,
            host: "store.example",
            path: "/films/key",
            query: "",
            headers: &[],
            payload,
        };
        let headers = signer.sign(&request, now()).unwrap();
        headers.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
    };
    let hello =
        data_encoding::HEXLOWER.decode(b"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824").unwrap();
    let hashed = sign(Payload::Sha256(hello.try_into().unwrap()));
    assert_eq!(sign(Payload::Bytes(b"hello")), hashed);
    assert!(sign(Payload::Unsigned).contains(&"x-amz-content-sha256: UNSIGNED-PAYLOAD".to_owned()));
}

#[test]
fn debug_shows_no_secret_no_token_and_no_signature() {
    let presigner = presigner();
    let request = Request::get_object("key");
    let url = presigner.presign(&request, Expiry::MAX, now()).unwrap();
    let parts = presigner.parts("key", "id", Expiry::MAX, now()).unwrap();
    let signer = HeaderSigner::new(Scope::s3("auto").unwrap(), credentials());
    let raw = RawRequest {
        method: Method::Get,
        host: "store.example",
        path: "/",
        query: "",
        headers: &[],
        payload: Payload::Unsigned,
    };
    let headers = signer.sign(&raw, now()).unwrap();
    let signature = url.as_str().rsplit("X-Amz-Signature=").next().unwrap();
    let signature = &signature[..64];
    let authorization = headers.iter().find(|(name, _)| *name == "authorization");
    let header_signature = authorization.unwrap().1.rsplit('=').next().unwrap();

    let shown = format!("{:?} {presigner:?} {url:?} {parts:?} {signer:?} {headers:?}", credentials());
    for hidden in [SECRET, TOKEN, signature, header_signature] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    assert!(shown.contains("AKIDEXAMPLE"));
    assert!(shown.contains("https://store.example/films/key?[REDACTED]"));
}
