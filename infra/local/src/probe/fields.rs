//! Which fields of a schema a page has, and where.

use serde_json::{Value, json};

use super::{Fault, page::Source};

/// `{html | html_path, url, schema}` → `{fields, provenance}`. With `locators` (the `provenance` of an earlier
/// answer) those places are tried first, and `lost` names the fields that are no longer there.
pub(super) fn answer(request: &Value) -> Result<Value, Fault> {
    let source = Source::of(request)?;
    let schema = request
        .get("schema")
        .filter(|schema| schema.is_object())
        .ok_or_else(|| Fault::invalid("/schema: is an object"))?;
    let mut wanted = providers::page::fields::request(schema.clone());
    match request.get("locators") {
        None | Some(Value::Null) => {}
        Some(Value::Object(locators)) => wanted.locators.clone_from(locators),
        Some(_) => return Err(Fault::invalid("/locators: is an object")),
    }
    let (_, found) = source.reading_with(Some(&wanted))?;
    let found = found.unwrap_or_default();
    let mut answer = json!({ "fields": found.values, "provenance": found.provenance });
    if !found.lost.is_empty() {
        answer["lost"] = found.lost.into();
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_with_their_places() {
        let html = "<p>Weight: 2 kg</p>";
        let schema = json!({"type": "object", "properties": {"weight": {"type": "number"}, "size": {"type": "string"}}});
        let ask = json!({"html": html, "url": "https://shop.example/a", "schema": schema});
        let first = answer(&ask).unwrap();
        assert_eq!(first["fields"], json!({"weight": 2.0}));
        assert_eq!(first["provenance"]["weight"]["source"], "label");
        let mut later = ask.clone();
        later["html"] = "<p>Nothing</p>".into();
        later["locators"] = first["provenance"].clone();
        assert_eq!(answer(&later).unwrap()["lost"], json!(["weight"]));
        for (key, bad) in [("schema", json!(1)), ("locators", json!([]))] {
            let mut broken = ask.clone();
            broken[key] = bad;
            assert_eq!(answer(&broken).unwrap_err().code, "validation_failed");
        }
    }
}
