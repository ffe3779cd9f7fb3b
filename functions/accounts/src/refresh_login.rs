use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use straightway_api::accounts::{RefreshLogin, Tokens};
use straightway_core::ports::Rotated;
use straightway_core::{Error, Unauthorized};
use straightway_http::openapi::Problems;
use straightway_http::{JsonBody, NoIdempotencyKey, NoParams, NoStore, Problem};

use crate::create_login::tokens;
use crate::ports::Ports;
use crate::refresh_token::Presented;
use crate::rotation::{self, Verdict};

/// How often others may be faster before we give up.
const ATTEMPTS: u32 = 16;

/// Exchanges a refresh token for new tokens.
#[utoipa::path(post, path = "/v1/logins/refresh", security(()), request_body = RefreshLogin,
    responses((status = 201, description = "New tokens of the same login", body = Tokens), Problems))]
pub(crate) async fn refresh_login(
    State(ports): State<Ports>,
    _: NoIdempotencyKey,
    _: NoParams,
    JsonBody(request): JsonBody<RefreshLogin>,
) -> Result<NoStore<(StatusCode, Json<Tokens>)>, Problem> {
    let presented = ports.refresh_tokens.open(&request.refresh_token).ok_or_else(refused)?;
    Ok(NoStore((StatusCode::CREATED, Json(rotate(&ports, &presented).await?))))
}

/// Judges the token by the login as it is, and replaces the login if it still is so.
async fn rotate(ports: &Ports, token: &Presented) -> Result<Tokens, Error> {
    for _ in 0..ATTEMPTS {
        let now = ports.clock.now();
        let login = ports.accounts.login(&token.login_id).await?.ok_or_else(refused)?;
        let user = ports.accounts.user(&login.user_id).await?.ok_or_else(refused)?;
        let verdict = rotation::judge(&login, &user, token, now);
        let generation = match verdict {
            Verdict::Rotate => login.generation + 1,
            Verdict::AddSuccessor => login.generation,
            Verdict::Sibling | Verdict::Ended => return Err(refused()),
            Verdict::Reused => {
                tracing::warn!(
                    login_id = %login.login_id, generation = token.generation, newest_generation = login.generation,
                    "an old refresh token was used: its login ends"
                );
                ports.accounts.delete_login(&login.login_id).await?;
                return Err(refused());
            }
        };
        let successor = ports.refresh_tokens.mint(&login.login_id, generation)?;
        let after = match verdict {
            Verdict::Rotate => rotation::rotate(&login, token.hash, successor.hash, now),
            _ => rotation::add_successor(&login, successor.hash),
        };
        if ports.accounts.rotate_login(&login, &after).await? == Rotated::Done {
            return tokens(ports, &login.user_id, &login.login_id, successor.token);
        }
    }
    Err(Error::unavailable("refreshing a login", "others kept changing it"))
}

fn refused() -> Error {
    Error::Unauthorized(Unauthorized::WrongCredentials)
}
