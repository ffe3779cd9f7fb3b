//! Signatures that AWS published.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use jiff::Timestamp;
use straightway_signer::{
    AddressStyle, BucketAddress, Credentials, Expiry, HeaderSigner, Method, Payload, Presigner, RawRequest, Request,
    Scope,
};

const EMPTY: Payload<'static> = Payload::Bytes(b"");

type Headers<'a> = &'a [(&'a str, &'a str)];

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn signature(signer: &HeaderSigner, request: &RawRequest<'_>, now: &str) -> String {
    let headers = signer.sign(request, time(now)).unwrap();
    let authorization = headers.iter().find_map(|(name, value)| (name == "authorization").then_some(value)).unwrap();
    authorization.rsplit('=').next().unwrap().to_owned()
}

/// "Signature Calculations for the Authorization Header" and "Authenticating Requests: Using Query
/// Parameters" of the S3 API reference:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>.
mod s3_documentation {
    use super::*;

    const NOW: &str = "2013-05-24T00:00:00Z";

    fn credentials() -> Credentials {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        Credentials::new("AKIAIOSFODNN7EXAMPLE", secret.into(), None).unwrap()
    }

    fn signer() -> HeaderSigner {
        HeaderSigner::new(Scope::s3("us-east-1").unwrap(), credentials())
    }

