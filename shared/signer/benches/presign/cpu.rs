//! CPU time of this thread.

use std::{fs, time::Instant};

/// How often each workload is measured, in turn, so that a slow minute hurts all of them.
const ROUNDS: usize = 15;

/// Long against the tick in which Linux accounts CPU time (a few milliseconds).
const ROUND_NANOSECONDS: f64 = 200e6;

/// The median CPU time of one call of each workload.
pub(crate) fn median_nanoseconds(workloads: &[impl Fn()]) -> Vec<f64> {
    let calls: Vec<u32> = workloads.iter().map(calls_per_round).collect();
    let mut times = vec![Vec::with_capacity(ROUNDS); workloads.len()];
    for _ in 0..ROUNDS {
        for ((workload, &calls), times) in workloads.iter().zip(&calls).zip(&mut times) {
            times.push(measure(workload, calls));
        }
    }
    times.into_iter().map(median).collect()
}

fn calls_per_round(workload: &impl Fn()) -> u32 {
    let mut calls = 1;
    // Doubling until the time is long enough to be believed; this also warms up.
    while measure(workload, calls) * f64::from(calls) < ROUND_NANOSECONDS {
        calls *= 2;
    }
    calls
}

fn measure(workload: &impl Fn(), calls: u32) -> f64 {
    let clock = Clock::start();
    for _ in 0..calls {
        workload();
    }
    clock.nanoseconds() / f64::from(calls)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// CPU time where Linux tells it, time of day elsewhere.
enum Clock {
    Cpu(u64),
    Wall(Instant),
}

impl Clock {
    fn start() -> Self {
        match cpu_nanoseconds() {
            Some(start) => Self::Cpu(start),
            None => Self::Wall(Instant::now()),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "rounds last less than a second")]
    fn nanoseconds(&self) -> f64 {
        match self {
            Self::Cpu(start) => cpu_nanoseconds().map_or(0.0, |now| (now - start) as f64),
            Self::Wall(start) => start.elapsed().as_nanos() as f64,
        }
    }
}

/// The first number in `schedstat`: nanoseconds on a CPU.
fn cpu_nanoseconds() -> Option<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}
