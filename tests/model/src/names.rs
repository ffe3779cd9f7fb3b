//! Names, folders and quota: where an entry goes when others move, replace and delete around it.
//!
//! Folders 0 and 1 lie in the root at the beginning; each request uploads one file of one byte. The transactions are
//! those of `Catalog::open_session`, `commit`, `move_entry`, `purge_folder`, `purge_entry` and `save_job`.

use stateright::{Model, Property};

use crate::report::{Report, check};
use crate::rest::stuck;

const FOLDERS: usize = 2;
const MAX_FILES: usize = 3;
const IDS: usize = FOLDERS + MAX_FILES;
const WORKERS: usize = 2;

/// An entry's id: folders first, then the files of the requests.
type Id = usize;

/// A file that is uploaded to a folder under name 0.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The folder; `None` is the root.
    pub parent: Option<Id>,
    /// Whether it takes the place of what is there.
    pub replaces: bool,
}

/// What is checked.
#[derive(Clone, Debug)]
pub struct Names {
    /// Its name in reports.
    pub name: &'static str,
    /// The uploads.
    pub requests: Vec<Request>,
    /// Whether the folders are moved into each other.
    pub moves: bool,
    /// Whether folders are deleted.
    pub deletions: bool,
    /// Bytes that the owner may use.
    pub quota: u8,
    /// The rule that is taken out.
    pub bug: Option<NameBug>,
}

/// A rule that can be taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameBug {
    /// An entry is put whether its folder is there or not.
    PutWithoutParent,
    /// An entry is put whether its name is free or not.
    PutOverName,
    /// What is replaced goes whether it is still there or not.
    ReplaceUnseen,
    /// A move compares no ancestors.
    MoveWithoutAncestors,
    /// A folder goes after what is below it.
    FolderLast,
    /// Quota is compared with what was read before.
    QuotaAsRead,
    /// Nobody goes on with a purge whose message was lost.
    NoJobRedrive,
}

/// Where an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    parent: Option<Id>,
    name: u8,
}

/// A session of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Session {
    None,
    Live,
    Ended,
}

/// Everything there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tree {
    places: [Option<Place>; IDS],
    sessions: [Session; MAX_FILES],
    /// Folders whose children are to be purged, as bits: the pending list of a job.
    jobs: u8,
    /// Whether a message goes round for them.
    message: bool,
    used: u8,
    workers: [Option<Work>; WORKERS],
}

/// What a worker does next, with what it has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Work {
    /// The transaction of a create; so much was used when it was read.
    Create(usize, u8),
    /// The transaction of a commit: there, in place of that entry.
    Commit(usize, Place, Option<Id>),
    /// The transaction of a move of a folder into the other, with the ancestors that were read, as bits.
    Move(Id, Id, u8),
    /// The transaction that deletes a folder and makes the job.
    DeleteFolder(Id),
    /// The message of a job.
    SendJob,
    /// A page of a job's folder: lists.
    Page(Id),
    /// Nothing is below: the folder leaves the list.
    Forget(Id),
    /// Purges this child.
    PurgeChild(Id, Id, Place),
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameAction {
    /// A worker begins.
    Begin(Work),
    /// A worker takes its step.
    Step(usize),
    /// A worker is gone.
    Crash(usize),
    /// A message is lost for ever.
    LoseMessage,
    /// The sweeper sends the message of a job that is old.
    Redrive,
    /// A client gives its upload up.
    Cancel(usize),
}

impl Names {
    /// Configurations that are checked in every test run.
    pub fn small() -> Vec<Self> {
        let into = |parent, replaces| Request { parent, replaces };
        let all = Self { name: "", requests: Vec::new(), moves: false, deletions: true, quota: 9, bug: None };
        vec![
            Self { name: "two uploads of one name", requests: vec![into(Some(0), false); 2], ..all.clone() },
            Self { name: "two that replace", requests: vec![into(None, true); 2], ..all.clone() },
            Self {
                name: "one of each into a folder that goes",
                requests: vec![into(Some(0), false), into(Some(0), true)],
                ..all.clone()
            },
            Self { name: "folders into each other", requests: vec![into(Some(1), false)], moves: true, ..all.clone() },
            Self { name: "more than the quota", requests: vec![into(None, false); 3], quota: 2, ..all },
        ]
    }

    /// Every rule that can be taken out, with the configuration in which that shows.
    pub fn bugs() -> Vec<(NameBug, Self)> {
        let small = Self::small();
        let pairs = [
            (NameBug::PutWithoutParent, 0),
            (NameBug::PutOverName, 0),
            (NameBug::ReplaceUnseen, 1),
            (NameBug::MoveWithoutAncestors, 3),
            (NameBug::FolderLast, 0),
            (NameBug::QuotaAsRead, 4),
            (NameBug::NoJobRedrive, 0),
        ];
        pairs.into_iter().map(|(bug, index)| (bug, Self { bug: Some(bug), ..small[index].clone() })).collect()
    }

