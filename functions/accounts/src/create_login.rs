use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use straightway_api::accounts::{CreateLogin, Tokens};
use straightway_core::{Error, LoginId, Unauthorized, User, UserId, Username};
use straightway_http::openapi::Problems;
use straightway_http::{ClientAddress, JsonBody, NoIdempotencyKey, NoParams, NoStore, Problem};

use crate::access_token::ACCESS_LIFE;
use crate::attempts::Attempt;
use crate::ports::{Ports, random};
use crate::rotation::{self, FIRST_GENERATION};

/// Signs in.
#[utoipa::path(post, path = "/v1/logins", security(()), request_body = CreateLogin,
    responses((status = 201, description = "Tokens of a new login", body = Tokens), Problems))]
pub(crate) async fn create_login(
    State(ports): State<Ports>,
    _: NoIdempotencyKey,
    _: NoParams,
    ClientAddress(address): ClientAddress,
    JsonBody(request): JsonBody<CreateLogin>,
) -> Result<NoStore<(StatusCode, Json<Tokens>)>, Problem> {
    // The login dates from before the user was read: a change of password meanwhile ends it.
    let now = ports.clock.now();
    let name = Username::parse(&request.username).ok();
    let attempt = Attempt::count(&*ports.limits, ports.policy.attempts, name.as_ref(), address, now).await?;
    let user = match &name {
        Some(name) => ports.accounts.user_by_name(name).await?,
        None => None,
    };
    let stored = user.as_ref().map(|user| user.password_hash.clone());
    let right = ports.passwords.verify(request.password.into(), stored).await?;
    let Some(user) = user.filter(|_| right) else {
        return Err(Error::Unauthorized(Unauthorized::WrongCredentials).into());
    };
    attempt.forgive().await;
    Ok(NoStore((StatusCode::CREATED, Json(open_login(&ports, &user, now).await?))))
}

async fn open_login(ports: &Ports, user: &User, now: Timestamp) -> Result<Tokens, Error> {
    let login_id = LoginId::from_random(random()?);
    let refresh = ports.refresh_tokens.mint(&login_id, FIRST_GENERATION)?;
    let login = rotation::open(login_id, user.user_id.clone(), refresh.hash, now);
    ports.accounts.create_login(&login).await?;
    tokens(ports, &login.user_id, &login.login_id, refresh.token)
}

/// The answer to a login and to a refresh.
pub(crate) fn tokens(ports: &Ports, user: &UserId, login: &LoginId, refresh_token: String) -> Result<Tokens, Error> {
    Ok(Tokens {
        access_token: ports.access_tokens.mint(user, login, ports.clock.now())?,
        token_type: "Bearer".to_owned(),
        expires_in: ACCESS_LIFE.unsigned_abs().as_secs(),
        refresh_token,
    })
}
