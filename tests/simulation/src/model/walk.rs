//! Walking the graphs: each configuration completely, and each mistake until its promise is seen broken.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use libtest_mimic::{Failed, Trial};
use stateright::{Checker, HasDiscoveries, Model};

use crate::action::Action;
use crate::bug::Bug;
use crate::life::Life;
use crate::promises;
use crate::scenario::Scenario;
use crate::scenarios;
use crate::way_out::ways_out;

/// How many threads walk one graph: the machines this must be fast on have two cores.
const THREADS: usize = 2;
/// How many unique states all configurations together must have.
const FEWEST_STATES: usize = 300_000;

/// What has been walked so far.
static STATES: AtomicUsize = AtomicUsize::new(0);

/// One test a configuration, an ablation, a mistake.
pub(crate) fn trials() -> Vec<Trial> {
    let one = |scenario: Scenario| {
        let words = scenario.name.split(|c: char| !c.is_alphanumeric());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let name = format!("every_history::{}", words.join("_"));
        Trial::test(name, move || every_history(scenario))
    };
    let mut trials: Vec<Trial> = scenarios::all().into_iter().map(one).collect();
    trials.push(Trial::test(
        "redelivery_alone_finishes",
        without_the_sweeper,
    ));
    trials.push(Trial::test("the_floors_add_up", the_floors_add_up));
    trials.extend(mistakes().into_iter().map(|mistake| {
        let name = format!("a_mistake_is_caught::{:?}", mistake.bug);
        Trial::test(name, move || caught(mistake))
    }));
    trials
}

/// Says a line past any capture: the figures are what one runs this for.
fn say(line: &str) {
    // A closed pipe must not fail a proof.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Says what was walked in all. With a filter, or one process a test, that is a part.
pub(crate) fn say_the_sum() {
    let states = STATES.load(Ordering::Relaxed);
    if states > 0 {
        say(&format!(
            "model: {states} unique states in all, walked exhaustively"
        ));
    }
}

/// Each configuration is held to its own floor, and the floors to the number that is promised.
fn the_floors_add_up() -> Result<(), Failed> {
    let floors: usize = scenarios::all()
        .iter()
        .map(|scenario| scenario.fewest)
        .sum();
    if floors >= FEWEST_STATES {
        Ok(())
    } else {
        Err(format!("{floors} states: {FEWEST_STATES} are promised").into())
    }
}

/// Walks one configuration: every promise in every state, a way out of every state, and nothing vacuous.
fn every_history(scenario: Scenario) -> Result<(), Failed> {
    let began = Instant::now();
    let (name, witnesses, fewest) = (scenario.name, scenario.witnesses, scenario.fewest);
    let checker = Life::new(scenario.clone())
        .checker()
        .threads(THREADS)
        .spawn_bfs()
        .join();
    if let Some((promise, path)) = checker.discoveries().into_iter().next() {
        return Err(broken(promise, &path.into_actions()).into());
    }
    let missing = checker.model().tally.missing(witnesses);
    if !missing.is_empty() {
        return Err(format!("never happened: {missing:?}").into());
    }
    let (unique, walked) = (checker.unique_state_count(), began.elapsed());
    let out = ways_out(&Life::new(scenario), true);
    if out.states != unique {
        return Err(format!("two walks found {unique} and {} states", out.states).into());
    }
    if out.stuck > 0 {
        return Err(format!("{} states have no way out", out.stuck).into());
    }
    STATES.fetch_add(unique, Ordering::Relaxed);
    say(&format!(
        "model: {name:<32} {unique:>7} states ({} at rest, 0 stuck), {} transitions, depth {}, {} promises, {:.1} s + {:.1} s",
        out.at_rest,
        checker.state_count(),
        checker.max_depth(),
        promises::all().len(),
        walked.as_secs_f64(),
        (began.elapsed() - walked).as_secs_f64(),
    ));
    if unique < fewest {
        return Err(format!("{unique} states, and {fewest} are counted on").into());
    }
    Ok(())
}

/// A counterexample, told.
fn broken(promise: &str, actions: &[Action]) -> String {
    let steps: Vec<String> = actions
        .iter()
        .enumerate()
        .map(|(n, action)| format!("  {}. {action:?}", n + 1))
        .collect();
    format!("not so: {promise}\n{}", steps.join("\n"))
}

/// With nothing lost but workers, redelivery alone brings every run to its end.
fn without_the_sweeper() -> Result<(), Failed> {
    let out = ways_out(&Life::new(scenarios::fork_join_redelivered()), false);
    say(&format!(
        "model: sweeper off: {} states, {} at rest, {} stuck",
        out.states, out.at_rest, out.stuck
    ));
    if out.stuck == 0 {
        Ok(())
    } else {
        Err(format!("{} states have no way out", out.stuck).into())
    }
}

/// How a mistake shows.
#[derive(Debug, Clone, Copy)]
enum Shows {
    /// A promise is broken in some state.
    As(&'static str),
    /// With the sweeper off, some state has no way out.
    AsStuck,
}

struct Mistake {
    bug: Bug,
    scenario: Scenario,
    shows: Shows,
}

fn mistakes() -> Vec<Mistake> {
    use Shows::{As, AsStuck};
    use promises::{AGREE, APPROVED, AT_MOST_ONCE, FENCE, LEDGER, ONE_KEY, PEOPLE, REPLAY};
    let mistake = |bug, scenario, shows| Mistake {
        bug,
        scenario,
        shows,
    };
    vec![
        mistake(Bug::NoRevisionCondition, scenarios::fork_join(), As(REPLAY)),
        mistake(Bug::OldFenceCounts, scenarios::fork_join(), As(FENCE)),
        mistake(Bug::GetDecides, scenarios::decision_race(), As(PEOPLE)),
        mistake(Bug::DecisionApart, scenarios::decision_race(), As(AGREE)),
        mistake(Bug::AttemptInKey, scenarios::webhook(), As(ONE_KEY)),
        mistake(Bug::RemakesDraft, scenarios::webhook(), As(APPROVED)),
        mistake(Bug::RepeatsMail, scenarios::mail(), As(AT_MOST_ONCE)),
        mistake(Bug::SettlesTwice, scenarios::one_account(), As(LEDGER)),
        mistake(
            Bug::AcknowledgesHeld,
            scenarios::fork_join_redelivered(),
            AsStuck,
        ),
        mistake(
            Bug::ForgetsWhatFollows,
            scenarios::fork_join_redelivered(),
            AsStuck,
        ),
    ]
}

/// Walks until the mistake shows as it should; that it does not is the failure.
fn caught(mistake: Mistake) -> Result<(), Failed> {
    let Mistake {
        bug,
        mut scenario,
        shows,
    } = mistake;
    scenario.bug = Some(bug);
    match shows {
        Shows::As(promise) => {
            let checker = Life::new(scenario)
                .checker()
                .finish_when(HasDiscoveries::AnyOf([promise].into()))
                .spawn_bfs()
                .join();
            let path = checker
                .discovery(promise)
                .ok_or_else(|| format!("{bug:?} does not break: {promise}"))?;
            let actions = path.into_actions();
            say(&format!(
                "model: {bug:?} caught in {} steps: {promise}",
                actions.len()
            ));
            Ok(())
        }
        Shows::AsStuck => {
            let out = ways_out(&Life::new(scenario), false);
            say(&format!(
                "model: {bug:?} caught: {} states are stuck without the sweeper",
                out.stuck
            ));
            if out.stuck > 0 {
                Ok(())
            } else {
                Err(format!("{bug:?} leaves no state stuck").into())
            }
        }
    }
}
