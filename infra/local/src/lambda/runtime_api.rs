//! The Lambda Runtime API: where an instance asks for its next event and posts its answer.
//!
//! Every instance has its own base address, `http://127.0.0.1:PORT/rt/<function>/<instance>`, so the
//! host knows which process holds which event and can kill that one when its time is over. An
//! instance has one [`Mailbox`]: the sender side belongs to the pool, the receiving side answers the
//! long poll of `next`.
//!
//! The only addition to AWS's protocol is the clock seam: the offset of the system's clock from real
//! time travels in the client context of each event, a field that only `Invoke` callers can set, and
//! no event source of ours in AWS does. Deadlines stay in real time, because processes do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{SetOnce, mpsc, oneshot};

use super::freeze::Process;

/// The largest answer of a function, as in AWS: 6 MB and some room for the envelope.
const MAX_RESPONSE: usize = 6 * 1024 * 1024 + 4_096;

/// One event on its way to one instance.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) request_id: String,
    pub(crate) event: Bytes,
    /// How long the instance may work on it, from the moment it has it.
    pub(crate) timeout: Duration,
    pub(crate) function_arn: String,
    /// How far the system's clock is ahead of real time, in milliseconds.
    pub(crate) clock_offset_ms: i64,
    /// Told when the instance has the event.
    pub(crate) taken: oneshot::Sender<()>,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// What an instance said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Response(Bytes),
    Error { kind: String, message: String },
}

/// The event an instance works on now.
struct Pending {
    request_id: String,
    answer: oneshot::Sender<Answer>,
}

/// The host's end of one instance.
struct Mailbox {
    next: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    /// What is stopped while there is no event for it, once it is known.
    process: SetOnce<Option<Process>>,
    pending: Mutex<Option<Pending>>,
    init_error: Mutex<Option<String>>,
}

impl Mailbox {
    /// The next event. The process is frozen until there is one; `None` when there will be none.
    async fn next(&self) -> Option<Invocation> {
        let mut events = self.next.lock().await;
        match events.try_recv() {
            Ok(event) => Some(event),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => {
                let _frozen = self.process.wait().await.map(Process::freeze);
                events.recv().await
            }
        }
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, Option<Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the answer's address if `request_id` is what the instance works on.
    fn settle(&self, request_id: &str) -> Option<oneshot::Sender<Answer>> {
        let mut pending = self.pending();
        match pending.take() {
            Some(current) if current.request_id == request_id => Some(current.answer),
            other => {
                *pending = other;
                None
            }
        }
    }
}

type Address = (String, u64);

/// The mailboxes of all living instances.
#[derive(Clone, Default)]
pub(crate) struct RuntimeApi {
    mailboxes: Arc<Mutex<HashMap<Address, Arc<Mailbox>>>>,
}

impl RuntimeApi {
    /// Opens the mailbox of an instance that is about to start; what is sent there is what the instance gets. Open it
    /// is before there is a process: one that is fast asks for its first event before its host has been told its id.
    pub(crate) fn open(&self, function: &str, instance: u64) -> mpsc::Sender<Invocation> {
        let (sender, receiver) = mpsc::channel(1);
        let mailbox = Mailbox {
            next: tokio::sync::Mutex::new(receiver),
            process: SetOnce::new(),
            pending: Mutex::new(None),
            init_error: Mutex::new(None),
        };
        self.mailboxes()
            .insert((function.to_owned(), instance), Arc::new(mailbox));
        sender
    }

    /// Says which process an instance is, where that can be stopped and let go on.
    pub(crate) fn started(&self, function: &str, instance: u64, process: Option<Process>) {
        if let Some(mailbox) = self.mailbox(function.to_owned(), instance) {
            let told = mailbox.process.set(process);
            debug_assert!(told.is_ok(), "an instance starts once");
        }
    }