    fn get<'a>(path: &'a str, query: &'a str, headers: Headers<'a>) -> RawRequest<'a> {
        RawRequest { method: Method::Get, host: "examplebucket.s3.amazonaws.com", path, query, headers, payload: EMPTY }
    }

    #[test]
    fn get_object_with_a_range() {
        let request = get("/test.txt", "", &[("Range", "bytes=0-9")]);
        let signed = signer().sign(&request, time(NOW)).unwrap();

        let expected = [
            ("x-amz-date", "20130524T000000Z"),
            ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                 SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, \
                 Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
        ];
        assert_eq!(signed.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn put_object_with_a_dollar_sign_in_its_key() {
        let request = RawRequest {
            method: Method::Put,
            payload: Payload::Bytes(b"Welcome to Amazon S3."),
            headers: &[("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            ..get("/test%24file.text", "", &[])
        };
        let expected = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
        assert_eq!(signature(&signer(), &request, NOW), expected);

        let sent_unencoded = RawRequest { path: "/test$file.text", ..request };
        assert_eq!(signature(&signer(), &sent_unencoded, NOW), expected);
    }

    #[test]
    fn get_the_life_cycle_of_a_bucket() {
        assert_eq!(
            signature(&signer(), &get("/", "lifecycle", &[]), NOW),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        );
    }

    #[test]
    fn list_objects() {
        for query in ["max-keys=2&prefix=J", "prefix=J&max-keys=2"] {
            assert_eq!(
                signature(&signer(), &get("/", query, &[]), NOW),
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
            );
        }
    }

    #[test]
    fn a_presigned_get() {
        let address = BucketAddress::new("https://s3.amazonaws.com", "examplebucket", AddressStyle::VirtualHost);
        let scope = Scope::s3("us-east-1").unwrap();
        let presigner = Presigner::new(address.unwrap(), scope, credentials());

        let request = Request::new(Method::Get, "test.txt");
        let expiry = Expiry::from_secs(86_400).unwrap();
        let url = presigner.presign(&request, expiry, time(NOW)).unwrap();
        assert_eq!(
            url.as_str(),
            "https://examplebucket.s3.amazonaws.com/test.txt\
             ?X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z\
             &X-Amz-Expires=86400\
             &X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }
}

/// AWS General Reference, "Signature Version 4 signing process", the IAM `ListUsers` example.
#[test]
fn the_general_reference_example_list_users() {
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let credentials = Credentials::new("AKIDEXAMPLE", secret.into(), None).unwrap();
    let signer = HeaderSigner::new(Scope::new("us-east-1", "iam").unwrap(), credentials);
    let request = RawRequest {
        method: Method::Get,
        host: "iam.amazonaws.com",
        path: "/",
        query: "Action=ListUsers&Version=2010-05-08",
        headers: &[("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")],
        payload: EMPTY,
    };
    assert_eq!(
        signature(&signer, &request, "2015-08-30T12:36:00Z"),
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    );
}

/// The Signature Version 4 test suite, `tests/aws-signing-test-suite/v4` of
/// <https://github.com/awslabs/aws-c-auth>: inputs and `header-signed-request.txt` of each case.
mod test_suite {
    use super::*;

    const NOW: &str = "2015-08-30T12:36:00Z";

    fn signer(session_token: Option<&str>) -> HeaderSigner {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let token = session_token.map(Into::into);
        let credentials = Credentials::new("AKIDEXAMPLE", secret.into(), token).unwrap();
        HeaderSigner::new(Scope::new("us-east-1", "service").unwrap(), credentials)
    }

    fn get<'a>(path: &'a str, query: &'a str, headers: Headers<'a>) -> RawRequest<'a> {
        RawRequest { method: Method::Get, host: "example.amazonaws.com", path, query, headers, payload: EMPTY }
    }

    #[test]
    fn paths_are_resolved_and_encoded() {
        let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        let cases = [
            ("/", vanilla),
            ("/example/..", vanilla),
            ("/example1/example2/../..", vanilla),
            ("/./", vanilla),
            ("//", vanilla),
            ("/./example", "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"),
            ("//example//", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
            ("/example space/", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
            (
                "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
            ),
            ("/\u{1234}", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        ];
        for (path, expected) in cases {
            let request = get(path, "", &[]);
            assert_eq!(signature(&signer(None), &request, NOW), expected, "{path}");
        }
    }

    #[test]
    fn parameters_are_encoded_and_then_sorted() {
        let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let unreserved = format!("{unreserved}={unreserved}");
        let cases = [
            ("Param1=value1", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
            (
                "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
                "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
            ),
            ("Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
            (&unreserved, "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
            ("\u{1234}=bar", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
        ];
        for (query, expected) in cases {
            let request = get("/", query, &[]);
            assert_eq!(signature(&signer(None), &request, NOW), expected, "{query}");
        }
    }

    #[test]
    fn headers_are_joined_and_trimmed() {
        let cases: [(Headers<'_>, &str); 3] = [
            (
                &[("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
                "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
            ),
            (
                &[
                    ("My-Header1", "value4"),
                    ("My-Header1", "value1"),
                    ("My-Header1", "value3"),
                    ("My-Header1", "value2"),
                ],
                "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
            ),
            (
                &[("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            ),
        ];
        for (headers, expected) in cases {
            let request = get("/", "", headers);
            assert_eq!(signature(&signer(None), &request, NOW), expected, "{headers:?}");
        }
    }

    #[test]
    fn posts_are_signed_with_their_bodies() {
        let body_hash = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";
        let form: [(&str, &str); 3] = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Length", "13"),
            ("x-amz-content-sha256", body_hash),
        ];
        let cases: [(Headers<'_>, &[u8], &str); 4] = [
            (&[], b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (&[("My-Header1", "value1")], b"", "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
            (&[("My-Header1", "VALUE1")], b"", "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
            (&form, b"Param1=value1", "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"),
        ];
        for (headers, body, expected) in cases {
            let request = RawRequest { method: Method::Post, payload: Payload::Bytes(body), ..get("/", "", headers) };
            assert_eq!(signature(&signer(None), &request, NOW), expected, "{headers:?}");
        }
    }

    #[test]
    fn a_session_token_is_headers_and_sent() {
        let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
        let signer = signer(Some(token));
        let request = get("/", "", &[]);
        assert_eq!(
            signature(&signer, &request, NOW),
            "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"
        );
        let headers = signer.sign(&request, time(NOW)).unwrap();
        assert!(headers.iter().any(|header| header == ("x-amz-security-token", token)));
    }
}
