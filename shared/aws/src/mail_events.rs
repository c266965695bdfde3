//! What SES says about mails that came back.
//!
//! The configuration set publishes bounces, complaints and rejections to EventBridge, whose rule puts them into the
//! queue of notices as they are; both hops are best effort and may repeat. The event carries the tags the
//! mail was sent with, so nothing has to be remembered to know what it was about. Its reasons are a
//! stranger's text: shortened, on one line, shown and never followed.
//!
//! Shapes: the SES developer guide, "Contents of event data that Amazon SES publishes to EventBridge".

use domain::ids::{ApprovalId, DeliveryId, ExecutionId, OwnerId};
use domain::text;
use engine::ports::{About, Message};
use serde::Deserialize;
use serde_json::Value;

/// The longest reason kept, in characters.
const MOST_REASON_CHARS: usize = 200;

/// The tags of a mail, by name. SES allows letters, digits, `_` and `-`, which our ids and the ids of steps are made of.
pub(crate) fn tags(about: &About) -> Vec<(&'static str, String)> {
    match about {
        About::Approval { owner, approval } => {
            vec![(OWNER, owner.to_string()), (APPROVAL, approval.to_string())]
        }
        About::Delivery { owner, delivery } => {
            vec![(OWNER, owner.to_string()), (DELIVERY, delivery.to_string())]
        }
        About::Step {
            owner,
            execution,
            step,
        } => vec![
            (OWNER, owner.to_string()),
            (EXECUTION, execution.to_string()),
            (STEP, step.clone()),
        ],
    }
}

const OWNER: &str = "owner";
const APPROVAL: &str = "approval";
const DELIVERY: &str = "delivery";
const EXECUTION: &str = "execution";
const STEP: &str = "step";

#[derive(Deserialize)]
struct Event {
    source: String,
    detail: Detail,
}

#[derive(Deserialize)]
struct Detail {
    mail: SentMail,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
    reject: Option<Reject>,
}

