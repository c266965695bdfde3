//! The tools a step may call, each with its typed configuration.
//!
//! A configuration is read from JSON completely (every fault at once) and written back in the same
//! words. Strings that may hold references are [`Template`]s; values that decide what is
//! fetched or posted to are checked against the egress rule here when they are literal, and again
//! when they are resolved.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::template::{Listing, Template};
use super::words::{Aggregation, Aspect, Channel, Format, Freshness, TextFormat};
use crate::egress::EgressRule;
use crate::fault::{Code, Fault};
use crate::reader::{Object, pointer};
use crate::sealing::{Seal, SealedSecret};
use crate::signature::{self, SigningSecret};
use crate::text;

macro_rules! tools {
    ($($(#[$meta:meta])* $variant:ident($config:ty) = $word:literal),+ $(,)?) => {
        /// One tool call with its configuration; `type` and `config` on the wire.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type", content = "config", rename_all = "snake_case")]
        pub enum Tool { $($(#[$meta])* $variant($config)),+ }

        crate::words::words! {
            /// The kind of a tool, without its configuration.
            ToolKind { $($variant = $word),+ }
        }

        impl Tool {
            /// Which tool this is.
            #[must_use]
            pub fn kind(&self) -> ToolKind {
                match self { $(Self::$variant(_) => ToolKind::$variant),+ }
            }

            /// Reads the configuration of a tool of `kind` that stands at `path`.
            ///
            /// # Errors
            /// Every fault in it.
            pub fn read(kind: ToolKind, config: &Value, path: &str, egress: &EgressRule) -> Result<Self, Vec<Fault>> {
                match kind { $(ToolKind::$variant => <$config>::read(config, path, egress).map(Self::$variant)),+ }
            }
        }
    };
}

tools! {
    Search(Search) = "search",
    Crawl(Crawl) = "crawl",
    Aggregate(Aggregate) = "aggregate",
    GenerateOutline(GenerateOutline) = "generate_outline",
    GenerateReport(GenerateReport) = "generate_report",
    LlmResponse(LlmResponse) = "llm_response",
    FormatPost(FormatPost) = "format_post",
    GenerateImage(GenerateImage) = "generate_image",
    Transform(Transform) = "transform",
    SendEmail(SendEmail) = "send_email",
    PostWebhook(PostWebhook) = "post_webhook",
}

/// The longest string that is one reference to a list.
const LONGEST_REFERENCE: usize = 2048;

/// Asks a search provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Search {
    pub query: Template,
    /// 1-50.
    pub max_results: u32,
    #[serde(default)]
    pub query_decomposition: bool,
    /// 1-10.
    pub max_sub_queries: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freshness: Option<Freshness>,
}

/// Reads pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Crawl {
    pub urls: Listing,
    /// 1-1000.
    pub max_pages: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extraction_schema: Option<Value>,
    #[serde(default)]
    pub follow_links: bool,
}

/// Brings the outputs of several steps together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Aggregate {
    pub aggregation_type: Aggregation,
    pub format: Format,
    /// Output keys; empty means those of `depends_on`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// How many items are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
}

/// Headings with points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerateOutline {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// 2-12.
    pub sections: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Template>,
}

/// A report with its sources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerateReport {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// 50-3000 words.
    pub length_words: u32,
    pub format: TextFormat,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Template>,
}

/// Free text from a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LlmResponse {
    pub prompt: Template,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
}

/// A post for a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FormatPost {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    pub channel: Channel,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_words: Option<u32>,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerateImage {
    pub prompt: Template,
    pub aspect: Aspect,
}

/// Selects a part of one output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transform {
    pub from: String,
    /// An RFC 9535 query, with or without its leading `$`.
    pub select: String,
}

/// Sends a mail, after approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SendEmail {
    pub to: Listing,
    pub subject: Template,
    pub body: Template,
}

/// Posts to an address, after approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PostWebhook {
    pub url: Template,
    pub body: Body,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<PostSecret>,
}

/// What signs a post.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "SealedSecret")]
pub enum PostSecret {
    /// As a request has it. It is never written: where a plan is written with one, `***` stands in its place.
    Clear(SigningSecret),
    /// As it is stored.
    Sealed(SealedSecret),
}

impl From<SealedSecret> for PostSecret {
    fn from(sealed: SealedSecret) -> Self {
        Self::Sealed(sealed)
    }
}

