//! What end-to-end tests share: the running stack with one method an endpoint, files with known hashes, and a client
//! that does to the store exactly what it is told.

mod answer;
mod app;
mod clock;
mod content;
mod user;

pub use answer::Answer;
pub use app::TestApp;
pub use clock::TestClock;
pub use content::Content;
pub use user::TestUser;
