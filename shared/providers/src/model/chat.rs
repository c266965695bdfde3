//! Any server that speaks chat completions: hosted models, vLLM, Ollama, gateways.
//!
//! The address is the operator's configuration and exempt from the egress rule. What can go wrong
//! beside the network: servers differ in what they accept (an option they refuse is taken out and the
//! request repeated once), models run on until their limit (then the answer is not used), and error
//! messages repeat the key they were sent (it is masked).

use std::time::Duration;

use async_trait::async_trait;
use engine::ports::{Answer, Model, ModelError, Task};
use jiff::Timestamp;
use reqwest::{Client, Response};
use ring::rand::{SecureRandom, SystemRandom};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::prompts::{Prompt, prompt};
use crate::Secret;
use crate::http::{ClientError, client, text_of};
use crate::retry_after::retry_after;

/// The largest answer read, in bytes. The longest text asked for is a tenth of it.
const MAX_BYTES: usize = 1024 * 1024;

/// How to reach a model.
#[derive(Debug, Clone)]
pub struct ChatSettings {
    /// The base URL, ending in `/v1` for most servers.
    pub base: Url,
    /// Servers on one's own machine need none.
    pub key: Option<Secret>,
    pub model: String,
}

/// A model behind a chat-completions server.
pub struct ChatModel {
    settings: ChatSettings,
    endpoint: Url,
    client: Client,
    random: SystemRandom,
}

impl ChatModel {
    /// # Errors
    /// When no TLS client can be built.
    pub fn new(settings: ChatSettings) -> Result<Self, ClientError> {
        let endpoint = endpoint(&settings.base, "chat/completions");
        Ok(Self {
            settings,
            endpoint,
            client: client(|builder| builder)?,
            random: SystemRandom::new(),
        })
    }

    async fn ask(&self, prompt: &Prompt) -> Result<Answer, ModelError> {
        let mut options = Options {
            json: prompt.json,
            ..Options::default()
        };
        loop {
            let response = self.send(prompt, options).await?;
            let status = response.status().as_u16();
            if response.status().is_success() {
                return read_answer(&read_body(response).await?, prompt.json);
            }
            let retry_after = retry_after(response.headers(), Timestamp::now());
            let text = self.error_text(response).await;
            if status == 400
                && let Some(fewer) = options.without_what(&text)
            {
                options = fewer;
                continue;
            }
            return Err(refusal(status, retry_after, &text));
        }
    }

    async fn send(&self, prompt: &Prompt, options: Options) -> Result<Response, ModelError> {
        let mut body = json!({
            "model": self.settings.model,
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
        });
        let limit = if options.completion_tokens {
            "max_completion_tokens"
        } else {
            "max_tokens"
        };
        body[limit] = prompt.max_tokens.into();
        if options.json {
            body["response_format"] = json!({ "type": "json_object" });
        }
        let request = || {
            let request = self.client.post(self.endpoint.clone()).json(&body);
            match &self.settings.key {
                Some(key) => request.bearer_auth(key.expose()),
                None => request,
            }
        };
        match request().send().await {
            // A pooled connection that died while the process was frozen: nobody has seen the request.
            Err(error) if error.is_connect() => request().send().await,
            result => result,
        }
        .map_err(|error| {
            if error.is_timeout() {
                ModelError::Timeout
            } else {
                ModelError::Unavailable {
                    reason: text_of(&error),
                }
            }
        })
    }

    /// The server's own words, short and without our key.
    async fn error_text(&self, response: Response) -> String {
        let body = read_body(response).await.unwrap_or_default();
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        let error = value.get("error").unwrap_or(&value);
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        let text = format!(
            "{} {}",
            text("code"),
            error.as_str().unwrap_or_else(|| text("message"))
        );
        let text: String = text
            .trim()
            .chars()
            .filter(|c| !c.is_control())
            .take(300)
            .collect();
        match &self.settings.key {
            Some(key) => key.mask_in(&text),
            None => text,
        }
    }

