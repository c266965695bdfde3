//! Schedules as the real SDK sees them, and what they send.

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::operation::create_schedule::builders::CreateScheduleFluentBuilder;
use aws_sdk_scheduler::primitives::DateTime;
use aws_sdk_scheduler::types as sdk;

use super::*;
use crate::clock::later;
use crate::services::sqs::QueueSettings;
use crate::services::testing::{Account, account, account_on, sdk_client};
use crate::services::wire::{Listener, Service, listen};

const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:start";
const ROLE: &str = "arn:aws:iam::000000000000:role/ScheduleRole";
const INPUT: &str = r#"{"time":"<aws.scheduler.scheduled-time>","arn":"<aws.scheduler.schedule-arn>","id":"<aws.scheduler.execution-id>","try":"<aws.scheduler.attempt-number>"}"#;

fn declare_queue(account: &Account) {
    let settings = QueueSettings {
        visibility_timeout_s: 30,
        retention_s: 1_209_600,
        redrive: None,
    };
    account.sqs.create_queue("start", settings).unwrap();
}

async fn serve(account: &Account) -> (Listener, Client) {
    declare_queue(account);
    let server = listen(Arc::clone(&account.scheduler) as Arc<dyn Service>)
        .await
        .unwrap();
    let client = sdk_client!(aws_sdk_scheduler, server.url());
    (server, client)
}

fn target() -> sdk::Target {
    sdk::Target::builder()
        .arn(QUEUE)
        .role_arn(ROLE)
        .input(INPUT)
        .build()
        .unwrap()
}

fn off() -> sdk::FlexibleTimeWindow {
    sdk::FlexibleTimeWindow::builder()
        .mode(sdk::FlexibleTimeWindowMode::Off)
        .build()
        .unwrap()
}

fn create(client: &Client, name: &str, expression: &str) -> CreateScheduleFluentBuilder {
    let request = client
        .create_schedule()
        .name(name)
        .group_name("desk")
        .schedule_expression(expression);
    request.flexible_time_window(off()).target(target())
}

/// Everything the queue holds, as JSON.
fn sent(account: &Account) -> Vec<Value> {
    let mut bodies = Vec::new();
    loop {
        let deliveries = account.sqs.receive("start", 10).unwrap();
        if deliveries.is_empty() {
            return bodies;
        }
        for delivery in deliveries {
            account.sqs.delete("start", &delivery.receipt).unwrap();
            bodies.push(serde_json::from_str(&delivery.body).unwrap());
        }
    }
}

/// Moves the clock and fires.
fn advance(account: &Account, to: Timestamp) -> usize {
    let now = account.clock.advance_to(to).unwrap();
    account.scheduler.fire_due(now, &account.sqs).unwrap()
}

#[tokio::test]
async fn create_get_update_delete() {
    let account = account();
    let (_server, client) = serve(&account).await;
    let made = create(&client, "w1", "cron(0 9 ? * MON *)")
        .schedule_expression_timezone("Europe/Berlin")
        .send()
        .await
        .unwrap();
    assert_eq!(
        made.schedule_arn(),
        "arn:aws:scheduler:us-east-1:000000000000:schedule/desk/w1"
    );
    let again = create(&client, "w1", "rate(1 hour)")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(again.is_conflict_exception());

    let got = client
        .get_schedule()
        .name("w1")
        .group_name("desk")
        .send()
        .await
        .unwrap();
    assert_eq!(got.schedule_expression(), Some("cron(0 9 ? * MON *)"));
    assert_eq!(got.schedule_expression_timezone(), Some("Europe/Berlin"));
    assert_eq!(got.state(), Some(&sdk::ScheduleState::Enabled));
    assert_eq!(got.target().unwrap().input(), Some(INPUT));

    let start = DateTime::from_secs(account.clock.now().as_second() + 7_200);
    let update = client
        .update_schedule()
        .name("w1")
        .group_name("desk")
        .schedule_expression("rate(2 hours)");
    let update = update
        .flexible_time_window(off())
        .target(target())
        .start_date(start);
    update.clone().send().await.unwrap();
    let got = client
        .get_schedule()
        .name("w1")
        .group_name("desk")
        .send()
        .await
        .unwrap();
    assert_eq!(
        got.schedule_expression_timezone(),
        Some("UTC"),
        "an update replaces everything"
    );
    assert_eq!(got.start_date(), Some(&start));
    assert_eq!(
        account.scheduler.next_fire().unwrap().unwrap().as_second(),
        start.secs()
    );
    update
        .clone()
        .state(sdk::ScheduleState::Disabled)
        .send()
        .await
        .unwrap();
    assert_eq!(account.scheduler.next_fire().unwrap(), None);
    assert!(
        update
            .name("none")
            .send()
            .await
            .unwrap_err()
            .into_service_error()
            .is_resource_not_found_exception()
    );

    let page = client
        .list_schedules()
        .group_name("desk")
        .send()
        .await
        .unwrap();
    assert_eq!(page.schedules()[0].name(), Some("w1"));
    let listed = account.scheduler.list().unwrap();
    assert_eq!(
        (&listed[0]["Name"], &listed[0]["State"]),
        (&json!("w1"), &json!("DISABLED"))
    );

    let delete = client.delete_schedule().name("w1").group_name("desk");
    delete.clone().client_token("t1").send().await.unwrap();
    delete.clone().client_token("t1").send().await.unwrap();
    assert!(
        delete
            .send()
            .await
            .unwrap_err()
            .into_service_error()
            .is_resource_not_found_exception()
    );
    let get = client
        .get_schedule()
        .name("w1")
        .group_name("desk")
        .send()
        .await;
    assert!(
        get.unwrap_err()
            .into_service_error()
            .is_resource_not_found_exception()
    );
    let nowhere = create(&client, "w2", "rate(1 hour)")
        .group_name("none")
        .send()
        .await;
    assert!(
        nowhere
            .unwrap_err()
            .into_service_error()
            .is_resource_not_found_exception()
    );
}