impl Serialize for PostSecret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Clear(_) => serializer.serialize_str("***"),
            Self::Sealed(sealed) => sealed.serialize(serializer),
        }
    }
}

impl PostSecret {
    fn sealed(self, seal: &Seal) -> Self {
        match self {
            Self::Clear(secret) => Self::Sealed(seal.close(&secret)),
            sealed @ Self::Sealed(_) => sealed,
        }
    }
}

impl Tool {
    /// The tool with its secret sealed, where it has one.
    pub(super) fn sealed(self, seal: &Seal) -> Self {
        match self {
            Self::PostWebhook(mut post) => {
                post.secret = post.secret.map(|secret| secret.sealed(seal));
                Self::PostWebhook(post)
            }
            other => other,
        }
    }
}

/// What a webhook carries: text, or JSON whose strings may hold references.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Body {
    Text(Template),
    Json(Value),
}

impl Search {
    fn read(config: &Value, path: &str, _: &EgressRule) -> Result<Self, Vec<Fault>> {
        let mut o = Object::new(config, path);
        let query = template(&mut o, "query", 1000);
        let query = o.required("query", query);
        let max_results = o.count("max_results", 1..=50).unwrap_or(10);
        let query_decomposition = o.boolean("query_decomposition").unwrap_or(false);
        let max_sub_queries = o.count("max_sub_queries", 1..=10).unwrap_or(4);
        let freshness = o.word("freshness", Freshness::ALL, Freshness::as_str);
        o.finish(query.map(|query| Self {
            query,
            max_results,
            query_decomposition,
            max_sub_queries,
            freshness,
        }))
    }
}

impl Crawl {
    fn read(config: &Value, path: &str, egress: &EgressRule) -> Result<Self, Vec<Fault>> {
        let mut o = Object::new(config, path);
        let urls = url_listing(&mut o, "urls", 1..=100, egress);
        let urls = o.required("urls", urls);
        let max_pages = o.count("max_pages", 1..=1000).unwrap_or(10);
        let follow_links = o.boolean("follow_links").unwrap_or(false);
        let extraction_schema = o.value("extraction_schema").cloned();
        if let Some(schema) = &extraction_schema {
            o.extend(super::extraction::check(
                schema,
                &pointer(path, "extraction_schema"),
            ));
        }
        o.finish(urls.map(|urls| Self {
            urls,
            max_pages,
            extraction_schema,
            follow_links,
        }))
    }
}

impl Aggregate {
    fn read(config: &Value, path: &str, _: &EgressRule) -> Result<Self, Vec<Fault>> {
        let mut o = Object::new(config, path);
        let aggregation_type = o.word("aggregation_type", Aggregation::ALL, Aggregation::as_str);
        let aggregation_type = o.required("aggregation_type", aggregation_type);
        let format = o
            .word("format", Format::ALL, Format::as_str)
            .unwrap_or(Format::Json);
        let from = from(&mut o);
        let n = o.count("n", 1..=100);
        o.finish(aggregation_type.map(|aggregation_type| Self {
            aggregation_type,
            format,
            from,
            n,
        }))
    }
}

impl GenerateOutline {
    fn read(config: &Value, path: &str, _: &EgressRule) -> Result<Self, Vec<Fault>> {
        let mut o = Object::new(config, path);
        let from = from(&mut o);
        let sections = o.count("sections", 2..=12).unwrap_or(5);
        let topic = template(&mut o, "topic", 500);
        o.finish(Some(Self {
            from,
            sections,
            topic,
        }))
    }
}

impl GenerateReport {
    fn read(config: &Value, path: &str, _: &EgressRule) -> Result<Self, Vec<Fault>> {
        let mut o = Object::new(config, path);
        let from = from(&mut o);
        let length_words = o.count("length_words", 50..=3000).unwrap_or(400);
        let format = o
            .word("format", TextFormat::ALL, TextFormat::as_str)
            .unwrap_or(TextFormat::Markdown);
        let title = template(&mut o, "title", 255);
        o.finish(Some(Self {
            from,
            length_words,
            format,
            title,
        }))
    }
}

impl LlmResponse {
    fn read(config: &Value, path: &str, _: &EgressRule) -> Result<Self, Vec<Fault>> {
        let mut o = Object::new(config, path);
        let prompt = verbatim(&mut o, "prompt", 8000);
        let prompt = o.required("prompt", prompt);
        let from = from(&mut o);
        o.finish(prompt.map(|prompt| Self { prompt, from }))
    }
}

