//! Logs: one JSON object a line for machines, readable lines for people.
//!
//! Fields are dotted (`upload.session_id`), units stand in names (`duration_ms`). Never logged: presigned URLs, tokens,
//! passwords, request paths (the matched route is).

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The S3 protocol crate calls every refused request an error, and writes whole presigned URLs at `debug`: what is worth
/// knowing of either, the bucket's own front says.
const NEVER: &str = "s3s=off";

/// Starts logging to standard error: readable on a terminal, JSON otherwise. `filter` as in `info,hyper=warn`.
///
/// # Errors
/// When the filter cannot be read, or logging was started before.
pub fn start_logging(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)?.add_directive(NEVER.parse()?);
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        registry.with(layer.with_target(false)).try_init()?;
    } else {
        registry.with(layer.json().flatten_event(true).with_current_span(false)).try_init()?;
    }
    Ok(())
}