    /// Closes the mailbox of an instance that is gone. Whoever waits for its answer learns it by
    /// the dropped channel. Gives what the instance reported as its reason not to start.
    pub(crate) fn close(&self, function: &str, instance: u64) -> Option<String> {
        let mailbox = self.mailboxes().remove(&(function.to_owned(), instance))?;
        mailbox.pending().take();
        mailbox
            .init_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// The routes of all instances.
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route(
                "/rt/{function}/{instance}/2018-06-01/runtime/invocation/next",
                get(next),
            )
            .route(
                "/rt/{function}/{instance}/2018-06-01/runtime/invocation/{id}/response",
                post(response),
            )
            .route(
                "/rt/{function}/{instance}/2018-06-01/runtime/invocation/{id}/error",
                post(error),
            )
            .route(
                "/rt/{function}/{instance}/2018-06-01/runtime/init/error",
                post(init_error),
            )
            .layer(DefaultBodyLimit::disable())
            .with_state(self.clone())
    }

    fn mailboxes(&self) -> std::sync::MutexGuard<'_, HashMap<Address, Arc<Mailbox>>> {
        self.mailboxes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn mailbox(&self, function: String, instance: u64) -> Option<Arc<Mailbox>> {
        self.mailboxes().get(&(function, instance)).cloned()
    }
}

fn no_such_instance() -> Response {
    refused(
        StatusCode::FORBIDDEN,
        "InvalidInstance",
        "there is no such instance",
    )
}

async fn next(
    State(api): State<RuntimeApi>,
    Path((function, instance)): Path<Address>,
) -> Response {
    let Some(mailbox) = api.mailbox(function, instance) else {
        return no_such_instance();
    };
    let Some(invocation) = mailbox.next().await else {
        // The host is done with this instance and is killing it. Any answer would be one Lambda
        // never gives; the connection ends with the process.
        return std::future::pending().await;
    };
    let headers = [
        (
            "lambda-runtime-aws-request-id",
            invocation.request_id.clone(),
        ),
        (
            "lambda-runtime-deadline-ms",
            deadline_ms(invocation.timeout).to_string(),
        ),
        (
            "lambda-runtime-invoked-function-arn",
            invocation.function_arn,
        ),
        ("lambda-runtime-trace-id", trace_id(&invocation.request_id)),
        (
            "lambda-runtime-client-context",
            client_context(invocation.clock_offset_ms),
        ),
        ("content-type", "application/json".to_owned()),
    ];
    *mailbox.pending() = Some(Pending {
        request_id: invocation.request_id,
        answer: invocation.answer,
    });
    // A pool that stopped waiting has killed this instance already; nothing is left to tell it.
    let _gone = invocation.taken.send(());
    (axum::response::AppendHeaders(headers), invocation.event).into_response()
}

async fn response(
    State(api): State<RuntimeApi>,
    Path((function, instance, id)): Path<(String, u64, String)>,
    body: Bytes,
) -> Response {
    let answer = if body.len() > MAX_RESPONSE {
        Answer::Error {
            kind: "Function.ResponseSizeTooLarge".to_owned(),
            message: format!(
                "the answer has {} bytes, more than {MAX_RESPONSE}",
                body.len()
            ),
        }
    } else {
        Answer::Response(body)
    };
    settle(&api, function, instance, &id, answer)
}

async fn error(
    State(api): State<RuntimeApi>,
    Path((function, instance, id)): Path<(String, u64, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let report = ErrorReport::read(&headers, &body);
    settle(
        &api,
        function,
        instance,
        &id,
        Answer::Error {
            kind: report.error_type,
            message: report.error_message,
        },
    )
}

async fn init_error(
    State(api): State<RuntimeApi>,
    Path((function, instance)): Path<Address>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(mailbox) = api.mailbox(function, instance) else {
        return no_such_instance();
    };
    let report = ErrorReport::read(&headers, &body);
    let reason = format!("{}: {}", report.error_type, report.error_message);
    *mailbox
        .init_error
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = Some(reason);
    accepted()
}

fn settle(api: &RuntimeApi, function: String, instance: u64, id: &str, answer: Answer) -> Response {
    let Some(mailbox) = api.mailbox(function, instance) else {
        return no_such_instance();
    };
    match mailbox.settle(id) {
        Some(waiting) => {
            // Nobody waits after a timeout; the instance is being killed then.
            let _late = waiting.send(answer);
            accepted()
        }
        None => refused(
            StatusCode::BAD_REQUEST,
            "InvalidRequestID",
            "this instance does not work on that event",
        ),
    }
}

/// The body of an error report; what is missing is filled from the header, as AWS does.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorReport {
    #[serde(default)]
    error_type: String,
    #[serde(default)]
    error_message: String,
}

impl ErrorReport {
    fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let mut report = serde_json::from_slice(body).unwrap_or_else(|_| Self {
            error_type: String::new(),
            error_message: String::new(),
        });
        if report.error_type.is_empty() {
            let header = headers.get("lambda-runtime-function-error-type");
            header
                .and_then(|value| value.to_str().ok())
                .unwrap_or("Unknown")
                .clone_into(&mut report.error_type);
        }
        report
    }
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, axum::Json(json!({ "status": "OK" }))).into_response()
}