impl FormatPost {
    fn read(config: &Value, path: &str, _: &EgressRule) -> Result<Self, Vec<Fault>> {
        let mut o = Object::new(config, path);
        let from = from(&mut o);
        let channel = o.word("channel", Channel::ALL, Channel::as_str);
        let channel = o.required("channel", channel);
        let max_words = o.count("max_words", 1..=3000);
        o.finish(channel.map(|channel| Self {
            from,
            channel,
            max_words,
        }))
    }
}

impl GenerateImage {
    fn read(config: &Value, path: &str, _: &EgressRule) -> Result<Self, Vec<Fault>> {
        let mut o = Object::new(config, path);
        let prompt = verbatim(&mut o, "prompt", 4000);
        let prompt = o.required("prompt", prompt);
        let aspect = o
            .word("aspect", Aspect::ALL, Aspect::as_str)
            .unwrap_or(Aspect::Wide);
        o.finish(prompt.map(|prompt| Self { prompt, aspect }))
    }
}

impl Transform {
    fn read(config: &Value, path: &str, _: &EgressRule) -> Result<Self, Vec<Fault>> {
        let mut o = Object::new(config, path);
        let from = o.name("from", 1..=64);
        let from = o.required("from", from);
        let select = o.name("select", 1..=500);
        let select = o.required("select", select);
        if let Some(select) = &select
            && let Err(error) = crate::selection::Selector::parse_query(select)
        {
            o.fault("select", format!("is no JSONPath (RFC 9535): {error}"));
        }
        o.finish(from.zip(select).map(|(from, select)| Self { from, select }))
    }
}

impl SendEmail {
    fn read(config: &Value, path: &str, _: &EgressRule) -> Result<Self, Vec<Fault>> {
        let mut o = Object::new(config, path);
        let to = listing(&mut o, "to", 1..=50, 254);
        let to = o.required("to", to);
        for (tail, template) in to.iter().flat_map(Listing::templates) {
            if template.is_literal() && !text::is_email(template.as_str()) {
                o.extend([Fault::new(
                    format!("{path}/to{tail}"),
                    Code::InvalidEmail,
                    "is not one e-mail address",
                )]);
            }
        }
        let subject = o
            .verbatim_line("subject", 1..=200)
            .and_then(|subject| parse(&mut o, "subject", &subject));
        let subject = o.required("subject", subject);
        let body = verbatim(&mut o, "body", 100_000);
        let body = o.required("body", body);
        o.finish(
            to.zip(subject)
                .zip(body)
                .map(|((to, subject), body)| Self { to, subject, body }),
        )
    }
}

impl PostWebhook {
    fn read(config: &Value, path: &str, egress: &EgressRule) -> Result<Self, Vec<Fault>> {
        let mut o = Object::new(config, path);
        let url = template(&mut o, "url", 2048);
        let url = o.required("url", url);
        if let Some(url) = url.as_ref().filter(|url| url.is_literal()) {
            check_url(&mut o, &pointer(path, "url"), url.as_str(), egress);
        }
        let body = match o.raw("body") {
            None => None,
            Some(Value::String(_)) => verbatim(&mut o, "body", 200_000).map(Body::Text),
            Some(json) => {
                let faults = check_strings(json, &pointer(path, "body"));
                let good = faults.is_empty();
                o.extend(faults);
                good.then(|| Body::Json(json.clone()))
            }
        };
        if !o.has("body") {
            o.fault("body", "is required");
        }
        let secret = o.string("secret").map(str::to_owned);
        if let Some(secret) = &secret
            && !signature::is_strong_secret(secret)
        {
            o.fault_code(
                "secret",
                Code::WeakSecret,
                "must be whsec_ and the base64 of 24 to 64 bytes",
            );
        }
        let secret = secret.map(|secret| PostSecret::Clear(SigningSecret::new(secret)));
        o.finish(url.zip(body).map(|(url, body)| Self { url, body, secret }))
    }
}

fn check_url(o: &mut Object<'_>, path: &str, url: &str, egress: &EgressRule) {
    if let Err(denied) = egress.check_url(url) {
        o.extend([Fault::new(path, Code::UrlNotAllowed, denied.to_string())]);
    }
}