    /// Checks that nothing wrong happens.
    pub fn check(&self) -> Report {
        check(self.name, self.clone())
    }

    /// The states from which no way leads to rest without clients.
    pub fn stuck_states(&self) -> Vec<Tree> {
        let ours = |action: &NameAction| match action {
            NameAction::Begin(work) => matches!(work, Work::Page(_)),
            NameAction::LoseMessage => false,
            // Expiry stands for it where no client does it.
            NameAction::Cancel(_) | NameAction::Step(_) | NameAction::Crash(_) | NameAction::Redrive => true,
        };
        stuck(self, ours, Tree::is_at_rest)
    }

    fn has(&self, bug: NameBug) -> bool {
        self.bug == Some(bug)
    }

    fn beginnings(&self, tree: &Tree) -> Vec<Work> {
        let mut works = Vec::new();
        for (number, request) in self.requests.iter().enumerate() {
            match tree.sessions[number] {
                Session::None => works.push(Work::Create(number, tree.used)),
                Session::Live => works.push(tree.commit(number, *request, request.parent)),
                Session::Ended => {}
            }
        }
        for (folder, other) in [(0, 1), (1, 0)].into_iter().filter(|_| self.moves) {
            let is_there = tree.places[folder].is_some_and(|place| place.parent.is_none());
            if is_there && tree.places[other].is_some() && !tree.is_below(other, folder) {
                works.push(Work::Move(folder, other, tree.ancestors(other)));
            }
        }
        for folder in (0..FOLDERS).filter(|_| self.deletions) {
            if tree.places[folder].is_some() {
                works.push(Work::DeleteFolder(folder));
            }
            if tree.jobs & (1 << folder) != 0 && tree.message {
                works.push(Work::Page(folder));
            }
        }
        works
    }

    /// The next step of a piece of work, and what comes after it.
    fn step(&self, tree: &mut Tree, work: Work) -> Option<Work> {
        match work {
            Work::Create(number, read) => {
                let used = if self.has(NameBug::QuotaAsRead) { read } else { tree.used };
                if tree.sessions[number] == Session::None && used < self.quota {
                    tree.sessions[number] = Session::Live;
                    tree.used += 1;
                }
                None
            }
            Work::Commit(number, place, replaced) => self.commit(tree, number, place, replaced),
            Work::Move(folder, into, ancestors) => {
                let same = self.has(NameBug::MoveWithoutAncestors)
                    || (tree.ancestors(into) == ancestors && !tree.is_below(into, folder));
                let place = Place { parent: Some(into), name: 8 };
                if same && tree.places[folder].is_some() && tree.places[into].is_some() {
                    tree.places[folder] = Some(place);
                }
                None
            }
            Work::DeleteFolder(folder) => {
                tree.places[folder]?;
                if !self.has(NameBug::FolderLast) {
                    tree.places[folder] = None;
                }
                tree.jobs |= 1 << folder;
                Some(Work::SendJob)
            }
            Work::SendJob => {
                tree.message = true;
                None
            }
            Work::Page(folder) => match tree.child_of(folder) {
                Some((child, place)) => Some(Work::PurgeChild(folder, child, place)),
                None => Some(Work::Forget(folder)),
            },
            Work::Forget(folder) => {
                tree.jobs &= !(1 << folder);
                // It went first, unless the rule is taken out.
                tree.places[folder] = None;
                None
            }
            Work::PurgeChild(folder, child, place) => {
                if tree.places[child] == Some(place) {
                    tree.places[child] = None;
                    if child < FOLDERS {
                        tree.jobs |= 1 << child;
                    } else {
                        tree.used -= 1;
                    }
                }
                Some(Work::Page(folder))
            }
        }
    }

    fn commit(&self, tree: &mut Tree, number: usize, place: Place, replaced: Option<Id>) -> Option<Work> {
        let id = FOLDERS + number;
        if tree.sessions[number] != Session::Live {
            return None;
        }
        let parent_is_there = place.parent.is_none_or(|parent| tree.places[parent].is_some());
        if !parent_is_there && !self.has(NameBug::PutWithoutParent) {
            return Some(tree.commit(number, self.requests[number], None));
        }
        let holder = tree.holder(place);
        if holder != replaced && !self.has(NameBug::ReplaceUnseen) && !self.has(NameBug::PutOverName) {
            return Some(tree.commit(number, self.requests[number], place.parent));
        }
        if let Some(replaced) = replaced {
            tree.places[replaced] = None;
            tree.used = tree.used.saturating_sub(1);
        }
        tree.places[id] = Some(place);
        tree.sessions[number] = Session::Ended;
        None
    }
}

impl Tree {
    fn new() -> Self {
        let folder = |id: Id| (id < FOLDERS).then(|| Place { parent: None, name: 7 - u8::from(id == 0) });
        Self {
            places: std::array::from_fn(folder),
            sessions: [Session::None; MAX_FILES],
            jobs: 0,
            message: false,
            used: 0,
            workers: [None; WORKERS],
        }
    }

