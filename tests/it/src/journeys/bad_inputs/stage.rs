//! The scene a case plays in: a running host, and whatever the case's placeholders stand for.
//!
//! Everything is made through the door, as a client would make it. What cannot be made is told, not
//! skipped: the case then fails, and says what it lacked.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::ToSpan as _;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

use super::case::{Ready, text};
use crate::world::{Account, Holdings, ModelStub, Nightdesk, Options, Outside};

/// An answer, or what could not be set up.
pub(super) type Outcome<T> = Result<T, String>;

/// How long the approvals of these cases wait for a person.
const DEADLINE_SECONDS: u64 = 10 * 60;

/// How the table writes an instant ten seconds away.
const SOON: &str = "now+10s";

/// What came back.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
    /// The text as JSON, or null.
    pub(super) body: Value,
    /// How long it took, in milliseconds.
    pub(super) took_ms: u128,
}

/// A draft that waits for a person.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) workflow: String,
    pub(super) execution: String,
    pub(super) approval: String,
    pub(super) token: String,
    nonce: String,
}

/// The scene.
pub(super) struct Stage {
    pub(super) nightdesk: Nightdesk,
    pub(super) model: ModelStub,
    account: Account,
    outside: Outside,
    pub(super) key_b: String,
}

/// What a case has to itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Props {
    /// The token it is sent with.
    pub(super) key: String,
    /// Its workflow, where it names one.
    pub(super) workflow: Option<String>,
    pub(super) waiting: Option<Waiting>,
    names: BTreeMap<String, String>,
    /// What [`SOON`] means.
    soon: Option<String>,
}

