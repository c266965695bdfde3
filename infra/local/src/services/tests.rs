//! All services together.

use super::testing::sdk_client;
use super::*;

fn queue(redrive: Option<&str>) -> QueueSettings {
    QueueSettings {
        visibility_timeout_s: 30,
        retention_s: 345_600,
        redrive: redrive.map(|name| (name.to_owned(), 5)),
    }
}

#[tokio::test]
async fn every_service_has_a_port_and_answers_only_to_this_machine() {
    let settings = ServiceSettings {
        queues: vec![
            ("work".into(), queue(Some("dead"))),
            ("dead".into(), queue(None)),
        ],
        ..ServiceSettings::default()
    };
    let services = Services::start(settings).await.unwrap();
    let urls = [
        &services.dynamodb_url,
        &services.sqs_url,
        &services.ses_url,
        &services.scheduler_url,
        &services.secrets_url,
    ];
    let client = crate::serving::client();
    for url in urls {
        assert!(url.starts_with("http://127.0.0.1:"));
        let foreign = client
            .post(url)
            .header("host", "rebound.example")
            .send()
            .await
            .unwrap();
        assert_eq!(foreign.status(), 421, "{url}");
    }
    let unsigned = client
        .post(&services.sqs_url)
        .header("x-amz-target", "AmazonSQS.GetQueueUrl")
        .body(r#"{"QueueName":"work"}"#);
    assert_eq!(unsigned.send().await.unwrap().status(), 200);
    let unknown = client
        .post(&services.sqs_url)
        .header("x-amz-target", "AmazonSQS.GetQueueUrl")
        .body(r#"{"QueueNam":"work"}"#);
    assert_eq!(unknown.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_queue_without_its_dead_letters_is_refused() {
    let settings = ServiceSettings {
        queues: vec![("work".into(), queue(Some("dead")))],
        ..ServiceSettings::default()
    };
    assert!(matches!(
        Services::start(settings).await,
        Err(StartError::NoDeadLetters { .. })
    ));
}

/// The process that [`nothing_acknowledged_is_lost_to_kill_9`] kills: this test binary once more, with
/// the folder in the environment. Run as an ordinary test it has nothing to do.
#[tokio::test]
async fn victim() {
    let Some(folder) = std::env::var_os("NIGHTDESK_TEST_VICTIM") else {
        return;
    };
    let services = Services::start(on(folder.into())).await.unwrap();
    let client = sdk_client!(aws_sdk_dynamodb, &services.dynamodb_url);
    for number in 0.. {
        let key = aws_sdk_dynamodb::types::AttributeValue::S(format!("item {number}"));
        client
            .put_item()
            .table_name("desk")
            .item("pk", key)
            .send()
            .await
            .unwrap();
        services
            .sqs
            .send("work", &format!("message {number}"), 0)
            .unwrap();
        if number % 7 == 0 {
            // Held by nobody once this process is dead.
            services.sqs.receive("work", 1).unwrap();
        }
        #[expect(clippy::print_stdout, reason = "the parent reads it")]
        {
            println!("\nacknowledged {number}");
        }
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_to_kill_9() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let folder = tempfile::tempdir().unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "services::tests::victim", "--nocapture"])
        .env("NIGHTDESK_TEST_VICTIM", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let acknowledged =
        lines.filter_map(|line| line.strip_prefix("acknowledged ")?.parse::<usize>().ok());
    let last = acknowledged.take(300).last().unwrap();
    victim.kill().unwrap();
    victim.wait().unwrap();

    let services = Services::start(on(folder.path().to_owned())).await.unwrap();
    let mut messages = std::collections::BTreeSet::new();
    loop {
        let deliveries = services.sqs.receive("work", 10).unwrap();
        if deliveries.is_empty() {
            break;
        }
        messages.extend(deliveries.into_iter().map(|delivery| delivery.body));
    }
    let client = sdk_client!(aws_sdk_dynamodb, &services.dynamodb_url);
    for number in 0..=last {
        assert!(
            messages.contains(&format!("message {number}")),
            "message {number} of {last}"
        );
        let key = aws_sdk_dynamodb::types::AttributeValue::S(format!("item {number}"));
        let item = client
            .get_item()
            .table_name("desk")
            .key("pk", key)
            .send()
            .await
            .unwrap()
            .item;
        assert!(item.is_some(), "item {number} of {last}");
    }
}

fn on(folder: PathBuf) -> ServiceSettings {
    let create = serde_json::json!({
        "TableName": "desk",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
    });
    ServiceSettings {
        data: Some(folder),
        tables: vec![TableSettings {
            create,
            ttl_attribute: None,
        }],
        queues: vec![("work".into(), queue(None))],
        ..ServiceSettings::default()
    }
}
