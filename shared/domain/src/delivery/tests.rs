//! When a delivery is tried, and what becomes of it.

use super::*;

fn at(seconds: i64) -> Timestamp {
    let begin: Timestamp = "2026-05-04T08:00:00Z".parse().unwrap();
    later(begin, seconds)
}

fn delivery() -> Delivery {
    let id = uuid::Uuid::from_u128(1);
    let new = NewDelivery {
        id: DeliveryId::from_uuid(id),
        owner: OwnerId::from_uuid(id),
        destination: Some(DestinationId::from_uuid(id)),
        channel: Channel::Email,
        event: EventType::WorkflowSignal,
        subject: Subject::of(WorkflowId::from_uuid(id)),
    };
    Delivery::new(new, at(0))
}

fn busy() -> Came {
    Came::Failed {
        status_code: Some(503),
        error: "the receiver answered 503".into(),
    }
}

#[test]
fn attempts_come_as_the_contract_says_and_then_it_has_failed() {
    let mut delivery = delivery();
    let mut now = at(0);
    let mut waited = Vec::new();
    while let State::Waiting { due_at, .. } = delivery.state {
        waited.push(due_at.duration_since(now).as_secs());
        assert_eq!(
            delivery.due_at().unwrap().max(due_at),
            delivery.due_at().unwrap()
        );
        now = due_at;
        assert_eq!(delivery.begin(later(now, -1)), None, "not before its time");
        let begun = delivery.begin(now).unwrap();
        assert_eq!(begun.begin(now), None, "somebody is at it");
        delivery = begun.conclude(&busy(), now, 0.0).unwrap();
    }
    assert_eq!(waited, GAPS_SECONDS);
    assert_eq!(delivery.status(), DeliveryStatus::Failed);
    assert_eq!((delivery.attempts.len(), delivery.due_at()), (8, None));
    assert_eq!(delivery.revision, 16);
}

#[test]
fn a_worker_that_dies_at_every_attempt_comes_to_an_end() {
    let mut delivery = delivery();
    let mut now = at(0);
    for _ in 0..GAPS_SECONDS.len() {
        let begun = delivery.begin(now).unwrap();
        assert_eq!(begun.nudge(now), None, "it may be alive");
        now = begun.due_at().unwrap();
        delivery = begun.nudge(now).unwrap();
    }
    assert_eq!(delivery.status(), DeliveryStatus::Failed);
    assert!(
        delivery
            .attempts
            .iter()
            .all(|attempt| attempt.error.is_some())
    );
}

#[test]
fn every_end_is_an_end_and_only_an_end_is_sent_again() {
    let begun = delivery().begin(at(0)).unwrap();
    for (came, status) in [
        (
            Came::Delivered {
                status_code: Some(204),
            },
            DeliveryStatus::Delivered,
        ),
        (Came::Refused { error: "no".into() }, DeliveryStatus::Failed),
        (
            Came::Gone {
                status_code: Some(410),
                error: "gone".into(),
            },
            DeliveryStatus::Disabled,
        ),
    ] {
        let ended = begun.conclude(&came, at(1), 0.0).unwrap();
        assert_eq!(ended.status(), status);
        assert_eq!(
            (ended.due_at(), ended.begin(at(99)), ended.nudge(at(99))),
            (None, None, None)
        );
        assert_eq!(ended.conclude(&came, at(2), 0.0), None);
        let again = ended.redeliver(at(3)).unwrap();
        assert_eq!(again.id, ended.id);
        assert_eq!(again.message_at(), Some(at(3)));
        assert_eq!(again.attempts, ended.attempts, "what was is not forgotten");
        assert_eq!(again.redeliver(at(4)), Err(StillPending));
    }
}

#[test]
fn what_is_near_has_a_message_and_what_is_far_is_the_sweepers() {
    let mut delivery = delivery();
    let mut near = Vec::new();
    while let State::Waiting { due_at, .. } = delivery.state {
        near.push(delivery.message_at() == Some(due_at));
        delivery = delivery
            .begin(due_at)
            .unwrap()
            .conclude(&busy(), due_at, 0.0)
            .unwrap();
    }
    assert_eq!(near, [true, true, true, false, false, false, false, false]);
}

