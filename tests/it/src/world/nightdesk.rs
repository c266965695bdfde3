//! A running Nightdesk: the real host as a process of its own, killed when the test ends.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// How long a journey waits for anything before it has failed.
const PATIENCE: Duration = Duration::from_secs(180);

/// How the host is started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) env: Vec<(&'static str, String)>,
    pub(crate) args: Vec<&'static str>,
    /// Whether a fresh host makes its sample workflow.
    pub(crate) sample: bool,
}

/// A running Nightdesk with its owner's token.
pub(crate) struct Nightdesk {
    child: Child,
    options: Options,
    data: tempfile::TempDir,
    client: reqwest::Client,
    base: String,
    token: String,
}

impl Nightdesk {
    /// Starts a fresh host.
    pub(crate) async fn start(options: Options) -> Self {
        // Whichever test comes first installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = tempfile::tempdir().unwrap();
        let client = client();
        let (child, base, token) = launch(&options, data.path(), 0);
        Self {
            child,
            options,
            data,
            client,
            base,
            token,
        }
    }

    /// `kill -9`, then a new start on the same data and port.
    pub(crate) fn kill_and_restart(&mut self) {
        self.kill_change_and_restart(|_| {});
    }

    /// `kill -9`, then a change of the data, then a new start on it and on the same port.
    pub(crate) fn kill_change_and_restart(&mut self, change: impl FnOnce(&std::path::Path)) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        change(self.data.path());
        let port = self.base.rsplit(':').next().unwrap().parse().unwrap();
        let (child, base, token) = launch(&self.options, self.data.path(), port);
        assert_eq!(token, self.token, "the token is kept");
        (self.child, self.base) = (child, base);
        self.client = client();
    }

    /// One request with the owner's token.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        self.send_as(&self.token, method, path, body).await
    }

    /// One request with a given token.
    pub(crate) async fn send_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        self.door(token).send(method, path, body).await.unwrap()
    }

    /// The way in, for calls that may outlive the host.
    pub(crate) fn door(&self, token: &str) -> Door {
        Door {
            client: self.client.clone(),
            base: self.base.clone(),
            token: token.to_owned(),
        }
    }

    /// The way in for the owner, for calls that may outlive the host.
    pub(crate) fn owners_door(&self) -> Door {
        self.door(&self.token)
    }

    /// The host's folder.
    pub(crate) fn data(&self) -> &std::path::Path {
        self.data.path()
    }

    /// Where the host answers, without a slash at the end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The owner's token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The host's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A GET that must succeed.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path, None).await;
        assert!(status.is_success(), "GET {path}: {status} {body:#}");
        body
    }

    /// A POST that must succeed.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.send(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "POST {path}: {status} {answer:#}");
        answer
    }

    /// A request without any token, as a browser sends it.
    pub(crate) fn browser(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Creates a workflow and gives its id.
    pub(crate) async fn workflow(&self, body: Value) -> String {
        self.post("/v1/workflows", body).await["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Starts a run and gives its id.
    pub(crate) async fn execute(&self, workflow: &str) -> String {
        let answer = self
            .post(&format!("/v1/workflows/{workflow}/execute"), json!({}))
            .await;
        answer["execution"]["id"].as_str().unwrap().to_owned()
    }

    /// Waits until a run has one of these statuses, and gives it.
    pub(crate) async fn run_until(&self, execution: &str, statuses: &[&str]) -> Value {
        let begun = Instant::now();
        let mut revision = 0;
        loop {
            let run = self
                .get(&format!(
                    "/v1/executions/{execution}?wait=10&after={revision}"
                ))
                .await;
            if statuses.contains(&run["status"].as_str().unwrap()) {
                return run;
            }
            revision = run["revision"].as_u64().unwrap();
            assert!(
                begun.elapsed() < PATIENCE,
                "the run is still {}: {run:#}",
                run["status"]
            );
        }
    }

    /// The mails so far, once there are at least `n`.
    pub(crate) async fn mails(&self, n: usize) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let mails = self.get("/_local/mail").await["messages"]
                .as_array()
                .unwrap()
                .clone();
            if mails.len() >= n {
                return mails;
            }
            assert!(begun.elapsed() < PATIENCE, "{} of {n} mails", mails.len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The path of the approval link in a mail.
    pub(crate) fn link(&self, mail: &Value) -> String {
        let text = mail["text"].as_str().unwrap();
        let start = text
            .find(&format!("{}/a/", self.base))
            .unwrap_or_else(|| panic!("no link in: {text}"));
        let url = text[start..].split_whitespace().next().unwrap();
        url[self.base.len()..].to_owned()
    }

    /// Presses a button on a mailed page.
    pub(crate) async fn decide(&self, link: &str, decision: &str) -> StatusCode {
        self.fill_in(link, &format!("decision={decision}")).await
    }

    /// Sends the form of a mailed page, as a browser does: with the page's nonce and our own origin.
    pub(crate) async fn fill_in(&self, link: &str, fields: &str) -> StatusCode {
        let page = self
            .browser(Method::GET, link)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let nonce = page
            .split("name=\"nonce\" value=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("the page has a nonce");
        let form = format!("{fields}&nonce={nonce}");
        let request = self
            .browser(Method::POST, link)
            .header("content-type", "application/x-www-form-urlencoded");
        request
            .header("origin", &self.base)
            .body(form)
            .send()
            .await
            .unwrap()
            .status()
    }
}

/// Calls to a host that may end meanwhile.
#[derive(Clone)]
pub(crate) struct Door {
    client: reqwest::Client,
    base: String,
    token: String,
}

impl Door {
    /// One request.
    ///
    /// # Errors
    /// The host went away, or never was there.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(StatusCode, Value), reqwest::Error> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        };
        Ok((status, body))
    }
}

impl Drop for Nightdesk {
    fn drop(&mut self) {
        // The functions notice that their host is gone and end by themselves.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client without pooled connections to a host that is gone.
fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

/// Starts the host and reads its greeting: where it is, and the token.
fn launch(options: &Options, data: &std::path::Path, port: u16) -> (Child, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightdesk-under-test"));
    command
        .arg("--port")
        .arg(port.to_string())
        .arg("--data")
        .arg(data)
        .args((!options.sample).then_some("--no-sample"))
        .args(&options.args);
    for (name, value) in &options.env {
        command.env(name, value);
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut base, mut token) = (None, None);
    while base.is_none() || token.is_none() {
        let line = lines.next().expect("the host says where it is").unwrap();
        for word in line.split_whitespace() {
            if word.starts_with("http://") && base.is_none() {
                base = Some(word.trim_end_matches('/').to_owned());
            } else if word.starts_with("nd_") {
                token = Some(word.to_owned());
            }
        }
    }
    // Whatever else it prints must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    (child, base.unwrap(), token.unwrap())
}
