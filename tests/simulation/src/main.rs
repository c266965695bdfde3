//! The real handlers in a world that fails: deterministic, exhaustive and random. What is here, how it maps to FAULTS.md
//! and how a failure is looked at, `tests/README.md` says.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and here every function is one or serves one"
)]

mod ablations;
mod bug;
mod dice;
mod exhaustive;
mod fault;
mod functions;
mod ground;
mod hunt;
mod machine;
mod oracle;
mod outside;
mod person;
mod ports;
mod queue;
mod random;
mod rows;
mod story;
mod tamper;
mod telling;
mod totals;
mod workflows;
mod world;

use libtest_mimic::{Arguments, Failed, Trial};
use rows::{queues, steps, times};
use story::Story;
use workflows::Shape;
use world::tell;

/// The tests of these functions, by their names.
macro_rules! trials {
    ($($group:ident :: { $($name:ident),+ $(,)? }),+ $(,)?) => {
        vec![$($(test(concat!(stringify!($group), "::", stringify!($name)), $group::$name)),+),+]
    };
}

fn test(name: impl Into<String>, run: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        run();
        Ok::<(), Failed>(())
    })
}

fn all() -> Vec<Trial> {
    let mut trials = trials![
        steps::{
            f01_crash_before_claim,
            f02_crash_after_claim,
            f03_claim_acknowledgement_lost,
            f03_claim_acknowledgement_lost_while_others_write,
            f03_start_acknowledgement_lost,
            f04_crash_after_effect,
            f04_crash_after_a_post,
            f04_crash_after_a_mail,
            f05_effect_acknowledgement_lost,
            f06_commit_acknowledgement_lost,
            f07_crash_after_commit,
            f13_pause_past_the_lease,
            f13_pause_past_the_lease_while_posting,
            f13_pause_past_the_lease_while_mailing,
            f13_an_unknown_outcome_waits_for_a_person,
            f34_crash_between_reserving_and_enqueuing,
            a_draft_changed_after_it_was_approved_is_not_sent,
            a_retry_after_is_waited_for,
        },
        queues::{
            f08_enqueue_acknowledgement_lost,
            f09_removal_lost,
            f10_duplicate_one_after_the_other,
            f11_duplicate_at_once,
            f12_out_of_order,
            f14_messages_lost,
            f15_last_permitted_failure,
            f15_a_dead_letter_is_only_recorded,
            f16_one_bad_message_in_a_batch,
            f18_too_little_time_left,
            f19_a_message_of_another_version,
            f20_parents_finish_together,
        },
        times::{
            f40_writes_are_down,
            f41_throttling,
            f42_the_index_is_behind,
            f43_sends_are_down,
            f44_receiving_stops_and_comes_back_in_a_burst,
            f50_clocks_are_wrong,
            f50_time_runs_backwards,
        },
        ablations::{
            without_the_sweeper_redelivery_completes_what_was_enqueued,
            without_redelivery_the_sweeper_completes_everything,
            without_leases_fences_keep_what_is_written,
        },
        random::{regressions, f51_seeds},
    ];
    for (bug, name, layer) in hunt::BUGS {
        trials.push(test(format!("bugs::{name}"), move || {
            hunt::hunt(bug, layer)
        }));
    }
    for shape in Shape::ALL {
        let name = format!("every_operation_times_every_fault::{}", shape.name());
        trials.push(test(name, move || exhaustive::singles(shape)));
    }
    let mut paired = vec![Shape::Linear, Shape::Email, Shape::Patrol];
    if random::how_many() > random::SEEDS {
        paired.extend([Shape::Webhook, Shape::Busy]);
    }
    for shape in paired {
        let name = format!("every_pair_of_faults::{}", shape.name());
        trials.push(test(name, move || exhaustive::pairs(shape)));
    }
    trials
}

/// The story that the environment asks to be told aloud: of a seed, or of a shape with faults at points.
fn asked() -> Option<Story> {
    if let Ok(seed) = std::env::var("NIGHTDESK_SEED") {
        return Some(random::story(seed.parse().expect("a seed is a number")));
    }
    let text = std::env::var("NIGHTDESK_STORY").ok()?;
    Some(
        exhaustive::named(&text)
            .expect("a story is shape@point:Fault,…, as a failed test prints it"),
    )
}

#[expect(
    clippy::print_stdout,
    reason = "the figures are what this binary is for"
)]
fn main() {
    let arguments = Arguments::from_args();
    if let Some(story) = asked() {
        let end = tell(&Story {
            trace: true,
            ..story
        });
        end.trace.iter().for_each(|line| println!("{line}"));
        println!("{:#?}\n{:#?}", end.counted, end.violations);
        std::process::exit(i32::from(!end.violations.is_empty()));
    }
    let conclusion = libtest_mimic::run(&arguments, all());
    if !arguments.list
        && let Some(lines) = totals::lines()
    {
        println!("{lines}");
    }
    conclusion.exit();
}
