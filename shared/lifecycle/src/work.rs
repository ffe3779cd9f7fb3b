use serde::{Deserialize, Serialize};
use straightway_core::ports::Job;
use straightway_core::{JobId, SessionId};

/// A message of ours on the finalizer's queue. (The other kind of message there is a storage event.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Work {
    /// Finalize a session.
    Finalize {
        /// Which one.
        session_id: String,
    },
    /// Go on purging what lies below deleted folders.
    DeleteTree {
        /// The job that says which.
        job_id: String,
    },
}

impl Work {
    /// Finalize this session.
    pub fn finalize(session: &SessionId) -> Self {
        Self::Finalize { session_id: session.to_string() }
    }

    /// Go on with this job.
    pub fn delete_tree(job: &JobId) -> Self {
        Self::DeleteTree { job_id: job.to_string() }
    }

    /// The message's text.
    pub fn to_body(&self) -> String {
        serde_json::to_string(self).expect("plain data is JSON")
    }
}

impl From<&Job> for Work {
    fn from(job: &Job) -> Self {
        Self::delete_tree(&job.job_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_a_type() {
        let work = Work::finalize(&SessionId::from_random([0; 16]));
        let body = format!(r#"{{"type":"finalize","session_id":"{}"}}"#, "0".repeat(32));
        assert_eq!(work.to_body(), body);
        assert_eq!(serde_json::from_str::<Work>(&body).unwrap(), work);
    }
}
