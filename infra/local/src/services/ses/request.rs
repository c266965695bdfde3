//! The body of `SendEmail`, and what in it SES would refuse.

use serde::Deserialize;

use super::address::Address;
use super::refusal::Refusal;

const MOST_RECIPIENTS: usize = 50;
const MOST_HEADERS: usize = 15;
const MOST_TAGS: usize = 50;

/// Headers that SES makes from the request; a second one of the same name is refused.
const SES_OWN_HEADERS: [&str; 16] = [
    "bcc",
    "cc",
    "content-disposition",
    "content-transfer-encoding",
    "content-type",
    "date",
    "from",
    "message-id",
    "mime-version",
    "reply-to",
    "return-path",
    "sender",
    "subject",
    "to",
    "dkim-signature",
    "feedback-id",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct SendEmail {
    pub(super) from_email_address: String,
    pub(super) destination: Destination,
    #[serde(default)]
    pub(super) reply_to_addresses: Vec<String>,
    pub(super) content: Content,
    pub(super) configuration_set_name: Option<String>,
    #[serde(default)]
    pub(super) email_tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Destination {
    #[serde(default)]
    pub(super) to_addresses: Vec<String>,
    #[serde(default)]
    pub(super) cc_addresses: Vec<String>,
    #[serde(default)]
    pub(super) bcc_addresses: Vec<String>,
}

impl Destination {
    /// The bare addresses of To, Cc and Bcc.
    pub(super) fn all(&self) -> Result<[Vec<String>; 3], Refusal> {
        let all = [
            addresses("ToAddresses", &self.to_addresses)?,
            addresses("CcAddresses", &self.cc_addresses)?,
            addresses("BccAddresses", &self.bcc_addresses)?,
        ];
        match all.iter().map(Vec::len).sum() {
            0 => Err(Refusal::bad_request("Destination has no recipients")),
            1..=MOST_RECIPIENTS => Ok(all),
            _ => Err(Refusal::bad_request(format!(
                "Recipient count exceeds {MOST_RECIPIENTS}."
            ))),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Content {
    pub(super) simple: Simple,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Simple {
    pub(super) subject: Part,
    pub(super) body: Body,
    #[serde(default)]
    pub(super) headers: Vec<MessageHeader>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Body {
    pub(super) text: Option<Part>,
    pub(super) html: Option<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Part {
    pub(super) data: String,
    pub(super) charset: Option<String>,
}

impl Part {
    pub(super) fn text(self, name: &str) -> Result<String, Refusal> {
        match self.charset.as_deref() {
            Some(charset) if charset.eq_ignore_ascii_case("UTF-8") => Ok(self.data),
            None if self.data.is_ascii() => Ok(self.data),
            None => Err(Refusal::bad_request(format!(
                "{name} is not seven-bit ASCII and names no Charset"
            ))),
            Some(charset) => Err(Refusal::bad_request(format!(
                "{name}: the local host knows UTF-8 only, not {charset}"
            ))),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct MessageHeader {
    pub(super) name: String,
    pub(super) value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) value: String,
}

pub(super) fn address(field: &str, text: &str) -> Result<Address, Refusal> {
    Address::parse(text).map_err(|why| Refusal::bad_request(format!("{field}: {why}")))
}

pub(super) fn addresses(field: &str, texts: &[String]) -> Result<Vec<String>, Refusal> {
    texts
        .iter()
        .map(|text| Ok(address(field, text)?.bare().to_owned()))
        .collect()
}

pub(super) fn check_headers(headers: Vec<MessageHeader>) -> Result<Vec<MessageHeader>, Refusal> {
    if headers.len() > MOST_HEADERS {
        return Err(Refusal::bad_request(format!(
            "A message has at most {MOST_HEADERS} headers"
        )));
    }
    for (position, MessageHeader { name, value }) in headers.iter().enumerate() {
        let well_named = (1..=126).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_graphic() && b != b':');
        if !well_named {
            return Err(Refusal::bad_request(
                "Headers: a name is 1 to 126 printable ASCII characters without a colon",
            ));
        }
        if !(1..=870).contains(&value.len())
            || !value.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
        {
            return Err(Refusal::bad_request(format!(
                "Headers: the value of {name} is not 1 to 870 printable ASCII characters"
            )));
        }
        if SES_OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(Refusal::bad_request(format!(
                "Headers: {name} is written by SES itself"
            )));
        }
        if headers[..position]
            .iter()
            .any(|earlier| earlier.name.eq_ignore_ascii_case(name))
        {
            return Err(Refusal::bad_request(format!(
                "Headers: {name} is given twice"
            )));
        }
    }
    Ok(headers)
}

pub(super) fn check_tags(tags: &[Tag]) -> Result<(), Refusal> {
    let well_formed = |text: &str, more: &[u8]| {
        (1..=256).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
    };
    let bad = tags
        .iter()
        .any(|tag| !well_formed(&tag.name, b"_-") || !well_formed(&tag.value, b"_-.@"));
    if bad || tags.len() > MOST_TAGS {
        return Err(Refusal::bad_request(
            "EmailTags: ASCII letters, digits, _ and -, 256 characters at most, 50 tags at most",
        ));
    }
    Ok(())
}
