//! Stories by chance: several runs at once, people with tempers, faults of all kinds and outages, healed at some moment.
//! After that every promise must be kept within its bound.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::dice::Dice;
use crate::exhaustive::threads;
use crate::fault::Plan;
use crate::person::Temper;
use crate::story::Story;
use crate::telling::told;
use crate::totals;
use crate::workflows::Shape;

/// How many seeds are tried without being told otherwise.
pub(crate) const SEEDS: u64 = 20_000;
/// Seeds that failed once. They are tried first, always.
const REGRESSIONS: [u64; 1] = [23_184];

/// The story of a seed.
pub(crate) fn story(seed: u64) -> Story {
    let mut dice = Dice::new(seed);
    let mut shapes = Shape::ALL.to_vec();
    let many = 1 + dice.below(3);
    while shapes.len() as u64 > many {
        let i = dice.below(shapes.len() as u64);
        shapes.remove(usize::try_from(i).unwrap_or_default());
    }
    let plan = Plan::random(&mut dice);
    let until = plan.chance.as_ref().map_or(0, |chance| chance.until);
    let temper = if dice.per_mille(700) {
        Temper::Human
    } else {
        Temper::Agreeable
    };
    let wipes = if dice.per_mille(150) {
        vec![dice.below(until)]
    } else {
        Vec::new()
    };
    let closed_until = if dice.per_mille(100) {
        dice.below(until)
    } else {
        0
    };
    Story {
        seed,
        shapes,
        plan,
        temper,
        wipes,
        closed_until,
        stale_index: dice.per_mille(250),
        page_ms: [0, 900, 9_000][usize::try_from(dice.below(3)).unwrap_or_default()],
        ..Story::of(Shape::Linear)
    }
}

/// Tries one seed.
pub(crate) fn one(seed: u64) {
    if let Err(broken) = told(&story(seed)) {
        panic!(
            "seed {seed}:\n  {broken}\nto see it: NIGHTDESK_SEED={seed} cargo test -p nightdesk-simulation\n\
             then add it to REGRESSIONS in tests/simulation/src/random.rs"
        );
    }
}

pub(crate) fn regressions() {
    REGRESSIONS.into_iter().for_each(one);
}

/// How many seeds are to be tried: `NIGHTDESK_SEEDS`, or 20,000.
pub(crate) fn how_many() -> u64 {
    std::env::var("NIGHTDESK_SEEDS").map_or(SEEDS, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("NIGHTDESK_SEEDS is how many seeds to try, and no {text:?}"))
    })
}

/// Tries them all.
pub(crate) fn f51_seeds() {
    let seeds = how_many();
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        let worker = || loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                return;
            }
            one(seed);
            totals::add_seeds(1);
        };
        let workers: Vec<_> = (0..threads()).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            if let Err(panic) = worker.join() {
                next.store(seeds, Ordering::Relaxed);
                std::panic::resume_unwind(panic);
            }
        }
    });
}
