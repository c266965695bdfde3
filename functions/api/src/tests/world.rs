//! One installation with two owners, and a client.

use std::sync::Arc;

use ::http::{HeaderMap, Request, StatusCode};
use axum::Router;
use axum::body::{Body, to_bytes};
use domain::digest;
use domain::ids::{OwnerId, TokenId};
use domain::owner::{Owner, Permission, Token};
use domain::planning::Planning;
use domain::workflow::Workflow;
use engine::Engine;
use engine::memory::{
    FixedClock, MemoryQueues, MemorySchedules, MemoryStore, SeededEntropy, at_once,
};
use engine::ports::{Clock as _, Message, Store as _, Write};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::app::{App, Settings};

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
    pub(super) store: Arc<MemoryStore>,
    pub(super) queues: Arc<MemoryQueues>,
    clock: Arc<FixedClock>,
    pub(super) app: App,
    router: Router,
}

pub(super) const A: &str = "nd_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub(super) const B: &str = "nd_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

impl World {
    pub(super) fn new() -> Self {
        let now = "2026-05-04T08:00:00Z".parse().unwrap();
        let store = Arc::new(MemoryStore::default());
        let queues = Arc::new(MemoryQueues::default());
        let clock = Arc::new(FixedClock::at(now));
        let settings = Settings::read(|name| match name {
            "NIGHTDESK_BASE_URL" => Some("http://127.0.0.1:8787".to_owned()),
            "NIGHTDESK_MAX_WORKFLOWS" => Some("5".to_owned()),
            "NIGHTDESK_MAIL_DOMAINS" => Some("desk.test".to_owned()),
            _ => None,
        });
        let app = App {
            engine: Engine {
                store: Arc::clone(&store) as _,
                queues: Arc::clone(&queues) as _,
                clock: Arc::clone(&clock) as _,
                entropy: Arc::new(SeededEntropy::default()),
            },
            schedules: Arc::new(MemorySchedules::default()),
            settings: Arc::new(settings.unwrap()),
        };
        let world = Self {
            router: crate::router(app.clone()),
            store,
            queues,
            clock,
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

    pub(super) fn token(
        &self,
        text: &str,
        owner: u128,
        email: &str,
        permissions: &[Permission],
    ) -> Token {
        let now = self.clock.now();
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
        self.store.plant(&Write::PutToken {
            sha256: digest::of_bytes(text.as_bytes()),
            token: token.clone(),
        });
        let owner = Owner {
            id: Self::owner(owner),
            email: email.to_owned(),
            team: None,
            created_at: now,
        };
        self.store.plant(&Write::PutOwner { owner });
        token
    }

    pub(super) fn advance_clock(&self, hours: i64) {
        self.clock.advance(SignedDuration::from_hours(hours));
    }

    /// What A's account holds from now on, beside what it held.
    pub(super) fn grant(&self, amount: u32) {
        self.store.plant(&Write::Grant {
            owner: Self::owner(1),
            amount,
            at: self.clock.now(),
        });
    }

    /// Changes every workflow of A's behind the API's back.
    pub(super) fn change_workflows(&self, change: impl Fn(&mut Workflow)) {
        let owner = Self::owner(1);
        for row in at_once(self.store.workflow_rows(&owner)).unwrap() {
            let stored = at_once(self.store.workflow(&owner, &row.id));
            let mut workflow = stored.unwrap().unwrap();
            change(&mut workflow);
            self.store.plant(&Write::PutWorkflow { workflow });
        }
    }

    /// The planning jobs that A's requests have sent to the planner.
    pub(super) fn plannings(&self) -> Vec<Planning> {
        let messages = self.queues.messages();
        let jobs = messages.iter().filter_map(|message| match message {
            Message::Plan { owner, planning } => Some((owner, planning)),
            _ => None,
        });
        jobs.map(|(owner, id)| {
            let stored = at_once(self.store.planning(owner, id));
            stored.unwrap().unwrap()
        })
        .collect()
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
