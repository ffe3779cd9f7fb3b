//! About this server.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use straightway_api::uploads::{Capabilities, PartPlan};
use straightway_core::plan::MAX_FILE_BYTES;
use straightway_core::session::IDLE_LIFE;
use straightway_core::settings::MIN_INSTANT_BYTES;
use straightway_http::{NoParams, Params, Problem};
use utoipa::IntoParams;

use crate::sign_parts::MAX_PARTS_PER_CALL;
use crate::{Ports, wire};

/// What this server can do.
#[utoipa::path(
    get, path = "/v1/capabilities", security(()),
    responses((status = 200, body = Capabilities)),
)]
pub(crate) async fn get_capabilities(State(ports): State<Ports>, _: NoParams) -> Json<Capabilities> {
    let vouches = ports.lifecycle.store.abilities().vouches;
    Json(Capabilities {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        identity: "builtin".to_owned(),
        signup: ports.settings.signup.clone(),
        instant: ports.settings.instant.as_str().to_owned(),
        min_instant_bytes: MIN_INSTANT_BYTES,
        max_file_bytes: MAX_FILE_BYTES,
        max_parts_per_call: MAX_PARTS_PER_CALL,
        integrity: if vouches { vec!["leaf".to_owned(), "read".to_owned()] } else { vec!["read".to_owned()] },
        trash_days: 0,
        session_days: u32::try_from(IDLE_LIFE.as_hours() / 24).unwrap_or_default(),
        features: Vec::new(),
    })
}

/// Which plan is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlanParams {
    /// Size of the file in bytes.
    #[serde(deserialize_with = "straightway_api::saturating_text")]
    size_bytes: u64,
}

/// How a file of a size is cut into parts.
#[utoipa::path(
    get, path = "/v1/part-plan", security(()), params(PlanParams),
    responses((status = 200, body = PartPlan), straightway_http::openapi::Problems),
)]
pub(crate) async fn get_part_plan(
    State(ports): State<Ports>,
    Params(PlanParams { size_bytes }): Params<PlanParams>,
) -> Result<Json<PartPlan>, Problem> {
    let plan = straightway_core::PartPlan::for_size(size_bytes)?;
    Ok(Json(wire::part_plan(&plan, ports.lifecycle.store.abilities())))
}
