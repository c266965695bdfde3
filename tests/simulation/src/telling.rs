//! Telling a story and believing it: nothing was broken, and it cost no more than it may.

use domain::execution::Execution;
use domain::slots::{SlotKind, SlotTable};
use engine::memory::at_once;
use engine::ports::Slots as _;

use crate::story::{End, Story};
use crate::totals;
use crate::workflows::{Shape, owner_id, workflow_id};
use crate::world::tell;

/// How many calls of ports a story may take: so many to begin with, so many a step, a fault and a question to a person.
/// Redelivery and sweeps hide mistakes in everything but the cost.
const CALLS: [u64; 4] = [40, 30, 50, 60];

/// What a page costs that a crawl reads with care, after a worker that read it was not heard of again: a commit that says
/// which page, a message, a claim with its slot, and a commit of what was read. A crawl without faults reads no page so.
const CALLS_A_CAREFUL_PAGE: u64 = 12;

/// The most calls the story may have taken. While nobody receives, the sweeper sends every open step once in two
/// minutes, and each of these messages is a fault like another. So is each time a person lets a paused run go on: all
/// its open steps are sent once more.
fn most_calls(story: &Story, end: &End) -> u64 {
    let [base, step, fault, question] = CALLS;
    let steps = end.steps() as u64;
    let unreceived = story.closed_until / 120_000 * steps;
    let pages = end.runs.iter().map(pages_of).sum::<u64>();
    let careful = if end.counted.all_faults() > 0 {
        pages
    } else {
        0
    };
    base + step * steps
        + fault * (end.counted.all_faults() + end.counted.resumptions + unreceived)
        + question * end.approvals as u64
        + CALLS_A_CAREFUL_PAGE * careful
}

/// How many pages the run's crawls may read.
fn pages_of(run: &Execution) -> u64 {
    let crawls = Shape::Crawl;
    if run.workflow == workflow_id(crawls) {
        crawls.pages()
    } else {
        0
    }
}

/// Tells a story in which every promise must be kept.
///
/// # Errors
/// What was broken.
pub(crate) fn told(story: &Story) -> Result<End, String> {
    let end = tell(story);
    totals::add(&end);
    judged(story, end)
}

/// The same, for a story that may end badly: it does not count.
///
/// # Errors
/// What was broken.
pub(crate) fn tried(story: &Story) -> Result<End, String> {
    judged(story, tell(story))
}

/// Slots that somebody still has when all is over, where nobody has died with one.
fn kept_slots(end: &End) -> Option<String> {
    let owner = owner_id();
    let mut tables = SlotKind::ALL
        .iter()
        .map(|kind| at_once(end.ground.store.slots(&owner, *kind)));
    let kept = tables.find(|table| *table != Ok(SlotTable::default()))?;
    Some(format!("a slot was never given back: {kept:?}"))
}

fn judged(story: &Story, mut end: End) -> Result<End, String> {
    let most = most_calls(story, &end);
    if end.counted.calls > most {
        end.violations.push(format!(
            "{} calls, where {most} are enough",
            end.counted.calls
        ));
    }
    if end.counted.all_faults() == 0 {
        end.violations.extend(kept_slots(&end));
    }
    if end.violations.is_empty() {
        return Ok(end);
    }
    Err(end.violations.join("\n  "))
}

/// The same, for a test that goes on with what came of it.
pub(crate) fn must(story: &Story) -> End {
    match told(story) {
        Ok(end) => end,
        Err(broken) => {
            let trace = tell(&Story {
                trace: true,
                ..story.clone()
            })
            .trace;
            panic!("{}\n  {broken}", trace.join("\n"));
        }
    }
}
