//! One installation with two owners, and a client.

use std::sync::Arc;

use ::http::{HeaderMap, Request, StatusCode};
use axum::Router;
use axum::body::{Body, to_bytes};
use domain::digest;
use domain::ids::{OwnerId, TokenId};
use domain::owner::{Owner, Permission, Token};
use domain::planning::Planning;
use domain::rate::RateLimit;
use domain::workflow::Workflow;
use engine::Engine;
use engine::listing::{Listed, Selection};
use engine::memory::{
    FixedClock, MemoryAssessments, MemoryDownloads, MemoryQueues, MemoryReplays, MemorySchedules,
    MemorySecrets, MemoryStore, MemoryUsage, SeededEntropy, at_once,
};
use engine::page::Slice;
use engine::ports::{Clock as _, Message, Store as _, Write};
use engine::sealing::Sealing;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::conformance;
use crate::app::{App, Settings};

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// The status, the code, and the path and code of each fault.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Vec<(String, String)> {
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

pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) queues: Arc<MemoryQueues>,
    pub(crate) replays: Arc<MemoryReplays>,
    pub(crate) assessments: Arc<MemoryAssessments>,
    clock: Arc<FixedClock>,
    pub(crate) app: App,
    router: Router,
}

pub(crate) const A: &str = "nd_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub(crate) const B: &str = "nd_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

impl World {
    pub(crate) fn new() -> Self {
        let now = "2026-05-04T08:00:00Z".parse().unwrap();
        let store = Arc::new(MemoryStore::default());
        let queues = Arc::new(MemoryQueues::default());
        let replays = Arc::new(MemoryReplays::default());
        let assessments = Arc::new(MemoryAssessments::default());
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
            usage: Arc::new(MemoryUsage::default()),
            replays: Arc::clone(&replays) as _,
            assessments: Arc::clone(&assessments) as _,
            slots: Arc::clone(&store) as _,
            downloads: Arc::new(MemoryDownloads),
            erasures: Arc::clone(&store) as _,
            sealing: Sealing::new(Arc::new(MemorySecrets::new("root")), "sealing".to_owned()),
            settings: Arc::new(settings.unwrap()),
            repeatable: None,
        };
        let world = Self {
            router: crate::router(app.clone()),
            store,
            queues,
            replays,
            assessments,
            clock,
            app,
        };
        let all = Permission::of_first();
        world.token(A, 1, "a@owner.test", &all);
        world.token(B, 2, "b@owner.test", &all);
        world
    }

    pub(crate) fn owner(n: u128) -> OwnerId {
        OwnerId::from_uuid(uuid::Uuid::from_u128(n))
    }

    pub(crate) fn token(
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
            revoked_at: None,
            created_at: now,
            expires_at: None,
            limit: RateLimit::default(),
            revision: 0,
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

    /// The same installation, deployed with a token of its own.
    pub(crate) fn with_admin_token(self, text: &str) -> Self {
        let sha256 = digest::of_bytes(text.as_bytes());
        self.with(|settings| settings.admin_token_sha256 = Some(sha256))
    }

    /// The same installation, with a model configured.
    pub(crate) fn with_model(self) -> Self {
        self.with(|settings| settings.has_model = true)
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = (*self.app.settings).clone();
        change(&mut settings);
        self.app.settings = Arc::new(settings);
        self.router = crate::router(self.app.clone());
        self
    }

    pub(crate) fn advance_clock(&self, hours: i64) {
        self.clock.advance(SignedDuration::from_hours(hours));
    }

    /// What A's account holds from now on, beside what it held.
    pub(crate) fn grant(&self, amount: u32) {
        self.store.plant(&Write::Grant {
            owner: Self::owner(1),
            amount,
            at: self.clock.now(),
        });
    }

    /// Changes every workflow of A's behind the API's back.
    pub(crate) fn change_workflows(&self, change: impl Fn(&mut Workflow)) {
        let owner = Self::owner(1);
        let (all, first) = (Selection::NEWEST, Slice::first(100));
        let listed = at_once(self.store.list_workflows(&owner, &all, &first));
        for Listed { mut workflow, .. } in listed.unwrap().items {
            change(&mut workflow);
            self.store.plant(&Write::new_workflow(workflow));
        }
    }

    /// The planning jobs that A's requests have sent to the planner.
    pub(crate) fn plannings(&self) -> Vec<Planning> {
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

    pub(crate) async fn send(
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
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
        };
        conformance::check(method, path, &answer);
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_as(A, path).await
    }

    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Answer {
        self.send(
            "GET",
            path,
            &[("authorization", &format!("Bearer {token}"))],
            Body::empty(),
        )
        .await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.json_as(A, "POST", path, &body).await
    }

    pub(crate) async fn json_as(
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

    pub(crate) async fn form(&self, path: &str, headers: &[(&str, &str)], form: &str) -> Answer {
        let mut headers = headers.to_vec();
        headers.push(("content-type", "application/x-www-form-urlencoded"));
        self.send("POST", path, &headers, form.to_owned()).await
    }

    /// A new manual workflow of A's, and its id.
    pub(crate) async fn workflow(&self) -> String {
        let mut body = simple();
        body["schedule"] = "manual".into();
        body.as_object_mut().unwrap().remove("interval");
        let answer = self.post("/v1/workflows", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }
}

/// A workflow that can be saved.
pub(crate) fn simple() -> Value {
    json!({
        "name": "w", "workflow_type": "search", "operation_config": {"query": "rust 2.0 release"},
        "interval": "6 hours", "stop_condition": {"type": "always"},
    })
}
