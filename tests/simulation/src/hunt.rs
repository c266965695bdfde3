//! Each seeded bug is let loose, and the layers of the simulation look for it in the order of what they cost. The
//! first that finds it is the one the table in `tests/README.md` names; a bug that nobody finds is a hole in the net.

use engine::seeded_bugs::Bug as Inside;

use crate::bug::Bug;
use crate::exhaustive::points;
use crate::fault::{Fault, Operation, Plan, Role, Rule};
use crate::person::Temper;
use crate::random;
use crate::story::Story;
use crate::telling::tried;
use crate::totals;
use crate::workflows::Shape;

/// What finds a bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    /// The oracle, where nothing goes wrong.
    Undisturbed,
    /// The oracle, where people race each other.
    People,
    /// A test of the matrix.
    Row,
    /// Every operation times every fault.
    Singles,
    /// The same without the sweeper, which would heal it.
    NoSweeper,
    /// Random stories.
    Random,
}

const LAYERS: [Layer; 6] = [
    Layer::Undisturbed,
    Layer::People,
    Layer::Row,
    Layer::Singles,
    Layer::NoSweeper,
    Layer::Random,
];

/// Every bug, its name in the list of tests, and who finds it first.
pub(crate) const BUGS: [(Bug, &str, Layer); 30] = [
    (Bug::RevisionIgnored, "revision_ignored", Layer::Undisturbed),
    (Bug::DecisionIgnored, "decision_ignored", Layer::Undisturbed),
    (Bug::CreditsIgnored, "credits_ignored", Layer::Undisturbed),
    (Bug::SessionIgnored, "session_ignored", Layer::Undisturbed),
    (Bug::WriterIgnored, "writer_ignored", Layer::NoSweeper),
    (Bug::HalfWritten, "half_written", Layer::Undisturbed),
    (
        Bug::EventMisnumbered,
        "event_misnumbered",
        Layer::Undisturbed,
    ),
    (Bug::RunsNotDue, "runs_not_due", Layer::Undisturbed),
    (Bug::ApprovalsNotDue, "approvals_not_due", Layer::Singles),
    (Bug::SettledTwice, "settled_twice", Layer::Undisturbed),
    (
        Bug::AcknowledgedFirst,
        "acknowledged_first",
        Layer::NoSweeper,
    ),
    (Bug::HeldAcknowledged, "held_acknowledged", Layer::NoSweeper),
    (
        Bug::FailedAcknowledged,
        "failed_acknowledged",
        Layer::NoSweeper,
    ),
    (Bug::MailGuessed, "mail_guessed", Layer::Singles),
    (Bug::KeyOfAttempt, "key_of_attempt", Layer::Undisturbed),
    (Bug::EmptySearch, "empty_search", Layer::Undisturbed),
    (Bug::NotifierDecides, "notifier_decides", Layer::Undisturbed),
    (
        Bug::ReadThenWritten,
        "read_then_written",
        Layer::Undisturbed,
    ),
    (
        Bug::Inside(Inside::LeaseIgnored),
        "lease_ignored",
        Layer::Singles,
    ),
    (
        Bug::Inside(Inside::FenceIgnored),
        "fence_ignored",
        Layer::Random,
    ),
    (
        Bug::Inside(Inside::SentBeforeCommit),
        "sent_before_commit",
        Layer::NoSweeper,
    ),
    (
        Bug::Inside(Inside::NothingResent),
        "nothing_resent",
        Layer::NoSweeper,
    ),
    (
        Bug::Inside(Inside::RepeatedBlindly),
        "repeated_blindly",
        Layer::Singles,
    ),
    (
        Bug::Inside(Inside::DraftUnchecked),
        "draft_unchecked",
        Layer::Undisturbed,
    ),
    (
        Bug::Inside(Inside::CursorForgotten),
        "cursor_forgotten",
        Layer::Undisturbed,
    ),
    (
        Bug::Inside(Inside::WaitForgotten),
        "wait_forgotten",
        Layer::Undisturbed,
    ),
    (
        Bug::Inside(Inside::PolicyAtGate),
        "policy_at_gate",
        Layer::Undisturbed,
    ),
    (
        Bug::Inside(Inside::SpellingCounts),
        "spelling_counts",
        Layer::People,
    ),
    (
        Bug::CountedThenWritten,
        "counted_then_written",
        Layer::Undisturbed,
    ),
    (
        Bug::Inside(Inside::SlotKept),
        "slot_kept",
        Layer::Undisturbed,
    ),
];

