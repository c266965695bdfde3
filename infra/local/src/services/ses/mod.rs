//! Amazon SES, version 2: `SendEmail` with simple content, and the mailbox it ends in.
//!
//! Mail goes nowhere: it is kept, newest last, for the mailbox page and the tests. What SES refuses is
//! refused here, so that it is found before the first real mail: an unverified sender, more than fifty
//! recipients, addresses that are none, headers SES writes itself, and text beyond ASCII without a
//! charset, which SES would take for seven-bit. Mail to the mailbox simulator's addresses comes back, and the
//! configuration set it was sent with says where that is told.

mod address;
mod refusal;
mod request;
mod simulator;

use std::sync::Arc;

use http::{Method, Request, StatusCode};
use hyper::body::Bytes;
use jiff::Timestamp;
use rusqlite::params;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use self::address::Address;
use self::refusal::{MEDIA_TYPE, Refusal};
use self::request::{
    MessageHeader, SendEmail, Simple, address, addresses, check_headers, check_tags,
};
use self::simulator::Fate;
use super::sqs::{Sqs, SqsError};
use super::wire::{Answer, Service, json as json_answer};
use crate::clock::Clock;
use crate::faults::Faults;
use crate::state::{State, StateError};
use crate::usage::{Api, Usage};

/// The default limit of an account for one message, in bytes.
const LARGEST_MAIL: usize = 40 * 1024 * 1024;
/// A mail as it lies in the mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mail {
    /// SES's message id.
    pub(crate) id: String,
    /// The sender, as given.
    pub(crate) from: String,
    /// The bare addresses in To.
    pub(crate) to: Vec<String>,
    /// The bare addresses in Cc.
    pub(crate) cc: Vec<String>,
    /// The bare addresses in Bcc.
    pub(crate) bcc: Vec<String>,
    /// The subject line.
    pub(crate) subject: String,
    /// The plain text, when there is one.
    pub(crate) text: Option<String>,
    /// The HTML, when there is one.
    pub(crate) html: Option<String>,
    /// The headers a recipient would see, by name: From, To, Cc, Reply-To, Subject, Message-ID and the
    /// request's own.
    pub(crate) headers: Map<String, Value>,
    /// When SES took it.
    pub(crate) sent_at: Timestamp,
}

/// Who may send, and with what.
#[derive(Debug, Clone, Default)]
pub(crate) struct SesSettings {
    /// Verified identities: addresses, or whole domains.
    pub(crate) verified_senders: Vec<String>,
    /// Where events go, by configuration set.
    pub(crate) events: Vec<EventRule>,
}

/// Events of a configuration set that go to a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventRule {
    /// The configuration set's name. A request may name no other set.
    pub(crate) configuration_set: String,
    /// EventBridge's names of the events.
    pub(crate) detail_types: Vec<String>,
    /// The queue's name.
    pub(crate) queue: String,
}

/// SES and its mailbox.
pub(crate) struct Ses {
    state: Arc<State>,
    clock: Arc<Clock>,
    usage: Arc<Usage>,
    faults: Arc<Faults>,
    sqs: Arc<Sqs>,
    settings: SesSettings,
}

impl Ses {
    pub(crate) fn new(
        state: Arc<State>,
        clock: Arc<Clock>,
        usage: Arc<Usage>,
        faults: Arc<Faults>,
        sqs: Arc<Sqs>,
        settings: SesSettings,
    ) -> Arc<Self> {
        Arc::new(Self {
            state,
            clock,
            usage,
            faults,
            sqs,
            settings,
        })
    }

    /// Every mail in the mailbox, newest last.
    ///
    /// # Errors
    /// When the mailbox cannot be read.
    pub(crate) fn messages(&self) -> Result<Vec<Mail>, StateError> {
        let documents: Vec<(String, String)> = self.state.read(|connection| {
            connection
                .prepare_cached("SELECT id, document FROM mails ORDER BY position")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()
                .map_err(StateError::from)
        })?;
        let parse = |(id, document): (String, String)| {
            serde_json::from_str(&document)
                .map_err(|_| StateError::Inconsistent { what: "mail", id })
        };
        documents.into_iter().map(parse).collect()
    }