    /// A number nobody can guess, to mark the material with.
    fn nonce(&self) -> Result<String, ModelError> {
        let mut bytes = [0_u8; 12];
        self.random
            .fill(&mut bytes)
            .map_err(|_| ModelError::Unavailable {
                reason: "the system gives no random numbers".to_owned(),
            })?;
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

#[async_trait]
impl Model for ChatModel {
    async fn perform(&self, task: &Task, limit: Duration) -> Result<Answer, ModelError> {
        let prompt = prompt(task, &self.nonce()?);
        tokio::time::timeout(limit, self.ask(&prompt))
            .await
            .unwrap_or(Err(ModelError::Timeout))
    }

    fn is_model(&self) -> bool {
        true
    }
}

/// `base` with `path` after it.
pub(crate) fn endpoint(base: &Url, path: &str) -> Url {
    let mut endpoint = base.clone();
    endpoint.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    endpoint.set_query(None);
    endpoint.set_fragment(None);
    endpoint
}

/// What servers differ in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Options {
    /// The newer name of the token limit; the older one is understood by more servers.
    completion_tokens: bool,
    json: bool,
}

impl Options {
    /// Options to try after a refusal that names one of ours; `None` when it was about something else
    /// or has been tried.
    fn without_what(self, refusal: &str) -> Option<Self> {
        if refusal.contains("max_tokens") && !self.completion_tokens {
            Some(Self {
                completion_tokens: true,
                ..self
            })
        } else if refusal.contains("response_format") && self.json {
            Some(Self {
                json: false,
                ..self
            })
        } else {
            None
        }
    }
}

/// Decides what a status means. Who paid too little is refused, not asked to wait.
pub(crate) fn refusal(status: u16, retry_after: Option<Duration>, text: &str) -> ModelError {
    match status {
        401 | 403 => ModelError::Refused {
            reason: format!("status {status}: the key is not accepted"),
        },
        429 if text.contains("insufficient_quota") => ModelError::Refused {
            reason: "the provider's quota is used up".to_owned(),
        },
        429 => ModelError::RateLimited { retry_after },
        408 | 504 => ModelError::Timeout,
        400..=499 => ModelError::Refused {
            reason: format!("status {status} {text}").trim().to_owned(),
        },
        _ => ModelError::Unavailable {
            reason: format!("status {status} {text}").trim().to_owned(),
        },
    }
}

pub(crate) async fn read_bounded(
    mut response: Response,
    most: usize,
) -> Result<Vec<u8>, ModelError> {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= most => bytes.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(unreadable(format!("it is larger than {most} bytes"))),
            Ok(None) => return Ok(bytes),
            Err(error) if error.is_timeout() => return Err(ModelError::Timeout),
            Err(error) => {
                return Err(ModelError::Unavailable {
                    reason: text_of(&error),
                });
            }
        }
    }
}

async fn read_body(response: Response) -> Result<Vec<u8>, ModelError> {
    read_bounded(response, MAX_BYTES).await
}

pub(crate) fn unreadable(reason: impl Into<String>) -> ModelError {
    ModelError::Unreadable {
        reason: reason.into(),
    }
}

#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    model: Option<String>,
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<String>,
}

fn read_answer(body: &[u8], json: bool) -> Result<Answer, ModelError> {
    let completion: Completion =
        serde_json::from_slice(body).map_err(|_| unreadable("it is no chat completion"))?;
    let choice = completion
        .choices
        .into_iter()
        .next()
        .ok_or_else(|| unreadable("it holds no choice"))?;
    match choice.finish_reason.as_deref() {
        Some("length") => return Err(unreadable("it was cut off at the token limit")),
        Some("content_filter") => {
            return Err(ModelError::Refused {
                reason: "the provider's filter withheld the answer".to_owned(),
            });
        }
        _ => {}
    }
    let text = choice.message.content.unwrap_or_default();
    let text = if json {
        object_in(&text).ok_or_else(|| unreadable("it is no JSON object"))?
    } else {
        text.trim().to_owned()
    };
    if text.is_empty() {
        return Err(unreadable("it is empty"));
    }
    Ok(Answer {
        text,
        model: completion.model,
    })
}

