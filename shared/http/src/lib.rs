//! The axum side of every HTTP function: who calls, what they send, how errors look, and the edge around it all.
//!
//! A function builds its routes with `utoipa_axum`'s `OpenApiRouter`, lets handlers take the extractors of this crate
//! in the order of judgement (`State`, [`Caller`], [`PathId`], [`Params`], headers, [`JsonBody`] last) and return
//! `Result<_, Problem>`; its host merges the routers and puts [`edge()`] around them.

mod address;
mod answer;
mod authenticator;
mod caller;
mod cors;
mod edge;
mod fields;
mod idempotency;
mod json;
mod jwks;
pub mod kind;
pub mod openapi;
mod page;
mod params;
mod preconditions;
mod problem;
#[cfg(test)]
mod testing;
pub mod wire;

pub use address::{ClientAddress, PeerAddress};
pub use answer::NoStore;
pub use authenticator::{ACCESS_TOKEN_TYPE, Authenticated, Authenticator, Claims, MAX_ACCESS_LIFE_SECONDS, Parties};
pub use caller::{Caller, CallerLogin};
pub use cors::Cors;
pub use edge::{EdgeConfig, REQUEST_ID, edge};
pub use idempotency::{Begun, Claim, IdempotencyKey, NoIdempotencyKey};
pub use json::{DEFAULT_BODY_BYTES, JsonBody};
pub use jwks::{Jwk, Jwks};
pub use page::{Cursors, DEFAULT_LIMIT, MAX_LIMIT, page_limit};
pub use params::{NoParams, Params, ParseId, PathId};
pub use preconditions::{IfMatch, etag};
pub use problem::Problem;
