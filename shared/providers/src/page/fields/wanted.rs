//! One field as the schema asks for it: its type, the names it goes by, and hints where it is.

use domain::selection::Selector as JsonPath;
use regex::{Regex, RegexBuilder};
use scraper::Selector as Css;
use serde_json::Value;

/// The longest name on a page that is compared with a wanted one, in bytes. Names that people give are far shorter.
pub(super) const LONGEST_NAME: usize = 200;

/// The largest compiled pattern, in bytes; the same as when the schema was checked.
const PATTERN_SIZE: usize = 1 << 20;

/// What fields are commonly called, in data for machines (schema.org, OpenGraph, shop systems) and in the
/// words of pages. The first name of a row is the concept's; any of them names it in a schema.
const CONCEPTS: &[&[&str]] = &[
    &[
        "price",
        "lowprice",
        "currentprice",
        "saleprice",
        "offerprice",
        "priceamount",
        "amount",
        "cost",
        "preis",
        "prix",
        "precio",
        "prezzo",
        "preco",
        "prijs",
        "cena",
        "pris",
    ],
    &[
        "currency",
        "pricecurrency",
        "currencycode",
        "waehrung",
        "devise",
        "moneda",
    ],
    &[
        "availability",
        "stock",
        "instock",
        "available",
        "stockstatus",
        "verfuegbarkeit",
        "disponibilite",
    ],
    &[
        "rating",
        "ratingvalue",
        "averagerating",
        "stars",
        "score",
        "bewertung",
    ],
    &[
        "reviewcount",
        "ratingcount",
        "reviews",
        "numberofreviews",
        "votes",
    ],
    &["title", "headline", "name", "productname", "jobtitle"],
    &[
        "author",
        "creator",
        "byline",
        "writtenby",
        "autor",
        "auteur",
    ],
    &[
        "published",
        "datepublished",
        "publisheddate",
        "publishedtime",
        "publishedat",
        "publicationdate",
        "uploaddate",
        "dateposted",
        "datecreated",
        "date",
    ],
    &[
        "modified",
        "datemodified",
        "modifiedtime",
        "updated",
        "updatedat",
        "lastupdated",
    ],
    &["description", "summary", "abstract", "beschreibung"],
    &[
        "image",
        "picture",
        "photo",
        "thumbnail",
        "thumbnailurl",
        "imageurl",
    ],
    &["brand", "manufacturer", "marke", "marque", "make"],
    &[
        "sku",
        "mpn",
        "productid",
        "itemnumber",
        "articlenumber",
        "partnumber",
        "artikelnummer",
    ],
    &["gtin", "gtin13", "gtin12", "gtin14", "gtin8", "ean", "upc"],
    &["isbn", "isbn13", "isbn10"],
    &[
        "category",
        "articlesection",
        "section",
        "genre",
        "kategorie",
    ],
    &["startdate", "start", "starts", "begins", "doortime"],
    &[
        "enddate",
        "end",
        "ends",
        "validthrough",
        "deadline",
        "applicationdeadline",
    ],
    &[
        "location",
        "joblocation",
        "venue",
        "place",
        "address",
        "ort",
        "lieu",
    ],
    &["telephone", "phone", "phonenumber", "tel"],
    &["email", "emailaddress", "mail"],
    &["salary", "basesalary", "pay", "wage", "compensation"],
    &[
        "company",
        "hiringorganization",
        "employer",
        "organization",
        "organizer",
    ],
    &["version", "softwareversion", "release", "latestversion"],
    &["ingredients", "recipeingredient", "zutaten"],
    &["duration", "totaltime", "runtime", "readingtime"],
    &["publisher", "sitename"],
    &["keywords", "tags"],
    &["color", "colour", "farbe"],
    &["url", "link", "permalink"],
    &["text", "content", "body", "articlebody"],
];

