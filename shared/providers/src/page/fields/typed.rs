//! The last resort without a model: values recognised by their form in what a reader sees. Only where
//! there is exactly one: of two prices nobody knows which is meant, and a guess would look like change.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::coerce::{Coercion, in_stock};
use super::wanted::Wanted;

const CONFIDENCE: f64 = 0.35;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant of this crate")
}

/// Signs and codes of currencies (ISO 4217) as they stand beside amounts.
const CURRENCIES: [(&str, &str); 12] = [
    ("€", "EUR"),
    ("£", "GBP"),
    ("¥", "JPY"),
    ("₹", "INR"),
    ("zł", "PLN"),
    ("₺", "TRY"),
    ("₽", "RUB"),
    ("₩", "KRW"),
    ("$", "USD"),
    ("CHF", "CHF"),
    ("kr", "SEK"),
    ("R$", "BRL"),
];

static AMOUNT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:(R\$|[€£¥₹₺₽₩$]|\b(?:EUR|USD|GBP|CHF|JPY|PLN|SEK|NOK|DKK|CAD|AUD|INR)\b)[ \u{a0}]?(\d[\d.,'’ \u{a0}\u{202f}]*))|(?:(\d[\d.,'’ \u{a0}\u{202f}]*)[ \u{a0}]?(€|£|zł|kr\b|EUR\b|USD\b|GBP\b|CHF\b|PLN\b|SEK\b|NOK\b|DKK\b|CAD\b|AUD\b))",
    )
});
static RATING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(\d(?:[.,]\d{1,2})?|10)\s*(?:/|out of|von|sur|de|di|van)\s*(?:5|10)\b(?:\s*stars?)?",
    )
});
static STOCK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(in stock|out of stock|sold out|currently unavailable|auf lager|ausverkauft|nicht verfügbar|sofort lieferbar|en stock|rupture de stock|épuisé|agotado|disponible|disponibile)\b",
    )
});

/// A value with the form it was recognised by, and how sure that is.
pub(super) fn find(
    text: &str,
    wanted: &Wanted<'_>,
    coercion: &Coercion<'_>,
) -> Option<(Value, &'static str, f64)> {
    let (form, found) = match wanted.concept? {
        "price" => (
            "the only amount of money",
            only(amounts(text).map(|(amount, _)| amount)),
        ),
        "currency" => (
            "the only currency",
            only(amounts(text).map(|(_, currency)| currency)),
        ),
        "rating" => (
            "the only rating",
            only(
                RATING
                    .captures_iter(text)
                    .filter_map(|found| Some(found.get(1)?.as_str().to_owned())),
            ),
        ),
        "availability" => {
            let said: Vec<&str> = STOCK.find_iter(text).map(|found| found.as_str()).collect();
            let first = said.first()?;
            // Several may say the same.
            let agree = said.iter().all(|one| in_stock(one) == in_stock(first));
            ("the words of a shop", agree.then(|| (*first).to_owned()))
        }
        _ => return None,
    };
    let value = coercion.field(&found?.into(), wanted)?;
    Some((value, form, CONFIDENCE))
}

/// Amounts of money with the code of their currency.
fn amounts(text: &str) -> impl Iterator<Item = (String, String)> {
    AMOUNT.captures_iter(text).filter_map(|found| {
        let amount = found.get(2).or(found.get(3))?.as_str().trim();
        let sign = found.get(1).or(found.get(4))?.as_str();
        let code = CURRENCIES
            .iter()
            .find(|(known, _)| *known == sign)
            .map_or(sign, |(_, code)| code);
        Some((
            amount.trim_end_matches(['.', ',', '\'', '’']).to_owned(),
            code.to_owned(),
        ))
    })
}

/// The one value among them all.
fn only(mut values: impl Iterator<Item = String>) -> Option<String> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use url::Url;

    #[test]
    fn a_form_counts_where_there_is_only_one() {
        let base = Url::parse("https://a.example/").unwrap();
        let coercion = Coercion { base: &base };
        let number = json!({"type": "number"});
        let text = json!({"type": "string"});
        let boolean = json!({"type": "boolean"});
        for (name, property, page, wanted) in [
            (
                "price",
                &number,
                "Now € 1.299,00 only. (€ 1.299,00)",
                Some(json!(1299.0)),
            ),
            ("price", &number, "was 12 € now 9 €", None),
            ("price", &number, "1 299 kr", Some(json!(1299.0))),
            ("currency", &text, "9 € or 12 €", Some(json!("EUR"))),
            (
                "rating",
                &number,
                "rated 4,5 out of 5 stars",
                Some(json!(4.5)),
            ),
            (
                "in_stock",
                &boolean,
                "In stock, ships today",
                Some(json!(true)),
            ),
            ("in_stock", &boolean, "in stock: 1, sold out: 2", None),
            ("weight", &number, "2 kg", None),
        ] {
            let found = find(page, &Wanted::new(name, property), &coercion);
            assert_eq!(found.map(|(value, ..)| value), wanted, "{name} of {page}");
        }
    }
}
