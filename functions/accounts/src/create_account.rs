use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use straightway_api::accounts::{Account, CreateAccount};
use straightway_core::{Conflict, Error, Usage, User, UserId, Username};
use straightway_http::openapi::Problems;
use straightway_http::{ClientAddress, JsonBody, NoIdempotencyKey, NoParams, Problem};

use crate::attempts::count_signup;
use crate::passwords;
use crate::ports::{Ports, random};

/// Makes an account, where the deployment takes new ones.
#[utoipa::path(post, path = "/v1/accounts", security(()), request_body = CreateAccount,
    responses((status = 201, description = "The new account", body = Account), Problems))]
pub(crate) async fn create_account(
    State(ports): State<Ports>,
    _: NoIdempotencyKey,
    _: NoParams,
    ClientAddress(address): ClientAddress,
    JsonBody(request): JsonBody<CreateAccount>,
) -> Result<(StatusCode, Json<Account>), Problem> {
    let now = ports.clock.now();
    let (username, password) = parse(&request.username, request.password)?;
    // Counted before the invitation is looked at: it is a password too.
    count_signup(&*ports.limits, ports.policy.attempts, address, now).await?;
    ports.policy.signup.admit(request.invite.as_deref())?;
    if ports.accounts.user_by_name(&username).await?.is_some() {
        return Err(Error::Conflict(Conflict::UsernameTaken).into());
    }
    let user = User {
        user_id: UserId::from_random(random()?),
        username,
        password_hash: ports.passwords.hash(password).await?,
        created_at: now,
        logins_valid_from: now,
        usage: Usage { used_bytes: 0, reserved_bytes: 0, quota_bytes: ports.policy.quota_bytes },
    };
    ports.accounts.create_user(&user).await?;
    let account =
        Account { user_id: user.user_id.to_string(), username: user.username.to_string(), created_at: user.created_at };
    Ok((StatusCode::CREATED, Json(account)))
}

/// Both fields, or everything that is wrong with them at once.
fn parse(username: &str, password: String) -> Result<(Username, secrecy::SecretString), Error> {
    let username = Username::parse(username).map_err(|violation| violation.at("/username"));
    let password = passwords::parse_new(password).map_err(|violation| violation.at("/password"));
    match (username, password) {
        (Ok(username), Ok(password)) => Ok((username, password)),
        (username, password) => Err(Error::Invalid(username.err().into_iter().chain(password.err()).collect())),
    }
}
