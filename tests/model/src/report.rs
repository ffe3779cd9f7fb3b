//! Checks a model and says what came of it.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::hash::Hash;

use stateright::{Checker, Expectation, HasDiscoveries, Model};

/// What came of a check.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was checked.
    pub name: String,
    /// Different states that were visited.
    pub states: usize,
    /// The longest shortest way to one.
    pub depth: usize,
    /// Broken properties, with the actions that lead there.
    pub broken: BTreeMap<&'static str, Vec<String>>,
    /// What should be reachable and is not.
    pub unreached: Vec<&'static str>,
}

impl Report {
    /// Whether everything holds, and everything that is to be seen was.
    pub fn holds(&self) -> bool {
        self.broken.is_empty() && self.unreached.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds() { "holds" } else { "BROKEN" };
        write!(f, "{verdict}: {}: {} states, depth {}", self.name, self.states, self.depth)?;
        for (property, actions) in &self.broken {
            write!(f, "\n  {property}: not after")?;
            for action in actions {
                write!(f, "\n    {action}")?;
            }
        }
        for property in &self.unreached {
            write!(f, "\n  never: {property}")?;
        }
        Ok(())
    }
}

/// Visits every state; stops at the first that breaks a property.
pub fn check<M>(name: &str, model: M) -> Report
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + PartialEq + Hash + Send + Sync + Debug + 'static,
    M::Action: Debug + Send + Sync + Clone + PartialEq,
{
    let properties: Vec<_> =
        model.properties().into_iter().map(|property| (property.name, property.expectation)).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let checker = model.checker().threads(threads).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let discovered = checker.discoveries();
    let mut broken = BTreeMap::new();
    let mut unreached = Vec::new();
    for (property, expectation) in properties {
        match (expectation, discovered.get(property)) {
            (Expectation::Sometimes, None) => unreached.push(property),
            (Expectation::Always | Expectation::Eventually, Some(path)) => {
                let actions = path.clone().into_actions().iter().map(|action| format!("{action:?}")).collect();
                broken.insert(property, actions);
            }
            _ => {}
        }
    }
    // A check that ended early has not seen everything.
    if !broken.is_empty() {
        unreached.clear();
    }
    Report {
        name: name.to_owned(),
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        broken,
        unreached,
    }
}