/// Lets a bug loose and holds that it is found, and by whom.
pub(crate) fn hunt(bug: Bug, expected: Layer) {
    let found = LAYERS
        .into_iter()
        .find_map(|layer| finds(layer, bug).map(|what| (layer, what)));
    let Some((layer, what)) = found else {
        panic!("{bug:?} is at large and nobody has seen it");
    };
    assert_eq!(layer, expected, "{bug:?} is found by another layer: {what}");
    totals::add_caught();
}

/// What a layer finds.
fn finds(layer: Layer, bug: Bug) -> Option<String> {
    stories(layer).into_iter().find_map(|story| {
        let broken = tried(&Story {
            bug: Some(bug),
            ..story.clone()
        })
        .err()?;
        // Without the bug the same story has to end well, or it shows nothing.
        tried(&story).is_ok().then_some(broken)
    })
}

fn stories(layer: Layer) -> Vec<Story> {
    match layer {
        Layer::Undisturbed => {
            let mut stories: Vec<Story> = Shape::ALL.map(Story::of).into();
            stories.push(Story {
                shapes: vec![Shape::Linear, Shape::Diamond, Shape::Wide],
                granted: 4,
                ..Story::of(Shape::Linear)
            });
            stories.extend((0..20).map(|seed| Story {
                seed,
                shapes: vec![Shape::Linear, Shape::Diamond, Shape::Wide],
                ..Story::of(Shape::Linear)
            }));
            stories.extend([Shape::Webhook, Shape::Email].map(|shape| Story {
                forger: true,
                ..Story::of(shape)
            }));
            stories.extend((0..20).map(|seed| Story {
                seed,
                ..Story::of_newsletter()
            }));
            stories.push(Story {
                patient: true,
                ..Story::of(Shape::Busy)
            });
            stories.extend([Shape::Webhook, Shape::Email].map(|shape| Story {
                usurper: true,
                ..Story::of(shape)
            }));
            stories.extend((0..20).map(|seed| Story {
                seed,
                shapes: vec![Shape::Email; 3],
                most_open: Some(1),
                ..Story::of(Shape::Email)
            }));
            stories
        }
        Layer::People => {
            let racing = (0..60).map(|seed| Story {
                seed,
                shapes: vec![Shape::Webhook, Shape::Email],
                temper: Temper::Human,
                ..Story::of(Shape::Webhook)
            });
            let both = [Shape::Webhook, Shape::Email].map(|shape| Story {
                both: true,
                ..Story::of(shape)
            });
            racing.chain(both).collect()
        }
        Layer::Row => {
            let lost = Rule::first(Operation::Commit("execution_created"), Fault::Repeated);
            vec![Story {
                runs: Some(1),
                ..Story::of(Shape::Linear).with(Plan::rules(&[lost.by(Role::Person)]))
            }]
        }
        Layer::Singles => singles(&|shape| Story::of(shape)),
        Layer::NoSweeper => {
            let alone = |shape| Story {
                sweeper: false,
                bounded: false,
                ..Story::of(shape)
            };
            let claim = Operation::Commit("step_claimed");
            let overtaken = Plan::rules(&[
                Rule::first(Operation::Receive("step"), Fault::Doubled),
                Rule::first(claim, Fault::CrashAfter),
            ]);
            let mut stories: Vec<Story> = (0..10)
                .map(|seed| Story {
                    seed,
                    ..alone(Shape::Linear).with(overtaken.clone())
                })
                .collect();
            stories.extend(singles(&alone).into_iter().filter(enqueued));
            stories
        }
        Layer::Random => (0..500).map(random::story).collect(),
    }
}

/// One fault at a time on some shapes, and where nobody decides.
fn singles(of: &dyn Fn(Shape) -> Story) -> Vec<Story> {
    let mut stories = Vec::new();
    for shape in [Shape::Email, Shape::Linear, Shape::Webhook] {
        for temper in [Temper::Agreeable, Temper::Absent] {
            if temper == Temper::Absent && !shape.is_gated() {
                continue;
            }
            let story = Story {
                temper,
                ..of(shape)
            };
            let plans = points(&story).into_iter();
            stories.extend(plans.map(|point| story.clone().with(Plan::at(&[point]))));
        }
    }
    stories
}

/// Whether everything in it was enqueued for good, so that redelivery alone must do.
fn enqueued(story: &Story) -> bool {
    let lost = [
        Fault::Dropped,
        Fault::Refused,
        Fault::CrashBefore,
        Fault::CrashAfter,
    ];
    let only_worker = story.temper == Temper::Agreeable;
    only_worker && story.plan.at.iter().all(|(_, fault)| !lost.contains(fault))
}
