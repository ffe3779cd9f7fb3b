//! Checks AWS Signature Version 4 in the `Authorization` header of a DynamoDB request.
//!
//! Written from AWS's description, not from our signer, so that a mistake in one does not hide
//! the same mistake in the other.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::Answer;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "dynamodb";
/// How far a client's clock may be off, either way.
const MAX_SKEW_SECONDS: u64 = 15 * 60;

/// The one pair of keys that the front accepts, and the region they are good for.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Names the secret; not secret itself.
    pub access_key_id: String,
    /// What requests are signed with.
    pub secret_access_key: SecretString,
    /// The region that signatures must be scoped to.
    pub region: String,
}

/// Why a request is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No `Authorization` header, or one of another scheme.
    Unsigned,
    /// The header lacks a part, or a part does not read.
    Incomplete(&'static str),
    /// Signed by keys we do not know.
    UnknownKey,
    /// Signed, but for another request, place or time.
    Invalid(&'static str),
}

/// DynamoDB's own exception names and words; all with status 400.
impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let (kind, message) = match refusal {
            Refusal::Unsigned => ("MissingAuthenticationTokenException", "Request is missing Authentication Token"),
            Refusal::Incomplete(message) => ("IncompleteSignatureException", message),
            Refusal::UnknownKey => {
                ("UnrecognizedClientException", "The security token included in the request is invalid.")
            }
            Refusal::Invalid(message) => ("InvalidSignatureException", message),
        };
        Self::refusal(StatusCode::BAD_REQUEST, kind, message)
    }
}

/// What a request's headers claim, checked in everything but the signature itself.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    head: &'a Parts,
    keys: &'a Keys,
    amz_date: &'a str,
    signed_headers: Vec<&'a str>,
    signature: Vec<u8>,
}

impl<'a> Claim<'a> {
    /// Reads the headers; everything that can be refused without the body is refused here.
    pub(super) fn read(head: &'a Parts, keys: &'a Keys, now: Timestamp) -> Result<Self, Refusal> {
        let authorization = match single(&head.headers, "authorization") {
            Ok(Some(value)) => value,
            Ok(None) => return Err(Refusal::Unsigned),
            Err(()) => return Err(Refusal::Incomplete("More than one Authorization header")),
        };
        let fields = Fields::read(authorization)?;
        let amz_date = single(&head.headers, "x-amz-date")
            .ok()
            .flatten()
            .ok_or(Refusal::Incomplete("Authorization header requires existence of 'X-Amz-Date'"))?;
        check_scope(fields.credential, keys, amz_date)?;
        check_time(amz_date, now)?;
        let signed_headers: Vec<&str> = fields.signed_headers.split(';').collect();
        check_signed_headers(&signed_headers, &head.headers)?;
        // Keys made by us have no session token; one that came with a request is foreign.
        if head.headers.contains_key("x-amz-security-token") {
            return Err(Refusal::UnknownKey);
        }
        let signature = HEXLOWER_PERMISSIVE
            .decode(fields.signature.as_bytes())
            .map_err(|_| Refusal::Incomplete("Signature is not hexadecimal"))?;
        Ok(Self { head, keys, amz_date, signed_headers, signature })
    }

    /// Compares the signature, in constant time, with the one of these headers and this body.
    pub(super) fn verify(&self, body: &[u8]) -> Result<(), Refusal> {
        let request = self.canonical_request(body);
        let secret = self.keys.secret_access_key.expose_secret();
        let (key, text) = signing_key_and_text(secret, self.amz_date, &self.keys.region, SERVICE, &request);
        hmac(&key, text.as_bytes()).verify_slice(&self.signature).map_err(|_| {
            Refusal::Invalid(
                "The request signature we calculated does not match the signature you provided. \
                 Check your AWS Secret Access Key and signing method. Consult the service \
                 documentation for details.",
            )
        })
    }

    /// The front serves `POST /` without a query only, so path and query are fixed.
    fn canonical_request(&self, body: &[u8]) -> String {
        let mut request = format!("{}\n/\n\n", self.head.method);
        for name in &self.signed_headers {
            request.push_str(name);
            request.push(':');
            request.push_str(&canonical_value(&self.head.headers, name));
            request.push('\n');
        }
        request.push('\n');
        request.push_str(&self.signed_headers.join(";"));
        request.push('\n');
        request.push_str(&HEXLOWER.encode(&Sha256::digest(body)));
        request
    }
}

/// The parts of `AWS4-HMAC-SHA256 Credential=.., SignedHeaders=.., Signature=..`.
struct Fields<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Fields<'a> {
    fn read(authorization: &'a str) -> Result<Self, Refusal> {
        let (algorithm, fields) = authorization.split_once(' ').unwrap_or((authorization, ""));
        if algorithm != ALGORITHM {
            return Err(Refusal::Unsigned);
        }
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for field in fields.split(',') {
            let place = match field.trim().split_once('=') {
                Some(("Credential", value)) => credential.replace(value),
                Some(("SignedHeaders", value)) => signed_headers.replace(value),
                Some(("Signature", value)) => signature.replace(value),
                _ => return Err(Refusal::Incomplete("Authorization header has an unknown part")),
            };
            if place.is_some() {
                return Err(Refusal::Incomplete("Authorization header has a part twice"));
            }
        }
        Ok(Self {
            credential: credential.ok_or(Refusal::Incomplete("Authorization header requires 'Credential'"))?,
            signed_headers: signed_headers
                .ok_or(Refusal::Incomplete("Authorization header requires 'SignedHeaders'"))?,
            signature: signature.ok_or(Refusal::Incomplete("Authorization header requires 'Signature'"))?,
        })
    }
}

