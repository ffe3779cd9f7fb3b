use axum::Json;
use straightway_api::accounts::{Me, Usage};
use straightway_http::NoParams;
use straightway_http::openapi::Problems;

use crate::signed_in::SignedIn;

/// Who the caller is and what they use.
#[utoipa::path(get, path = "/v1/me", responses((status = 200, description = "The caller", body = Me), Problems))]
pub(crate) async fn get_me(SignedIn { user, .. }: SignedIn, _: NoParams) -> Json<Me> {
    Json(Me {
        user_id: user.user_id.to_string(),
        username: user.username.to_string(),
        created_at: user.created_at,
        usage: Usage {
            used_bytes: user.usage.used_bytes,
            reserved_bytes: user.usage.reserved_bytes,
            quota_bytes: user.usage.quota_bytes,
        },
    })
}
