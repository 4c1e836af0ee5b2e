//! How the benchmarks measure: ours and raw Wasmtime in turns within one run, so that the ratio holds on a noisy machine.

use std::time::{Duration, Instant};

/// Rounds in which the two are measured in turns; the median round counts.
const ROUNDS: usize = 15;

/// Measures two ways of doing one thing, `times` times a round each, and prints a line. Gives back the ratio.
pub fn pair(name: &str, times: u32, target: f64, mut ours: impl FnMut(), mut raw: impl FnMut()) -> f64 {
    let mut rounds: Vec<(f64, f64)> = (0..=ROUNDS).map(|_| (round(times, &mut ours), round(times, &mut raw))).collect();
    // The first round warms caches and pools.
    rounds.remove(0);
    let ratio = median(rounds.iter().map(|(ours, raw)| ours / raw).collect());
    let ours = median(rounds.iter().map(|(ours, _)| *ours).collect());
    let raw = median(rounds.iter().map(|(_, raw)| *raw).collect());
    println!("{name:44} ours {:>12}  raw {:>12}  ratio {ratio:5.2}  (at most {target})", show(ours), show(raw));
    ratio
}

/// Measures one thing against a bound and prints a line.
pub fn alone(name: &str, times: u32, bound: Duration, mut work: impl FnMut()) {
    let rounds: Vec<f64> = (0..=ROUNDS).map(|_| round(times, &mut work)).skip(1).collect();
    println!("{name:44} ours {:>12}  (at most {bound:?})", show(median(rounds)));
}

/// Memory that this process has to itself or shares, each page once for every place where it is mapped.
pub fn resident_bytes() -> u64 {
    status("VmRSS")
}

/// Memory that this process has to itself.
pub fn private_bytes() -> u64 {
    status("RssAnon")
}

fn status(field: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = text.lines().find_map(|line| line.strip_prefix(field)).expect("the field");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") << 10
}

fn round(times: u32, work: &mut impl FnMut()) -> f64 {
    let started = Instant::now();
    for _ in 0..times {
        work();
    }
    started.elapsed().as_secs_f64() / f64::from(times)
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn show(seconds: f64) -> String {
    format!("{:.2?}", Duration::from_secs_f64(seconds))
}
