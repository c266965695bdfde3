//! Where a workflow's notices go: the entries of its `deliver[]`.
//!
//! A destination lives in its workflow's row. Its secret is sealed there, and shown in the one answer that made it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event_type::EventType;
use crate::ids::DestinationId;
use crate::sealing::SealedSecret;

/// The most destinations of a workflow. The notices of a run's end are written in the commit that ends it, and a
/// transaction has at most 100 items (DynamoDB, `TransactWriteItems`): at most four notices to each, of two items.
pub const MOST_DESTINATIONS: usize = 8;

/// How a destination is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Address {
    Webhook {
        url: String,
        /// Empty: all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        events: Vec<EventType>,
        secret: SealedSecret,
    },
    /// A mail to each of them.
    Email { to: Vec<String> },
}

/// One entry of a workflow's `deliver[]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    pub id: DestinationId,
    #[serde(flatten)]
    pub address: Address,
    /// Since when nothing is sent to it, because it said that it is gone (410).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
}

impl Destination {
    /// Whether it is told of `event`; `mailed`: whether people are told of it by mail.
    #[must_use]
    pub fn wants(&self, event: EventType, mailed: bool) -> bool {
        if self.disabled_at.is_some() {
            return false;
        }
        match &self.address {
            Address::Webhook { events, .. } => events.is_empty() || events.contains(&event),
            Address::Email { .. } => mailed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_hears_what_it_asked_for_and_a_mailbox_what_people_read() {
        let hook = |events: &[EventType]| Destination {
            id: DestinationId::from_uuid(uuid::Uuid::nil()),
            address: Address::Webhook {
                url: "https://hooks.example.com/".into(),
                events: events.to_vec(),
                secret: String::new().into(),
            },
            disabled_at: None,
        };
        let (signal, failed) = (EventType::WorkflowSignal, EventType::ExecutionFailed);
        assert!(hook(&[]).wants(signal, true) && hook(&[]).wants(failed, false));
        assert!(hook(&[failed]).wants(failed, true) && !hook(&[failed]).wants(signal, true));
        let mailbox = Destination {
            address: Address::Email {
                to: vec!["a@x.test".into()],
            },
            ..hook(&[])
        };
        assert!(mailbox.wants(signal, true) && !mailbox.wants(signal, false));
        let gone = Destination {
            disabled_at: Some(Timestamp::UNIX_EPOCH),
            ..hook(&[])
        };
        assert!(!gone.wants(signal, true));
    }
}
