//! The everyday engine: the seeds again, then new inputs made of them, always the same ones.
//!
//! It is an engine of our own because `cargo test` has to run it anywhere Rust is: those that see which code an
//! input reaches need a C++ compiler, instrumented builds of everything, and most of them a nightly compiler.
//! Two things stand in for sight. An input whose outcome is described in a new way ([`crate::target::shape`])
//! joins the pool that the next are made of, and every target's dictionary has the words its reader looks for.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::dice::Dice;
use crate::minimisation::minimise;
use crate::seeds;
use crate::target::Target;

/// For how many seconds each target is hunted in place of its burst.
const SECONDS: &str = "NIGHTDESK_FUZZ_SECONDS";

/// Where chance begins; another number is another hunt.
const SEED: &str = "NIGHTDESK_FUZZ_SEED";

/// The most inputs kept to make new ones of; beyond it an old one gives way.
const MOST_KEPT: usize = 4_000;

/// Every seed holds.
pub(crate) fn replay(target: &Target) {
    let seeds = seeds::read(target);
    assert!(!seeds.is_empty(), "a target has seeds");
    for (name, input) in seeds {
        if let Err(wrong) = target.judge(&input) {
            panic!("seeds/{}/{name}: {wrong}", target.name);
        }
    }
}

/// New inputs hold, too: as many as the target says, or for as long as the environment says.
pub(crate) fn hunt(target: &Target) {
    let number = |name| -> Option<u64> {
        let text = std::env::var(name).ok()?;
        Some(
            text.parse()
                .unwrap_or_else(|_| panic!("{name} is a number, not {text}")),
        )
    };
    let until = number(SECONDS).map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut dice = Dice::new(number(SEED).unwrap_or(1));
    let mut pool: Vec<Vec<u8>> = seeds::read(target)
        .into_iter()
        .map(|(_, input)| input)
        .collect();
    let mut known: HashSet<u64> = HashSet::new();
    let mut tried = 0_usize;
    while until.map_or(tried < target.burst, |until| Instant::now() < until) {
        tried += 1;
        let mut input = pool[dice.below(pool.len())].clone();
        let other = dice.below(pool.len());
        target.mutator.mutate(&mut input, &pool[other], &mut dice);
        match target.judge(&input) {
            Ok(shape) => {
                // Large inputs are slow to change and rarely new for another reason than their size.
                if input.len() <= 16 * 1024 && known.insert(shape) {
                    if pool.len() < MOST_KEPT {
                        pool.push(input);
                    } else {
                        let at = dice.below(pool.len());
                        pool[at] = input;
                    }
                }
            }
            Err(wrong) => {
                let kind = kind(&wrong);
                let smallest = minimise(&input, |candidate| {
                    target
                        .judge(candidate)
                        .is_err_and(|other| self::kind(&other) == kind)
                });
                let name = seeds::keep(target, &wrong, &smallest);
                panic!(
                    "input {tried} of target {}: {wrong}\nkept as seeds/{}/{name}:\n{}",
                    target.name,
                    target.name,
                    String::from_utf8_lossy(&smallest[..smallest.len().min(2_000)])
                );
            }
        }
    }
    if until.is_some() {
        report(target, tried, known.len());
    }
}

/// What is wrong without what it is wrong with: the words up to the first colon.
fn kind(wrong: &str) -> &str {
    wrong.split(':').next().unwrap_or(wrong)
}

#[expect(
    clippy::print_stderr,
    reason = "who gives a target minutes wants to know what came of them"
)]
fn report(target: &Target, tried: usize, shapes: usize) {
    eprintln!(
        "{}: {tried} inputs, {shapes} kinds of outcome, no finding",
        target.name
    );
}
