//! The outside as a test lays it out: it answers what was prepared and remembers what it was asked.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::results::Found;
use engine::ports::model::{Answer, ModelError, Task};
use engine::ports::*;

/// Answers prepared by a test; what is not prepared is an ordinary small answer.
#[derive(Default)]
pub(crate) struct Outside {
    pub(crate) searches: Mutex<VecDeque<Result<Vec<Found>, SearchError>>>,
    pub(crate) pages: Mutex<HashMap<String, Result<Page, FetchError>>>,
    /// How long each page takes.
    pub(crate) page_time: Mutex<Duration>,
    /// How long some pages take; one that takes longer than it may is not read.
    pub(crate) slow_pages: Mutex<HashMap<String, Duration>>,
    pub(crate) fetched: Mutex<Vec<String>>,
    pub(crate) requests: Mutex<Vec<PageRequest>>,
    pub(crate) texts: Mutex<VecDeque<Result<String, ModelError>>>,
    pub(crate) tasks: Mutex<Vec<Task>>,
    pub(crate) posts: Mutex<Vec<Post>>,
    pub(crate) post_answers: Mutex<VecDeque<Result<u16, PostError>>>,
    panics: AtomicBool,
}

impl Outside {
    /// Makes the next post panic.
    pub(crate) fn panics(&self) {
        self.panics.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl Search for Outside {
    async fn search(
        &self,
        request: &SearchRequest,
        _: Duration,
    ) -> Result<Vec<Found>, SearchError> {
        self.searches
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or_else(|| {
                let url = format!("https://found.example/{}", request.query.replace(' ', "-"));
                Ok(vec![Found {
                    url,
                    title: request.query.clone(),
                    ..Found::default()
                }])
            })
    }
}

#[async_trait]
impl Crawler for Outside {
    async fn fetch(&self, request: &PageRequest) -> Result<Fetched, FetchError> {
        let wait = *self.page_time.lock().unwrap();
        tokio::time::sleep(wait).await;
        let url = request.url.to_string();
        let slow = self.slow_pages.lock().unwrap().get(&url).copied();
        let read =
            tokio::time::timeout(request.limit, tokio::time::sleep(slow.unwrap_or_default()));
        if read.await.is_err() {
            return Err(FetchError::Timeout);
        }
        self.fetched.lock().unwrap().push(url.clone());
        self.requests.lock().unwrap().push(request.clone());
        let prepared = self.pages.lock().unwrap().get(&url).cloned();
        let page = prepared.unwrap_or_else(|| {
            Ok(Page {
                url: url.clone(),
                final_url: url.clone(),
                status: 200,
                title: url.clone(),
                text: format!("text of {url}"),
                ..Page::default()
            })
        })?;
        // As a site does: what the request already knows is not sent again.
        if page.validators.is_some() && page.validators == request.validators {
            return Ok(Fetched::Unchanged);
        }
        Ok(Fetched::Page(Box::new(page)))
    }
}

#[async_trait]
impl Model for Outside {
    async fn perform(&self, task: &Task, _: Duration) -> Result<Answer, ModelError> {
        self.tasks.lock().unwrap().push(task.clone());
        let text = self
            .texts
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or_else(|| Ok("written".to_owned()))?;
        Ok(Answer { text, model: None })
    }
    fn is_model(&self) -> bool {
        true
    }
}

#[async_trait]
impl Images for Outside {
    async fn draw(&self, request: &ImageRequest, _: Duration) -> Result<Image, ModelError> {
        Ok(Image {
            bytes: request.prompt.clone().into_bytes(),
            content_type: "image/png".into(),
            width: 16,
            height: 9,
            alt: "a picture".into(),
        })
    }
}

#[async_trait]
impl Webhooks for Outside {
    async fn post(&self, post: &Post) -> Result<u16, PostError> {
        assert!(
            !self.panics.swap(false, Ordering::Relaxed),
            "as a test has it"
        );
        self.posts.lock().unwrap().push(post.clone());
        self.post_answers
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or(Ok(204))
    }
}