#[derive(Deserialize)]
struct SentMail {
    #[serde(default)]
    destination: Vec<String>,
    #[serde(default)]
    tags: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    #[serde(default)]
    bounced_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    #[serde(default)]
    complained_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
struct Reject {
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
    diagnostic_code: Option<String>,
}

/// What an event of SES is about; `None` when `body` is no such event, or is about a mail of which nobody
/// need know more.
pub(crate) fn read(body: &str) -> Option<Vec<Message>> {
    let event: Event = serde_json::from_str(body).ok()?;
    if event.source != "aws.ses" {
        return None;
    }
    let Some(about) = about(&event.detail.mail.tags) else {
        return Some(Vec::new());
    };
    let returned = |address: String, reason: &str| Message::MailReturned {
        about: about.clone(),
        address: short(&address),
        reason: short(reason),
    };
    let Detail {
        mail,
        bounce,
        complaint,
        reject,
    } = event.detail;
    let mut messages = Vec::new();
    if let Some(bounce) = bounce {
        for recipient in bounce.bounced_recipients {
            let reason = match &recipient.diagnostic_code {
                Some(code) => format!("{} bounce: {code}", bounce.bounce_type.to_lowercase()),
                None => format!("{} bounce", bounce.bounce_type.to_lowercase()),
            };
            messages.push(returned(recipient.email_address, &reason));
        }
    }
    for recipient in complaint
        .into_iter()
        .flat_map(|it| it.complained_recipients)
    {
        messages.push(returned(
            recipient.email_address,
            "marked as unwanted by its reader",
        ));
    }
    if let Some(Reject { reason }) = reject {
        for address in mail.destination {
            messages.push(returned(address, &format!("rejected: {reason}")));
        }
    }
    Some(messages)
}

fn about(tags: &serde_json::Map<String, Value>) -> Option<About> {
    // Every tag is a list, because a header may repeat one; ours do not.
    let tag = |name: &str| tags.get(name)?.get(0)?.as_str();
    let owner = OwnerId::parse(tag(OWNER)?).ok()?;
    if let Some(approval) = tag(APPROVAL) {
        return Some(About::Approval {
            owner,
            approval: ApprovalId::parse(approval).ok()?,
        });
    }
    if let Some(execution) = tag(EXECUTION) {
        return Some(About::Step {
            owner,
            execution: ExecutionId::parse(execution).ok()?,
            step: tag(STEP)?.to_owned(),
        });
    }
    Some(About::Delivery {
        owner,
        delivery: DeliveryId::parse(tag(DELIVERY)?).ok()?,
    })
}

fn short(text: &str) -> String {
    text::one_line(text)
        .chars()
        .take(MOST_REASON_CHARS)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn approval() -> About {
        About::Approval {
            owner: OwnerId::from_uuid(Uuid::from_u128(1)),
            approval: ApprovalId::from_uuid(Uuid::from_u128(2)),
        }
    }

    fn event(detail_type: &str, about: &About, key: &str, what: &Value) -> String {
        let tags: serde_json::Map<String, Value> = tags(about)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), json!([value])))
            .chain([("ses:configuration-set".to_owned(), json!(["mails"]))])
            .collect();
        json!({
            "version": "0", "id": "1", "detail-type": detail_type, "source": "aws.ses", "account": "1", "region": "eu-west-1",
            "detail": {"eventType": key, "mail": {"messageId": "m", "destination": ["a@x.test"], "tags": tags}, key: what},
        })
        .to_string()
    }

    #[test]
    fn a_bounce_names_its_approval_its_address_and_its_reason() {
        let bounce = json!({"bounceType": "Permanent", "bouncedRecipients": [
            {"emailAddress": "a@x.test", "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1\r\nunknown user"}]});
        let messages = read(&event("Email Bounced", &approval(), "bounce", &bounce)).unwrap();
        assert_eq!(
            messages,
            [Message::MailReturned {
                about: approval(),
                address: "a@x.test".into(),
                reason: "permanent bounce: smtp; 550 5.1.1 unknown user".into(),
            }]
        );
    }

    #[test]
    fn every_mail_says_what_it_is_about() {
        let owner = OwnerId::from_uuid(Uuid::from_u128(1));
        let all = [
            approval(),
            About::Delivery {
                owner: owner.clone(),
                delivery: DeliveryId::from_uuid(Uuid::from_u128(2)),
            },
            About::Step {
                owner,
                execution: ExecutionId::from_uuid(Uuid::from_u128(3)),
                step: "mail_2".into(),
            },
        ];
        let complaint = json!({"complainedRecipients": [{"emailAddress": "a@x.test"}]});
        for sent in all {
            let messages = read(&event("Email …", &sent, "complaint", &complaint)).unwrap();
            assert!(
                matches!(messages.as_slice(), [Message::MailReturned { about, .. }] if *about == sent),
                "{messages:?}"
            );
        }
    }

    #[test]
    fn complaints_and_rejections_count_and_strangers_do_not() {
        let complaint = json!({"complainedRecipients": [{"emailAddress": "a@x.test"}]});
        let reject = json!({"reason": "Bad content"});
        for (key, what) in [("complaint", complaint), ("reject", reject)] {
            let messages = read(&event("Email …", &approval(), key, &what)).unwrap();
            assert!(
                matches!(messages.as_slice(), [Message::MailReturned { address, .. }] if address == "a@x.test"),
                "{key}: {messages:?}"
            );
        }
        let untagged = json!({"source": "aws.ses", "detail": {"mail": {}, "bounce": {"bounceType": "Permanent"}}});
        assert_eq!(read(&untagged.to_string()), Some(Vec::new()));
        for stranger in [
            "",
            "{}",
            "[]",
            r#"{"source": "aws.s3", "detail": {"mail": {}}}"#,
        ] {
            assert_eq!(read(stranger), None, "{stranger}");
        }
    }
}
