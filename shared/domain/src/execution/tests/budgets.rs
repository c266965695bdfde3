//! What a run may use up, and how it ends when it has.

use super::*;

const DAY: i64 = 24 * 3600;

fn exhausted(budget: Budget) -> Event {
    Event::BudgetExhausted { budget }
}

#[test]
fn a_run_works_a_day_at_a_stretch_and_no_longer() {
    let (mut run, _) = started(&publishing(), false);
    let mut now = 0;
    // A queue that never delivers: the sweeper sends the message again and again.
    while let Some(due_at) = run.due_at() {
        now = due_at.as_second() - at(0).as_second();
        let events = overdue(&run, due_at);
        assert_eq!(events.len(), 1);
        (run, _) = apply(&run, &events[0], due_at).unwrap();
    }
    assert_eq!(now, LONGEST_WORK_SECONDS);
    assert_eq!(
        (run.status(), run.outcome_reason(), run.consumed()),
        (Status::Failed, Some("time_budget_exceeded"), 0)
    );
}

#[test]
fn waiting_for_a_person_is_no_work() {
    let run = at_the_gate();
    assert_eq!(run.budget_ends(), None, "the gate has its own deadline");
    let later = at(3 * DAY - 60);
    let (run, _) = apply(&run, &approved(), later).unwrap();
    assert_eq!(run.status(), Status::Running);
    let (ends, budget) = run.budget_ends().unwrap();
    assert_eq!(
        (ends.duration_since(later).as_secs(), budget),
        (LONGEST_WORK_SECONDS, Budget::WorkTime)
    );
    assert_eq!(
        apply(&run, &exhausted(Budget::WorkTime), later),
        Err(Refused::NotYet { due_at: ends })
    );
    assert_eq!(
        apply(&run, &exhausted(Budget::WaitTime), ends),
        Err(Refused::NotYet { due_at: ends })
    );
}

#[test]
fn a_run_nobody_comes_back_for_ends_after_a_month() {
    let (held, _) = story(
        started(&publishing(), false).0,
        &[claimed("find"), completed("find", 1), Event::Paused],
    );
    let due_at = held.due_at().unwrap();
    assert_eq!(due_at, at(3 + LONGEST_WAIT_SECONDS));
    assert_eq!(
        overdue(&held, at(29 * DAY)),
        [],
        "nobody looks at it in vain"
    );
    let events = overdue(&held, due_at);
    assert_eq!(events, [exhausted(Budget::WaitTime)]);
    let (ended, _) = apply(&held, &events[0], due_at).unwrap();
    assert_eq!(
        (ended.status(), ended.outcome_reason(), ended.consumed()),
        (Status::Cancelled, Some("waited_too_long"), 1),
        "what was done stays charged"
    );
}

#[test]
fn a_runaway_is_stopped_whatever_keeps_it_running() {
    let (mut run, _) = started(&publishing(), false);
    let most = TRANSITIONS_PER_STEP * run.steps.len() as u64;
    run.revision = most - 1;
    let nudged = Event::StepNudged {
        step: "find".into(),
    };
    let (stopped, effects) = apply(&run, &nudged, at(1)).unwrap();
    assert_eq!(
        (stopped.status(), stopped.outcome_reason()),
        (Status::Failed, Some("transition_budget_exceeded"))
    );
    assert_eq!(effects, [Effect::End]);
    // A step is not begun only to be taken away.
    run.revision = most;
    let (stopped, _) = apply(&run, &claimed("find"), at(1)).unwrap();
    assert_eq!(stopped.step("find").unwrap().fence, 0);
}

#[test]
fn a_run_never_costs_more_than_was_set_aside() {
    let (mut run, _) = started(&publishing(), false);
    run.reserved = 3;
    let dear = |step: &str| Event::StepCompleted {
        step: step.into(),
        fence: 1,
        output: output(step),
        credits: 2,
    };
    let (run, _) = story(
        run,
        &[
            claimed("find"),
            dear("find"),
            claimed("write"),
            dear("write"),
        ],
    );
    let credits: Vec<u32> = run.steps.iter().map(StepRow::credits).collect();
    assert_eq!((credits, run.consumed()), (vec![2, 1, 0], 3));
}

#[test]
fn a_run_from_before_there_were_budgets_is_read_and_goes_on() {
    let (run, _) = story(started(&publishing(), false).0, &[claimed("find")]);
    let mut json = serde_json::to_value(&run).unwrap();
    let fields = json.as_object_mut().unwrap();
    assert!(fields.remove("stretch_since").is_some());
    assert!(!fields.contains_key("metered") && !fields.contains_key("ending"));
    let old: Execution = serde_json::from_value(json).unwrap();
    assert_eq!((old.metered, old.budget_ends()), (true, None));
    assert_eq!(old.due_at(), run.due_at(), "its lease");
    let (next, _) = apply(&old, &completed("find", 1), at(9)).unwrap();
    assert_eq!(next.stretch_since, Some(at(9)), "it begins to count now");
}
