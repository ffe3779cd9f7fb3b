//! `make model`: checks every configuration, the large ones too, and prints what came of it.

use std::process::ExitCode;

use straightway_model::names::Names;
use straightway_model::{Config, Protocol, Report, check};

fn main() -> ExitCode {
    let mut holds = true;
    for names in Names::small() {
        holds &= print(&names.check());
    }
    for config in Config::small().into_iter().chain(Config::large()) {
        holds &= print(&check(config.name, Protocol { config }));
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[allow(clippy::print_stdout, reason = "a report for whoever called it")]
fn print(report: &Report) -> bool {
    println!("{report}");
    report.holds()
}
