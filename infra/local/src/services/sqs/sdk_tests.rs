//! The queues as the real SDK sees them.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types as sdk;

use super::{QueueSettings, SqsFront};
use crate::clock::later;
use crate::faults::FaultSettings;
use crate::services::testing::{Account, account, account_on, sdk_client};
use crate::services::wire::{Listener, listen};
use crate::state::State;

async fn serve(account: &Account) -> (Listener, Client, String) {
    let dead = QueueSettings {
        visibility_timeout_s: 30,
        retention_s: 1_209_600,
        redrive: None,
    };
    account.sqs.create_queue("dead", dead.clone()).unwrap();
    let work = QueueSettings {
        retention_s: 345_600,
        redrive: Some(("dead".into(), 3)),
        ..dead
    };
    account.sqs.create_queue("work", work).unwrap();
    let server = listen(Arc::new(SqsFront::new(Arc::clone(&account.sqs))))
        .await
        .unwrap();
    let client = sdk_client!(aws_sdk_sqs, server.url());
    let url = client
        .get_queue_url()
        .queue_name("work")
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    assert_eq!(url, format!("{}/000000000000/work", server.url()));
    (server, client, url)
}

async fn receive(client: &Client, url: &str) -> Vec<sdk::Message> {
    let request = client
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(10);
    let request = request.message_system_attribute_names(sdk::MessageSystemAttributeName::All);
    request.send().await.unwrap().messages.unwrap_or_default()
}

#[tokio::test]
async fn send_receive_delete() {
    let account = account();
    let (_server, client, url) = serve(&account).await;
    let sent = client
        .send_message()
        .queue_url(&url)
        .message_body("hällo")
        .send()
        .await
        .unwrap();
    assert_eq!(
        sent.md5_of_message_body(),
        Some(super::message::md5_of("hällo").as_str())
    );
    let messages = receive(&client, &url).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].body(), Some("hällo"));
    assert_eq!(messages[0].md5_of_body(), sent.md5_of_message_body());
    assert_eq!(messages[0].message_id(), sent.message_id());
    let attributes = messages[0].attributes().unwrap();
    assert_eq!(
        attributes[&sdk::MessageSystemAttributeName::ApproximateReceiveCount],
        "1"
    );
    assert!(receive(&client, &url).await.is_empty(), "in flight");
    let receipt = messages[0].receipt_handle().unwrap();
    client
        .delete_message()
        .queue_url(&url)
        .receipt_handle(receipt)
        .send()
        .await
        .unwrap();
    account
        .clock
        .advance_to(later(account.clock.now(), 60_000))
        .unwrap();
    assert!(receive(&client, &url).await.is_empty(), "deleted");
    assert_eq!(
        account.usage.snapshot()["sqs"]["operations"]["ReceiveMessage"],
        3
    );
}

#[tokio::test]
async fn an_outdated_receipt_neither_deletes_nor_hides() {
    let account = account();
    let (_server, client, url) = serve(&account).await;
    client
        .send_message()
        .queue_url(&url)
        .message_body("m")
        .send()
        .await
        .unwrap();
    let first = receive(&client, &url)
        .await
        .remove(0)
        .receipt_handle
        .unwrap();
    client
        .change_message_visibility()
        .queue_url(&url)
        .receipt_handle(&first)
        .visibility_timeout(0)
        .send()
        .await
        .unwrap();
    let second = receive(&client, &url)
        .await
        .remove(0)
        .receipt_handle
        .unwrap();
    client
        .delete_message()
        .queue_url(&url)
        .receipt_handle(&first)
        .send()
        .await
        .unwrap();
    let change = client
        .change_message_visibility()
        .queue_url(&url)
        .receipt_handle(&first)
        .visibility_timeout(0);
    assert!(
        change
            .send()
            .await
            .unwrap_err()
            .into_service_error()
            .is_message_not_inflight()
    );
    client
        .delete_message()
        .queue_url(&url)
        .receipt_handle(&second)
        .send()
        .await
        .unwrap();
    let bogus = client
        .delete_message()
        .queue_url(&url)
        .receipt_handle("bogus")
        .send()
        .await
        .unwrap_err();
    assert!(bogus.into_service_error().is_receipt_handle_is_invalid());
}

#[tokio::test]
async fn delays_and_long_polls_follow_the_clock() {
    let account = account();
    let (_server, client, url) = serve(&account).await;
    client
        .send_message()
        .queue_url(&url)
        .message_body("later")
        .delay_seconds(900)
        .send()
        .await
        .unwrap();
    assert!(receive(&client, &url).await.is_empty());
    assert!(account.sqs.next_visible_at().unwrap().unwrap() > account.clock.now());
    let waiting = tokio::spawn(
        client
            .receive_message()
            .queue_url(&url)
            .wait_time_seconds(20)
            .send(),
    );
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    account
        .clock
        .advance_to(later(account.clock.now(), 900_000))
        .unwrap();
    let received = tokio::time::timeout(Duration::from_secs(5), waiting)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(received.messages()[0].body(), Some("later"));
    assert_eq!(
        (
            account.sqs.in_flight().unwrap(),
            account.sqs.visible_now().unwrap()
        ),
        (1, 0)
    );
}