    /// Empties the mailbox.
    ///
    /// # Errors
    /// When the mailbox cannot be written.
    pub(crate) fn clear(&self) -> Result<(), StateError> {
        self.state
            .write(|transaction| Ok(transaction.execute("DELETE FROM mails", []).map(|_| ())?))
    }

    fn send(&self, request: SendEmail) -> Result<String, Refusal> {
        let id = Uuid::now_v7().to_string();
        let configuration_set = request.configuration_set_name.clone();
        let tags: Vec<_> = request
            .email_tags
            .iter()
            .map(|tag| (tag.name.clone(), tag.value.clone()))
            .collect();
        let mail = self.check(request, &id)?;
        let events = configuration_set
            .map(|set| self.events(&mail, &set, &tags))
            .unwrap_or_default();
        let document = serde_json::to_string(&mail)
            .map_err(|error| Refusal::bad_request(error.to_string()))?;
        self.state.write(|transaction| {
            transaction.execute(
                "INSERT INTO mails (id, position, document)
                 VALUES (?1, (SELECT coalesce(max(position), 0) + 1 FROM mails), ?2)",
                params![id, document],
            )?;
            for (queue, event) in &events {
                self.sqs.insert(transaction, queue, event, 0)?;
            }
            Ok::<(), SqsError>(())
        })?;
        for (queue, _) in &events {
            self.sqs.announce(queue);
        }
        Ok(id)
    }

    /// What comes back of a mail: events and the queues they go to.
    fn events(&self, mail: &Mail, set: &str, tags: &[(String, String)]) -> Vec<(String, String)> {
        let mut events = Vec::new();
        for address in mail.to.iter().chain(&mail.cc).chain(&mail.bcc) {
            let Some(fate) = Fate::of(address) else {
                continue;
            };
            let rules = self.settings.events.iter().filter(|rule| {
                rule.configuration_set == set
                    && rule.detail_types.iter().any(|it| it == fate.detail_type())
            });
            for rule in rules {
                let event = fate.event(mail, address, set, tags).to_string();
                events.push((rule.queue.clone(), event));
            }
        }
        events
    }

    fn check(&self, request: SendEmail, id: &str) -> Result<Mail, Refusal> {
        let from = address("FromEmailAddress", &request.from_email_address)?;
        if !self.may_send(&from) {
            return Err(Refusal::new(
                "MessageRejected",
                format!(
                    "Email address is not verified. The following identities failed the check in region US-EAST-1: {}",
                    from.bare()
                ),
            ));
        }
        if let Some(name) = &request.configuration_set_name
            && !self.knows_set(name)
        {
            return Err(Refusal {
                status: StatusCode::NOT_FOUND,
                ..Refusal::new(
                    "NotFoundException",
                    format!("Configuration set <{name}> does not exist."),
                )
            });
        }
        check_tags(&request.email_tags)?;
        let recipients = request.destination.all()?;
        let reply_to = addresses("ReplyToAddresses", &request.reply_to_addresses)?;
        let Simple {
            subject,
            body,
            headers: own_headers,
        } = request.content.simple;
        let subject = subject.text("Subject")?;
        if subject.contains(['\r', '\n']) {
            return Err(Refusal::bad_request("Subject contains a line break"));
        }
        let text = body.text.map(|part| part.text("Text")).transpose()?;
        let html = body.html.map(|part| part.text("Html")).transpose()?;
        if text.is_none() && html.is_none() {
            return Err(Refusal::bad_request("Body has neither Text nor Html"));
        }
        if [&text, &html]
            .into_iter()
            .flatten()
            .map(String::len)
            .sum::<usize>()
            > LARGEST_MAIL
        {
            return Err(Refusal::bad_request(format!(
                "The message is longer than {LARGEST_MAIL} bytes"
            )));
        }

        let mut headers = Map::new();
        let mut add =
            |name: &str, value: String| headers.insert(name.to_owned(), Value::String(value));
        add("From", request.from_email_address.clone());
        add("To", request.destination.to_addresses.join(", "));
        if !request.destination.cc_addresses.is_empty() {
            add("Cc", request.destination.cc_addresses.join(", "));
        }
        if !reply_to.is_empty() {
            add("Reply-To", request.reply_to_addresses.join(", "));
        }
        add("Subject", subject.clone());
        add("Message-ID", format!("<{id}@us-east-1.amazonses.com>"));
        for MessageHeader { name, value } in check_headers(own_headers)? {
            headers.insert(name, Value::String(value));
        }

        let [to, cc, bcc] = recipients;
        Ok(Mail {
            id: id.to_owned(),
            from: request.from_email_address,
            to,
            cc,
            bcc,
            subject,
            text,
            html,
            headers,
            sent_at: self.clock.now(),
        })
    }