#[tokio::test]
async fn a_client_token_makes_a_creation_repeatable() {
    let account = account();
    let (_server, client) = serve(&account).await;
    let request = create(&client, "w1", "rate(1 hour)").client_token("t1");
    let first = request.clone().send().await.unwrap();
    let second = request.clone().send().await.unwrap();
    assert_eq!(first.schedule_arn(), second.schedule_arn());
    let other = request
        .schedule_expression("rate(2 hours)")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(other.is_conflict_exception());
}

#[tokio::test]
async fn what_is_not_a_schedule_is_refused() {
    let account = account();
    let (_server, client) = serve(&account).await;
    let now = account.clock.now().as_second();
    let plain = |expression: &str| create(&client, "w1", expression);
    let hourly = || plain("rate(1 hour)");
    let flexible = sdk::FlexibleTimeWindow::builder()
        .mode(sdk::FlexibleTimeWindowMode::Flexible)
        .build()
        .unwrap();
    let elsewhere = sdk::Target::builder()
        .arn("arn:aws:sqs:us-east-1:000000000000:none")
        .role_arn(ROLE)
        .build()
        .unwrap();
    let no_role = sdk::Target::builder()
        .arn(QUEUE)
        .role_arn("role")
        .build()
        .unwrap();
    for (why, request) in [
        ("five fields", plain("cron(0 9 * * ?)")),
        ("no ?", plain("cron(0 9 * * * *)")),
        ("never", plain("cron(0 0 31 FEB ? *)")),
        (
            "no zone",
            hourly().schedule_expression_timezone("Mars/Olympus"),
        ),
        (
            "lower case",
            plain("cron(0 9 * * ? *)").schedule_expression_timezone("europe/berlin"),
        ),
        (
            "a gap",
            plain("at(2027-03-14T02:30:00)").schedule_expression_timezone("America/New_York"),
        ),
        (
            "started long ago",
            hourly().start_date(DateTime::from_secs(now - 301)),
        ),
        ("ended", hourly().end_date(DateTime::from_secs(now - 1))),
        (
            "ends before it starts",
            hourly()
                .start_date(DateTime::from_secs(now + 60))
                .end_date(DateTime::from_secs(now + 30)),
        ),
        (
            "a window without a length",
            hourly().flexible_time_window(flexible),
        ),
        ("no such queue", hourly().target(elsewhere)),
        ("no role", hourly().target(no_role)),
        (
            "a key",
            hourly().kms_key_arn("arn:aws:kms:us-east-1:000000000000:key/k"),
        ),
        ("a bad name", hourly().name("a b")),
        ("a bad token", hourly().client_token("a b")),
    ] {
        let error = request.send().await.unwrap_err().into_service_error();
        assert!(error.is_validation_exception(), "{why}: {error:?}");
    }
    assert!(account.scheduler.list().unwrap().is_empty());
}

