//! What end-to-end tests share: the running stack with one method an endpoint, files with known hashes, and a client
//! that does to the store exactly what it is told.

mod answer;
mod app;
mod cli;
mod audit;
mod clock;
mod content;
mod meter;
mod json;
mod records;
mod user;
mod wait;

pub use answer::Answer;
pub use app::TestApp;
pub use cli::{Cli, binary, is_full_run};
pub use clock::TestClock;
pub use content::Content;
pub use meter::Meter;
pub use json::{entry_id, names, session_id, with};
pub use records::{Record, Records};
pub use user::TestUser;
pub use wait::eventually;
