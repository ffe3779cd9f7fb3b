//! The upload engine of Straightway: what every client of the API has to get right, once.
//!
//! A file is hashed first, in parallel: only its content hash finds what the server already has, and the session that
//! an earlier run left. Then its parts go straight to the store, several at a time, each streamed from the file in
//! bounded memory; the store itself refuses bytes other than those that were hashed. Whatever is interrupted goes on:
//! broken connections, ended URLs, a server that is away for minutes, another run on another machine.
//!
//! ```no_run
//! # async fn upload() -> Result<(), straightway_client::Error> {
//! use std::{path::Path, sync::Arc};
//! use straightway_client::{Api, Engine, Patience, Source, Target, Unobserved};
//!
//! let api = Api::builder("http://127.0.0.1:8080".parse().unwrap()).patience(Patience::LONG).build()?;
//! api.create_login("ada", &"correct horse".into()).await?;
//! let source = Source::open(Path::new("film.mp4"))?;
//! let put = Engine::new(api).put(source.into(), &Target::named("film.mp4"), Arc::new(Unobserved)).await?;
//! println!("{}: {} bytes sent", put.entry.name, put.sent_bytes);
//! # Ok(())
//! # }
//! ```

mod api;
mod body;
mod credentials;
mod engine;
mod error;
mod get;
mod hash;
mod progress;
mod proof;
mod put;
mod retry;
mod source;
mod spool;
mod store;

pub use api::{Api, ApiBuilder, Created, Deleted, ListFiles, Waiting};
pub use credentials::{Credentials, InMemory, Login};
pub use engine::{Engine, Parallel};
pub use error::{ApiError, Error};
pub use get::Got;
pub use hash::{Hashed, TreeHasher};
pub use progress::{Event, Observer, Restart, Unobserved};
pub use put::{Content, How, Put, Target};
pub use retry::{Backoff, Patience};
pub use source::Source;
pub use spool::spool;