#[tokio::test]
async fn batches_answer_entry_by_entry() {
    let account = account();
    let (_server, client, url) = serve(&account).await;
    let entry = |id: &str, body: &str| {
        sdk::SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body(body)
            .build()
            .unwrap()
    };
    let sent = client
        .send_message_batch()
        .queue_url(&url)
        .entries(entry("a", "fine"))
        .entries(entry("b", "\u{1}"));
    let sent = sent.send().await.unwrap();
    assert_eq!(sent.successful()[0].id(), "a");
    assert_eq!(
        (sent.failed()[0].id(), sent.failed()[0].code()),
        ("b", "InvalidMessageContents")
    );
    let twice = client
        .send_message_batch()
        .queue_url(&url)
        .entries(entry("a", "1"))
        .entries(entry("a", "2"));
    assert!(
        twice
            .send()
            .await
            .unwrap_err()
            .into_service_error()
            .is_batch_entry_ids_not_distinct()
    );

    let message = receive(&client, &url).await.remove(0);
    let entry = |id: &str, receipt: &str| {
        sdk::DeleteMessageBatchRequestEntry::builder()
            .id(id)
            .receipt_handle(receipt)
            .build()
            .unwrap()
    };
    let deleted = client.delete_message_batch().queue_url(&url);
    let deleted = deleted
        .entries(entry("a", message.receipt_handle().unwrap()))
        .entries(entry("b", "bogus"));
    let deleted = deleted.send().await.unwrap();
    assert_eq!(
        (deleted.successful()[0].id(), deleted.failed()[0].id()),
        ("a", "b")
    );
}

#[tokio::test]
async fn what_aws_would_refuse_is_refused() {
    let account = account();
    let (server, client, url) = serve(&account).await;
    let send = |body: String| client.send_message().queue_url(&url).message_body(body);
    let code = async |request: aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder| {
        request.send().await.unwrap_err().into_service_error().code().unwrap_or_default().to_owned()
    };
    assert_eq!(
        code(send("m".into()).delay_seconds(901)).await,
        "InvalidParameterValue"
    );
    assert_eq!(
        code(send("m".into()).delay_seconds(-1)).await,
        "InvalidParameterValue"
    );
    assert_eq!(
        code(send("m".repeat(1024 * 1024 + 1))).await,
        "InvalidParameterValue"
    );
    assert_eq!(code(send(String::new())).await, "MissingParameter");
    assert_eq!(
        code(send("\u{FFFF}".into())).await,
        "InvalidMessageContents"
    );
    assert_eq!(
        code(send("m".into()).message_group_id("two words")).await,
        "InvalidParameterValue"
    );
    assert_eq!(
        code(send("m".into()).queue_url(format!("{}/000000000000/none", server.url()))).await,
        "AWS.SimpleQueueService.NonExistentQueue"
    );
    assert_eq!(
        code(send("m".into()).queue_url("http://elsewhere/1/work")).await,
        "InvalidAddress"
    );
    assert!(send("m".repeat(1024 * 1024)).send().await.is_ok());
    let visibility = client
        .receive_message()
        .queue_url(&url)
        .visibility_timeout(43_201)
        .send()
        .await;
    assert!(visibility.is_err());
    client.purge_queue().queue_url(&url).send().await.unwrap();
    let again = client
        .purge_queue()
        .queue_url(&url)
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(again.is_purge_queue_in_progress());
}