#[test]
fn a_nudge_moves_on_and_only_what_is_past_due() {
    let delivery = delivery();
    assert_eq!(delivery.nudge(at(0)), None);
    let nudged = delivery.nudge(at(NUDGE_AFTER_SECONDS)).unwrap();
    assert_eq!(nudged.due_at(), Some(at(2 * NUDGE_AFTER_SECONDS)));
    assert!(nudged.begin(at(NUDGE_AFTER_SECONDS)).is_some());
}

#[test]
fn a_mail_that_comes_back_was_not_delivered() {
    let begun = delivery().begin(at(0)).unwrap();
    assert_eq!(begun.came_back("bounce", at(1)), None);
    let sent = begun
        .conclude(&Came::Delivered { status_code: None }, at(1), 0.0)
        .unwrap();
    let back = sent
        .came_back("a@x.test: permanent\nbounce", at(2))
        .unwrap();
    assert_eq!(back.status(), DeliveryStatus::Failed);
    assert_eq!(
        back.attempts[1].error.as_deref(),
        Some("a@x.test: permanent bounce")
    );
    assert_eq!(back.came_back("a@x.test: permanent bounce", at(3)), None);
}

fn told(address: &str, state: ToldState) -> Told {
    Told {
        address: address.into(),
        state,
    }
}

#[test]
fn of_several_addresses_only_those_left_are_told_again() {
    let to: Vec<String> = ["a@x.test", "b@x.test", "c@x.test"]
        .map(String::from)
        .into();
    let begun = delivery().begin(at(0)).unwrap();
    let reason = || ToldState::Refused {
        reason: "suppressed".into(),
    };
    let first = begun
        .tell(told("a@x.test", ToldState::Taken), at(10))
        .unwrap();
    assert!(
        first.due_at() > begun.due_at(),
        "others are kept away as long again"
    );
    let second = first.tell(told("b@x.test", reason()), at(20)).unwrap();
    let left: Vec<&String> = second.untold(&to).collect();
    assert_eq!(left, ["c@x.test"]);
    let waiting = second.conclude(&Came::NotNow, at(20), 0.5).unwrap();
    assert_eq!(waiting.status(), DeliveryStatus::Pending);
    assert!(
        waiting.attempts.is_empty(),
        "a busy mail service is no attempt"
    );
    let again = waiting.begin(waiting.message_at().unwrap()).unwrap();
    let third = again
        .tell(told("c@x.test", ToldState::Taken), at(40))
        .unwrap();
    let done = third
        .conclude(&Came::Delivered { status_code: None }, at(41), 0.0)
        .unwrap();
    assert_eq!(done.status(), DeliveryStatus::Delivered);
    assert_eq!(done.attempts.len(), 1);
    assert_eq!(
        done.attempts[0].error.as_deref(),
        Some("b@x.test: suppressed")
    );
    let anew = done.redeliver(at(50)).unwrap();
    assert_eq!(
        anew.untold(&to).count(),
        3,
        "sent again by hand, it goes to all"
    );
    assert_eq!(done.tell(told("c@x.test", ToldState::Taken), at(51)), None);
}

#[test]
fn a_mail_service_that_takes_nothing_is_waited_for_and_not_for_ever() {
    let mut delivery = delivery();
    let mut now = at(0);
    while let State::Waiting { due_at, .. } = delivery.state {
        now = due_at;
        delivery = delivery
            .begin(now)
            .unwrap()
            .conclude(&Came::NotNow, now, 0.0)
            .unwrap();
    }
    assert_eq!(delivery.status(), DeliveryStatus::Failed);
    let days = now.duration_since(at(0)).as_hours() / 24;
    assert!((3..10).contains(&days), "{days} days");
    assert_eq!(delivery.attempts.len(), 1);
}
