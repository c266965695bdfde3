//! The fields of an `extraction_schema`, read from a page by rule, each with its source, its place and how
//! sure it is.
//!
//! The order is one of trust: the place that worked last time, the place the schema hints at, what the page
//! says for machines, what it is (title, author, date), a pattern, values beside their label, elements named
//! for what they hold, and at last a form that occurs only once. A value of another type is passed over. What
//! is not found is absent, never null or empty: a price that could not be read must not look like a price that changed.
//!
//! What can go wrong most is finding *something*: the price of a related product, the name of the shop. Hence
//! exact names before synonyms, the page's main thing before its surroundings, and nothing at all where two
//! candidates are equal.

mod coerce;
mod data;
mod labels;
mod marked;
mod place;
mod table;
mod typed;
mod wanted;

use engine::ports::{FieldRequest, Fields};
use scraper::Html;
use serde_json::{Map, Value, json};
use url::Url;

use super::Reading;
use super::structured::embedded::{self, State};
use coerce::Coercion;
use labels::Pair;
use wanted::{Wanted, normal};

/// The most fields read for one schema.
const MOST_FIELDS: usize = 200;

/// Data for machines in a page, in the order of trust.
const DATA: [(&str, f64); 6] = [
    ("json_ld", 0.95),
    ("microdata", 0.93),
    ("rdfa", 0.9),
    ("open_graph", 0.85),
    ("meta", 0.8),
    ("json", 0.9),
];
const HINTED: f64 = 0.97;
const EMBEDDED: f64 = 0.7;
const OWN: f64 = 0.75;
const PATTERN: f64 = 0.7;

/// Reads the fields of the page at `url`. One without a tree (a JSON document, a text, mark-up that is nested too deep) has
/// what was read of it, and no more.
pub(super) fn read(
    document: Option<&Html>,
    url: &Url,
    reading: &Reading,
    wanted: &FieldRequest,
) -> Fields {
    Source::new(document, url, reading).read(wanted)
}

/// How much of a page's text is searched for a field by its form or by a pattern, in bytes. A price, a rating or a stock
/// stands near the beginning; patterns with classes of Unicode take seconds for 5 MiB of other scripts.
const MOST_SEARCHED: usize = 256 * 1024;

/// A field that was found.
struct Found {
    value: Value,
    source: &'static str,
    locator: String,
    confidence: f64,
}

/// A page as fields are read from it.
struct Source<'a> {
    document: Option<&'a Html>,
    url: &'a Url,
    reading: &'a Reading,
    pairs: Vec<Pair>,
    states: Vec<State>,
}

impl<'a> Source<'a> {
    fn new(document: Option<&'a Html>, url: &'a Url, reading: &'a Reading) -> Self {
        Self {
            document,
            url,
            reading,
            pairs: document.map(labels::read).unwrap_or_default(),
            states: document.map(embedded::read).unwrap_or_default(),
        }
    }

    fn read(&self, request: &FieldRequest) -> Fields {
        let mut fields = Fields::default();
        let Some(properties) = request.schema["properties"].as_object() else {
            return fields;
        };
        for (name, property) in properties.iter().take(MOST_FIELDS) {
            let wanted = Wanted::new(name, property);
            let remembered = request.locators.get(name);
            let again = remembered.and_then(|place| self.again(place, &wanted));
            if remembered.is_some() && again.is_none() {
                fields.lost.push(name.clone());
            }
            if let Some(found) = again.or_else(|| self.find(&wanted)) {
                fields.values.insert(name.clone(), found.value);
                let place = json!({
                    "source": found.source,
                    "locator": found.locator,
                    "confidence": found.confidence,
                });
                fields.provenance.insert(name.clone(), place);
            }
        }
        fields
    }

    /// The part of the text in which fields are looked for.
    fn searched(&self) -> &str {
        let text = &self.reading.text;
        &text[..text.floor_char_boundary(MOST_SEARCHED)]
    }

