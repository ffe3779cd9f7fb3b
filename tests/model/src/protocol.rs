//! The model that the checker walks.

use stateright::{Model, Property};

use crate::config::{CONTENTS, Config, Content, Key, WRONG};
use crate::properties;
use crate::records::{State, Worker};
use crate::steps::{Instant, Task, entries};

/// The protocol with the actors of a configuration.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// Who acts, and which rule is taken out.
    pub config: Config,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A worker begins.
    Begin(Task),
    /// A worker takes its next step.
    Step(Worker),
    /// A worker takes its step but never hears of it, and does it once more.
    LoseAnswer(Worker),
    /// A worker is gone.
    Crash(Worker),
    /// A client sends the object of a key.
    Put(Key, Content),
    /// A client sends all parts of the recorded multipart upload.
    PutParts(Key, Content),
    /// The owner gives the upload up.
    Cancel(Key),
    /// The last URL of a key has expired.
    UrlsDie(Key),
    /// The primary assembles a multipart upload that it was asked to.
    Land(Key, u8),
    /// The secondary does.
    LandCopy(Key, u8),
    /// A garbage item is due: 24 h outlast URLs, workers and Completes.
    Due(Key),
    /// A file was not referred to for 24 h.
    Ripen(Content),
}

impl Action {
    /// Whether it happens without clients, and without messages that were lost: the sweeper, workers, time.
    pub(crate) const fn is_ours(&self) -> bool {
        match self {
            Self::Put(..) | Self::PutParts(..) | Self::Cancel(_) => false,
            Self::Begin(task) => !matches!(
                task,
                Task::Sign(..) | Task::Complete(..) | Task::Finalize(..) | Task::Instant(..) | Task::Purge(..)
            ),
            _ => true,
        }
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(self.config.uploads.len())]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for worker in state.workers.iter().flatten() {
            actions.push(Action::Step(*worker));
            actions.push(Action::Crash(*worker));
            if matches!(worker.task, Task::Instant(_, Instant::Commit)) {
                actions.push(Action::LoseAnswer(*worker));
            }
        }
        if state.workers.iter().flatten().count() < self.config.workers {
            actions.extend(Task::beginnings(&self.config, state).into_iter().map(Action::Begin));
        }
        for key in 0..self.config.uploads.len() {
            self.clients(state, key, actions);
            time(state, key, actions);
        }
        for (content, file) in (0..).zip(state.files) {
            if file.is_some_and(|file| file.collectable_at.is_some() && !file.ripe) {
                actions.push(Action::Ripen(content));
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = *last;
        match action {
            Action::Begin(task) => {
                if let Task::Instant(number, _) = task {
                    state.asked |= 1 << number;
                }
                let free = state.workers.iter_mut().find(|slot| slot.is_none())?;
                *free = Some(Worker { task, old: false });
            }
            Action::Step(worker) => self.step(&mut state, worker, None)?,
            Action::LoseAnswer(worker) => {
                let Task::Instant(number, _) = worker.task else { return None };
                self.step(&mut state, worker, Some(Task::Instant(number, Instant::Again)))?;
            }
            Action::Crash(worker) => state.workers[slot_of(&state, worker)?] = None,
            Action::Put(key, content) => state.primary[key].object = Some(content),
            Action::PutParts(key, content) => {
                let upload = state.sessions[key].multipart?;
                state.primary[key].parts[usize::from(upload)] = Some(content);
            }
            Action::Cancel(key) => {
                if state.end(key, crate::Phase::Aborted) {
                    state.put_garbage(key, false);
                    // The store calls come after the transaction; who does not come to them has crashed.
                    if let Some(free) = state.workers.iter_mut().find(|slot| slot.is_none()) {
                        *free = Some(Worker { task: Task::Delete(key), old: true });
                    }
                }
            }
            Action::UrlsDie(key) => state.sessions[key].urls = false,
            Action::Land(key, upload) => state.primary[key].land(upload),
            Action::LandCopy(key, upload) => state.secondary[key].land(upload, self.config.uploads[key].content),
            Action::Due(key) => state.garbage[key].as_mut()?.due = true,
            Action::Ripen(content) => state.files[usize::from(content)].as_mut()?.ripe = true,
        }
        Some(state.sorted())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all(&self.config)
    }
}

impl Protocol {
    /// A worker takes its next step; it stays in its place meanwhile, so that an item which it writes knows of it.
    fn step(&self, state: &mut State, worker: Worker, instead: Option<Task>) -> Option<()> {
        let slot = slot_of(state, worker)?;
        let next = worker.task.step(&self.config, state);
        let old = state.workers[slot].is_some_and(|worker| worker.old);
        state.workers[slot] = instead.or(next).map(|task| Worker { task, old });
        Some(())
    }

    fn clients(&self, state: &State, key: Key, actions: &mut Vec<Action>) {
        let upload = self.config.uploads[key];
        let (session, store) = (&state.sessions[key], &state.primary[key]);
        if session.phase.is_live() && self.config.cancels {
            actions.push(Action::Cancel(key));
        }
        if !session.urls {
            return;
        }
        let contents = [Some(upload.content), upload.may_lie.then_some(WRONG)];
        let is_free = match session.multipart {
            None => !upload.multipart && store.object.is_none(),
            Some(id) => store.has(id) && store.parts[usize::from(id)].is_none(),
        };
        for content in contents.into_iter().flatten().filter(|_| is_free) {
            let put = if upload.multipart { Action::PutParts } else { Action::Put };
            actions.push(put(key, content));
        }
    }
}

fn time(state: &State, key: Key, actions: &mut Vec<Action>) {
    if state.sessions[key].urls {
        actions.push(Action::UrlsDie(key));
    }
    for upload in 0..2 {
        if state.primary[key].completing & (1 << upload) != 0 {
            actions.push(Action::Land(key, upload));
        }
        if state.secondary[key].completing & (1 << upload) != 0 {
            actions.push(Action::LandCopy(key, upload));
        }
    }
    let waiting = state.garbage[key].is_some_and(|item| !item.due);
    let at_work = state.workers.iter().flatten().any(|worker| worker.old && worker.task.key() == Some(key));
    let landing = state.primary[key].completing != 0 || state.secondary[key].completing != 0;
    if waiting && !at_work && !landing && !state.sessions[key].urls {
        actions.push(Action::Due(key));
    }
}

fn slot_of(state: &State, worker: Worker) -> Option<usize> {
    state.workers.iter().position(|slot| *slot == Some(worker))
}

/// The entry of an instant upload, for the properties.
pub(crate) fn instant_entry(config: &Config, number: u8) -> usize {
    entries::entry_of(config, number)
}

const _: () = assert!(CONTENTS < WRONG as usize, "wrong bytes are no content");
