//! What end-to-end tests share: the running stack with one method an endpoint, files with known hashes, and a client
//! that does to the store exactly what it is told.

mod answer;
mod app;
mod audit;
mod cli;
mod clock;
mod content;
mod json;
mod meter;
mod process;
mod records;
mod user;
mod wait;

pub use answer::Answer;
pub use app::TestApp;
pub use cli::{Cli, binary, is_full_run};
pub use clock::TestClock;
pub use content::Content;
pub use json::{entry_id, names, session_id, with};
pub use meter::Meter;
pub use process::{StackProcess, free_port, start_in_vain};
pub use records::{Record, Records};
pub use user::TestUser;
pub use wait::eventually;