#[tokio::test]
async fn attributes_tell_the_state_of_a_queue() {
    let account = account();
    let (_server, client, url) = serve(&account).await;
    for (body, delay) in [("1", 0), ("2", 0), ("3", 60)] {
        client
            .send_message()
            .queue_url(&url)
            .message_body(body)
            .delay_seconds(delay)
            .send()
            .await
            .unwrap();
    }
    client
        .receive_message()
        .queue_url(&url)
        .send()
        .await
        .unwrap();
    let all = client
        .get_queue_attributes()
        .queue_url(&url)
        .attribute_names(sdk::QueueAttributeName::All);
    let all = all.send().await.unwrap().attributes.unwrap();
    let of = |name| all[&name].as_str();
    assert_eq!(
        of(sdk::QueueAttributeName::ApproximateNumberOfMessages),
        "1"
    );
    assert_eq!(
        of(sdk::QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        "1"
    );
    assert_eq!(
        of(sdk::QueueAttributeName::ApproximateNumberOfMessagesDelayed),
        "1"
    );
    assert_eq!(
        of(sdk::QueueAttributeName::QueueArn),
        "arn:aws:sqs:us-east-1:000000000000:work"
    );
    assert!(of(sdk::QueueAttributeName::RedrivePolicy).contains("\"maxReceiveCount\":3"));
}

#[tokio::test]
async fn duplicates_lost_sends_and_lost_answers() {
    let account = account();
    let (server, client, url) = serve(&account).await;
    let set = |settings| account.faults.set(settings).unwrap();

    set(FaultSettings {
        duplicate_deliveries: true,
        ..FaultSettings::default()
    });
    let id = account.sqs.send("work", "twice", 0).unwrap();
    let mut seen = 0;
    for _ in 0..4 {
        for message in receive(&client, &url).await {
            assert_eq!(message.message_id(), Some(id.as_str()));
            let receipt = message.receipt_handle().unwrap();
            client
                .delete_message()
                .queue_url(&url)
                .receipt_handle(receipt)
                .send()
                .await
                .unwrap();
            seen += 1;
        }
        account
            .clock
            .advance_to(later(account.clock.now(), 1_000))
            .unwrap();
    }
    assert_eq!(seen, 2, "one message, two deliveries, no more");

    set(FaultSettings {
        drop_sends: 1.0,
        ..FaultSettings::default()
    });
    client
        .send_message()
        .queue_url(&url)
        .message_body("lost")
        .send()
        .await
        .unwrap();
    assert!(receive(&client, &url).await.is_empty());

    for seed in 0..8 {
        set(FaultSettings {
            lost_acks: 1.0,
            seed,
            ..FaultSettings::default()
        });
        assert!(
            client
                .send_message()
                .queue_url(&url)
                .message_body("kept")
                .send()
                .await
                .is_err()
        );
    }
    set(FaultSettings::default());
    assert_eq!(
        receive(&client, &url).await.len(),
        8,
        "every unanswered send happened"
    );

    set(FaultSettings {
        throttle: 0.5,
        seed: 3,
        ..FaultSettings::default()
    });
    let patient = sdk_client!(aws_sdk_sqs, server.url(), 20);
    for _ in 0..10 {
        patient
            .send_message()
            .queue_url(&url)
            .message_body("through")
            .send()
            .await
            .unwrap();
    }
    assert_eq!(
        account.sqs.visible_now().unwrap(),
        10,
        "what was throttled did not happen"
    );
}

#[tokio::test]
async fn messages_in_flight_come_back_when_the_host_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("services.sqlite");
    {
        let account = account_on(State::open(Some(&path)).unwrap());
        let (_server, client, url) = serve(&account).await;
        client
            .send_message()
            .queue_url(&url)
            .message_body("survivor")
            .send()
            .await
            .unwrap();
        assert_eq!(account.sqs.receive("work", 1).unwrap()[0].receive_count, 1);
    }
    // The connections of the server above hold the state until its tasks are dropped.
    let state = loop {
        match State::open(Some(&path)) {
            Ok(state) => break state,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    };
    let account = account_on(state);
    let (_server, client, url) = serve(&account).await;
    assert!(receive(&client, &url).await.is_empty());
    assert_eq!(account.sqs.release_in_flight().unwrap(), 1);
    let message = receive(&client, &url).await.remove(0);
    assert_eq!(message.body(), Some("survivor"));
    assert_eq!(
        message.attributes().unwrap()[&sdk::MessageSystemAttributeName::ApproximateReceiveCount],
        "2"
    );
}

#[tokio::test]
async fn what_is_too_old_is_gone() {
    let account = account();
    let (_server, client, url) = serve(&account).await;
    client
        .send_message()
        .queue_url(&url)
        .message_body("old")
        .send()
        .await
        .unwrap();
    account
        .clock
        .advance_to(later(account.clock.now(), 345_600_000))
        .unwrap();
    assert_eq!(account.sqs.visible_now().unwrap(), 0);
    assert!(receive(&client, &url).await.is_empty());
}

#[tokio::test]
async fn a_message_has_the_group_it_was_sent_with_and_a_bad_one_is_refused() {
    let account = account();
    let (_server, client, url) = serve(&account).await;
    let send = |group: &str| {
        client
            .send_message()
            .queue_url(&url)
            .message_body("m")
            .message_group_id(group)
            .send()
    };
    send("own_1").await.unwrap();
    let refused = send("two words").await.unwrap_err().into_service_error();
    assert_eq!(refused.code(), Some("InvalidParameterValue"));
    let entry = |id: &str, group: &str| {
        sdk::SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body("m")
            .message_group_id(group)
            .build()
            .unwrap()
    };
    let sent = client
        .send_message_batch()
        .queue_url(&url)
        .entries(entry("good", "own_2"))
        .entries(entry("bad", ""))
        .send()
        .await
        .unwrap();
    assert_eq!((sent.successful().len(), sent.failed().len()), (1, 1));
    let received = receive(&client, &url).await;
    let mut groups: Vec<&str> = received
        .iter()
        .map(|message| {
            message.attributes().unwrap()[&sdk::MessageSystemAttributeName::MessageGroupId].as_str()
        })
        .collect();
    groups.sort_unstable();
    assert_eq!(groups, ["own_1", "own_2"]);
}