    fn knows_set(&self, name: &str) -> bool {
        let mut rules = self.settings.events.iter();
        rules.any(|rule| rule.configuration_set == name)
    }

    fn may_send(&self, from: &Address) -> bool {
        self.settings.verified_senders.iter().any(|identity| {
            identity.eq_ignore_ascii_case(from.bare())
                || identity.eq_ignore_ascii_case(from.domain())
        })
    }
}

#[async_trait::async_trait]
impl Service for Ses {
    async fn answer(&self, request: Request<Bytes>) -> Answer {
        if request.method() != Method::POST || request.uri().path() != "/v2/email/outbound-emails" {
            return Refusal {
                status: StatusCode::NOT_FOUND,
                ..Refusal::new(
                    "UnknownOperationException",
                    "The local host offers SendEmail only.",
                )
            }
            .answer();
        }
        self.usage.requested(Api::SesV2, "SendEmail");
        if self.faults.throttles() {
            return Refusal {
                status: StatusCode::TOO_MANY_REQUESTS,
                ..Refusal::new("TooManyRequestsException", "Maximum sending rate exceeded.")
            }
            .answer();
        }
        if self.faults.throttles_mail() {
            // As SES says it when the account has sent too much ("Errors related to the sending quotas").
            return Refusal::new("ThrottlingException", "Maximum sending rate exceeded.").answer();
        }
        let sent = serde_json::from_slice(request.body())
            .map_err(|error| Refusal::bad_request(error.to_string()))
            .and_then(|request| self.send(request));
        match sent {
            Ok(id) => json_answer(StatusCode::OK, MEDIA_TYPE, &json!({ "MessageId": id })),
            Err(refusal) => refusal.answer(),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sesv2::types as sdk;

    use super::*;
    use crate::services::sqs::QueueSettings;
    use crate::services::testing::{account, sdk_client};

    fn content(text: &str) -> sdk::EmailContent {
        let part = |text: &str| {
            sdk::Content::builder()
                .data(text)
                .charset("UTF-8")
                .build()
                .unwrap()
        };
        let header = sdk::MessageHeader::builder()
            .name("List-Unsubscribe")
            .value("<https://a.test/u>")
            .build()
            .unwrap();
        let message = sdk::Message::builder()
            .subject(part("Wünsche"))
            .body(
                sdk::Body::builder()
                    .text(part(text))
                    .html(part("<p>hi</p>"))
                    .build(),
            )
            .headers(header)
            .build();
        sdk::EmailContent::builder().simple(message).build()
    }

    #[tokio::test]
    async fn the_sdk_sends_and_the_mailbox_shows() {
        let account = account();
        let ses = Arc::clone(&account.ses);
        let server = crate::services::wire::listen(Arc::clone(&ses) as Arc<dyn Service>)
            .await
            .unwrap();
        let client = sdk_client!(aws_sdk_sesv2, server.url());
        let to = |addresses: &[&str]| {
            sdk::Destination::builder()
                .set_to_addresses(Some(addresses.iter().map(|a| (*a).to_owned()).collect()))
                .build()
        };
        let send = |from: &str, addresses: &[&str]| {
            client
                .send_email()
                .from_email_address(from)
                .destination(to(addresses))
                .content(content("hello"))
                .send()
        };
        let sent = send(
            "Nightdesk <desk@nightdesk.test>",
            &["Owner <owner@nightdesk.test>"],
        )
        .await
        .unwrap();
        let mails = ses.messages().unwrap();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].id, sent.message_id.unwrap());
        assert_eq!(mails[0].to, ["owner@nightdesk.test"]);
        assert_eq!(mails[0].subject, "Wünsche");
        assert_eq!(mails[0].headers["List-Unsubscribe"], "<https://a.test/u>");
        assert_eq!(mails[0].headers["From"], "Nightdesk <desk@nightdesk.test>");

        let refused = send("stranger@else.test", &["owner@nightdesk.test"])
            .await
            .unwrap_err()
            .into_service_error();
        assert!(refused.is_message_rejected());
        let refused = send("desk@nightdesk.test", &["no address"])
            .await
            .unwrap_err()
            .into_service_error();
        assert!(refused.is_bad_request_exception());
        let crowd = vec!["a@b.test"; 51];
        assert!(
            send("desk@nightdesk.test", &crowd)
                .await
                .unwrap_err()
                .into_service_error()
                .is_bad_request_exception()
        );
        assert_eq!(
            ses.messages().unwrap().len(),
            1,
            "what is refused leaves no mail"
        );
        ses.clear().unwrap();
        assert!(ses.messages().unwrap().is_empty());
    }

