//! The AWS account behind a running host, looked at from outside: what its table, queues, schedules and
//! mailbox hold.
//!
//! The host says nowhere where its services are; the environment of its functions does, and that is where
//! they are read from. So what is seen is what the functions see, whatever a route would say.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Nightdesk;

/// The form of a signature (AWS Signature Version 4).
const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/local/any/aws4_request, SignedHeaders=host, Signature=0";

/// Where the services are.
pub(crate) struct Account {
    client: reqwest::Client,
    dynamodb: String,
    sqs: String,
    table: String,
    queues: Vec<String>,
}

/// What an account holds, by the name of each thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holdings(BTreeMap<String, Value>);

impl Account {
    /// Finds the account of a host that has served a request: then a function of it runs.
    pub(crate) async fn of(nightdesk: &Nightdesk) -> Self {
        nightdesk.get("/v1/me").await;
        let environment = super::workers(nightdesk.pid())
            .into_iter()
            .map(environment_of)
            .find(|environment| environment.contains_key("NIGHTDESK_TABLE"))
            .expect("a function of the host runs");
        let queues = environment
            .values()
            .filter(|value| value.contains("/000000000000/"));
        Self {
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            dynamodb: environment["AWS_ENDPOINT_URL_DYNAMODB"].clone(),
            sqs: environment["AWS_ENDPOINT_URL_SQS"].clone(),
            table: environment["NIGHTDESK_TABLE"].clone(),
            queues: queues.cloned().collect(),
        }
    }

    /// Everything there is, but for what a look or a refusal may move: the use of tokens.
    pub(crate) async fn holdings(&self, nightdesk: &Nightdesk) -> Holdings {
        let mut all = BTreeMap::new();
        for item in self.items().await {
            let key = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
            let name = format!("{} | {}", key("pk"), key("sk"));
            if !is_counted(&name) {
                all.insert(name, item.into());
            }
        }
        for queue in &self.queues {
            all.insert(format!("queue {queue}"), self.messages(queue).await.into());
        }
        for (path, list) in [
            ("/_local/schedules", "schedules"),
            ("/_local/mail", "messages"),
        ] {
            all.insert(list.to_owned(), nightdesk.get(path).await[list].take());
        }
        Holdings(all)
    }

    /// Every item of the table.
    pub(crate) async fn items(&self) -> Vec<Map<String, Value>> {
        let mut items = Vec::new();
        let mut request = json!({"TableName": self.table, "ConsistentRead": true});
        loop {
            let answer = self
                .call(&self.dynamodb, "DynamoDB_20120810.Scan", &request)
                .await;
            let page = answer["Items"].as_array().unwrap();
            items.extend(page.iter().map(|item| item.as_object().unwrap().clone()));
            match answer.get("LastEvaluatedKey") {
                Some(key) if !key.is_null() => request["ExclusiveStartKey"] = key.clone(),
                _ => return items,
            }
        }
    }

    /// How many messages of a queue wait, are held by somebody, and are put off.
    async fn messages(&self, queue: &str) -> String {
        let request = json!({"QueueUrl": queue, "AttributeNames": ["All"]});
        let answer = self
            .call(&self.sqs, "AmazonSQS.GetQueueAttributes", &request)
            .await;
        let attributes = answer["Attributes"].as_object().unwrap();
        let counts: BTreeMap<&String, &Value> = attributes
            .iter()
            .filter(|(name, _)| name.starts_with("ApproximateNumberOfMessages"))
            .collect();
        assert!(!counts.is_empty(), "{answer:#}");
        format!("{counts:?}")
    }

    async fn call(&self, endpoint: &str, operation: &str, request: &Value) -> Value {
        let response = self
            .client
            .post(endpoint)
            .header("x-amz-target", operation)
            .header("content-type", "application/x-amz-json-1.0")
            // Nobody verifies it, but a request without one is none.
            .header("authorization", SIGNATURE)
            .header("x-amz-date", "20260101T000000Z")
            .body(request.to_string())
            .send()
            .await
            .unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{operation}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }
}

/// Whether a row is moved by asking: how often, when and for what an owner's tokens are used.
fn is_counted(name: &str) -> bool {
    name.contains("#TOKENS | uses#") || name.contains("#TOKENS | call#")
}

impl Holdings {
    /// What is new, gone or other in `after`, by name.
    pub(crate) fn changes(&self, after: &Self) -> Vec<String> {
        let names: std::collections::BTreeSet<&String> =
            self.0.keys().chain(after.0.keys()).collect();
        let told =
            names
                .into_iter()
                .filter_map(|name| match (self.0.get(name), after.0.get(name)) {
                    (Some(before), Some(after)) if before == after => None,
                    (Some(before), Some(after)) => Some(format!("{name}: {before} became {after}")),
                    (Some(_), None) => Some(format!("{name}: is gone")),
                    (None, _) => Some(format!("{name}: is new")),
                });
        told.collect()
    }
}

/// The variables a process was started with.
fn environment_of(process: rustix::process::Pid) -> BTreeMap<String, String> {
    let path = format!("/proc/{}/environ", process.as_raw_nonzero());
    let variables = std::fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&variables)
        .split('\0')
        .filter_map(|variable| variable.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
