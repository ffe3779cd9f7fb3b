//! Where functions meet their host: the registry of environment variables, logs, clients, Lambda and SQS.

mod clock;
mod deployment;
pub mod env;
mod http;
mod sqs;
pub mod telemetry;

pub use clock::SystemClock;
pub use deployment::{AUDIENCE, Deployment};
pub use env::Environment;
pub use http::serve;
pub use sqs::{SqsQueue, log_failure, run_queue};
