//! Names, folders and quota hold, and each rule that is taken out is missed.

use straightway_model::names::{NameBug, Names};

#[test]
#[allow(clippy::print_stderr, reason = "the state count belongs to the result")]
fn names_folders_and_quota_hold_in_every_small_configuration() {
    for names in Names::small() {
        let report = names.check();
        eprintln!("{report}");
        assert!(report.holds(), "{report}");
        let stuck = names.stuck_states();
        assert!(stuck.is_empty(), "{}: {} states lead nowhere, such as {:#?}", names.name, stuck.len(), stuck[0]);
    }
}

#[test]
#[allow(clippy::print_stderr, reason = "which property notices belongs to the result")]
fn without_any_single_rule_of_names_something_breaks() {
    let is_unnoticed = |names: &Names| {
        let broken = names.check().broken;
        let stuck = if broken.is_empty() { names.stuck_states().len() } else { 0 };
        eprintln!("{:?}: {:?}; {stuck} stuck", names.bug, broken.keys());
        broken.is_empty() && stuck == 0
    };
    let unnoticed: Vec<NameBug> =
        Names::bugs().into_iter().filter(|(_, names)| is_unnoticed(names)).map(|(bug, _)| bug).collect();
    assert_eq!(unnoticed, [], "the model does not notice");
}