#[tokio::test]
async fn a_fire_fills_in_the_context() {
    let account = account();
    let (_server, client) = serve(&account).await;
    let start = later(account.clock.now(), 3_600_000).as_second();
    create(&client, "w1", "rate(5 minutes)")
        .start_date(DateTime::from_secs(start))
        .send()
        .await
        .unwrap();
    assert!(sent(&account).is_empty(), "not before its start date");
    let second = Timestamp::from_second(start + 300).unwrap();
    assert_eq!(advance(&account, second), 2);
    let sent = sent(&account);
    assert_eq!(
        sent[0]["time"],
        Timestamp::from_second(start).unwrap().to_string()
    );
    assert_eq!(sent[1]["time"], second.to_string());
    assert_eq!(
        sent[0]["arn"],
        "arn:aws:scheduler:us-east-1:000000000000:schedule/desk/w1"
    );
    assert_eq!(sent[0]["try"], "1");
    assert_ne!(sent[0]["id"], sent[1]["id"]);
}

#[tokio::test]
async fn a_rate_without_a_start_date_fires_at_once_and_again_after_an_update() {
    let account = account();
    let (_server, client) = serve(&account).await;
    create(&client, "w1", "rate(1 day)").send().await.unwrap();
    assert_eq!(advance(&account, account.clock.now()), 1);
    assert_eq!(advance(&account, later(account.clock.now(), 3_600_000)), 0);
    let update = client
        .update_schedule()
        .name("w1")
        .group_name("desk")
        .schedule_expression("rate(1 day)");
    update
        .flexible_time_window(off())
        .target(target())
        .send()
        .await
        .unwrap();
    assert_eq!(advance(&account, account.clock.now()), 1);
}

#[tokio::test]
async fn what_is_completed_is_deleted_when_it_was_asked_for() {
    let account = account();
    let (_server, client) = serve(&account).await;
    let at = later(account.clock.now(), 3_600_000)
        .strftime("at(%Y-%m-%dT%H:%M:%S)")
        .to_string();
    create(&client, "stays", &at).send().await.unwrap();
    create(&client, "goes", &at)
        .action_after_completion(sdk::ActionAfterCompletion::Delete)
        .send()
        .await
        .unwrap();
    let end = DateTime::from_secs(account.clock.now().as_second() + 5_000);
    let ends = create(&client, "ends", "rate(1 hour)").end_date(end);
    ends.action_after_completion(sdk::ActionAfterCompletion::Delete)
        .send()
        .await
        .unwrap();
    assert_eq!(advance(&account, later(account.clock.now(), 80_000_000)), 4);
    let left: Vec<Value> = account
        .scheduler
        .list()
        .unwrap()
        .iter()
        .map(|schedule| schedule["Name"].clone())
        .collect();
    assert_eq!(left, ["stays"]);
    assert_eq!(account.scheduler.next_fire().unwrap(), None);
}

#[tokio::test]
async fn after_a_long_sleep_only_what_is_recent_fires_and_always_the_last() {
    let account = account();
    let (_server, client) = serve(&account).await;
    let start = DateTime::from_secs(account.clock.now().as_second() + 60);
    let hourly = create(&client, "hourly", "rate(1 hour)").start_date(start);
    hourly.send().await.unwrap();
    create(&client, "rare", "rate(20 days)")
        .start_date(start)
        .send()
        .await
        .unwrap();
    let wake = later(account.clock.now(), 30 * 86_400_000);
    assert_eq!(
        advance(&account, wake),
        24 + 2 - 1,
        "a day of hours, and the last of the rare ones"
    );
    let rare = sent(&account)
        .into_iter()
        .filter(|message| message["arn"].as_str().unwrap().ends_with("rare"))
        .count();
    assert_eq!(rare, 1);
}

#[tokio::test]
async fn schedules_survive_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("services.sqlite");
    let state = State::open(Some(&path)).unwrap();
    let first = account_on(Arc::clone(&state));
    let fires_at = {
        let (_server, client) = serve(&first).await;
        create(&client, "w1", "cron(0 9 * * ? *)")
            .send()
            .await
            .unwrap();
        first.scheduler.next_fire().unwrap().unwrap()
    };
    let second = account_on(state);
    declare_queue(&second);
    assert_eq!(second.scheduler.next_fire().unwrap(), Some(fires_at));
    assert_eq!(advance(&second, fires_at), 1);
    assert_eq!(sent(&second)[0]["time"], fires_at.to_string());
}
