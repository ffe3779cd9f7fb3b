//! Can everything always come to rest? Safety says that nothing wrong happens; this says that nothing gets stuck, also
//! when from some moment on no client does anything and no message arrives that nobody sends again.

use std::collections::HashMap;
use std::hash::Hash;

use stateright::Model;

use crate::config::MAX_MULTIPARTS;
use crate::properties::is_at_rest;
use crate::protocol::{Action, Protocol};
use crate::records::State;

/// The states of a configuration from which no way leads to rest: uploads that never end, garbage that stays, copies
/// that are never made. States beyond the bound on multipart uploads are excused: there the model itself stops.
pub fn stuck_states(protocol: &Protocol) -> Vec<State> {
    let is_end = |state: &State| {
        is_at_rest(protocol, state)
            || state.primary.iter().any(|at| at.made == MAX_MULTIPARTS)
            || state.secondary.iter().any(|at| at.made == MAX_MULTIPARTS)
    };
    stuck(protocol, Action::is_ours, is_end)
}

/// Every reachable state from which no end can be reached by those actions that can be relied on.
pub(crate) fn stuck<M: Model>(
    model: &M,
    is_reliable: impl Fn(&M::Action) -> bool,
    is_end: impl Fn(&M::State) -> bool,
) -> Vec<M::State>
where
    M::State: Clone + Eq + Hash,
{
    let mut numbers: HashMap<M::State, usize> = HashMap::new();
    let mut states = Vec::new();
    let mut before: Vec<Vec<usize>> = Vec::new();
    for state in model.init_states() {
        number(&mut numbers, &mut states, &mut before, state);
    }
    let mut next = 0;
    while next < states.len() {
        let state: M::State = states[next].clone();
        let mut actions = Vec::new();
        model.actions(&state, &mut actions);
        for action in actions {
            let reliable = is_reliable(&action);
            if let Some(after) = model.next_state(&state, action) {
                let after = number(&mut numbers, &mut states, &mut before, after);
                if reliable {
                    before[after].push(next);
                }
            }
        }
        next += 1;
    }
    let mut can_end = vec![false; states.len()];
    let mut open: Vec<usize> = (0..states.len()).filter(|index| is_end(&states[*index])).collect();
    while let Some(index) = open.pop() {
        if !std::mem::replace(&mut can_end[index], true) {
            open.extend(&before[index]);
        }
    }
    states.into_iter().zip(can_end).filter(|(_, can_end)| !can_end).map(|(state, _)| state).collect()
}

/// The number of a state; a new one if it was not met before.
fn number<S: Clone + Eq + Hash>(
    numbers: &mut HashMap<S, usize>,
    states: &mut Vec<S>,
    before: &mut Vec<Vec<usize>>,
    state: S,
) -> usize {
    *numbers.entry(state).or_insert_with_key(|state| {
        states.push(state.clone());
        before.push(Vec::new());
        states.len() - 1
    })
}
