//! One installation with two owners, and a client.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::http::{HeaderMap, Request, StatusCode};
use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use domain::digest;
use domain::ids::{OwnerId, TokenId, WorkflowId};
use domain::owner::{Owner, Permission, Token};
use domain::schedule::AwsExpression;
use engine::Engine;
use engine::ports::queues::{DeadLetter, QueueError};
use engine::ports::schedules::ScheduleError;
use engine::ports::{Clock, Entropy, Message, Queues, Schedules};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::memory::Memory;
use crate::app::{App, Settings};

/// A clock the test moves, ids that count, messages that are only counted.
pub(super) struct Outside {
    now: Mutex<Timestamp>,
    made: AtomicU64,
    pub(super) sent: Mutex<Vec<Message>>,
}

impl Clock for Outside {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }
}

impl Entropy for Outside {
    fn uuid(&self, _: Timestamp) -> uuid::Uuid {
        uuid::Uuid::from_u128(u128::from(self.made.fetch_add(1, Ordering::Relaxed)))
    }

    fn fraction(&self) -> f64 {
        0.0
    }

    fn secret(&self) -> [u8; 32] {
        [7; 32]
    }
}

#[async_trait]
impl Queues for Outside {
    async fn send(&self, message: &Message, _: Duration) -> Result<(), QueueError> {
        self.sent.lock().unwrap().push(message.clone());
        Ok(())
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>, QueueError> {
        Ok(Vec::new())
    }

    async fn bury(&self, _: &DeadLetter) -> Result<(), QueueError> {
        Ok(())
    }
}

#[async_trait]
impl Schedules for Outside {
    async fn put(
        &self,
        _: &OwnerId,
        _: &WorkflowId,
        _: &[AwsExpression],
    ) -> Result<(), ScheduleError> {
        Ok(())
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// The status, the code, and the path and code of each fault.
    #[track_caller]
    pub(super) fn refused(&self, status: u16, code: &str) -> Vec<(String, String)> {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], status);
        assert_eq!(body["request_id"], self.header("x-request-id"));
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        errors
            .iter()
            .map(|error| {
                (
                    error["path"].as_str().unwrap().to_owned(),
                    error["code"].as_str().unwrap().to_owned(),
                )
            })
            .collect()
    }
}

pub(super) struct World {
    pub(super) store: Arc<Memory>,
    pub(super) outside: Arc<Outside>,
    pub(super) app: App,
    router: Router,
}

pub(super) const A: &str = "nd_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub(super) const B: &str = "nd_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

impl World {
    pub(super) fn new() -> Self {
        let store = Arc::new(Memory::default());
        let outside = Arc::new(Outside {
            now: Mutex::new("2026-05-04T08:00:00Z".parse().unwrap()),
            made: AtomicU64::new(1000),
            sent: Mutex::default(),
        });
        let settings = Settings::read(|name| match name {
            "NIGHTDESK_BASE_URL" => Some("http://127.0.0.1:8787".to_owned()),
            "NIGHTDESK_MAX_WORKFLOWS" => Some("5".to_owned()),
            "NIGHTDESK_MAIL_DOMAINS" => Some("desk.test".to_owned()),
            _ => None,
        });
        let app = App {
            engine: Engine {
                store: Arc::clone(&store) as _,
                queues: Arc::clone(&outside) as _,
                clock: Arc::clone(&outside) as _,
                entropy: Arc::clone(&outside) as _,
            },
            schedules: Arc::clone(&outside) as _,
            settings: Arc::new(settings.unwrap()),
        };
        let world = Self {
            router: crate::router(app.clone()),
            store,
            outside,
            app,
        };
        let all = [
            Permission::Read,
            Permission::Workflows,
            Permission::Approvals,
            Permission::Sessions,
        ];
        world.token(A, 1, "a@owner.test", &all);
        world.token(B, 2, "b@owner.test", &all);
        world
    }

    pub(super) fn owner(n: u128) -> OwnerId {
        OwnerId::from_uuid(uuid::Uuid::from_u128(n))
    }

    pub(super) fn token(&self, text: &str, owner: u128, email: &str, permissions: &[Permission]) {
        let now = self.outside.now();
        let token = Token {
            id: TokenId::from_uuid(uuid::Uuid::from_u128(owner)),
            owner: Self::owner(owner),
            email: email.to_owned(),
            name: "test".to_owned(),
            prefix: text[..6].to_owned(),
            permissions: permissions.to_vec(),
            is_active: true,
            created_at: now,
            expires_at: None,
        };
        let mut state = self.store.state();
        state
            .tokens
            .insert(digest::of_bytes(text.as_bytes()), token);
        let owner = Owner {
            id: Self::owner(owner),
            email: email.to_owned(),
            team: None,
            created_at: now,
        };
        state.owners.insert(owner.id.clone(), owner);
    }

    pub(super) fn advance_clock(&self, hours: i64) {
        let mut now = self.outside.now.lock().unwrap();
        *now = now.checked_add(SignedDuration::from_hours(hours)).unwrap();
    }

    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self
            .router
            .clone()
            .oneshot(request.body(body.into()).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        assert!(!parts.headers["x-request-id"].is_empty());
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
        }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.get_as(A, path).await
    }

    pub(super) async fn get_as(&self, token: &str, path: &str) -> Answer {
        self.send(
            "GET",
            path,
            &[("authorization", &format!("Bearer {token}"))],
            Body::empty(),
        )
        .await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.json_as(A, "POST", path, &body).await
    }

    pub(super) async fn json_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Answer {
        let headers = [
            ("authorization", &*format!("Bearer {token}")),
            ("content-type", "application/json"),
        ];
        self.send(method, path, &headers, body.to_string()).await
    }

    pub(super) async fn form(&self, path: &str, headers: &[(&str, &str)], form: &str) -> Answer {
        let mut headers = headers.to_vec();
        headers.push(("content-type", "application/x-www-form-urlencoded"));
        self.send("POST", path, &headers, form.to_owned()).await
    }

    /// A new manual workflow of A's, and its id.
    pub(super) async fn workflow(&self) -> String {
        let mut body = simple();
        body["schedule"] = "manual".into();
        body.as_object_mut().unwrap().remove("interval");
        let answer = self.post("/v1/workflows", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }
}

/// A workflow that can be saved.
pub(super) fn simple() -> Value {
    json!({
        "name": "w", "workflow_type": "search", "operation_config": {"query": "rust 2.0 release"},
        "interval": "6 hours", "stop_condition": {"type": "always"},
    })
}