/// The JSON object in a text: models put it between words or into a code block.
fn object_in(text: &str) -> Option<String> {
    let object = text.get(text.find('{')?..=text.rfind('}')?)?;
    let value: Value = serde_json::from_str(object).ok()?;
    value.is_object().then(|| object.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loopback::{Loopback, reply};

    fn task() -> Task {
        Task::Respond {
            prompt: "What is new?".to_owned(),
            note: None,
            material: vec![],
        }
    }

    fn plan() -> Task {
        Task::Plan {
            intent: "watch a page".to_owned(),
            budget: 30,
            faults: vec![],
        }
    }

    fn model(server: &Loopback) -> ChatModel {
        let key = Some(Secret::new("sk-secret"));
        ChatModel::new(ChatSettings {
            base: server.url("/v1"),
            key,
            model: "small".to_owned(),
        })
        .unwrap()
    }

    fn completion(content: &str, finish: &str) -> Vec<u8> {
        reply(200, &[], json!({"model": "small-2", "choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": finish}]}).to_string())
    }

    async fn ask(answer: Vec<u8>, task: &Task) -> Result<Answer, ModelError> {
        let server = Loopback::start(vec![answer]).await;
        model(&server).perform(task, Duration::from_secs(5)).await
    }

    #[tokio::test]
    async fn asks_in_the_common_form() {
        let server = Loopback::start(vec![completion(" An answer. ", "stop")]).await;
        let answer = model(&server)
            .perform(&task(), Duration::from_secs(5))
            .await
            .unwrap();
        assert_eq!(
            answer,
            Answer {
                text: "An answer.".to_owned(),
                model: Some("small-2".to_owned())
            }
        );
        let request = &server.requests()[0];
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("POST /v1/chat/completions HTTP/1.1")
                && head.contains("authorization: Bearer sk-secret"),
            "{head}"
        );
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            (&body["model"], &body["max_tokens"]),
            (&json!("small"), &json!(2_000))
        );
        assert!(body.get("response_format").is_none() && !body.to_string().contains("sk-secret"));
    }

    #[tokio::test]
    async fn plans_are_json_objects_however_wrapped() {
        let wrapped = completion("Here it is:\n```json\n{\"steps\": []}\n```", "stop");
        assert_eq!(ask(wrapped, &plan()).await.unwrap().text, "{\"steps\": []}");
        for content in ["no plan today", "[1]", "{\"steps\": [}", ""] {
            let answer = ask(completion(content, "stop"), &plan()).await;
            assert!(
                matches!(answer, Err(ModelError::Unreadable { .. })),
                "{content}: {answer:?}"
            );
        }
    }

    #[tokio::test]
    async fn an_option_that_is_refused_is_left_out() {
        let refused = |what: &str| {
            reply(
                400,
                &[],
                json!({"error": {"message": format!("Unsupported parameter: '{what}'")}})
                    .to_string(),
            )
        };
        let server = Loopback::start(vec![
            refused("max_tokens"),
            refused("response_format"),
            completion("{}", "stop"),
        ])
        .await;
        model(&server)
            .perform(&plan(), Duration::from_secs(5))
            .await
            .unwrap();
        let requests = server.requests();
        assert!(requests[0].contains("\"max_tokens\"") && requests[0].contains("response_format"));
        assert!(
            requests[2].contains("max_completion_tokens")
                && !requests[2].contains("response_format")
        );
        // Refused for good: no endless loop.
        let stubborn = Loopback::start(vec![refused("max_tokens")]).await;
        let answer = model(&stubborn)
            .perform(&plan(), Duration::from_secs(5))
            .await;
        assert!(
            matches!(answer, Err(ModelError::Refused { .. })),
            "{answer:?}"
        );
        assert_eq!(stubborn.requests().len(), 2);
    }

    #[tokio::test]
    async fn failures_are_told_apart_and_hold_no_key() {
        let error = |status, message: &str| {
            reply(
                status,
                &[("retry-after", "3")],
                json!({"error": {"message": message, "code": "c"}}).to_string(),
            )
        };
        assert_eq!(
            ask(error(429, "slow down"), &task()).await,
            Err(ModelError::RateLimited {
                retry_after: Some(Duration::from_secs(3))
            })
        );
        assert!(matches!(
            ask(error(500, "oops"), &task()).await,
            Err(ModelError::Unavailable { .. })
        ));
        let quota = reply(
            429,
            &[],
            json!({"error": {"code": "insufficient_quota"}}).to_string(),
        );
        assert!(matches!(
            ask(quota, &task()).await,
            Err(ModelError::Refused { .. })
        ));
        for status in [400, 401, 404, 422] {
            let answer = ask(error(status, "Incorrect key: sk-secret"), &task()).await;
            assert!(
                matches!(answer, Err(ModelError::Refused { .. })),
                "{answer:?}"
            );
            assert!(!format!("{answer:?}").contains("sk-secret"), "{answer:?}");
        }
        assert!(matches!(
            ask(completion("Once upon", "length"), &task()).await,
            Err(ModelError::Unreadable { .. })
        ));
        assert!(matches!(
            ask(reply(200, &[], "<html>"), &task()).await,
            Err(ModelError::Unreadable { .. })
        ));
        assert!(matches!(
            ask(reply(200, &[], r#"{"choices": []}"#), &task()).await,
            Err(ModelError::Unreadable { .. })
        ));
        assert!(matches!(
            ask(reply(200, &[], vec![b' '; MAX_BYTES + 1]), &task()).await,
            Err(ModelError::Unreadable { .. })
        ));
        let hanging = Loopback::hanging().await;
        assert_eq!(
            model(&hanging)
                .perform(&task(), Duration::from_millis(50))
                .await,
            Err(ModelError::Timeout)
        );
    }
}
