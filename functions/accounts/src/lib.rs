//! The accounts function: sign up, sign in, refresh, sign out, who am I, and the keys that verify access tokens.
//!
//! Only this function reads password hashes, rotates refresh tokens and signs access tokens.

mod access_token;
mod attempts;
mod change_password;
mod create_account;
mod create_login;
mod end_login;
mod get_jwks;
mod get_me;
mod passwords;
mod ports;
mod refresh_login;
mod refresh_token;
mod rotation;
mod signed_in;
mod signup;
#[cfg(test)]
mod tests;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use access_token::{ACCESS_LIFE, generate_signing_key, public_key};
pub use attempts::AttemptLimits;
pub use ports::{DEFAULT_QUOTA_BYTES, Ports, Settings};
pub use rotation::{GRACE, IDLE_LIFE, MAX_LIFE};
pub use signup::{Invites, Signup};

/// Every route of this function with its description.
pub fn routes() -> OpenApiRouter<Ports> {
    OpenApiRouter::new()
        .routes(routes!(create_account::create_account))
        .routes(routes!(create_login::create_login, end_login::end_logins))
        .routes(routes!(refresh_login::refresh_login))
        .routes(routes!(end_login::end_login))
        .routes(routes!(get_me::get_me))
        .routes(routes!(change_password::change_password))
        .routes(routes!(get_jwks::get_jwks))
}

/// The function on any host.
pub fn router(ports: Ports) -> Router {
    routes().with_state(ports).into()
}
