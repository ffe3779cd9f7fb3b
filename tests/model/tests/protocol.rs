//! The small configurations hold, and each rule that is taken out is missed.

use straightway_model::{Bug, Config, Protocol, check, stuck_states};

#[test]
#[allow(clippy::print_stderr, reason = "the state count belongs to the result")]
fn the_protocol_holds_in_every_small_configuration() {
    for config in Config::small() {
        let report = check(config.name, Protocol { config });
        eprintln!("{report}");
        assert!(report.holds(), "{report}");
    }
}

#[test]
#[allow(clippy::print_stderr, reason = "which property notices belongs to the result")]
fn without_any_single_rule_of_it_something_breaks() {
    let unnoticed: Vec<Bug> = Bug::all()
        .into_iter()
        .filter(|(bug, config)| {
            let protocol = Protocol { config: config.clone() };
            let report = check(config.name, protocol.clone());
            let broken: Vec<_> =
                report.broken.iter().map(|(name, path)| format!("{name} ({} steps)", path.len())).collect();
            // What breaks nothing may still never end.
            let stuck = if broken.is_empty() { stuck_states(&protocol).len() } else { 0 };
            eprintln!("{bug:?}: {} states: {}; {stuck} stuck", report.states, broken.join(", "));
            broken.is_empty() && stuck == 0
        })
        .map(|(bug, _)| bug)
        .collect();
    assert_eq!(unnoticed, [], "the model does not notice");
}

#[test]
fn everything_can_always_come_to_rest() {
    for config in Config::small() {
        let stuck = stuck_states(&Protocol { config: config.clone() });
        assert!(stuck.is_empty(), "{}: {} states lead nowhere, such as {:#?}", config.name, stuck.len(), stuck[0]);
    }
}
