use axum::extract::State;
use axum::http::StatusCode;
use straightway_http::openapi::Problems;
use straightway_http::{NoParams, Problem};

use crate::ports::Ports;
use crate::signed_in::SignedIn;

/// Signs out: ends the login of this token.
#[utoipa::path(delete, path = "/v1/logins/current",
    responses((status = 204, description = "The login has ended"), Problems))]
pub(crate) async fn end_login(
    State(ports): State<Ports>,
    SignedIn { login, .. }: SignedIn,
    _: NoParams,
) -> Result<StatusCode, Problem> {
    ports.accounts.delete_login(&login.login_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs out everywhere: ends all logins of the caller.
#[utoipa::path(delete, path = "/v1/logins", responses((status = 204, description = "All logins have ended"), Problems))]
pub(crate) async fn end_logins(
    State(ports): State<Ports>,
    SignedIn { user, login }: SignedIn,
    _: NoParams,
) -> Result<StatusCode, Problem> {
    ports.accounts.end_logins(&user.user_id, ports.clock.now()).await?;
    // The caller's own may be as young as this very millisecond.
    ports.accounts.delete_login(&login.login_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
