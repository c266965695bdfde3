//! Every operation times every fault, on every canonical workflow; and all pairs of them on three.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::fault::{Fault, Plan};
use crate::story::Story;
use crate::telling::{must, told};
use crate::workflows::Shape;

/// Every point of a story with every fault that can happen there.
pub(crate) fn points(story: &Story) -> Vec<(u64, Fault)> {
    let end = must(story);
    let mut all = Vec::new();
    for (n, (_, operation)) in (0..).zip(&end.operations) {
        all.extend(operation.faults().iter().map(|fault| (n, *fault)));
    }
    all
}

fn replay(shape: Shape, faults: &[(u64, Fault)]) -> String {
    let faults: Vec<String> = faults
        .iter()
        .map(|(n, fault)| format!("{n}:{fault:?}"))
        .collect();
    format!(
        "to see it: NIGHTDESK_STORY={}@{} cargo test -p nightdesk-simulation",
        shape.name(),
        faults.join(",")
    )
}

/// One fault at a time.
pub(crate) fn singles(shape: Shape) {
    let story = Story::of(shape);
    for (n, fault) in points(&story) {
        let faults = [(n, fault)];
        if let Err(broken) = told(&story.clone().with(Plan::at(&faults))) {
            panic!(
                "{shape:?}, {fault:?} at point {n}:\n  {broken}\n{}",
                replay(shape, &faults)
            );
        }
    }
}

/// Two faults, the second after the first.
pub(crate) fn pairs(shape: Shape) {
    let story = Story::of(shape);
    let points = points(&story);
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads())
            .map(|_| scope.spawn(|| some_pairs(shape, &story, &points, &next)))
            .collect();
        for worker in workers {
            if let Err(panic) = worker.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

fn some_pairs(shape: Shape, story: &Story, points: &[(u64, Fault)], next: &AtomicUsize) {
    loop {
        let i = next.fetch_add(1, Ordering::Relaxed);
        let Some(first) = points.get(i) else {
            return;
        };
        for second in points.iter().filter(|second| second.0 > first.0) {
            let faults = [*first, *second];
            if let Err(broken) = told(&story.clone().with(Plan::at(&faults))) {
                next.store(points.len(), Ordering::Relaxed);
                panic!(
                    "{shape:?}, {faults:?}:\n  {broken}\n{}",
                    replay(shape, &faults)
                );
            }
        }
    }
}

pub(crate) fn threads() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The story that a test named: `shape@point:Fault,point:Fault`.
pub(crate) fn named(text: &str) -> Option<Story> {
    let (shape, faults) = text.split_once('@')?;
    let shape = Shape::ALL.into_iter().find(|one| one.name() == shape)?;
    let fault = |text: &str| {
        let (point, fault) = text.split_once(':')?;
        let all = points(&Story::of(shape)).into_iter();
        let fault = all
            .map(|(_, fault)| fault)
            .find(|one| format!("{one:?}") == fault)?;
        Some((point.parse().ok()?, fault))
    };
    let faults: Option<Vec<(u64, Fault)>> = faults.split(',').map(fault).collect();
    Some(Story::of(shape).with(Plan::at(&faults?)))
}