fn refused(status: StatusCode, kind: &str, message: &str) -> Response {
    (
        status,
        axum::Json(json!({ "errorType": kind, "errorMessage": message })),
    )
        .into_response()
}

fn deadline_ms(timeout: Duration) -> u128 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    (now + timeout).as_millis()
}

/// `Root=1-<8 hex>-<24 hex>`: the shape X-Ray gives it, from the request id.
fn trace_id(request_id: &str) -> String {
    let hex: String = request_id
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(32)
        .collect();
    match hex.split_at_checked(8) {
        Some((time, rest)) if rest.len() == 24 => format!("Root=1-{time}-{rest};Sampled=0"),
        _ => "Root=1-00000000-000000000000000000000000;Sampled=0".to_owned(),
    }
}

/// The clock seam. `client` must be complete, or the runtime crate refuses the whole event.
fn client_context(clock_offset_ms: i64) -> String {
    json!({
        "client": {
            "installationId": "local",
            "appTitle": "nightdesk",
            "appVersionName": env!("CARGO_PKG_VERSION"),
            "appVersionCode": "0",
            "appPackageName": "nightdesk",
        },
        "custom": { "nightdesk_clock_offset_ms": clock_offset_ms.to_string() },
        "environment": {},
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serving;

    struct Stand {
        api: RuntimeApi,
        base: String,
        client: reqwest::Client,
        _server: serving::Server,
    }

    async fn stand() -> Stand {
        let api = RuntimeApi::default();
        let server = serving::start(0, api.router()).await.expect("a free port");
        let base = format!("{}/rt/step-executor/1/2018-06-01/runtime", server.url());
        Stand {
            api,
            base,
            client: serving::client(),
            _server: server,
        }
    }

    impl Stand {
        /// An instance that has started, in no process that could be stopped.
        fn start(&self) -> mpsc::Sender<Invocation> {
            let mailbox = self.api.open("step-executor", 1);
            self.api.started("step-executor", 1, None);
            mailbox
        }
    }

    fn invocation(
        event: &'static str,
    ) -> (Invocation, oneshot::Receiver<()>, oneshot::Receiver<Answer>) {
        let (taken, was_taken) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let invocation = Invocation {
            request_id: "0199e4a6-7b2c-7def-8123-456789abcdef".to_owned(),
            event: Bytes::from_static(event.as_bytes()),
            timeout: Duration::from_secs(30),
            function_arn: crate::topology::function_arn("step-executor"),
            clock_offset_ms: -86_400_000,
            taken,
            answer,
        };
        (invocation, was_taken, answered)
    }

    #[tokio::test]
    async fn an_instance_may_ask_before_its_host_knows_its_process() {
        let stand = stand().await;
        let mailbox = stand.api.open("step-executor", 1);
        let asked = stand.client.get(format!("{}/invocation/next", stand.base));
        let asked = tokio::spawn(asked.send());
        let (invocation, was_taken, _answered) = invocation("{}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        stand.api.started("step-executor", 1, None);
        mailbox.send(invocation).await.expect("open");
        let answer = asked.await.unwrap().unwrap();
        assert!(
            answer
                .headers()
                .contains_key("lambda-runtime-aws-request-id")
        );
        was_taken.await.expect("the instance has it");
    }

    #[tokio::test]
    async fn an_event_goes_out_and_its_answer_comes_back() {
        let stand = stand().await;
        let mailbox = stand.start();
        let (invocation, was_taken, answered) = invocation(r#"{"Records":[]}"#);
        mailbox.send(invocation).await.expect("open");

        let next = stand
            .client
            .get(format!("{}/invocation/next", stand.base))
            .send()
            .await
            .expect("next");
        was_taken.await.expect("told");
        let header = |name: &str| next.headers()[name].to_str().expect("ASCII").to_owned();
        let id = header("lambda-runtime-aws-request-id");
        assert_eq!(id, "0199e4a6-7b2c-7def-8123-456789abcdef");
        assert_eq!(
            header("lambda-runtime-trace-id"),
            "Root=1-0199e4a6-7b2c7def8123456789abcdef;Sampled=0"
        );
        let deadline: u128 = header("lambda-runtime-deadline-ms")
            .parse()
            .expect("a number");
        let left = deadline.abs_diff(deadline_ms(Duration::ZERO));
        assert!((25_000..=30_000).contains(&left), "{left}");

        // The runtime crate itself reads the event's context.
        let context =
            lambda_runtime::Context::new(&id, Arc::default(), next.headers()).expect("complete");
        let custom = context.client_context.expect("given").custom;
        assert_eq!(custom["nightdesk_clock_offset_ms"], "-86400000");
        assert_eq!(next.text().await.expect("body"), r#"{"Records":[]}"#);

        let stray = stand
            .client
            .post(format!("{}/invocation/other/response", stand.base))
            .send()
            .await
            .expect("sent");
        assert_eq!(stray.status(), StatusCode::BAD_REQUEST);
        let done = stand
            .client
            .post(format!("{}/invocation/{id}/response", stand.base))
            .body("null")
            .send()
            .await;
        assert_eq!(done.expect("sent").status(), StatusCode::ACCEPTED);
        assert_eq!(
            answered.await,
            Ok(Answer::Response(Bytes::from_static(b"null")))
        );
        let again = stand
            .client
            .post(format!("{}/invocation/{id}/response", stand.base))
            .body("null")
            .send()
            .await;
        assert_eq!(
            again.expect("sent").status(),
            StatusCode::BAD_REQUEST,
            "an event has one answer"
        );
    }

    #[tokio::test]
    async fn an_error_keeps_its_type_and_message() {
        let stand = stand().await;
        let mailbox = stand.start();
        let (invocation, _taken, answered) = invocation("{}");
        let id = invocation.request_id.clone();
        mailbox.send(invocation).await.expect("open");
        stand
            .client
            .get(format!("{}/invocation/next", stand.base))
            .send()
            .await
            .expect("next");
        let report = r#"{"errorType":"Panic","errorMessage":"no luck"}"#;
        stand
            .client
            .post(format!("{}/invocation/{id}/error", stand.base))
            .body(report)
            .send()
            .await
            .expect("sent");
        let expected = Answer::Error {
            kind: "Panic".to_owned(),
            message: "no luck".to_owned(),
        };
        assert_eq!(answered.await, Ok(expected));
    }

    #[tokio::test]
    async fn closing_tells_whoever_waits() {
        let stand = stand().await;
        let mailbox = stand.start();
        let (invocation, _taken, answered) = invocation("{}");
        mailbox.send(invocation).await.expect("open");
        stand
            .client
            .get(format!("{}/invocation/next", stand.base))
            .send()
            .await
            .expect("next");
        let report = r#"{"errorType":"Config","errorMessage":"no table"}"#;
        stand
            .client
            .post(format!("{}/init/error", stand.base))
            .body(report)
            .send()
            .await
            .expect("sent");
        assert_eq!(
            stand.api.close("step-executor", 1),
            Some("Config: no table".to_owned())
        );
        assert!(answered.await.is_err());
        let gone = stand
            .client
            .get(format!("{}/invocation/next", stand.base))
            .send()
            .await
            .expect("sent");
        assert_eq!(gone.status(), StatusCode::FORBIDDEN);
    }
}