    fn holder(&self, place: Place) -> Option<Id> {
        self.places.iter().position(|other| *other == Some(place))
    }

    fn child_of(&self, folder: Id) -> Option<(Id, Place)> {
        let is_child = |place: &&Place| place.parent == Some(folder);
        (0..).zip(&self.places).find_map(|(id, place)| place.as_ref().filter(is_child).map(|place| (id, *place)))
    }

    /// `Lifecycle::place`: the name that was asked for, in place of its holder, or the first free one.
    fn commit(&self, number: usize, request: Request, parent: Option<Id>) -> Work {
        let at = |name| Place { parent, name };
        match self.holder(at(0)) {
            Some(holder) if request.replaces && holder >= FOLDERS => Work::Commit(number, at(0), Some(holder)),
            _ => {
                let free = (0..u8::MAX).map(at).find(|place| self.holder(*place).is_none());
                Work::Commit(number, free.unwrap_or(at(u8::MAX)), None)
            }
        }
    }

    /// The folders above a folder and itself, as bits; stops at a ring.
    fn ancestors(&self, folder: Id) -> u8 {
        let mut above = 0;
        let mut next = Some(folder);
        while let Some(id) = next.filter(|id| above & (1 << id) == 0) {
            above |= 1 << id;
            next = self.places[id].and_then(|place| place.parent);
        }
        above
    }

    fn is_below(&self, folder: Id, above: Id) -> bool {
        self.ancestors(folder) & (1 << above) != 0
    }

    fn is_at_rest(&self) -> bool {
        let ended = self.sessions.iter().all(|session| *session != Session::Live);
        self.workers.iter().all(Option::is_none) && self.jobs == 0 && ended
    }

    fn is_reachable(&self, id: Id) -> bool {
        let mut next = self.places[id].and_then(|place| place.parent);
        for _ in 0..IDS {
            match next {
                None => return true,
                Some(parent) => match self.places[parent] {
                    Some(place) => next = place.parent,
                    None => return false,
                },
            }
        }
        false
    }
}

impl Model for Names {
    type State = Tree;
    type Action = NameAction;

    fn init_states(&self) -> Vec<Tree> {
        vec![Tree::new()]
    }

    fn actions(&self, tree: &Tree, actions: &mut Vec<NameAction>) {
        for slot in (0..WORKERS).filter(|slot| tree.workers[*slot].is_some()) {
            actions.extend([NameAction::Step(slot), NameAction::Crash(slot)]);
        }
        if tree.workers.contains(&None) {
            actions.extend(self.beginnings(tree).into_iter().map(NameAction::Begin));
        }
        for (number, _) in tree.sessions.iter().enumerate().filter(|(_, session)| **session == Session::Live) {
            actions.push(NameAction::Cancel(number));
        }
        if tree.message {
            actions.push(NameAction::LoseMessage);
        }
        if tree.jobs != 0 && !tree.message && !self.has(NameBug::NoJobRedrive) {
            actions.push(NameAction::Redrive);
        }
    }

    fn next_state(&self, last: &Tree, action: NameAction) -> Option<Tree> {
        let mut tree = *last;
        match action {
            NameAction::Begin(work) => *tree.workers.iter_mut().find(|slot| slot.is_none())? = Some(work),
            NameAction::Step(slot) => {
                let work = tree.workers[slot].take()?;
                tree.workers[slot] = self.step(&mut tree, work);
            }
            NameAction::Crash(slot) => tree.workers[slot] = None,
            NameAction::LoseMessage => tree.message = false,
            NameAction::Redrive => tree.message = true,
            NameAction::Cancel(number) => {
                tree.sessions[number] = Session::Ended;
                tree.used -= 1;
            }
        }
        tree.workers.sort_unstable_by(|a, b| b.cmp(a));
        Some(tree)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("names are unique in a folder", |_, tree: &Tree| {
                tree.places
                    .iter()
                    .flatten()
                    .all(|place| tree.places.iter().flatten().filter(|other| *other == place).count() == 1)
            }),
            Property::always("used bytes are those of entries and live sessions", |_, tree: &Tree| {
                let files = tree.places[FOLDERS..].iter().flatten().count();
                let live = tree.sessions.iter().filter(|session| **session == Session::Live).count();
                usize::from(tree.used) == files + live
            }),
            Property::always("nobody has more than their quota", |names: &Self, tree: &Tree| tree.used <= names.quota),
            Property::always("at rest every entry can be reached", |_, tree: &Tree| {
                !tree.is_at_rest() || (0..IDS).all(|id| tree.places[id].is_none() || tree.is_reachable(id))
            }),
            Property::sometimes("an upload becomes an entry", |_, tree: &Tree| {
                tree.places[FOLDERS..].iter().any(Option::is_some)
            }),
        ]
    }
}
