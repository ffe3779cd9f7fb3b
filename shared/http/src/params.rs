use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use straightway_core::{EntryId, Error, FolderId, JobId, LoginId, SessionId};

use crate::{Problem, fields};

/// The query as `T`, which should refuse unknown fields: a typo must not be silent. Wrong parameters are 422.
#[derive(Clone, Copy, Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = url_pairs(query);
        serde_path_to_error::deserialize(pairs)
            .map(Self)
            .map_err(|error| Error::Invalid(vec![fields::in_query(error.path(), error.inner())]).into())
    }
}

/// The query of a route that takes none: whatever stands there is 422.
#[derive(Clone, Copy, Debug)]
pub struct NoParams;

/// What [`NoParams`] reads.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl<S: Send + Sync> FromRequestParts<S> for NoParams {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Params(Nothing {}) = Params::from_request_parts(parts, state).await?;
        Ok(Self)
    }
}

fn url_pairs(query: &str) -> serde_urlencoded::Deserializer<'_> {
    serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(query.as_bytes()))
}

/// The one id in the path; what cannot be an id of ours is 404 like an id that names nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathId<T>(pub T);

/// Ids that stand in paths.
pub trait ParseId: Sized {
    /// The id that this text is.
    fn parse_id(text: &str) -> Option<Self>;
}

macro_rules! path_ids {
    ($($id:ident),*) => { $(impl ParseId for $id {
        fn parse_id(text: &str) -> Option<Self> {
            Self::parse(text)
        }
    })* };
}

path_ids!(EntryId, FolderId, JobId, LoginId, SessionId);

impl<T: ParseId, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, state).await.ok();
        let id = text.and_then(|Path(text)| T::parse_id(&text));
        id.map(Self).ok_or_else(|| Error::NotFound.into())
    }
}
