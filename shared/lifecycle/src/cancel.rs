//! Step 3: the owner gives an upload up.

use straightway_core::ports::{Ended, SessionEnd};
use straightway_core::{Conflict, Error, OwnerId, SessionId, SessionState};

use crate::Lifecycle;
use crate::finalize::own_garbage;

impl Lifecycle {
    /// Cancels an upload: quota back, parts freed. Repeatable; nothing happens when it has ended without a file.
    ///
    /// # Errors
    /// `NotFound` for another owner's, `Conflict(AlreadyStored)` when it has become a file.
    pub async fn cancel(&self, owner: &OwnerId, id: &SessionId) -> Result<(), Error> {
        let session = self.catalog.session(id).await?.filter(|s| s.owner_id == *owner).ok_or(Error::NotFound)?;
        let now = self.clock.now();
        let ended = if session.state.is_live() {
            let garbage = own_garbage(&session, now);
            match self.catalog.end_session(&session, SessionEnd::Aborted, &garbage, None, now).await? {
                Ended::Done => {
                    self.delete_soon(&session).await;
                    return Ok(());
                }
                Ended::Not(session) => *session,
            }
        } else {
            session
        };
        match ended.state {
            SessionState::Stored => Err(Error::Conflict(Conflict::AlreadyStored)),
            _ => Ok(()),
        }
    }
}