/// `Credential` is `<key id>/<date>/<region>/<service>/aws4_request`.
fn check_scope(credential: &str, keys: &Keys, amz_date: &str) -> Result<(), Refusal> {
    let parts: Vec<&str> = credential.split('/').collect();
    let &[key_id, date, region, service, end] = parts.as_slice() else {
        return Err(Refusal::Incomplete("Credential must have exactly 5 slash-delimited elements"));
    };
    if key_id != keys.access_key_id {
        return Err(Refusal::UnknownKey);
    }
    if Some(date) != amz_date.get(..8) {
        return Err(Refusal::Invalid("Date in Credential scope does not match 'X-Amz-Date'"));
    }
    if region != keys.region {
        return Err(Refusal::Invalid("Credential should be scoped to a valid region"));
    }
    if service != SERVICE || end != "aws4_request" {
        return Err(Refusal::Invalid("Credential should be scoped to correct service: 'dynamodb'"));
    }
    Ok(())
}

fn check_time(amz_date: &str, now: Timestamp) -> Result<(), Refusal> {
    // The length keeps out what a lenient reader would take for a year or an hour.
    let signed_at = (amz_date.len() == 16)
        .then(|| DateTime::strptime("%Y%m%dT%H%M%SZ", amz_date).ok())
        .flatten()
        .and_then(|time| time.to_zoned(TimeZone::UTC).ok())
        .ok_or(Refusal::Incomplete("'X-Amz-Date' must be in ISO 8601 basic format"))?
        .timestamp();
    match now.as_second().abs_diff(signed_at.as_second()) {
        0..=MAX_SKEW_SECONDS => Ok(()),
        _ => Err(Refusal::Invalid("Signature expired: 'X-Amz-Date' is more than 15 minutes from this server's time")),
    }
}

/// What is not signed could have been changed on the way: nothing that we or DynamoDB give a
/// meaning to may be left out.
fn check_signed_headers(signed: &[&str], headers: &HeaderMap) -> Result<(), Refusal> {
    let matters = |name: &str| name == "host" || name == "content-type" || name.starts_with("x-amz-");
    let left_out = headers.keys().any(|name| matters(name.as_str()) && !signed.contains(&name.as_str()));
    if left_out || !signed.contains(&"host") {
        return Err(Refusal::Invalid(
            "'Host', 'Content-Type' and every 'X-Amz-*' header of the request must be signed",
        ));
    }
    if !signed.iter().all(|name| headers.contains_key(*name)) {
        return Err(Refusal::Invalid("A signed header is missing from the request"));
    }
    // Sorted without repetition, as the signature's definition has it; lower case follows from
    // the names being found as they are.
    if !signed.is_sorted_by(|a, b| a < b) || signed.iter().any(|name| name.contains(char::is_uppercase)) {
        return Err(Refusal::Incomplete("SignedHeaders must be sorted, in lower case"));
    }
    Ok(())
}

/// Values of one name joined by commas, each trimmed, runs of spaces made one.
fn canonical_value(headers: &HeaderMap, name: &str) -> String {
    let values = headers.get_all(name).iter().map(|value| {
        let value = String::from_utf8_lossy(value.as_bytes());
        value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
    });
    values.collect::<Vec<_>>().join(",")
}

/// The header's value, `None` if there is none, an error if there are two or it is not text.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}

/// `amz_date` was checked to be 16 ASCII characters, the first eight of them the date.
fn signing_key_and_text(
    secret: &str,
    amz_date: &str,
    region: &str,
    service: &str,
    canonical_request: &str,
) -> (Vec<u8>, String) {
    let date = &amz_date[..8];
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [date, region, service, "aws4_request"] {
        key = hmac(&key, part.as_bytes()).finalize().into_bytes().to_vec();
    }
    let hash = HEXLOWER.encode(&Sha256::digest(canonical_request));
    let scope = format!("{date}/{region}/{service}/aws4_request");
    (key, format!("{ALGORITHM}\n{amz_date}\n{scope}\n{hash}"))
}

fn hmac(key: &[u8], text: &[u8]) -> Hmac<Sha256> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    hmac.update(text);
    hmac
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS's worked example in its description of Signature Version 4.
    #[test]
    fn the_published_example_gives_the_published_signature() {
        let request = "GET\n/\nAction=ListUsers&Version=2010-05-08\n\
            content-type:application/x-www-form-urlencoded; charset=utf-8\n\
            host:iam.amazonaws.com\nx-amz-date:20150830T123600Z\n\n\
            content-type;host;x-amz-date\n\
            e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let (key, text) = signing_key_and_text(secret, "20150830T123600Z", "us-east-1", "iam", request);

        assert_eq!(
            HEXLOWER.encode(&hmac(&key, text.as_bytes()).finalize().into_bytes()),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }

    #[test]
    fn header_values_are_trimmed_and_joined_as_the_signature_defines() {
        let mut headers = HeaderMap::new();
        headers.append("x-amz-thing", "  a   b ".parse().unwrap());
        headers.append("x-amz-thing", "c".parse().unwrap());

        assert_eq!(canonical_value(&headers, "x-amz-thing"), "a b,c");
    }

    #[test]
    fn a_clock_may_be_off_by_fifteen_minutes_and_not_a_second_more() {
        let now: Timestamp = "2026-11-01T12:00:00Z".parse().unwrap();

        for good in ["20261101T114500Z", "20261101T121500Z", "20261101T120000Z"] {
            assert_eq!(check_time(good, now), Ok(()), "{good}");
        }
        for bad in ["20261101T114459Z", "20261101T121501Z", "20251101T120000Z", "2026-11-01", ""] {
            assert!(check_time(bad, now).is_err(), "{bad}");
        }
    }
}
