//! The offline twin: plans by reading the words of a goal, writes by quoting its material.
//!
//! It is no model and does not pretend to be one. It invents nothing: every sentence it writes about
//! the world stands in its material, and where there is none it says so. What it is for: the product
//! works without a key, tests have the same answer every time, and planning has somebody to fall
//! back on when a model fails.

mod cadence;
mod document;
mod draft;
mod goal;
mod lexicon;
mod outline;
mod planner;
mod post;
mod report;
mod respond;
mod sources;
mod summary;
mod text;
mod topics;
mod wishes;

use std::time::Duration;

use async_trait::async_trait;
use engine::ports::{Answer, Model, ModelError, Task};

use wishes::Wishes;

/// Does every task by rule.
#[derive(Debug, Clone, Copy, Default)]
pub struct OfflineModel;

#[async_trait]
impl Model for OfflineModel {
    async fn perform(&self, task: &Task, _limit: Duration) -> Result<Answer, ModelError> {
        let text = match task {
            Task::Assess { .. } => {
                let reason = "goals are assessed by rule where they come in".to_owned();
                return Err(ModelError::Refused { reason });
            }
            // Faults are a model's: the same words give the same plan.
            Task::Plan {
                intent,
                budget,
                faults: _,
            } => planner::plan(intent, *budget).to_string(),
            Task::Outline {
                topic,
                sections,
                note,
                material,
            } => outline::write(topic.as_deref(), *sections, Wishes::of(note), material),
            Task::Report {
                title,
                length_words,
                format,
                note,
                material,
            } => report::write(
                title.as_deref(),
                *length_words,
                *format,
                Wishes::of(note),
                material,
            ),
            Task::Respond {
                prompt,
                note,
                material,
            } => respond::write(prompt, Wishes::of(note), material),
            Task::Summarise { format, material } => summary::write(*format, material),
            Task::Post {
                channel,
                max_words,
                note,
                material,
            } => post::write(*channel, *max_words, Wishes::of(note), material),
        };
        Ok(Answer { text, model: None })
    }

    fn is_model(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
