//! Receivers of posts that keep what they are given.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;

use super::lock;
use crate::ports::{Post, PostError, Webhooks};

#[derive(Debug, Default)]
struct State {
    posts: Vec<Post>,
    answers: VecDeque<Result<u16, PostError>>,
}

/// A receiver that answers 204 unless a test prepared something else.
#[derive(Debug, Default)]
pub struct MemoryWebhooks {
    state: Mutex<State>,
}

impl MemoryWebhooks {
    /// Every post that was made, those that failed included.
    #[must_use]
    pub fn posts(&self) -> Vec<Post> {
        lock(&self.state).posts.clone()
    }

    /// Prepares the answer of the next post that has none.
    pub fn answer(&self, answer: Result<u16, PostError>) {
        lock(&self.state).answers.push_back(answer);
    }
}

#[async_trait]
impl Webhooks for MemoryWebhooks {
    async fn post(&self, post: &Post) -> Result<u16, PostError> {
        let mut state = lock(&self.state);
        state.posts.push(post.clone());
        state.answers.pop_front().unwrap_or(Ok(204))
    }
}
