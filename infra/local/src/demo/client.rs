//! The narrator's HTTP client: nothing a curl could not do.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

/// How long one step of a story may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why a story does not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error("{method} {path} could not be sent")]
    Send {
        method: Method,
        path: String,
        source: reqwest::Error,
    },
    #[error("{method} {path} was answered {status}: {body}")]
    Answer {
        method: Method,
        path: String,
        status: u16,
        body: String,
    },
    #[error("{0}")]
    Story(String),
}

/// A client with the owner's token.
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    pub(super) fn new(base: &str, token: &str) -> Result<Self, DemoError> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build();
        let http = http.map_err(|error| DemoError::Story(error.to_string()))?;
        Ok(Self {
            http,
            base: base.to_owned(),
            token: token.to_owned(),
        })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, DemoError> {
        self.call(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Result<Value, DemoError> {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, DemoError> {
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.base))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let (status, body) = self.answer(&method, path, request).await?;
        if !(200..300).contains(&status) {
            return Err(DemoError::Answer {
                method,
                path: path.to_owned(),
                status,
                body,
            });
        }
        serde_json::from_str(&body)
            .map_err(|error| DemoError::Story(format!("{path} did not answer JSON: {error}")))
    }

    /// A page, as a browser asks for it: without a token.
    pub(super) async fn page(&self, path: &str) -> Result<String, DemoError> {
        let request = self.http.get(format!("{}{path}", self.base));
        let (status, body) = self.answer(&Method::GET, path, request).await?;
        if status == 200 {
            Ok(body)
        } else {
            Err(DemoError::Answer {
                method: Method::GET,
                path: path.to_owned(),
                status,
                body,
            })
        }
    }

    /// A form, as a browser sends it from our own page.
    pub(super) async fn submit(&self, path: &str, form: String) -> Result<(), DemoError> {
        let request = self.http.post(format!("{}{path}", self.base));
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", &self.base)
            .body(form);
        let (status, body) = self.answer(&Method::POST, path, request).await?;
        if status == 200 {
            Ok(())
        } else {
            Err(DemoError::Answer {
                method: Method::POST,
                path: path.to_owned(),
                status,
                body,
            })
        }
    }

    async fn answer(
        &self,
        method: &Method,
        path: &str,
        request: reqwest::RequestBuilder,
    ) -> Result<(u16, String), DemoError> {
        let failed = |source| DemoError::Send {
            method: method.clone(),
            path: path.to_owned(),
            source,
        };
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        Ok((status, answer.text().await.map_err(failed)?))
    }

    /// Waits until the run has one of these statuses, and tells each step as it gets somewhere,
    /// except what was `told` before.
    pub(super) async fn follow(
        &self,
        execution: &str,
        until: &[&str],
        told: &mut Vec<(Value, Value)>,
        tell: impl Fn(&Value),
    ) -> Result<Value, DemoError> {
        let begun = Instant::now();
        let mut revision = 0;
        loop {
            let run = self
                .get(&format!(
                    "/v1/executions/{execution}?wait=5&after={revision}"
                ))
                .await?;
            for step in run["steps"].as_array().into_iter().flatten() {
                let stands = (step["id"].clone(), step["status"].clone());
                let worth_telling = matches!(
                    step["status"].as_str(),
                    Some("completed" | "awaiting_approval" | "failed" | "skipped")
                );
                if worth_telling && !told.contains(&stands) {
                    tell(step);
                    told.push(stands);
                }
            }
            let status = run["status"].as_str().unwrap_or_default();
            if until.contains(&status) {
                return Ok(run);
            }
            if matches!(status, "failed" | "cancelled" | "completed") || begun.elapsed() > PATIENCE
            {
                return Err(DemoError::Story(format!("the run is {status}: {run:#}")));
            }
            revision = run["revision"].as_u64().unwrap_or_default();
        }
    }

    /// The newest mail, once there are at least `n`.
    pub(super) async fn mail(&self, n: usize) -> Result<Value, DemoError> {
        let begun = Instant::now();
        loop {
            let mails = self.get("/_local/mail").await?;
            let mails = mails["messages"].as_array().cloned().unwrap_or_default();
            if let Some(mail) = mails.last().filter(|_| mails.len() >= n) {
                return Ok(mail.clone());
            }
            if begun.elapsed() > PATIENCE {
                return Err(DemoError::Story("no mail came".to_owned()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// How many mails there are.
    pub(super) async fn mail_count(&self) -> Result<usize, DemoError> {
        Ok(self.get("/_local/mail").await?["messages"]
            .as_array()
            .map_or(0, Vec::len))
    }

    /// The approval link in a mail, as a path.
    pub(super) fn link(&self, mail: &Value) -> Result<String, DemoError> {
        let text = mail["text"].as_str().unwrap_or_default();
        let found = text
            .split_whitespace()
            .find(|word| word.starts_with(&format!("{}/a/", self.base)));
        found
            .map(|url| url[self.base.len()..].to_owned())
            .ok_or_else(|| DemoError::Story("the mail has no link".to_owned()))
    }
}
