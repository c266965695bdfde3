//! Mail that waits, and mail that comes back.

use super::*;

/// A run whose mail was approved and is being sent.
fn sending() -> Execution {
    let mail = plan(&json!([
        {"id": "mail", "type": "send_email", "retry": {"max_attempts": 1},
         "config": {"to": ["a@x.test"], "subject": "s", "body": "b"}},
    ]));
    let events = [
        claimed("mail"),
        Event::StepParked {
            step: "mail".into(),
            fence: 1,
            gate: gate(9, None),
        },
        Event::Approved {
            step: "mail".into(),
            approval: approval(9),
            sha256: "a".repeat(64),
            output: None,
        },
        claimed("mail"),
    ];
    story(started(&mail, false).0, &events).0
}

fn postponed(fence: u64, until: Timestamp) -> Event {
    Event::StepPostponed {
        step: "mail".into(),
        fence,
        error: StepError::new(ErrorCode::RateLimited, "later"),
        until,
    }
}

fn returned(address: &str) -> Event {
    Event::MailReturned {
        step: "mail".into(),
        address: address.into(),
        reason: "permanent bounce: smtp; 550\r\nunknown".into(),
    }
}

#[test]
fn what_is_postponed_stays_approved_and_is_no_attempt() {
    let mut run = sending();
    let day = 24 * 3600;
    for n in 1..=20 {
        let now = at(n * day);
        let fence = run.steps[0].fence;
        let until = at((n + 1) * day);
        let (next, effects) = apply(&run, &postponed(fence, until), now).unwrap();
        assert_eq!(effects, [], "what is hours away is the sweeper's");
        assert_eq!(next.steps[0].state.name(), "approved");
        assert_eq!(next.steps[0].attempts, 0);
        assert_eq!(next.steps[0].postponed.as_ref().unwrap().since, at(day));
        assert_eq!(
            (next.due_at(), next.status()),
            (Some(until), Status::Running)
        );
        assert_eq!(
            overdue(&next, until),
            [Event::StepNudged {
                step: "mail".into()
            }]
        );
        assert!(matches!(
            apply(&next, &claimed("mail"), now),
            Err(Refused::NotYet { .. })
        ));
        run = apply(&next, &claimed("mail"), until).unwrap().0;
    }
    let fence = run.steps[0].fence;
    let (done, effects) = apply(&run, &completed("mail", fence), at(22 * day)).unwrap();
    assert_eq!(done.status(), Status::Completed);
    assert_eq!(done.steps[0].postponed, None);
    assert!(effects.contains(&Effect::End));
}

#[test]
fn a_short_wait_has_its_message_and_the_whole_of_the_waiting_an_end() {
    let run = sending();
    let (next, effects) = apply(&run, &postponed(2, at(60)), at(10)).unwrap();
    assert_eq!(enqueued(&effects), ["mail"]);
    let run = apply(&next, &claimed("mail"), at(60)).unwrap().0;
    let never = at(11 + LONGEST_WAIT_SECONDS);
    let (failed, _) = apply(&run, &postponed(3, never), at(60)).unwrap();
    assert_eq!(failed.status(), Status::Failed);
    assert!(matches!(
        apply(&run, &postponed(2, at(90)), at(60)),
        Err(Refused::StaleFence { .. })
    ));
}

#[test]
fn only_what_was_approved_is_postponed() {
    let run = started(&publishing(), false).0;
    let run = apply(&run, &claimed("find"), at(1)).unwrap().0;
    let event = Event::StepPostponed {
        step: "find".into(),
        fence: 1,
        error: StepError::new(ErrorCode::RateLimited, "later"),
        until: at(60),
    };
    assert!(matches!(
        apply(&run, &event, at(2)),
        Err(Refused::NotNow { .. })
    ));
}

#[test]
fn a_mail_that_comes_back_changes_nothing_but_what_is_known() {
    let run = sending();
    let ended = apply(&run, &completed("mail", 2), at(20)).unwrap().0;
    for before in [run, ended] {
        let (after, effects) = apply(&before, &returned("B@x.test"), at(100)).unwrap();
        assert_eq!(effects, []);
        let row = &after.steps[0];
        assert_eq!(row.returned_mails[0].address, "B@x.test");
        assert_eq!(
            row.returned_mails[0].reason,
            "permanent bounce: smtp; 550 unknown"
        );
        let mut same = after.clone();
        same.steps[0].returned_mails.clear();
        same.revision -= 1;
        assert_eq!(same, before, "an end is an end");
        assert!(matches!(
            apply(&after, &returned("b@X.test"), at(101)),
            Err(Refused::NotNow { .. })
        ));
        let told = replay(
            before.clone(),
            [(after.revision, at(100), &returned("B@x.test"))],
        );
        assert_eq!(told.as_ref(), Ok(&after));
    }
}

#[test]
fn a_run_keeps_so_many_returned_mails_and_no_step_but_one_that_mails_has_any() {
    let mut run = sending();
    for n in 0..MOST_RETURNED_MAILS {
        run = apply(&run, &returned(&format!("a{n}@x.test")), at(50))
            .unwrap()
            .0;
    }
    assert!(apply(&run, &returned("more@x.test"), at(50)).is_err());
    let other = started(&publishing(), false).0;
    let event = Event::MailReturned {
        step: "post".into(),
        address: "a@x.test".into(),
        reason: "r".into(),
    };
    assert!(apply(&other, &event, at(1)).is_err());
}
