//! A mail service that keeps what it is given.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;

use super::lock;
use crate::ports::{Mail, MailError, Mailer};

/// What becomes of one mail.
#[derive(Debug)]
enum Fate {
    Answered(Result<String, MailError>),
    /// No answer, ever.
    Hangs,
}

#[derive(Debug, Default)]
struct State {
    asked: Vec<Mail>,
    fates: VecDeque<Fate>,
}

/// A mailer that answers `mail-1`, `mail-2`, … unless a test prepared something else.
#[derive(Debug, Default)]
pub struct MemoryMailer {
    state: Mutex<State>,
}

impl MemoryMailer {
    /// Every mail it was asked to send, those that failed included.
    #[must_use]
    pub fn asked(&self) -> Vec<Mail> {
        lock(&self.state).asked.clone()
    }

    /// Prepares the answer of the next mail that has none.
    pub fn answer(&self, answer: Result<String, MailError>) {
        lock(&self.state).fates.push_back(Fate::Answered(answer));
    }

    /// Leaves the next mail that has no answer without one for ever.
    pub fn hang(&self) {
        lock(&self.state).fates.push_back(Fate::Hangs);
    }
}

#[async_trait]
impl Mailer for MemoryMailer {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        let fate = {
            let mut state = lock(&self.state);
            state.asked.push(mail.clone());
            let id = format!("mail-{}", state.asked.len());
            state.fates.pop_front().unwrap_or(Fate::Answered(Ok(id)))
        };
        match fate {
            Fate::Answered(answer) => answer,
            Fate::Hangs => std::future::pending().await,
        }
    }
}