/// A field to be found.
pub(super) struct Wanted<'a> {
    pub(super) property: &'a Value,
    /// The names it may go by, the schema's own first; letters and digits only, in lower case.
    pub(super) names: Vec<String>,
    /// What it is, when its name says so: the first name of a row of [`CONCEPTS`].
    pub(super) concept: Option<&'static str>,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(name: &str, property: &'a Value) -> Self {
        let own = normal(name);
        let concept = concept_of(&own).or_else(|| {
            // `product_price` is a price; the last word says what a compound is.
            words(name).last().and_then(|last| concept_of(last))
        });
        let mut names = vec![own];
        let title = property["title"].as_str().map(normal);
        names.extend(title.into_iter().chain(quoted(property)));
        names.extend(
            concept
                .iter()
                .flat_map(|row| row.iter().map(|name| (*name).to_owned())),
        );
        let mut seen = Vec::new();
        names.retain(|name| {
            let new = !name.is_empty() && !seen.contains(name);
            seen.push(name.clone());
            new
        });
        Self {
            property,
            names,
            concept: concept.and_then(|row| row.first().copied()),
        }
    }

    /// The place in the mark-up the schema hints at, with the attribute that holds the value.
    pub(super) fn selector(&self) -> Option<(Css, &'a str, Option<&'a str>)> {
        let text = self.property["x-selector"].as_str()?;
        let selector = Css::parse(text).ok()?;
        Some((selector, text, self.property["x-attribute"].as_str()))
    }

    /// The place in the structured data the schema hints at.
    pub(super) fn json_path(&self) -> Option<(JsonPath, &'a str)> {
        let text = self.property["x-jsonpath"].as_str()?;
        Some((JsonPath::parse_query(text).ok()?, text))
    }

    pub(super) fn pattern(&self) -> Option<(Regex, &'a str)> {
        let text = self.property["pattern"].as_str()?;
        let pattern = RegexBuilder::new(text).size_limit(PATTERN_SIZE).build();
        Some((pattern.ok()?, text))
    }
}

fn concept_of(name: &str) -> Option<&'static [&'static str]> {
    CONCEPTS.iter().find(|row| row.contains(&name)).copied()
}

/// Labels quoted in a description: `the line "Net weight" of the table`.
fn quoted(property: &Value) -> Vec<String> {
    let description = property["description"].as_str().unwrap_or_default();
    let parts: Vec<&str> = description.split(['"', '“', '”', '«', '»', '`']).collect();
    // Between two marks stand those at odd places.
    let inside = parts.iter().skip(1).step_by(2);
    inside
        .take(parts.len().saturating_sub(1) / 2)
        .filter(|label| label.chars().count() <= 60)
        .map(|label| normal(label))
        .collect()
}

/// Letters and digits in lower case: `datePublished`, `date_published` and `date-published` are one.
pub(super) fn normal(name: &str) -> String {
    normally(name).collect()
}

/// Whether that is what a name becomes. Nothing is made for it: a page has names without number.
pub(super) fn is_normally(name: &str, normal: &str) -> bool {
    normally(name).eq(normal.chars())
}

fn normally(name: &str) -> impl Iterator<Item = char> {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
}

/// The words of a name in lower case: `priceCurrency` and `price-currency` have two.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        was_lower = c.is_lowercase() || c.is_numeric();
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_goes_by_its_name_its_quoted_labels_and_its_concepts_names() {
        let property = json!({"description": "as in the line \"Net weight\" of the table"});
        let wanted = Wanted::new("mass_g", &property);
        assert_eq!(
            (wanted.names, wanted.concept),
            (vec!["massg".to_owned(), "netweight".to_owned()], None)
        );
        let wanted = Wanted::new("productPrice", &Value::Null);
        assert_eq!(wanted.concept, Some("price"));
        assert_eq!(wanted.names[..2], ["productprice", "price"]);
        assert_eq!(
            words("priceCurrency-code2 X"),
            ["price", "currency", "code2", "x"]
        );
    }
}