impl Stage {
    /// Starts a host with these variables.
    pub(super) async fn start(env: &[(&'static str, String)]) -> Self {
        let (outside, model) = (Outside::start().await, ModelStub::start().await);
        let mut variables = model.environment();
        variables.push(("NIGHTDESK_EGRESS_ALLOW", outside.address()));
        variables.extend(env.iter().cloned());
        let nightdesk = Nightdesk::start(Options {
            env: variables,
            ..Options::default()
        })
        .await;
        let account = Account::of(&nightdesk).await;
        let mut stage = Self {
            nightdesk,
            model,
            account,
            outside,
            key_b: String::new(),
        };
        stage.key_b = stage.tenant(10_000).await.unwrap();
        stage
    }

    /// Sends a request as it is.
    pub(super) async fn send(&self, ready: &Ready) -> Answer {
        let method = Method::from_bytes(ready.method.as_bytes()).unwrap();
        let mut request = self.nightdesk.browser(method, &ready.path);
        for (name, value) in &ready.headers {
            request = request.header(name, value.as_bytes());
        }
        if let Some(body) = &ready.body {
            request = request.body(body.clone());
        }
        let begun = std::time::Instant::now();
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Answer {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
            took_ms: begun.elapsed().as_millis(),
        }
    }

    /// A request that must succeed for the case to be played.
    pub(super) async fn call(
        &self,
        key: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Outcome<Value> {
        let (status, answer) = self
            .nightdesk
            .send_as(key, method.clone(), path, body)
            .await;
        if status.is_success() {
            return Ok(answer);
        }
        Err(format!(
            "cannot be set up: {method} {path}: {status} {answer}"
        ))
    }

    /// What the account holds.
    pub(super) async fn holdings(&self) -> Holdings {
        self.account.holdings(&self.nightdesk).await
    }

    /// Waits until nothing moves.
    pub(super) async fn quiesce(&self) {
        self.nightdesk
            .post("/_local/quiesce", json!({"timeout_ms": 60_000}))
            .await;
    }

    /// Moves the clock.
    pub(super) async fn advance(&self, seconds: u64) {
        self.nightdesk
            .post("/_local/clock", json!({"advance_seconds": seconds}))
            .await;
    }

    pub(super) async fn now(&self) -> Timestamp {
        let clock = self.nightdesk.get("/_local/clock").await;
        text(&clock["now"]).parse().unwrap()
    }

    /// The token of a new owner.
    pub(super) async fn tenant(&self, credits: u32) -> Outcome<String> {
        let email = format!("{}@nightdesk.test", Uuid::now_v7().simple());
        let body = json!({"email": email, "credits": credits});
        let made = self
            .call(
                self.nightdesk.token(),
                Method::POST,
                "/_local/owners",
                Some(body),
            )
            .await?;
        Ok(text(&made["token"]))
    }

    /// Balance, reserved credits and the sum of the ledger, which must fit together.
    pub(super) async fn credits(&self, key: &str) -> Outcome<(i64, i64)> {
        let credits = self.call(key, Method::GET, "/v1/credits", None).await?;
        let number = |name: &str| credits[name].as_i64();
        let (Some(balance), Some(reserved)) = (number("balance"), number("reserved")) else {
            return Err(format!("credits are {credits}"));
        };
        let ledger = credits["ledger"].as_array().into_iter().flatten();
        let sum: i64 = ledger.filter_map(|entry| entry["amount"].as_i64()).sum();
        if balance < 0 || reserved < 0 || reserved > balance || sum != balance {
            return Err(format!("the ledger does not add up: {credits}"));
        }
        Ok((balance, reserved))
    }

    /// Sets a case up: who sends it, and everything its placeholders name.
    pub(super) async fn props(&self, request: &Value) -> Outcome<Props> {
        let mut props = Props {
            key: self.sender(request).await?,
            ..Props::default()
        };
        let written = request.to_string();
        let names = |name: &str| written.contains(&format!("{{{name}"));
        let state = request["state"].as_str();
        if names("token") || names("nonce") || names("approval") {
            let body = request.get("output").map_or("Good news.".to_owned(), text);
            let strict = request["mode"] == "strict";
            let waiting = self.approval(&props.key, &body, strict).await?;
            self.move_approval(&props.key, &waiting, state).await?;
            self.name_approval(
                &mut props,
                &waiting,
                names("nonce_of_other") || names("token:first_half_of_other"),
            )
            .await?;
            props.waiting = Some(waiting);
        } else if names("wf}") {
            let id = self.workflow(&props.key, state, &mut props.waiting).await?;
            props.names.insert("wf".to_owned(), id.clone());
            props.workflow = Some(id);
        }
        let (a, b) = (self.nightdesk.token().to_owned(), self.key_b.clone());
        for (name, key) in [("wf_of_a", &a), ("wf_of_b", &b)] {
            if names(name) {
                let id = self.workflow(key, None, &mut None).await?;
                props.names.insert(name.to_owned(), id);
            }
        }
        if names("session_of_a") {
            let body = json!({"name": "a session"});
            let session = self
                .call(&a, Method::POST, "/v1/sessions", Some(body))
                .await?;
            props
                .names
                .insert("session_of_a".to_owned(), text(&session["id"]));
        }
        for (name, key, filter) in [
            ("cursor_of_a", &a, ""),
            ("cursor_status_active", &props.key, "&status=active"),
        ] {
            if names(name) {
                let cursor = self.cursor(key, filter).await?;
                props.names.insert(name.to_owned(), cursor);
            }
        }
        if written.contains(SOON) {
            let soon = self.now().await + 10.seconds();
            props.soon = Some(soon.to_string());
        }
        props.names.insert("key_a".to_owned(), a);
        props.names.insert("key_b".to_owned(), b);
        props
            .names
            .insert("self".to_owned(), self.nightdesk.base().to_owned());
        Ok(props)
    }

    /// The token a case is sent with; empty for none.
    async fn sender(&self, request: &Value) -> Outcome<String> {
        let a = self.nightdesk.token().to_owned();
        if let Some(tenant) = request["tenant"].as_str() {
            return match tenant {
                "broke" => self.tenant(0).await,
                "three_left" => self.tenant(3).await,
                "one_plan_left" => self.tenant(35).await,
                // The host it plays on lets nobody have more than two.
                "at_workflow_quota" => {
                    let key = self.tenant(100).await?;
                    self.workflow(&key, None, &mut None).await?;
                    self.workflow(&key, None, &mut None).await?;
                    Ok(key)
                }
                other => Err(format!("nobody knows the tenant {other}")),
            };
        }
        match request["auth"].as_str() {
            None | Some("key_a") => Ok(a),
            Some("key_b") => Ok(self.key_b.clone()),
            Some("none") => Ok(String::new()),
            Some("key_a_bent") => {
                let last = if a.ends_with('x') { 'y' } else { 'x' };
                Ok(format!("{}{last}", &a[..a.len() - 1]))
            }
            Some("key_revoked") => {
                let made = self.token(json!({"token_name": "revoked"})).await?;
                let path = format!("/v1/tokens/{}", text(&made["id"]));
                self.call(&a, Method::DELETE, &path, None).await?;
                Ok(text(&made["token"]))
            }
            Some("key_expired") => {
                let until = self.now().await + 60.seconds();
                let made = self
                    .token(json!({"token_name": "expired", "expires_at": until.to_string()}))
                    .await?;
                self.advance(61).await;
                Ok(text(&made["token"]))
            }
            Some("key_readonly") => {
                let made = self
                    .token(json!({"token_name": "readonly", "permissions": ["read"]}))
                    .await?;
                Ok(text(&made["token"]))
            }
            Some(other) => Err(format!("nobody knows the key {other}")),
        }
    }

    async fn token(&self, body: Value) -> Outcome<Value> {
        let key = self.nightdesk.token();
        self.call(key, Method::POST, "/v1/tokens", Some(body)).await
    }

    /// The cursor behind the first of two workflows.
    async fn cursor(&self, key: &str, filter: &str) -> Outcome<String> {
        for _ in 0..2 {
            self.workflow(key, None, &mut None).await?;
        }
        let path = format!("/v1/workflows?limit=1{filter}");
        let page = self.call(key, Method::GET, &path, None).await?;
        Ok(text(&page["pagination"]["next_cursor"]))
    }

    async fn create(&self, key: &str, body: Value) -> Outcome<String> {
        let made = self
            .call(key, Method::POST, "/v1/workflows", Some(body))
            .await?;
        Ok(text(&made["id"]))
    }

    /// A run that is waited for.
    async fn run(&self, key: &str, workflow: &str) -> Outcome<Value> {
        let path = format!("/v1/workflows/{workflow}/execute?wait=20");
        let answer = self.call(key, Method::POST, &path, Some(json!({}))).await?;
        Ok(answer["execution"].clone())
    }

    async fn runs(&self, key: &str, workflow: &str, times: usize) -> Outcome<()> {
        for _ in 0..times {
            self.run(key, workflow).await?;
        }
        self.quiesce().await;
        Ok(())
    }

    /// A new workflow in a state.
    async fn workflow(
        &self,
        key: &str,
        state: Option<&str>,
        waiting: &mut Option<Waiting>,
    ) -> Outcome<String> {
        let mut body = json!({"name": "w", "mode": "simple", "workflow_type": "search", "operation_config": {"query": "rust 2.0 release"},
            "schedule": "manual", "overlap_policy": "allow", "stop_condition": {"type": "always"}});
        let patch = async |id: &str, status: &str| {
            let body = json!({"status": status});
            self.call(
                key,
                Method::PATCH,
                &format!("/v1/workflows/{id}"),
                Some(body),
            )
            .await
        };
        match state {
            None => self.create(key, body).await,
            Some(status @ ("paused" | "archived")) => {
                let id = self.create(key, body).await?;
                patch(&id, status).await?;
                Ok(id)
            }
            Some("ran_5") => {
                let id = self.create(key, body).await?;
                self.runs(key, &id, 5).await?;
                Ok(id)
            }
            Some("max_reached") => {
                body["max_executions"] = 1.into();
                let id = self.create(key, body).await?;
                self.runs(key, &id, 1).await?;
                Ok(id)
            }
            Some("failed") => {
                body["workflow_type"] = "crawl".into();
                self.outside.publish("gone", "Gone", "Nobody reads this.");
                self.outside.break_down("gone");
                let page = self.outside.url("/pages/gone");
                body["operation_config"] = json!({"urls": [page], "max_pages": 1});
                let id = self.create(key, body).await?;
                self.runs(key, &id, 10).await?;
                let path = format!("/v1/workflows/{id}");
                let now = self.call(key, Method::GET, &path, None).await?;
                match now["status"].as_str() {
                    Some("failed") => Ok(id),
                    _ => Err(format!("after ten failures it is {now:#}")),
                }
            }
            Some("awaiting_approval") => {
                let parked = self.approval(key, "Good news.", false).await?;
                let id = parked.workflow.clone();
                *waiting = Some(parked);
                Ok(id)
            }
            Some(other) => Err(format!("nobody knows the state {other}")),
        }
    }

    /// A draft with this body that waits, and its mailed link; `strict` asks for the mail's code as well.
    async fn approval(&self, key: &str, body: &str, strict: bool) -> Outcome<Waiting> {
        let mut body = json!({"name": "w", "mode": "multi_step", "schedule": "manual", "stop_condition": {"type": "always"},
            "approvals": {"deadline": format!("{} minutes", DEADLINE_SECONDS / 60)},
            "steps": [{"id": "out", "type": "send_email", "config": {"to": ["reader@nightdesk.test"], "subject": "News", "body": body}}]});
        if strict {
            body["approvals"]["strict"] = true.into();
        }
        let workflow = self.create(key, body).await?;
        self.call(key, Method::DELETE, "/_local/mail", None).await?;
        let run = self.run(key, &workflow).await?;
        if run["status"] != "awaiting_approval" {
            return Err(format!("the run does not wait: {run:#}"));
        }
        let mail = self.nightdesk.mails(1).await.remove(0);
        self.quiesce().await;
        let link = self.nightdesk.link(&mail);
        let page = self.nightdesk.browser(Method::GET, &link).send().await;
        let page = page.unwrap().text().await.unwrap();
        let nonce = page
            .split_once("name=\"nonce\" value=\"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .ok_or_else(|| format!("no nonce on the page: {page}"))?;
        Ok(Waiting {
            workflow,
            execution: text(&run["id"]),
            approval: text(&run["steps"][0]["approval_id"]),
            token: link.trim_start_matches("/a/").to_owned(),
            nonce: nonce.0.to_owned(),
        })
    }

    async fn move_approval(
        &self,
        key: &str,
        waiting: &Waiting,
        state: Option<&str>,
    ) -> Outcome<()> {
        let verb = async |verb: &str, body: Value| {
            let path = format!("/v1/approvals/{}/{verb}", waiting.approval);
            self.call(key, Method::POST, &path, Some(body)).await
        };
        match state {
            None => return Ok(()),
            Some("reassigned") => {
                verb("reassign", json!({"email": "other@nightdesk.test"})).await?;
            }
            Some("superseded") => {
                verb("request_changes", json!({"note": "shorter"})).await?;
            }
            Some("expired") => self.advance(DEADLINE_SECONDS + 60).await,
            Some(other) => return Err(format!("nobody knows the state {other}")),
        }
        self.quiesce().await;
        Ok(())
    }

    async fn name_approval(
        &self,
        props: &mut Props,
        waiting: &Waiting,
        other: bool,
    ) -> Outcome<()> {
        let token = &waiting.token;
        let mut name = |name: &str, value: String| props.names.insert(name.to_owned(), value);
        name("approval", waiting.approval.clone());
        name("token", token.clone());
        name("nonce", waiting.nonce.clone());
        name("token:flip_bit", flip_a_bit(token));
        name("token:drop_last", token[..token.len() - 1].to_owned());
        name("token:zz", format!("zz.{}", &token[3..]));
        if other {
            let key = self.nightdesk.token();
            let other = self.approval(key, "Other news.", false).await?;
            let half = token.len() / 2;
            name(
                "token:first_half_of_other",
                format!("{}{}", &other.token[..half], &token[half..]),
            );
            name("nonce_of_other", other.nonce);
        }
        Ok(())
    }
}

impl Props {
    /// The request with everything in its place.
    pub(super) fn fill(&self, ready: &Ready) -> Ready {
        let mut ready = ready.clone();
        ready.path = self.filled(&ready.path);
        for (_, value) in &mut ready.headers {
            *value = self.filled(value);
        }
        if let Some(body) = &mut ready.body
            && let Ok(body_text) = std::str::from_utf8(body)
        {
            *body = self.filled(body_text).into_bytes();
        }
        let given = ready
            .headers
            .iter()
            .any(|(name, _)| name == "authorization");
        if !given && !self.key.is_empty() && !ready.path.starts_with("/a/") {
            let bearer = format!("Bearer {}", self.key);
            ready.headers.push(("authorization".to_owned(), bearer));
        }
        ready
    }

    fn filled(&self, template: &str) -> String {
        let mut filled = match &self.soon {
            Some(soon) => template.replace(SOON, soon),
            None => template.to_owned(),
        };
        if !filled.contains('{') {
            return filled;
        }
        for (name, value) in &self.names {
            filled = filled.replace(&format!("{{{name}}}"), value);
        }
        while let Some(at) = filled.find("{random}") {
            let random = format!("{}{}", Uuid::now_v7().simple(), Uuid::now_v7().simple());
            filled.replace_range(at..at + "{random}".len(), &random[..43]);
        }
        filled
    }
}

/// A token with the lowest bit of one character flipped, such that it can still stand in a path.
fn flip_a_bit(token: &str) -> String {
    let mut bytes = token.as_bytes().to_vec();
    let flips = |byte: &u8| (byte ^ 1).is_ascii_alphanumeric();
    let at = bytes.iter().rposition(flips).expect("a character of many");
    bytes[at] ^= 1;
    String::from_utf8(bytes).unwrap()
}
