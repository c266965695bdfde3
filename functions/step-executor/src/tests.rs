//! The executor through its door: messages in, events and drafts out.

use std::time::Duration;

use domain::approval::{ApprovalStatus, Choice, DecisionChannel, Verdict};
use domain::execution::{ErrorCode, Event, StepState};
use domain::signature::{self, SignedHeaders};
use engine::advance::Alongside;
use engine::consuming::{Consumer, Delivery, Disposition};
use engine::memory::at_once;
use engine::ports::model::Task;
use engine::ports::queues::Message;
use engine::ports::{Clock as _, MailError, PostError, SearchError, Store as _, Write};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::{World, execution_id, owner_id, workflow_id};

fn search_then_report() -> Value {
    json!([
        {"id": "find", "type": "search", "config": {"query": "rust releases"}},
        {"id": "report", "type": "generate_report", "depends_on": ["find"], "config": {"title": "${steps.find.results[0].title}"}},
    ])
}

fn search_then_mail() -> Value {
    json!([
        {"id": "find", "type": "search", "config": {"query": "rust"}},
        {"id": "mail", "type": "send_email", "depends_on": ["find"], "config": {
            "to": ["reader@example.org"], "subject": "News: ${steps.find.results[0].title}", "body": "See ${steps.find.results[*].url}"}},
    ])
}

fn webhook() -> Value {
    json!([{"id": "hook", "type": "post_webhook", "config": {"url": "https://hooks.example.com/in", "body": {"hello": "wörld"}}}])
}

async fn deliver(world: &World, step: &str) -> Disposition {
    world
        .executor()
        .handle(world.delivery(step, &format!("worker-{}", world.run().revision)))
        .await
}

async fn decide(world: &World, choice: Choice, comment: Option<&str>) {
    let approval = world.only_approval();
    let verdict = Verdict {
        by: "owner@nightdesk.test".into(),
        choice,
        comment: comment.map(str::to_owned),
        channel: DecisionChannel::Api,
        seen_sha256: None,
        has_code: false,
    };
    world
        .engine()
        .decide(&owner_id(), &approval.id, &verdict, None)
        .await
        .unwrap();
}

