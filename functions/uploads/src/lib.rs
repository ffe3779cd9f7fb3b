//! The uploads function: create (stored, prove or upload), sign parts, watch, complete, cancel.
//!
//! File bytes never pass through here: clients send them straight to the store with the requests signed here.

mod about;
mod cancel_upload;
mod complete_upload;
mod create_upload;
mod get_upload;
mod limits;
mod list_uploads;
mod ports;
mod sign_parts;
mod signing;
mod target;
mod wanted;
mod wire;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use ports::{Ports, Settings};

/// Every route of this function with its description.
pub fn routes() -> OpenApiRouter<Ports> {
    OpenApiRouter::new()
        .routes(routes!(about::get_capabilities))
        .routes(routes!(about::get_part_plan))
        .routes(routes!(create_upload::create_upload, list_uploads::list_uploads))
        .routes(routes!(get_upload::get_upload, cancel_upload::cancel_upload))
        .routes(routes!(sign_parts::sign_parts))
        .routes(routes!(complete_upload::complete_upload))
}

/// The function on any host.
pub fn router(ports: Ports) -> Router {
    routes().with_state(ports).into()
}