fn parse(o: &mut Object<'_>, field: &'static str, text: &str) -> Option<Template> {
    match Template::parse(text) {
        Ok(template) => Some(template),
        Err(error) => {
            o.fault_code(field, Code::PlanInvalid, error.to_string());
            None
        }
    }
}

fn template(o: &mut Object<'_>, field: &'static str, longest: usize) -> Option<Template> {
    let text = o.text(field, 1..=longest)?;
    parse(o, field, &text)
}

/// A template that is sent or asked as it is.
fn verbatim(o: &mut Object<'_>, field: &'static str, longest: usize) -> Option<Template> {
    let text = o.verbatim(field, 1..=longest)?;
    parse(o, field, &text)
}

fn listing(
    o: &mut Object<'_>,
    field: &'static str,
    length: std::ops::RangeInclusive<usize>,
    each: usize,
) -> Option<Listing> {
    if let Some(Value::String(_)) = o.raw(field) {
        let template = template(o, field, each)?;
        if template.as_reference().is_none() {
            o.fault(
                field,
                "must be an array, or one reference ${steps.<output_key>.<path>}",
            );
            return None;
        }
        return Some(Listing::Reference(template));
    }
    let texts = o.texts(field, length, 1..=each)?;
    let path = o.path(field);
    let mut list = Vec::with_capacity(texts.len());
    for (i, text) in texts.iter().enumerate() {
        match Template::parse(text) {
            Ok(template) => list.push(template),
            Err(error) => o.extend([Fault::new(
                format!("{path}/{i}"),
                Code::PlanInvalid,
                error.to_string(),
            )]),
        }
    }
    (list.len() == texts.len()).then_some(Listing::Listed(list))
}

/// A list of addresses: what is wrong with a literal one is the egress rule's to say, length and
/// characters included.
fn url_listing(
    o: &mut Object<'_>,
    field: &'static str,
    length: std::ops::RangeInclusive<usize>,
    egress: &EgressRule,
) -> Option<Listing> {
    if !matches!(o.raw(field), Some(Value::Array(_))) {
        return listing(o, field, length, LONGEST_REFERENCE);
    }
    let path = o.path(field);
    let sent = o.array(field, length)?;
    let mut list = Vec::with_capacity(sent.len());
    for (i, value) in sent.iter().enumerate() {
        let at = format!("{path}/{i}");
        let Some(text) = value.as_str() else {
            o.extend([Fault::invalid(at, "must be a string")]);
            continue;
        };
        match Template::parse(text) {
            Ok(template) if template.is_literal() => {
                check_url(o, &at, text, egress);
                list.push(template);
            }
            Ok(template) => list.push(template),
            Err(error) => o.extend([Fault::new(at, Code::PlanInvalid, error.to_string())]),
        }
    }
    (list.len() == sent.len()).then_some(Listing::Listed(list))
}

/// `from[]`: output keys.
fn from(o: &mut Object<'_>) -> Vec<String> {
    o.texts("from", 1..=100, 1..=64).unwrap_or_default()
}

