//! `status`, `abort`.

use straightway_api::uploads::Session;
use straightway_client::{Api, Patience};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Line, human_bytes, result};

pub(crate) async fn status(context: &Context) -> Result<(), Failure> {
    let api = context.api(Patience::SHORT)?;
    let mut any = false;
    let mut pages = Sessions::of(&api);
    while let Some(sessions) = pages.next().await? {
        for session in sessions {
            // Only this call asks the store, which knows better than what clients reported.
            let session = match api.upload_with_missing(&session.session_id).await {
                Err(error) if error.is_problem("not-found") => continue,
                session => session?,
            };
            any = true;
            result(&context.output, &Line::Session { session: &session }, || describe(&session))?;
        }
    }
    if !any {
        context.output.say("no unfinished uploads")?;
    }
    Ok(())
}

fn describe(session: &Session) -> String {
    let missing = session.missing.as_deref().unwrap_or_default();
    let parts: u32 = missing.iter().map(|[first, last]| u32::from(last - first) + 1).sum();
    let lacks = match parts {
        0 => "nothing is missing".to_owned(),
        _ => format!("{parts} of {} parts missing: {}", session.part_count, pairs(missing)),
    };
    let size = human_bytes(session.size_bytes);
    let ends = session.expires_at.strftime("%Y-%m-%d");
    format!("{}  {}  {size}, {lacks}; kept until {ends}", session.session_id, session.name)
}

fn pairs(missing: &[[u16; 2]]) -> String {
    let one = |[first, last]: &[u16; 2]| if first == last { first.to_string() } else { format!("{first}-{last}") };
    missing.iter().map(one).collect::<Vec<_>>().join(", ")
}

pub(crate) async fn abort(context: &Context, mut sessions: Vec<String>, all: bool) -> Result<(), Failure> {
    let api = context.api(Patience::SHORT)?;
    if all {
        // Listed first: the pages would move under the deletions.
        let mut pages = Sessions::of(&api);
        while let Some(page) = pages.next().await? {
            sessions.extend(page.into_iter().map(|session| session.session_id));
        }
    }
    for session_id in &sessions {
        api.abort_upload(session_id).await?;
        context.output.event(&Line::Aborted { session_id })?;
        context.output.say(&format!("aborted {session_id}"))?;
    }
    Ok(())
}

/// The caller's live sessions, page by page.
struct Sessions<'a> {
    api: &'a Api,
    cursor: Option<String>,
    ended: bool,
}

impl<'a> Sessions<'a> {
    const fn of(api: &'a Api) -> Self {
        Self { api, cursor: None, ended: false }
    }

    async fn next(&mut self) -> Result<Option<Vec<Session>>, Failure> {
        if self.ended {
            return Ok(None);
        }
        let list = self.api.list_uploads(self.cursor.as_deref()).await?;
        self.ended = list.next_cursor.is_none();
        self.cursor = list.next_cursor;
        Ok(Some(list.items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_parts_are_told_as_ranges() {
        assert_eq!(pairs(&[[1, 3], [7, 7], [9, 10]]), "1-3, 7, 9-10");
    }
}