    #[test]
    fn mail_to_the_simulator_comes_back_through_its_configuration_set() {
        let account = account();
        let settings = QueueSettings {
            visibility_timeout_s: 30,
            retention_s: 60,
            redrive: None,
        };
        account.sqs.create_queue("notices", settings).unwrap();
        let send = |to: &str, set: Option<&str>| {
            let request = json!({
                "FromEmailAddress": "desk@nightdesk.test",
                "Destination": { "ToAddresses": [to] },
                "ConfigurationSetName": set,
                "EmailTags": [{ "Name": "approval", "Value": "apr_1" }],
                "Content": { "Simple": { "Subject": { "Data": "hi" }, "Body": { "Text": { "Data": "hi" } } } },
            });
            let sent = account.ses.send(serde_json::from_value(request).unwrap());
            sent.map(drop).map_err(|refusal| refusal.message).unwrap();
            account.sqs.receive("notices", 10).unwrap()
        };
        assert!(send("bounce@simulator.amazonses.com", None).is_empty());
        assert!(send("reader@x.test", Some("mails")).is_empty());
        // The set's rule has bounces only.
        assert!(send("complaint@simulator.amazonses.com", Some("mails")).is_empty());
        let events = send("bounce+7@simulator.amazonses.com", Some("mails"));
        let event: Value = serde_json::from_str(&events[0].body).unwrap();
        assert_eq!(
            event["detail"]["mail"]["tags"]["approval"],
            json!(["apr_1"])
        );
        assert_eq!(
            event["detail"]["bounce"]["bouncedRecipients"][0]["emailAddress"],
            "bounce+7@simulator.amazonses.com"
        );
    }

    #[test]
    fn unknown_fields_and_undeclared_charsets_are_refused() {
        let account = account();
        let send = |change: fn(&mut Value)| {
            let mut request = json!({
                "FromEmailAddress": "desk@nightdesk.test",
                "Destination": { "ToAddresses": ["owner@nightdesk.test"] },
                "Content": { "Simple": { "Subject": { "Data": "hi" }, "Body": { "Text": { "Data": "hi" } } } },
            });
            change(&mut request);
            serde_json::from_value(request)
                .map_err(|e| e.to_string())
                .and_then(|r| account.ses.send(r).map_err(|r| r.message))
        };
        assert!(send(|_| {}).is_ok());
        for change in [
            (|r| r["ListManagementOptions"] = json!({})) as fn(&mut Value),
            |r| r["ConfigurationSetName"] = json!("none"),
            |r| r["Content"]["Simple"]["Subject"]["Data"] = json!("Wünsche"),
            |r| r["Content"]["Simple"]["Subject"]["Data"] = json!("hi\r\nBcc: x@y.test"),
            |r| r["Content"]["Simple"]["Body"] = json!({}),
            |r| r["Content"]["Simple"]["Headers"] = json!([{"Name": "From", "Value": "x"}]),
            |r| r["Content"]["Simple"]["Headers"] = json!([{"Name": "X-A", "Value": "x\r\ny"}]),
            |r| r["Destination"] = json!({}),
            |r| r["EmailTags"] = json!([{"Name": "a b", "Value": "c"}]),
        ] {
            assert!(send(change).is_err());
        }
    }
}
