//! The configurations. Each is small enough to be walked completely and has what one kind of trouble needs.

use domain::execution::Resolution;
use domain::workflow::OnTimeout;
use serde_json::json;

use crate::scenario::{Budget, Scenario, Will, search, step};

/// Two branches and their join, judged at the end.
pub(crate) fn fork_join() -> Scenario {
    let steps = json!([
        search("left", &[]),
        search("right", &[]),
        step(
            "join",
            "aggregate",
            &json!({"aggregation_type": "merge"}),
            &["left", "right"]
        ),
    ]);
    Scenario {
        fewest: 75_000,
        budget: Budget {
            crashes: 1,
            stalls: 1,
            ..Budget::default()
        },
        witnesses: &[
            "conflict",
            "held",
            "discarded",
            "lease_expired",
            "judging_nudged",
            "judged",
            "completed",
            "failed",
        ],
        ..Scenario::new("fork-join, two workers", &steps)
    }
}

/// The same without a way to lose a message, for the ablation of the sweeper.
pub(crate) fn fork_join_redelivered() -> Scenario {
    Scenario {
        name: "fork-join, redelivery alone",
        fewest: 170_000,
        budget: Budget {
            crashes: 1,
            duplicates: 1,
            lost_acks: 1,
            ..Budget::default()
        },
        witnesses: &["recognised", "held", "judged"],
        ..fork_join()
    }
}

fn publishing(name: &'static str, kind: &str) -> Scenario {
    let config = if kind == "send_email" {
        json!({"to": ["reader@example.com"], "subject": "s", "body": "b"})
    } else {
        json!({"url": "https://example.com/", "body": "b"})
    };
    Scenario {
        people: vec![(Will::Approve, 1)],
        ..Scenario::new(name, &json!([step("post", kind, &config, &[])]))
    }
}

/// A post that waits at its gate, and whose sender is lost in every way.
pub(crate) fn webhook() -> Scenario {
    Scenario {
        fewest: 25_000,
        budget: Budget {
            crashes: 1,
            stalls: 1,
            lost_acks: 1,
            failures: 1,
            losses: 1,
            ..Budget::default()
        },
        resolutions: vec![Resolution::Happened, Resolution::Fail],
        witnesses: &[
            "lost",
            "performed",
            "step_failed",
            "lease_expired",
            "recognised",
            "approval_expired",
            "completed",
        ],
        ..publishing("gated webhook", "post_webhook")
    }
}

/// A mail, which nobody may repeat.
pub(crate) fn mail() -> Scenario {
    Scenario {
        fewest: 15_000,
        budget: Budget {
            crashes: 1,
            stalls: 1,
            failures: 1,
            resolutions: 1,
            ..Budget::default()
        },
        resolutions: vec![Resolution::Happened, Resolution::Retry, Resolution::Fail],
        witnesses: &[
            "performed",
            "outcome_lost",
            "resolved",
            "lease_expired",
            "discarded",
            "completed",
            "failed",
        ],
        ..publishing("gated mail, at most once", "send_email")
    }
}

/// A mail whose run everybody leaves alone until its time is used up.
pub(crate) fn left_alone() -> Scenario {
    Scenario {
        name: "left alone for a month",
        fewest: 4_000,
        budget: Budget {
            crashes: 1,
            dead_letters: 1,
            long_waits: 1,
            ..Budget::default()
        },
        witnesses: &[
            "budget_exhausted",
            "step_dead_lettered",
            "lease_expired",
            "approval_expired",
        ],
        ..mail()
    }
}

/// Three people and the deadline race; a scanner opens every link.
pub(crate) fn decision_race() -> Scenario {
    Scenario {
        people: vec![
            (Will::Approve, 1),
            (Will::Reject, 1),
            (Will::RequestChanges, 1),
        ],
        fewest: 40_000,
        budget: Budget {
            stalls: 1,
            lost_acks: 1,
            scans: 1,
            ..Budget::default()
        },
        on_timeout: OnTimeout::Cancel,
        witnesses: &[
            "approved",
            "rejected",
            "changes_requested",
            "approval_expired",
            "told_too_late",
            "conflict",
            "recognised",
        ],
        ..publishing("approve, reject, change, expire", "post_webhook")
    }
}

/// Two of three must approve, one of them another text.
pub(crate) fn two_approvals() -> Scenario {
    Scenario {
        people: vec![(Will::Approve, 1), (Will::Edit, 1), (Will::Reject, 1)],
        required: 2,
        fewest: 20_000,
        budget: Budget {
            stalls: 1,
            lost_acks: 1,
            ..Budget::default()
        },
        witnesses: &[
            "counted",
            "approved",
            "rejected",
            "conflict",
            "told_too_late",
            "completed",
        ],
        ..publishing("two approvals needed", "post_webhook")
    }
}

/// A person stops and holds a run while machines are at work on it.
pub(crate) fn stop_and_hold() -> Scenario {
    let steps = json!([
        search("find", &[]),
        step(
            "merge",
            "aggregate",
            &json!({"aggregation_type": "merge"}),
            &["find"]
        ),
    ]);
    Scenario {
        fewest: 200_000,
        budget: Budget {
            stalls: 1,
            failures: 1,
            yields: 1,
            cancels: 1,
            pauses: 1,
            ..Budget::default()
        },
        witnesses: &[
            "paused",
            "resumed",
            "cancelled",
            "step_yielded",
            "step_failed",
            "discarded",
            "step_nudged",
        ],
        ..Scenario::new("cancel, pause, resume, yield", &steps)
    }
}

/// A report is written, decided about and posted; changes are requested while machines are at work.
pub(crate) fn written_and_posted() -> Scenario {
    let steps = json!([
        step("write", "llm_response", &json!({"prompt": "x"}), &[]),
        step(
            "post",
            "post_webhook",
            &json!({"url": "https://example.com/", "body": "${steps.write.text}"}),
            &["write"]
        ),
        step(
            "mail",
            "send_email",
            &json!({"to": ["reader@example.com"], "subject": "s", "body": "${steps.write.text}"}),
            &["write"]
        ),
    ]);
    Scenario {
        workers: 1,
        people: vec![(Will::Approve, 2), (Will::RequestChanges, 1)],
        fewest: 80_000,
        budget: Budget {
            ..Budget::default()
        },
        witnesses: &[
            "changes_requested",
            "approved",
            "performed",
            "conflict",
            "completed",
        ],
        ..Scenario::new("two gates, changes requested", &steps)
    }
}

/// Two runs, and credits for the second only when the first has ended and given back what it did not use.
pub(crate) fn one_account() -> Scenario {
    Scenario {
        runs: 2,
        grant: 3,
        price: 2,
        fewest: 18_000,
        budget: Budget {
            crashes: 1,
            cancels: 1,
            losses: 1,
            ..Budget::default()
        },
        witnesses: &["lost", "cancelled", "completed"],
        ..Scenario::new("two runs, one account", &json!([search("find", &[])]))
    }
}

/// All of them.
pub(crate) fn all() -> Vec<Scenario> {
    vec![
        fork_join(),
        fork_join_redelivered(),
        webhook(),
        mail(),
        left_alone(),
        decision_race(),
        two_approvals(),
        stop_and_hold(),
        written_and_posted(),
        one_account(),
    ]
}
