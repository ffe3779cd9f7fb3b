//! Presigning part URLs: this crate, `aws-sdk-s3` and `rusty-s3`, in one run and on the same input.
//!
//! After criterion's figures comes one line with the ratios that the project promises, measured over CPU time
//! of one thread, so that other work on the machine does not count.

#![expect(clippy::print_stdout, reason = "the ratios are this program's result")]

mod cpu;
mod peers;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use peers::{AwsSdk, Peer, RustyS3, Straightway, parts};
use straightway_signer::Part;

const BATCH: usize = 1_000;

fn main() {
    let one = parts(1);
    let batch = parts(BATCH);
    let peers: [Box<dyn Peer>; 3] = [Box::new(Straightway::new()), Box::new(AwsSdk::new()), Box::new(RustyS3::new())];
    assert_same_signatures(&peers, &batch);

    let mut criterion = Criterion::default().configure_from_args();
    group(&mut criterion, "one URL", &peers, &one);
    group(&mut criterion, "1,000 parts", &peers, &batch);
    criterion.final_summary();

    if wants_ratios() {
        println!("{}", ratios("one URL", &peers, &one));
        println!("{}", ratios("1,000 parts", &peers, &batch));
    }
}

/// Cargo says `--bench` when it wants figures; `cargo test` only wants to see that all of this runs, and a filter
/// asks for something else.
fn wants_ratios() -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let known = ["--bench", "--quick"];
    arguments.iter().any(|argument| argument == "--bench")
        && arguments.iter().all(|argument| known.contains(&argument.as_str()))
}

/// A comparison is worth nothing unless all of them compute the same.
fn assert_same_signatures(peers: &[Box<dyn Peer>], parts: &[Part]) {
    let signatures = |peer: &dyn Peer| -> Vec<String> {
        let urls = peer.presign(parts);
        let signature = |url: &String| {
            let label = "X-Amz-Signature=";
            let start = url.find(label).expect("the URL is signed") + label.len();
            url[start..start + 64].to_owned()
        };
        urls.iter().map(signature).collect()
    };
    let [ours, others @ ..] = peers else {
        return;
    };
    let ours = signatures(ours.as_ref());
    for other in others {
        assert_eq!(ours, signatures(other.as_ref()), "{}", other.name());
    }
}

fn group(criterion: &mut Criterion, name: &str, peers: &[Box<dyn Peer>], parts: &[Part]) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(parts.len() as u64));
    for peer in peers {
        let id = BenchmarkId::from_parameter(peer.name());
        group.bench_function(id, |bencher| {
            bencher.iter(|| peer.presign(black_box(parts)));
        });
    }
    group.finish();
}

fn ratios(name: &str, peers: &[Box<dyn Peer>], parts: &[Part]) -> String {
    let workloads: Vec<_> = peers.iter().map(|peer| || drop(black_box(peer.presign(black_box(parts))))).collect();
    let times = cpu::median_nanoseconds(&workloads);

    #[expect(clippy::cast_precision_loss, reason = "a thousand parts at most")]
    let per_second = |nanoseconds: f64| 1e9 * parts.len() as f64 / nanoseconds;
    let [ours, sdk, rusty] = [0, 1, 2].map(|peer| per_second(times[peer]));
    format!(
        "{name}: straightway/aws-sdk-s3 = {:.1} x, straightway/rusty-s3 = {:.1} x \
         (medians; {ours:.0}, {sdk:.0} and {rusty:.0} URLs per CPU-second of one thread)",
        ours / sdk,
        ours / rusty,
    )
}
