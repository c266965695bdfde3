//! What becomes of mails that come back, as the template says it: a configuration set publishes to the default
//! event bus, a rule matches its events, a queue that lets the rule in gets them.
//!
//! A chain of four resources, and in AWS each missing link loses every event without a word. So the chain is
//! read whole and a broken one stops the host.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_yaml_ng::Value;

use super::intrinsics::{arn_of, referent};
use super::physical_name;
use super::properties::Ignored;

/// Events of one configuration set that reach one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRule {
    /// Physical name of the configuration set.
    pub configuration_set: String,
    /// EventBridge's names of the events: `Email Bounced` and the like.
    pub detail_types: Vec<String>,
    /// Logical id of the queue.
    pub queue: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Destination {
    configuration_set_name: Value,
    event_destination: EventDestination,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct EventDestination {
    #[serde(default)]
    enabled: bool,
    matching_event_types: Vec<String>,
    #[serde(rename = "EventBridgeDestination")]
    _bus: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Rule {
    #[serde(rename = "Description")]
    _description: Ignored,
    event_pattern: Pattern,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Pattern {
    source: Vec<String>,
    detail_type: Vec<String>,
    detail: DetailPattern,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DetailPattern {
    mail: MailPattern,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MailPattern {
    tags: TagPattern,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TagPattern {
    #[serde(rename = "ses:configuration-set")]
    configuration_set: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Target {
    #[serde(rename = "Id")]
    _id: Ignored,
    arn: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct QueuePolicy {
    queues: Vec<Value>,
    #[serde(rename = "PolicyDocument")]
    _document: Ignored,
}

/// The links of the chain, as they are met.
#[derive(Debug, Default)]
pub(super) struct Chain {
    sets: BTreeSet<String>,
    destinations: Vec<(String, Vec<String>)>,
    rules: BTreeMap<String, Rule>,
    open_queues: BTreeSet<String>,
}

impl Chain {
    pub(super) fn add_set(&mut self, logical_id: &str) {
        self.sets.insert(logical_id.to_owned());
    }

    pub(super) fn add_destination(&mut self, destination: Destination) -> Result<(), String> {
        if !destination.event_destination.enabled {
            return Err("a destination that is not enabled gets nothing".to_owned());
        }
        let set = referent(&destination.configuration_set_name)?;
        let kinds = destination.event_destination.matching_event_types;
        self.destinations.push((set, kinds));
        Ok(())
    }

    pub(super) fn add_rule(&mut self, logical_id: &str, rule: Rule) {
        self.rules.insert(logical_id.to_owned(), rule);
    }

    pub(super) fn add_policy(&mut self, policy: &QueuePolicy) -> Result<(), String> {
        for queue in &policy.queues {
            self.open_queues.insert(referent(queue)?);
        }
        Ok(())
    }

    /// The rules, each of whose events really arrives.
    ///
    /// # Errors
    /// The logical id of a rule and what its chain lacks.
    pub(super) fn close(self) -> Result<Vec<MailRule>, (String, String)> {
        let mut closed = Vec::new();
        for (logical_id, rule) in &self.rules {
            let rules = self
                .follow(rule)
                .map_err(|detail| (logical_id.clone(), detail))?;
            closed.extend(rules);
        }
        Ok(closed)
    }

    fn follow(&self, rule: &Rule) -> Result<Vec<MailRule>, String> {
        let pattern = &rule.event_pattern;
        if pattern.source != ["aws.ses"] {
            return Err("the local host knows events of aws.ses only".to_owned());
        }
        let mut rules = Vec::new();
        for set in &pattern.detail.mail.tags.configuration_set {
            let set = referent(set)?;
            if !self.sets.contains(&set) {
                return Err(format!("{set} is no configuration set"));
            }
            for detail_type in &pattern.detail_type {
                let kind = kind(detail_type)
                    .ok_or_else(|| format!("`{detail_type}` is no event of SES this host knows"))?;
                let published = self
                    .destinations
                    .iter()
                    .any(|(from, kinds)| *from == set && kinds.iter().any(|it| it == kind));
                if !published {
                    return Err(format!("{set} does not publish `{kind}`"));
                }
            }
            for target in &rule.targets {
                let queue = arn_of(&target.arn)?;
                if !self.open_queues.contains(&queue) {
                    return Err(format!("no queue policy lets events into {queue}"));
                }
                rules.push(MailRule {
                    configuration_set: physical_name(&set),
                    detail_types: pattern.detail_type.clone(),
                    queue,
                });
            }
        }
        Ok(rules)
    }
}

/// What a configuration set calls the event that EventBridge calls `detail_type`.
fn kind(detail_type: &str) -> Option<&'static str> {
    match detail_type {
        "Email Bounced" => Some("bounce"),
        "Email Complaint Received" => Some("complaint"),
        "Email Rejected" => Some("reject"),
        _ => None,
    }
}
