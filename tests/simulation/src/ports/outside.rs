//! Search, pages, model, pictures, posts and mail: what arrives is remembered, whoever learns of it.

use std::time::Duration;

use async_trait::async_trait;
use domain::allowance::Day;
use domain::results::Found;
use engine::memory::at_once;
use engine::ports::model::{Answer, ModelError, Task};
use engine::ports::{
    Crawler, FetchError, Fetched, Image, ImageRequest, Images, Mail, MailError, Mailer, Model,
    PageRequest, Post, PostError, Search, SearchError, SearchRequest, StoreError, Visitor, Visits,
    Webhooks,
};
use serde_json::Value;
use tokio::time::sleep;

use super::Harbour;
use crate::bug::Bug;
use crate::fault::Operation;
use crate::ground::Refusal;
use crate::outside::{LEFT_ALONE_SECONDS, READER, RECIPIENTS_A_DAY};

const LATER: Duration = Duration::from_secs(60);

#[async_trait]
impl Search for Harbour {
    async fn search(
        &self,
        request: &SearchRequest,
        _: Duration,
    ) -> Result<Vec<Found>, SearchError> {
        let ground = &self.ground;
        let answer = ground
            .pass(
                Operation::Search,
                || {
                    let now_ms = ground.now_ms();
                    let mut state = ground.state();
                    let state = &mut *state;
                    state.outside.searches += 1;
                    if state.outside.patient && now_ms < state.outside.left_alone_until {
                        state.oracle.broken(
                            "a search provider that asked to be left alone was not".to_owned(),
                        );
                    }
                    if state.outside.busy > 0 {
                        state.outside.busy -= 1;
                        state.outside.left_alone_until = now_ms + LEFT_ALONE_SECONDS * 1000;
                        return Err(SearchError::RateLimited {
                            retry_after: Some(Duration::from_secs(LEFT_ALONE_SECONDS)),
                        });
                    }
                    Ok(state.outside.found(&request.query))
                },
                |refusal| match refusal {
                    Refusal::Throttled => SearchError::RateLimited {
                        retry_after: Some(LATER),
                    },
                    Refusal::Refused | Refusal::Unknown => SearchError::Unavailable {
                        reason: format!("{refusal:?}"),
                    },
                },
            )
            .await;
        if answer.is_err() && ground.has(Bug::EmptySearch) {
            return Ok(Vec::new());
        }
        answer
    }
}

#[async_trait]
impl Crawler for Harbour {
    async fn fetch(&self, request: &PageRequest) -> Result<Fetched, FetchError> {
        let ground = &self.ground;
        let page_ms = ground.state().outside.page_ms;
        if page_ms > 0 {
            sleep(Duration::from_millis(page_ms)).await;
        }
        ground
            .pass(
                Operation::Fetch,
                || {
                    let mut state = ground.state();
                    state.outside.pages += 1;
                    let page = state.outside.page(request.url.as_str());
                    Ok(Fetched::Page(Box::new(page)))
                },
                |refusal| match refusal {
                    Refusal::Throttled => FetchError::RateLimited {
                        retry_after: Some(LATER),
                    },
                    Refusal::Refused | Refusal::Unknown => FetchError::Unreachable {
                        reason: format!("{refusal:?}"),
                    },
                },
            )
            .await
    }
}

fn of_model(refusal: Refusal) -> ModelError {
    match refusal {
        Refusal::Throttled => ModelError::RateLimited {
            retry_after: Some(LATER),
        },
        Refusal::Refused | Refusal::Unknown => ModelError::Unavailable {
            reason: format!("{refusal:?}"),
        },
    }
}

#[async_trait]
impl Model for Harbour {
    async fn perform(&self, task: &Task, _: Duration) -> Result<Answer, ModelError> {
        let ground = &self.ground;
        let note = match task {
            Task::Respond { note, .. } | Task::Report { note, .. } | Task::Outline { note, .. } => {
                note.clone()
            }
            Task::Plan { .. }
            | Task::Assess { .. }
            | Task::Summarise { .. }
            | Task::Post { .. } => None,
        };
        ground
            .pass(
                Operation::Think,
                || {
                    let mut state = ground.state();
                    state.outside.tasks += 1;
                    // A model never says the same twice: what is approved must be what is sent, not what would be
                    // written again.
                    let n = state.outside.tasks;
                    let note = note.as_deref().unwrap_or("none");
                    let text = format!("## Written\n\n- version {n}, note: {note}\n");
                    Ok(Answer { text, model: None })
                },
                of_model,
            )
            .await
    }

