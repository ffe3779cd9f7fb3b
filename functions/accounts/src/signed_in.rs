use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use straightway_core::{Error, Login, Unauthorized, User};
use straightway_http::{CallerLogin, Problem};

use crate::ports::Ports;
use crate::rotation;

/// A caller whose login goes on. Other functions believe an access token until it expires, for at most 10 minutes;
/// the routes of this one look at the record, so they refuse at once after a log-out.
pub(crate) struct SignedIn {
    pub(crate) user: User,
    pub(crate) login: Login,
}

impl FromRequestParts<Ports> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(request: &mut Parts, ports: &Ports) -> Result<Self, Problem> {
        let caller = CallerLogin::from_request_parts(request, ports).await?;
        match (ports.accounts.user(&caller.user_id).await?, ports.accounts.login(&caller.login_id).await?) {
            (Some(user), Some(login)) if !rotation::has_ended(&login, &user, ports.clock.now()) => {
                Ok(Self { user, login })
            }
            _ => Err(Error::Unauthorized(Unauthorized::Token).into()),
        }
    }
}