fn failure(world: &World, step: &str) -> ErrorCode {
    match &world.run().step(step).unwrap().state {
        StepState::Failed { error, .. } => error.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_step_is_done_and_the_next_one_sent() {
    let world = World::new(search_then_report());
    assert_eq!(deliver(&world, "find").await, Disposition::Done);
    assert_eq!(world.output("find")["count"], 1);
    assert!(
        matches!(world.queues.messages().as_slice(), [Message::Step { step, .. }] if step == "report")
    );
    assert_eq!(deliver(&world, "report").await, Disposition::Done);
    let report = world.output("report");
    assert_eq!(
        (&report["title"], &report["text"]),
        (&json!("rust releases"), &json!("written"))
    );
    assert_eq!(
        report["sources"][0]["url"],
        "https://found.example/rust-releases"
    );
    assert!(world.run().status().is_terminal());
}

#[tokio::test]
async fn a_duplicate_of_a_settled_step_sends_what_follows_and_does_nothing_else() {
    let world = World::new(search_then_report());
    deliver(&world, "find").await;
    let before = world.run();
    world.queues.take();
    assert_eq!(deliver(&world, "find").await, Disposition::Done);
    assert_eq!(world.run(), before);
    assert_eq!(world.queues.sent().len(), 1);
}

#[tokio::test]
async fn a_held_step_goes_back_until_its_lease_ends_and_is_then_taken() {
    let world = World::new(search_then_report());
    let claim = Event::StepClaimed {
        step: "find".into(),
        worker: "gone".into(),
    };
    world
        .engine()
        .advance(
            &owner_id(),
            &execution_id(),
            &claim,
            "system",
            &Alongside::default(),
        )
        .await
        .unwrap();
    let until = world.run().step("find").unwrap().state.due_at().unwrap();
    assert_eq!(deliver(&world, "find").await, Disposition::NotBefore(until));
    world.advance_clock(76);
    assert_eq!(deliver(&world, "find").await, Disposition::Done);
    assert_eq!(world.state("find"), "completed");
    assert_eq!(world.run().step("find").unwrap().fence, 2);
}

#[tokio::test]
async fn a_message_before_its_time_waits_and_one_out_of_order_is_dropped() {
    let world = World::new(search_then_report());
    assert_eq!(deliver(&world, "report").await, Disposition::Done);
    assert_eq!(world.state("report"), "waiting");
    world
        .outside
        .searches
        .lock()
        .unwrap()
        .push_back(Err(SearchError::Timeout));
    assert_eq!(deliver(&world, "find").await, Disposition::Done);
    assert_eq!(world.state("find"), "ready");
    assert!(matches!(
        deliver(&world, "find").await,
        Disposition::NotBefore(_)
    ));
}

#[tokio::test]
async fn a_search_that_is_refused_fails_and_is_never_an_empty_list() {
    let world = World::new(search_then_report());
    world
        .outside
        .searches
        .lock()
        .unwrap()
        .push_back(Err(SearchError::Refused {
            reason: "no key".into(),
        }));
    deliver(&world, "find").await;
    assert_eq!(failure(&world, "find"), ErrorCode::ProviderError);
}

#[tokio::test]
async fn a_run_with_another_plan_than_its_own_does_not_go_on() {
    let world = World::new(search_then_report());
    let other =
        domain::plan::Plan::read(&webhook(), "", &domain::egress::EgressRule::public_only())
            .unwrap();
    world.store.plant(&Write::PutPlan {
        owner: owner_id(),
        workflow: workflow_id(),
        version: 1,
        plan: other,
    });
    deliver(&world, "find").await;
    assert_eq!(failure(&world, "find"), ErrorCode::Infrastructure);
}

#[tokio::test]
async fn a_condition_that_does_not_hold_skips_the_step() {
    let mut steps = search_then_report();
    steps[1]["cascade_condition"] =
        json!({"step": "find", "field": "count", "operator": ">", "value": 5});
    let world = World::new(steps);
    deliver(&world, "find").await;
    deliver(&world, "report").await;
    assert_eq!(world.state("report"), "skipped");
    assert!(world.outside.tasks.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_hiccup_of_the_store_does_not_lose_the_work() {
    let world = World::new(search_then_report());
    let executor = world.executor();
    let claimed = world.run();
    let claim = Event::StepClaimed {
        step: "find".into(),
        worker: "w".into(),
    };
    let run = world
        .engine()
        .advance_from(claimed, &claim, "system", &Alongside::default())
        .await
        .unwrap();
    let row = run.step("find").unwrap().clone();
    let came = executor.work(&run, &row, Duration::from_secs(60)).await;
    world.store.fail_commits(2);
    assert_eq!(
        executor.commit(&run, &row, &came, Duration::ZERO).await,
        Ok(Disposition::Done)
    );
    assert_eq!(world.state("find"), "completed");
    // Reported again with the same fence: discarded.
    assert_eq!(
        executor.commit(&run, &row, &came, Duration::ZERO).await,
        Ok(Disposition::Done)
    );
}

#[tokio::test]
async fn a_mail_is_prepared_approved_and_sent_once_as_approved() {
    let world = World::new(search_then_mail());
    deliver(&world, "find").await;
    deliver(&world, "mail").await;
    let approval = world.only_approval();
    assert_eq!(world.state("mail"), "awaiting_approval");
    assert!(world.mailer.asked().is_empty());
    assert_eq!(approval.approvers, ["owner@nightdesk.test"]);
    assert_eq!(approval.sources, ["https://found.example/rust"]);
    assert!(
        world
            .queues
            .messages()
            .iter()
            .any(|message| matches!(message, Message::AskApproval { .. }))
    );

    decide(&world, Choice::Approve, None).await;
    deliver(&world, "mail").await;
    assert_eq!(world.output("mail"), json!({"message_id": "mail-1"}));
    deliver(&world, "mail").await;
    let mails = world.mailer.asked();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].subject.as_str(), mails[0].text.as_str()),
        ("News: rust", "See https://found.example/rust")
    );
}

#[tokio::test]
async fn a_draft_that_changed_after_approval_is_not_sent() {
    let world = World::new(search_then_mail());
    deliver(&world, "find").await;
    deliver(&world, "mail").await;
    decide(&world, Choice::Approve, None).await;
    let approval = world.only_approval();
    let mut document = at_once(world.store.output(&owner_id(), &approval.draft))
        .unwrap()
        .unwrap();
    assert_eq!(document["kind"], "email");
    document["to"] = json!(["thief@example.org"]);
    let mut changed = approval;
    changed.draft.inline = None;
    world
        .store
        .plant_output(&owner_id(), &changed.draft, document);
    world.store.plant(&Write::PutApproval { approval: changed });
    deliver(&world, "mail").await;
    assert_eq!(failure(&world, "mail"), ErrorCode::DraftChanged);
    assert!(world.mailer.asked().is_empty());
}

#[tokio::test]
async fn an_approval_that_was_taken_back_sends_nothing() {
    let world = World::new(search_then_mail());
    deliver(&world, "find").await;
    deliver(&world, "mail").await;
    decide(&world, Choice::Approve, None).await;
    let mut approval = world.only_approval();
    approval.status = ApprovalStatus::Cancelled;
    world.store.plant(&Write::PutApproval { approval });
    deliver(&world, "mail").await;
    assert_eq!(failure(&world, "mail"), ErrorCode::DraftChanged);
}

#[tokio::test]
async fn a_mail_that_may_have_gone_out_is_for_a_person_to_judge() {
    let world = World::new(search_then_mail());
    deliver(&world, "find").await;
    deliver(&world, "mail").await;
    decide(&world, Choice::Approve, None).await;
    world
        .mailer
        .answer(Err(MailError::Unknown("cut off".into())));
    deliver(&world, "mail").await;
    assert_eq!(world.state("mail"), "outcome_unknown");
}

/// The recipients that are counted for today.
fn counted(world: &World) -> u32 {
    world.allowances.used(&engine::ports::Use {
        owner: owner_id(),
        what: domain::allowance::Allowed::Recipients,
        day: domain::allowance::Day::of(world.engine().now()),
        amount: 0,
        by: String::new(),
    })
}

#[tokio::test]
async fn a_mail_that_is_not_taken_waits_without_an_attempt_and_is_given_back() {
    let world = World::new(search_then_mail());
    deliver(&world, "find").await;
    deliver(&world, "mail").await;
    decide(&world, Choice::Approve, None).await;
    let attempts = world.run().step("mail").unwrap().attempts;
    for _ in 0..30 {
        world
            .mailer
            .answer(Err(MailError::Unavailable("throttled".into())));
        deliver(&world, "mail").await;
        assert_eq!(world.state("mail"), "approved");
        assert_eq!(counted(&world), 0, "it did not go out");
        let row = world.run().step("mail").unwrap().clone();
        assert_eq!(row.attempts, attempts);
        assert_eq!(row.postponed.unwrap().error.code, ErrorCode::RateLimited);
        world.advance_clock(300);
    }
    deliver(&world, "mail").await;
    assert_eq!(world.output("mail"), json!({"message_id": "mail-31"}));
    assert_eq!(counted(&world), 1);
    assert_eq!(world.approvals().len(), 1, "nobody is asked again");
    let about = world.mailer.asked().pop().unwrap().about;
    assert!(
        matches!(about, Some(engine::ports::About::Step { step, .. }) if step == "mail"),
        "what comes back finds its step"
    );
}

#[tokio::test]
async fn what_a_day_has_no_room_for_waits_for_the_next() {
    let world = World::new(search_then_mail());
    deliver(&world, "find").await;
    deliver(&world, "mail").await;
    decide(&world, Choice::Approve, None).await;
    world.allowances.plant(&engine::ports::Use {
        owner: owner_id(),
        what: domain::allowance::Allowed::Recipients,
        day: domain::allowance::Day::of(world.engine().now()),
        amount: domain::allowance::RECIPIENTS_A_DAY,
        by: "others".into(),
    });
    deliver(&world, "mail").await;
    assert!(world.mailer.asked().is_empty());
    let row = world.run().step("mail").unwrap().clone();
    let postponed = row.postponed.unwrap();
    assert_eq!(postponed.error.code, ErrorCode::RateLimited);
    let message = &postponed.error.message;
    assert!(message.contains("2026-05-05T00:00:00Z"), "{message}");
    assert_eq!(
        world.run().due_at(),
        Some("2026-05-05T00:00:00Z".parse().unwrap())
    );
    world.advance_clock(16 * 3600);
    deliver(&world, "mail").await;
    assert_eq!(world.state("mail"), "completed");
}

#[tokio::test]
async fn what_may_have_gone_out_stays_counted_and_what_was_refused_does_not() {
    for (answer, left) in [
        (MailError::Unknown("cut off".into()), 1),
        (MailError::Refused("bad address".into()), 0),
    ] {
        let world = World::new(search_then_mail());
        deliver(&world, "find").await;
        deliver(&world, "mail").await;
        decide(&world, Choice::Approve, None).await;
        world.mailer.answer(Err(answer));
        deliver(&world, "mail").await;
        assert_eq!(counted(&world), left);
    }
}

#[tokio::test(start_paused = true)]
async fn a_mail_that_hangs_is_for_a_person_to_judge_too() {
    let world = World::new(search_then_mail());
    deliver(&world, "find").await;
    deliver(&world, "mail").await;
    decide(&world, Choice::Approve, None).await;
    world.mailer.hang();
    deliver(&world, "mail").await;
    assert_eq!(world.state("mail"), "outcome_unknown");
}

#[tokio::test]
async fn a_post_is_repeated_with_the_same_key_and_bytes() {
    let world = World::new(webhook());
    deliver(&world, "hook").await;
    decide(&world, Choice::Approve, None).await;
    let busy = PostError::HttpStatus {
        status: 503,
        retry_after: None,
    };
    world
        .outside
        .post_answers
        .lock()
        .unwrap()
        .push_back(Err(busy));
    deliver(&world, "hook").await;
    assert_eq!(world.state("hook"), "approved");
    world.advance_clock(10);
    deliver(&world, "hook").await;
    assert_eq!(world.output("hook"), json!({"status": 204}));
    let posts = world.outside.posts.lock().unwrap();
    assert_eq!(posts.len(), 2);
    assert_eq!(posts[0].body, "{\"hello\":\"wörld\"}".as_bytes());
    assert_eq!(
        (&posts[0].body, &posts[0].headers[..2]),
        (&posts[1].body, &posts[1].headers[..2])
    );
    assert_eq!(posts[0].headers[0].1.len(), 64);
}

#[tokio::test]
async fn a_post_is_signed_with_the_secret_that_its_plan_holds_sealed() {
    let secret = signature::secret_of(&[7; 32]);
    let mut steps = webhook();
    steps[0]["config"]["secret"] = secret.as_str().into();
    let world = World::new(steps);
    let plan = at_once(world.store.plan(&owner_id(), &workflow_id(), 1));
    let stored = serde_json::to_string(&plan.unwrap()).unwrap();
    assert!(stored.contains("\"sealed1.") && !stored.contains(&secret));
    deliver(&world, "hook").await;
    decide(&world, Choice::Approve, None).await;

    world.secrets.set("");
    deliver(&world, "hook").await;
    assert_eq!(world.state("hook"), "approved", "it waits for the key");
    assert_eq!(world.outside.posts.lock().unwrap().len(), 0);

    world.secrets.set("root");
    world.advance_clock(10);
    deliver(&world, "hook").await;
    assert_eq!(world.output("hook"), json!({"status": 204}));
    let posts = world.outside.posts.lock().unwrap();
    let header = |name| {
        let mut headers = posts[0].headers.iter();
        headers.find_map(|(key, value)| (*key == name).then_some(value.as_str()))
    };
    let [id, timestamp, signature] =
        ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header);
    let headers = SignedHeaders {
        id,
        timestamp,
        signature,
    };
    let now = Timestamp::now().as_second();
    assert_eq!(
        signature::verify(&[&secret], headers, &posts[0].body, now),
        Ok(())
    );
}

