//! Addresses at which mail fails, as SES's own mailbox simulator has them, and the events SES makes of it.
//!
//! `bounce`, `suppressionlist`, `complaint` and `success` at `simulator.amazonses.com`, each also with a
//! `+label`. Source: the SES developer guide, "Using the mailbox simulator manually"; the shape of the events
//! is that of "Contents of event data that Amazon SES publishes to EventBridge".

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Mail;
use crate::topology::{ACCOUNT, REGION};

const DOMAIN: &str = "simulator.amazonses.com";

/// What becomes of a mail to one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Bounces,
    Suppressed,
    Complains,
}

impl Fate {
    /// The fate of a mail to `address`; `None` when it arrives.
    pub(super) fn of(address: &str) -> Option<Self> {
        let (local, domain) = address.rsplit_once('@')?;
        if !domain.eq_ignore_ascii_case(DOMAIN) {
            return None;
        }
        match local.split_once('+').map_or(local, |(local, _)| local) {
            "bounce" => Some(Self::Bounces),
            "suppressionlist" => Some(Self::Suppressed),
            "complaint" => Some(Self::Complains),
            _ => None,
        }
    }

    /// EventBridge's name of the event.
    pub(super) fn detail_type(self) -> &'static str {
        match self {
            Self::Bounces | Self::Suppressed => "Email Bounced",
            Self::Complains => "Email Complaint Received",
        }
    }

    /// The event about `mail` and one of its recipients.
    pub(super) fn event(
        self,
        mail: &Mail,
        address: &str,
        configuration_set: &str,
        tags: &[(String, String)],
    ) -> Value {
        let mut all: Map<String, Value> = tags
            .iter()
            .map(|(name, value)| (name.clone(), json!([value])))
            .collect();
        all.insert("ses:operation".to_owned(), json!(["SendEmail"]));
        all.insert(
            "ses:configuration-set".to_owned(),
            json!([configuration_set]),
        );
        let mut detail = json!({
            "mail": {
                "timestamp": mail.sent_at, "source": mail.from, "sendingAccountId": ACCOUNT, "messageId": mail.id,
                "destination": mail.to, "headersTruncated": false, "headers": [], "commonHeaders": {}, "tags": all,
            },
        });
        let bounce = |subtype: &str, code: &str| {
            json!({
                "feedbackId": Uuid::now_v7(), "bounceType": "Permanent", "bounceSubType": subtype, "timestamp": mail.sent_at,
                "bouncedRecipients": [{"emailAddress": address, "action": "failed", "status": "5.1.1", "diagnosticCode": code}],
            })
        };
        match self {
            Self::Bounces => {
                detail["eventType"] = json!("Bounce");
                detail["bounce"] = bounce("General", "smtp; 550 5.1.1 user unknown");
            }
            Self::Suppressed => {
                detail["eventType"] = json!("Bounce");
                detail["bounce"] = bounce(
                    "Suppressed",
                    "Amazon SES has suppressed sending to this address",
                );
            }
            Self::Complains => {
                detail["eventType"] = json!("Complaint");
                detail["complaint"] = json!({
                    "feedbackId": Uuid::now_v7(), "timestamp": mail.sent_at, "complaintFeedbackType": "abuse",
                    "complainedRecipients": [{"emailAddress": address}],
                });
            }
        }
        json!({
            "version": "0", "id": Uuid::now_v7(), "detail-type": self.detail_type(), "source": "aws.ses",
            "account": ACCOUNT, "time": mail.sent_at, "region": REGION,
            "resources": [format!("arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/{configuration_set}")],
            "detail": detail,
        })
    }
}