    fn is_model(&self) -> bool {
        true
    }
}

#[async_trait]
impl Images for Harbour {
    async fn draw(&self, request: &ImageRequest, _: Duration) -> Result<Image, ModelError> {
        self.ground
            .pass(
                Operation::Draw,
                || {
                    Ok(Image {
                        bytes: request.prompt.clone().into_bytes(),
                        content_type: "image/png".to_owned(),
                        width: 16,
                        height: 9,
                        alt: "a picture".to_owned(),
                    })
                },
                of_model,
            )
            .await
    }
}

#[async_trait]
impl Webhooks for Harbour {
    async fn post(&self, post: &Post) -> Result<u16, PostError> {
        let ground = &self.ground;
        ground
            .pass(
                Operation::Post,
                || {
                    let mut post = post.clone();
                    if ground.has(Bug::KeyOfAttempt) {
                        let n = ground.state().outside.posts.len();
                        for (_, value) in post
                            .headers
                            .iter_mut()
                            .filter(|(name, _)| *name == "idempotency-key")
                        {
                            value.push_str(&n.to_string());
                        }
                    }
                    let mut state = ground.state();
                    let state = &mut *state;
                    state.oracle.posted(&ground.store, &post);
                    state.outside.posts.push(post);
                    Ok(204)
                },
                |refusal| match refusal {
                    Refusal::Unknown => PostError::Timeout,
                    Refusal::Refused => PostError::HttpStatus {
                        status: 503,
                        retry_after: None,
                    },
                    Refusal::Throttled => PostError::HttpStatus {
                        status: 429,
                        retry_after: Some(LATER),
                    },
                },
            )
            .await
    }
}

#[async_trait]
impl Mailer for Harbour {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        let ground = &self.ground;
        let sent = ground
            .pass(
                Operation::Mail,
                || {
                    let today = Day::of(ground.now());
                    let mut state = ground.state();
                    let state = &mut *state;
                    if mail.to.iter().any(|to| to == READER) {
                        state.outside.published.push(mail.clone());
                        let recipients = state.outside.recipients.entry(today).or_default();
                        *recipients += u32::try_from(mail.to.len()).unwrap_or(u32::MAX);
                        if *recipients > RECIPIENTS_A_DAY {
                            let what = format!("{recipients} recipients were written to in a day");
                            state.oracle.broken(what);
                        }
                        state.oracle.mailed(&ground.store, mail);
                    } else {
                        state.outside.notices.push(mail.clone());
                    }
                    Ok("mail-id".to_owned())
                },
                |refusal| match refusal {
                    Refusal::Refused | Refusal::Throttled => {
                        MailError::Unavailable(format!("{refusal:?}"))
                    }
                    Refusal::Unknown => MailError::Unknown("cut off".to_owned()),
                },
            )
            .await;
        match sent {
            Err(MailError::Unknown(reason)) if ground.has(Bug::MailGuessed) => {
                Err(MailError::Unavailable(reason))
            }
            sent => sent,
        }
    }
}

#[async_trait]
impl Visits for Harbour {
    async fn visit(&self, visitor: Visitor<'_>) -> Result<Option<Value>, StoreError> {
        let ground = &self.ground;
        ground
            .pass(
                Operation::Read("visit"),
                || at_once(ground.store.visit(visitor)),
                |refusal| StoreError::Unavailable(format!("{refusal:?}")),
            )
            .await
    }

    async fn remember(&self, visitor: Visitor<'_>, visit: &Value) -> Result<(), StoreError> {
        let ground = &self.ground;
        ground
            .pass(
                Operation::Keep,
                || at_once(ground.store.remember(visitor, visit)),
                |refusal| StoreError::Unavailable(format!("{refusal:?}")),
            )
            .await
    }
}
