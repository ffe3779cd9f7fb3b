use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use straightway_api::accounts::ChangePassword;
use straightway_core::ports::Rotated;
use straightway_core::{Error, LoginId, Unauthorized, User};
use straightway_http::openapi::Problems;
use straightway_http::{ClientAddress, JsonBody, NoParams, Problem};

use crate::attempts::Attempt;
use crate::passwords;
use crate::ports::Ports;
use crate::rotation;
use crate::signed_in::SignedIn;

/// How often others may be faster before we give up.
const ATTEMPTS: u32 = 16;

/// Changes the caller's password and ends all other logins.
#[utoipa::path(put, path = "/v1/me/password", request_body = ChangePassword,
    responses((status = 204, description = "Changed; all other logins have ended"), Problems))]
pub(crate) async fn change_password(
    State(ports): State<Ports>,
    SignedIn { user, login }: SignedIn,
    _: NoParams,
    ClientAddress(address): ClientAddress,
    JsonBody(request): JsonBody<ChangePassword>,
) -> Result<StatusCode, Problem> {
    let new = passwords::parse_new(request.new).map_err(|violation| Error::invalid("/new", violation))?;
    // Whoever has stolen an access token must not be able to guess the password here.
    let (most, now) = (ports.policy.attempts, ports.clock.now());
    let attempt = Attempt::count(&*ports.limits, most, Some(&user.username), address, now).await?;
    if !ports.passwords.verify(request.current.into(), Some(user.password_hash.clone())).await? {
        return Err(wrong_password().into());
    }
    attempt.forgive().await;
    let hash = ports.passwords.hash(new).await?;
    let changed_at = ports.clock.now();
    match ports.accounts.set_password(&user.user_id, &user.password_hash, &hash, changed_at).await {
        // Somebody else has changed it meanwhile: what we were given is the present one no more.
        Err(Error::Changed) => return Err(wrong_password().into()),
        done => done?,
    }
    keep_login(&ports, &user, &login.login_id, changed_at).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets one login go on although every login from before the change has ended.
async fn keep_login(ports: &Ports, user: &User, login_id: &LoginId, changed_at: Timestamp) -> Result<(), Error> {
    let user = ports.accounts.user(&user.user_id).await?.ok_or_else(signed_out)?;
    let made_at = user.logins_valid_from.max(changed_at);
    for _ in 0..ATTEMPTS {
        // Ended meanwhile, by its own log-out: then it stays ended.
        let Some(login) = ports.accounts.login(login_id).await? else { return Ok(()) };
        if ports.accounts.rotate_login(&login, &rotation::made_anew(&login, made_at)).await? == Rotated::Done {
            return Ok(());
        }
    }
    Err(Error::unavailable("keeping a login", "others kept changing it"))
}

fn wrong_password() -> Error {
    Error::Unauthorized(Unauthorized::WrongCredentials)
}

fn signed_out() -> Error {
    Error::Unauthorized(Unauthorized::Token)
}
