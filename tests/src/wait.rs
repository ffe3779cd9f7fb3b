use std::time::Duration;

/// How long a test waits for something that happens by itself, at most.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What `look` finds, once it finds something.
///
/// # Panics
/// When it finds nothing in half a minute; `what` says what did not come.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> impl Future<Output = T> {
    let what = what.to_owned();
    let caller = std::panic::Location::caller();
    async move {
        let found = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        found.await.unwrap_or_else(|_| panic!("{what} did not come ({caller})"))
    }
}