#[tokio::test]
async fn a_secret_whose_key_is_gone_fails_its_step() {
    let mut steps = webhook();
    steps[0]["config"]["secret"] = signature::secret_of(&[7; 32]).into();
    let world = World::new(steps);
    deliver(&world, "hook").await;
    decide(&world, Choice::Approve, None).await;
    world.secrets.set("another");
    deliver(&world, "hook").await;
    assert_eq!(failure(&world, "hook"), ErrorCode::Infrastructure);
    assert_eq!(world.outside.posts.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn an_address_that_came_from_a_reference_is_checked_before_anybody_is_asked() {
    let steps = json!([
        {"id": "find", "type": "search", "config": {"query": "x"}},
        {"id": "hook", "type": "post_webhook", "depends_on": ["find"], "config": {"url": "${steps.find.results[0].url}", "body": "b"}},
    ]);
    let world = World::new(steps);
    let found = domain::results::Found {
        url: "http://169.254.169.254/latest".into(),
        ..Default::default()
    };
    world
        .outside
        .searches
        .lock()
        .unwrap()
        .push_back(Ok(vec![found]));
    deliver(&world, "find").await;
    deliver(&world, "hook").await;
    assert_eq!(failure(&world, "hook"), ErrorCode::BlockedAddress);
}

#[tokio::test]
async fn a_post_waits_with_its_text_and_is_made_again_with_the_note() {
    let steps = json!([
        {"id": "find", "type": "search", "config": {"query": "x"}},
        {"id": "post", "type": "format_post", "depends_on": ["find"], "config": {"channel": "generic"}},
    ]);
    let world = World::new(steps);
    deliver(&world, "find").await;
    deliver(&world, "post").await;
    assert_eq!(world.only_approval().draft.preview, "written");
    decide(&world, Choice::RequestChanges, Some("shorter")).await;
    assert_eq!(world.state("post"), "ready");
    deliver(&world, "post").await;
    let tasks = world.outside.tasks.lock().unwrap().clone();
    assert!(
        matches!(&tasks[..], [Task::Post { note: None, .. }, Task::Post { note: Some(note), .. }] if note == "shorter")
    );
    let approvals = world.approvals();
    let second = approvals
        .iter()
        .find(|approval| approval.generation == 2)
        .unwrap();
    assert!(second.is_open());
}

#[tokio::test]
async fn a_missing_reference_fails_at_once() {
    let steps = json!([
        {"id": "find", "type": "search", "config": {"query": "x"}},
        {"id": "pick", "type": "transform", "depends_on": ["find"], "config": {"from": "find", "select": "$.results[7].url"}},
    ]);
    let world = World::new(steps);
    deliver(&world, "find").await;
    deliver(&world, "pick").await;
    assert_eq!(failure(&world, "pick"), ErrorCode::ReferenceMissing);
}

#[tokio::test]
async fn values_are_selected_and_images_named_by_their_hash() {
    let steps = json!([
        {"id": "find", "type": "search", "config": {"query": "a1 and b1", "query_decomposition": true}},
        {"id": "all", "type": "transform", "depends_on": ["find"], "config": {"from": "find", "select": "$.results[*].title"}},
        {"id": "top", "type": "aggregate", "depends_on": ["find"], "config": {"aggregation_type": "count"}},
        {"id": "draw", "type": "generate_image", "config": {"prompt": "a cat"}},
    ]);
    let world = World::new(steps);
    for step in ["find", "all", "top", "draw"] {
        deliver(&world, step).await;
    }
    assert_eq!(world.output("all"), json!({"value": ["a1", "b1"]}));
    assert_eq!(
        world.output("top"),
        json!({"items": [], "text": "2", "count": 2})
    );
    let credits = match &world.run().step("find").unwrap().state {
        StepState::Completed { credits, .. } => *credits,
        other => panic!("{other:?}"),
    };
    assert_eq!(credits, 3);
    assert_eq!(world.only_approval().draft.preview, "a picture");
}

/// A run whose mail is prepared and approved.
async fn approved_mail() -> World {
    let world = World::new(search_then_mail());
    deliver(&world, "find").await;
    deliver(&world, "mail").await;
    decide(&world, Choice::Approve, None).await;
    world
}

async fn tell(world: &World, event: Event) {
    let (owner, id, nothing) = (owner_id(), execution_id(), Alongside::default());
    let engine = world.engine();
    engine
        .advance(&owner, &id, &event, "owner@nightdesk.test", &nothing)
        .await
        .unwrap();
}

/// A claimed step with its run and row, as a worker has them before it begins.
async fn claimed(
    world: &World,
    step: &str,
) -> (domain::execution::Execution, domain::execution::StepRow) {
    let claim = Event::StepClaimed {
        step: step.into(),
        worker: "w".into(),
    };
    tell(world, claim).await;
    let run = world.run();
    let row = run.step(step).unwrap().clone();
    (run, row)
}

#[tokio::test]
async fn nothing_is_sent_for_a_run_that_was_held_or_stopped_after_the_claim() {
    for (event, then) in [
        (Event::Paused, "approved"),
        (Event::Cancelled { reason: "r".into() }, "cancelled"),
    ] {
        let world = approved_mail().await;
        let (run, row) = claimed(&world, "mail").await;
        tell(&world, event).await;
        let executor = world.executor();
        let came = executor.work(&run, &row, Duration::from_secs(60)).await;
        executor
            .commit(&run, &row, &came, Duration::ZERO)
            .await
            .unwrap();
        assert_eq!(world.state("mail"), then);
        assert!(world.mailer.asked().is_empty());
    }
}

#[tokio::test]
async fn nothing_is_sent_under_a_lease_that_is_over() {
    let world = approved_mail().await;
    let (run, row) = claimed(&world, "mail").await;
    world.advance_clock(76);
    let executor = world.executor();
    let came = executor.work(&run, &row, Duration::from_secs(60)).await;
    assert!(world.mailer.asked().is_empty());
    executor
        .commit(&run, &row, &came, Duration::ZERO)
        .await
        .unwrap();
    let row = world.run().step("mail").unwrap().clone();
    assert_eq!((row.state.name(), row.attempts), ("approved", 0));
}

#[tokio::test]
async fn a_mail_that_goes_out_while_its_run_is_stopped_is_recorded() {
    let world = approved_mail().await;
    let (run, row) = claimed(&world, "mail").await;
    let executor = world.executor();
    let came = executor.work(&run, &row, Duration::from_secs(60)).await;
    tell(&world, Event::Cancelled { reason: "r".into() }).await;
    assert!(!world.run().status().is_terminal());
    executor
        .commit(&run, &row, &came, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(world.state("mail"), "completed");
    assert_eq!(world.run().status().as_str(), "cancelled");
}

#[tokio::test(start_paused = true)]
async fn long_work_is_given_up_when_its_run_is_stopped() {
    let steps =
        json!([{"id": "read", "type": "crawl", "config": {"urls": ["https://slow.example/"]}}]);
    let world = World::new(steps);
    *world.outside.page_time.lock().unwrap() = Duration::from_secs(50);
    let (run, row) = claimed(&world, "read").await;
    tell(&world, Event::Cancelled { reason: "r".into() }).await;
    let begun = tokio::time::Instant::now();
    let executor = world.executor();
    let came = executor.work(&run, &row, Duration::from_secs(600)).await;
    assert_eq!(came, crate::work::Came::GivenBack);
    assert!(begun.elapsed() <= Duration::from_secs(11));
    assert_eq!(
        executor.commit(&run, &row, &came, Duration::ZERO).await,
        Ok(Disposition::Done)
    );
}

#[tokio::test]
async fn a_message_that_waits_too_often_is_renewed_before_it_dies() {
    let world = World::new(search_then_report());
    claimed(&world, "find").await;
    world.queues.take();
    let mut delivery = world.delivery("find", "second");
    let until = world.run().step("find").unwrap().state.due_at().unwrap();
    for (receive_count, disposition, sent) in [
        (3, Disposition::NotBefore(until), 0),
        (4, Disposition::Done, 1),
    ] {
        delivery.receive_count = receive_count;
        assert_eq!(world.executor().handle(delivery.clone()).await, disposition);
        assert_eq!(world.queues.sent().len(), sent);
    }
    assert_eq!(world.queues.sent()[0].delay, Duration::from_secs(75));
    world.queues.set_down(true);
    assert_eq!(
        world.executor().handle(delivery).await,
        Disposition::NotBefore(until)
    );
}

#[tokio::test]
async fn an_invocation_without_time_begins_nothing() {
    let world = World::new(search_then_report());
    let mut delivery = world.delivery("find", "late");
    delivery.remaining = Duration::from_millis(900);
    assert!(matches!(
        world.executor().handle(delivery).await,
        Disposition::NotBefore(_)
    ));
    assert_eq!(world.run().revision, 0);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_ends_before_its_invocation_does() {
    let steps =
        json!([{"id": "read", "type": "crawl", "config": {"urls": ["https://slow.example/"]}}]);
    let world = World::new(steps);
    *world.outside.page_time.lock().unwrap() = Duration::from_secs(3_600);
    let begun = tokio::time::Instant::now();
    let mut delivery = world.delivery("read", "w");
    delivery.remaining = Duration::from_secs(8);
    assert_eq!(world.executor().handle(delivery).await, Disposition::Done);
    assert!(begun.elapsed() <= Duration::from_secs(9));
    assert_ne!(world.state("read"), "running", "the lease is given back");
}

#[tokio::test]
async fn a_tool_that_panics_takes_neither_lease_nor_batch_along() {
    let steps = json!([{"id": "hook", "type": "post_webhook", "config": {"url": "https://hooks.example.com/in", "body": "b"}}]);
    let world = World::new(steps);
    deliver(&world, "hook").await;
    decide(&world, Choice::Approve, None).await;
    world.outside.panics();
    assert_eq!(deliver(&world, "hook").await, Disposition::Done);
    let row = world.run().step("hook").unwrap().clone();
    assert_eq!((row.state.name(), row.attempts), ("approved", 1));
}

#[tokio::test]
async fn a_retry_posts_with_the_key_of_the_first_run() {
    let world = World::new(webhook());
    deliver(&world, "hook").await;
    decide(&world, Choice::Approve, None).await;
    let (run, row) = claimed(&world, "hook").await;
    let executor = world.executor();
    executor.work(&run, &row, Duration::from_secs(60)).await;
    // The worker is lost after its post, and the run is stopped: nobody knows.
    tell(&world, Event::Cancelled { reason: "r".into() }).await;
    world.advance_clock(76);
    let expired = Event::LeaseExpired {
        step: "hook".into(),
        fence: row.fence,
    };
    tell(&world, expired).await;
    assert_eq!(world.state("hook"), "outcome_unknown");
    let again = world
        .engine()
        .retry(&owner_id(), &execution_id(), None)
        .await
        .unwrap();
    let resolved = Event::Resolved {
        step: "hook".into(),
        outcome: domain::execution::Resolution::Retry,
    };
    let nothing = Alongside::default();
    world
        .engine()
        .advance(&owner_id(), &again.id, &resolved, "owner", &nothing)
        .await
        .unwrap();
    let mut delivery = world.delivery("hook", "w2");
    let again = world.store.execution(&owner_id(), &again.id).await;
    delivery.message = Message::step(&again.unwrap().unwrap(), "hook");
    assert_eq!(world.executor().handle(delivery).await, Disposition::Done);
    let posts = world.outside.posts.lock().unwrap();
    assert_eq!(posts.len(), 2);
    assert_eq!(posts[0].headers[0], posts[1].headers[0], "the same key");
    assert_eq!(posts[0].body, posts[1].body);
}

#[tokio::test(start_paused = true)]
async fn what_went_out_is_recorded_though_the_store_is_away_for_seconds() {
    let world = approved_mail().await;
    let (run, row) = claimed(&world, "mail").await;
    let executor = world.executor();
    let came = executor.work(&run, &row, Duration::from_secs(60)).await;
    world.store.fail_commits(8);
    let left = Duration::from_secs(60);
    assert_eq!(
        executor.commit(&run, &row, &came, left).await,
        Ok(Disposition::Done)
    );
    assert_eq!(world.state("mail"), "completed");
    assert_eq!(world.mailer.asked().len(), 1);
}

#[tokio::test]
async fn a_step_that_the_store_has_no_answer_for_is_back_after_seconds_however_often() {
    let world = World::new(search_then_report());
    let now = world.clock.now();
    let delivered = world.delivery("find", "w");
    world.store.set_down(true);
    for receive_count in 1..=6 {
        let delivery = Delivery {
            receive_count,
            ..delivered.clone()
        };
        let back = world.executor().handle(delivery).await;
        match back {
            Disposition::NotBefore(until) if receive_count < 4 => {
                let wait = until.duration_since(now).as_secs();
                assert!((1..=8).contains(&wait), "{receive_count}: {wait} s");
            }
            Disposition::Done => assert!(receive_count >= 4, "a fresh one is in its place"),
            other => panic!("{receive_count}: {other:?}"),
        }
    }
    assert_eq!(world.queues.take().len(), 3);
    world.store.set_down(false);
    assert_eq!(deliver(&world, "find").await, Disposition::Done);
    assert_eq!(world.state("find"), "completed");
}
