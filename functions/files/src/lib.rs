//! The files function: folders, list, rename, move, delete, download.

mod create_folder;
mod delete_file;
mod disposition;
mod download_file;
mod get_file;
mod get_job;
mod list_files;
mod ports;
mod update_file;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use ports::{Ports, Settings};

/// Every route of this function with its description.
pub fn routes() -> OpenApiRouter<Ports> {
    OpenApiRouter::new()
        .routes(routes!(list_files::list_files))
        .routes(routes!(create_folder::create_folder))
        .routes(routes!(get_file::get_file, update_file::update_file, delete_file::delete_file))
        .routes(routes!(download_file::download_file, download_file::head_download))
        .routes(routes!(get_job::get_job))
}

/// The function on any host.
pub fn router(ports: Ports) -> Router {
    routes().with_state(ports).into()
}