/// Every string inside a JSON body must be a template.
fn check_strings(json: &Value, path: &str) -> Vec<Fault> {
    match json {
        Value::String(text) => match Template::parse(text) {
            Ok(_) => Vec::new(),
            Err(error) => vec![Fault::new(path, Code::PlanInvalid, error.to_string())],
        },
        Value::Array(list) => list
            .iter()
            .enumerate()
            .flat_map(|(i, value)| check_strings(value, &format!("{path}/{i}")))
            .collect(),
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| check_strings(value, &pointer(path, key)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

impl Body {
    /// Every reference in it, with the pointer tail of the string that holds it.
    #[must_use]
    pub fn templates(&self) -> Vec<(String, Template)> {
        match self {
            Self::Text(template) => vec![(String::new(), template.clone())],
            Self::Json(json) => {
                let mut found = Vec::new();
                strings(json, String::new(), &mut found);
                found
            }
        }
    }

    /// The body with every reference resolved.
    ///
    /// # Errors
    /// The first reference without a value.
    pub fn resolve(
        &self,
        outputs: &dyn super::template::Outputs,
    ) -> Result<Value, super::template::ReferenceMissing> {
        match self {
            Self::Text(template) => template.render(outputs).map(Value::String),
            Self::Json(json) => resolve_strings(json, outputs),
        }
    }
}

fn strings(json: &Value, path: String, found: &mut Vec<(String, Template)>) {
    match json {
        Value::String(text) => {
            found.extend(Template::parse(text).ok().map(|template| (path, template)))
        }
        Value::Array(list) => {
            for (i, value) in list.iter().enumerate() {
                strings(value, format!("{path}/{i}"), found);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                strings(value, pointer(&path, key), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn resolve_strings(
    json: &Value,
    outputs: &dyn super::template::Outputs,
) -> Result<Value, super::template::ReferenceMissing> {
    Ok(match json {
        Value::String(text) => match Template::parse(text) {
            Ok(template) => template.resolve(outputs)?,
            Err(_) => json.clone(),
        },
        Value::Array(list) => Value::Array(
            list.iter()
                .map(|value| resolve_strings(value, outputs))
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, value)| Ok((key.clone(), resolve_strings(value, outputs)?)))
                .collect::<Result<_, _>>()?,
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => json.clone(),
    })
}

impl Tool {
    /// Every template in the configuration, with the pointer of the string that holds it,
    /// relative to the configuration.
    #[must_use]
    pub fn templates(&self) -> Vec<(String, Template)> {
        fn one(field: &str, template: &Template) -> Vec<(String, Template)> {
            vec![(format!("/{field}"), template.clone())]
        }
        fn many(field: &str, listing: &Listing) -> Vec<(String, Template)> {
            listing
                .templates()
                .into_iter()
                .map(|(tail, template)| (format!("/{field}{tail}"), template.clone()))
                .collect()
        }
        match self {
            Self::Search(c) => one("query", &c.query),
            Self::Crawl(c) => many("urls", &c.urls),
            Self::GenerateOutline(c) => c
                .topic
                .iter()
                .flat_map(|topic| one("topic", topic))
                .collect(),
            Self::GenerateReport(c) => c
                .title
                .iter()
                .flat_map(|title| one("title", title))
                .collect(),
            Self::LlmResponse(c) => one("prompt", &c.prompt),
            Self::GenerateImage(c) => one("prompt", &c.prompt),
            Self::SendEmail(c) => [
                many("to", &c.to),
                one("subject", &c.subject),
                one("body", &c.body),
            ]
            .concat(),
            Self::PostWebhook(c) => {
                let body = c
                    .body
                    .templates()
                    .into_iter()
                    .map(|(tail, template)| (format!("/body{tail}"), template));
                one("url", &c.url).into_iter().chain(body).collect()
            }
            Self::Aggregate(_) | Self::FormatPost(_) | Self::Transform(_) => Vec::new(),
        }
    }

    /// The output keys it reads by `from`, with their pointers relative to the configuration.
    /// Empty where `from` was left to `depends_on`.
    #[must_use]
    pub fn material_keys(&self) -> Vec<(String, &str)> {
        match self {
            Self::Aggregate(Aggregate { from, .. })
            | Self::GenerateOutline(GenerateOutline { from, .. })
            | Self::GenerateReport(GenerateReport { from, .. })
            | Self::LlmResponse(LlmResponse { from, .. })
            | Self::FormatPost(FormatPost { from, .. }) => from
                .iter()
                .enumerate()
                .map(|(i, key)| (format!("/from/{i}"), key.as_str()))
                .collect(),
            Self::Transform(Transform { from, .. }) => vec![("/from".to_owned(), from.as_str())],
            Self::Search(_)
            | Self::Crawl(_)
            | Self::GenerateImage(_)
            | Self::SendEmail(_)
            | Self::PostWebhook(_) => Vec::new(),
        }
    }

    /// The material keys where the tool writes from material; `None` for the others.
    pub(super) fn material_mut(&mut self) -> Option<&mut Vec<String>> {
        match self {
            Self::Aggregate(c) => Some(&mut c.from),
            Self::GenerateOutline(c) => Some(&mut c.from),
            Self::GenerateReport(c) => Some(&mut c.from),
            Self::LlmResponse(c) => Some(&mut c.from),
            Self::FormatPost(c) => Some(&mut c.from),
            Self::Search(_)
            | Self::Crawl(_)
            | Self::GenerateImage(_)
            | Self::Transform(_)
            | Self::SendEmail(_)
            | Self::PostWebhook(_) => None,
        }
    }
}
