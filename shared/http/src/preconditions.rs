use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::HeaderValue;
use http::header::IF_MATCH;
use http::request::Parts;
use straightway_core::Error;

/// The entity tag of a revision: `"7"`.
pub fn etag(revision: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{revision}\"")).unwrap_or_else(|_| unreachable!("digits and quotes are ASCII"))
}

/// `If-Match`: change it only if it still has one of these entity tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfMatch(Option<Vec<String>>);

impl IfMatch {
    /// Whether a thing of this revision may be changed. Without the header it always may.
    ///
    /// # Errors
    /// `Changed` when the header names other revisions only; a weak tag (`W/"7"`) never matches.
    pub fn check(&self, revision: u64) -> Result<(), Error> {
        let Some(tags) = &self.0 else { return Ok(()) };
        let present = format!("\"{revision}\"");
        if tags.iter().any(|tag| tag == "*" || *tag == present) { Ok(()) } else { Err(Error::Changed) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        if !parts.headers.contains_key(IF_MATCH) {
            return Ok(Self(None));
        }
        // An unreadable header matches nothing: better to refuse a change than to make an unwanted one.
        let lines = parts.headers.get_all(IF_MATCH).iter().filter_map(|line| line.to_str().ok());
        Ok(Self(Some(lines.flat_map(|line| line.split(',')).map(|tag| tag.trim().to_owned()).collect())))
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    async fn if_match(values: &[&str]) -> IfMatch {
        let request = values.iter().fold(Request::builder(), |request, value| request.header(IF_MATCH, *value));
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let Ok(if_match) = IfMatch::from_request_parts(&mut parts, &()).await;
        if_match
    }

    #[tokio::test]
    async fn a_change_goes_through_only_on_a_revision_that_the_header_names() {
        assert_eq!(etag(7), "\"7\"");
        for right in [&[][..], &["*"], &["\"7\""], &["\"6\", \"7\""], &["\"6\"", "\"7\""]] {
            assert!(if_match(right).await.check(7).is_ok(), "{right:?}");
        }
        for wrong in [&["\"6\""][..], &["W/\"7\""], &["7"], &[""], &["\"77\""]] {
            assert!(matches!(if_match(wrong).await.check(7), Err(Error::Changed)), "{wrong:?}");
        }
    }
}