    fn coercion(&self) -> Coercion<'_> {
        Coercion { base: self.url }
    }

    fn find(&self, wanted: &Wanted<'_>) -> Option<Found> {
        self.hinted(wanted)
            .or_else(|| self.in_data(wanted))
            .or_else(|| self.own(wanted))
            .or_else(|| self.matched(wanted))
            .or_else(|| self.in_table(wanted))
            .or_else(|| self.labelled(wanted))
            .or_else(|| self.marked(wanted))
            .or_else(|| self.in_states(wanted))
            .or_else(|| self.typed(wanted))
    }

    /// What the schema hints at. A hint that leads nowhere is no reason to look nowhere else.
    fn hinted(&self, wanted: &Wanted<'_>) -> Option<Found> {
        let by_path = wanted.json_path().and_then(|(path, text)| {
            let states = self.states.iter().map(|state| &state.data);
            let value = std::iter::once(&self.reading.structured)
                .chain(states)
                .find_map(|document| data::select(document, &path, wanted, &self.coercion()))?;
            Some(found(value, "jsonpath", text, HINTED))
        });
        by_path.or_else(|| {
            let (selector, text, attribute) = wanted.selector()?;
            let said = |element| match attribute {
                Some(name) => scraper::ElementRef::attr(&element, name).map(str::to_owned),
                None => Some(place::said(element)),
            };
            let all: Vec<Value> = self
                .document?
                .select(&selector)
                .filter_map(said)
                .map(Value::from)
                .collect();
            // A single value is the first that fits; a list is all of them.
            let value = self.coercion().field(&all.into(), wanted)?;
            Some(found(value, "selector", text, HINTED))
        })
    }

    /// What the page says for machines.
    fn in_data(&self, wanted: &Wanted<'_>) -> Option<Found> {
        let is_json = self.document.is_none() && self.reading.structured.get("json_ld").is_none();
        let mut aside = None;
        for (source, confidence) in DATA {
            let document = match (source, is_json) {
                ("json", true) => &self.reading.structured,
                ("json", false) | (_, true) => continue,
                (source, false) => &self.reading.structured[source],
            };
            let Some(placed) = data::find(document, wanted, &self.coercion()) else {
                continue;
            };
            if !placed.aside {
                return Some(found(placed.value, source, &placed.path, confidence));
            }
            aside.get_or_insert(found(placed.value, source, &placed.path, confidence - 0.4));
        }
        // What is only said of the surroundings yields to what the page itself shows.
        aside.filter(|_| {
            !matches!(
                wanted.concept,
                Some("title" | "description" | "url" | "image" | "published")
            )
        })
    }

    /// What the page is.
    fn own(&self, wanted: &Wanted<'_>) -> Option<Found> {
        let date = |date: &Option<super::PageDate>| date.as_ref().map(|date| date.date.clone());
        let reading = self.reading;
        let (locator, value) = match wanted.concept? {
            "title" => ("title", Some(reading.title.clone())),
            "url" => ("url", Some(self.url.to_string())),
            "published" => ("published", date(&reading.published)),
            "modified" => ("modified", date(&reading.modified)),
            "author" => ("author", reading.author.clone()),
            "text" => ("text", Some(reading.text.clone())),
            _ => return None,
        };
        let value = self.coercion().field(&value?.into(), wanted)?;
        Some(found(value, "page", locator, OWN))
    }

    /// What the schema's pattern finds in the text: its first group, else all of it.
    fn matched(&self, wanted: &Wanted<'_>) -> Option<Found> {
        let (pattern, text) = wanted.pattern()?;
        let captures = pattern.captures(self.searched())?;
        let matched = captures.get(1).or_else(|| captures.get(0))?.as_str();
        let value = self.coercion().field(&matched.into(), wanted)?;
        Some(found(value, "pattern", text, PATTERN))
    }

    fn in_table(&self, wanted: &Wanted<'_>) -> Option<Found> {
        let (records, selector) = table::find(self.document?, wanted.property, &self.coercion())?;
        Some(found(records, "table", &selector, 0.8))
    }

    fn labelled(&self, wanted: &Wanted<'_>) -> Option<Found> {
        wanted.names.iter().enumerate().find_map(|(i, name)| {
            let pair = labels::called(&self.pairs, name).find_map(|pair| {
                let value = self.coercion().field(&pair.value.as_str().into(), wanted)?;
                Some((pair, value))
            });
            let (pair, value) = pair?;
            let confidence = if pair.is_marked { 0.75 } else { 0.6 };
            // A synonym is a little less sure than the name itself.
            let confidence = if i == 0 {
                confidence
            } else {
                confidence - 0.05
            };
            Some(found(value, "label", &pair.label, confidence))
        })
    }

    fn marked(&self, wanted: &Wanted<'_>) -> Option<Found> {
        let marked = marked::find(self.document?, wanted, &self.coercion())?;
        let confidence = if marked.is_exact { 0.6 } else { 0.5 };
        Some(found(marked.value, "element", &marked.selector, confidence))
    }

    /// What the page's script starts from. It holds everything the site knows, of which the page is a
    /// part: last of the data.
    fn in_states(&self, wanted: &Wanted<'_>) -> Option<Found> {
        self.states.iter().find_map(|state| {
            let placed = data::find(&state.data, wanted, &self.coercion())?;
            let locator = format!("{} {}", state.name, placed.path);
            Some(found(placed.value, "embedded", &locator, EMBEDDED))
        })
    }

    fn typed(&self, wanted: &Wanted<'_>) -> Option<Found> {
        let (value, form, confidence) = typed::find(self.searched(), wanted, &self.coercion())?;
        Some(found(value, "text", form, confidence))
    }

    /// The field at the place where it was found last time.
    fn again(&self, place: &Value, wanted: &Wanted<'_>) -> Option<Found> {
        let (source, locator) = (place["source"].as_str()?, place["locator"].as_str()?);
        let coercion = self.coercion();
        let fresh = |found: Option<Found>| found.filter(|found| found.source == source);
        let value = match source {
            "embedded" => {
                let (name, path) = locator.rsplit_once(" $")?;
                let state = self.states.iter().find(|state| state.name == name)?;
                data::at(&state.data, &format!("${path}"), wanted, &coercion)
            }
            "label" => {
                let label = normal(locator);
                labels::called(&self.pairs, &label)
                    .find_map(|pair| coercion.field(&pair.value.as_str().into(), wanted))
            }
            "element" => {
                let element = place::first(self.document?, locator)?;
                coercion.field(&place::said(element).into(), wanted)
            }
            "table" => {
                let element = place::first(self.document?, locator)?;
                table::read(element, wanted.property, &coercion)
            }
            // These say where to look by themselves.
            "jsonpath" | "selector" => return fresh(self.hinted(wanted)),
            "page" => return fresh(self.own(wanted)),
            "pattern" => return fresh(self.matched(wanted)),
            "text" => return fresh(self.typed(wanted)),
            "json" => data::at(&self.reading.structured, locator, wanted, &coercion),
            _ => data::at(&self.reading.structured[source], locator, wanted, &coercion),
        };
        let source = DATA
            .iter()
            .map(|(name, _)| *name)
            .chain(["embedded", "label", "element", "table"])
            .find(|name| *name == source)?;
        let confidence = place["confidence"].as_f64().unwrap_or(0.5);
        Some(found(value?, source, locator, confidence))
    }
}

fn found(value: Value, source: &'static str, locator: &str, confidence: f64) -> Found {
    Found {
        value,
        source,
        locator: locator.to_owned(),
        confidence: (confidence * 100.0).round() / 100.0,
    }
}

/// A request for the fields of `schema`, as at the first visit of a page.
#[must_use]
pub fn request(schema: Value) -> FieldRequest {
    FieldRequest {
        schema: std::sync::Arc::new(schema),
        locators: Map::new(),
    }
}

#[cfg(test)]
mod tests;
