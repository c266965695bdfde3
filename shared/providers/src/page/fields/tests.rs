//! Whole pages and the fields they have.

use super::*;
use crate::page;

fn url() -> Url {
    Url::parse("https://shop.example/lamps/quill").unwrap()
}

fn read_with(html: &str, schema: Value, locators: Map<String, Value>) -> Fields {
    let request = FieldRequest {
        locators,
        ..request(schema)
    };
    let (_, fields) = page::extract_with_fields(html, &url(), None, Some(&request)).unwrap();
    fields.unwrap()
}

fn fields(html: &str, properties: Value) -> Fields {
    read_with(
        html,
        json!({"type": "object", "properties": properties}),
        Map::new(),
    )
}

fn sources(fields: &Fields) -> Vec<(&str, &str)> {
    fields
        .provenance
        .iter()
        .map(|(name, place)| (name.as_str(), place["source"].as_str().unwrap()))
        .collect()
}

const SHOP: &str = r#"<html><head><title>Quill lamp | Shop</title>
    <meta property="og:site_name" content="Shop"><meta property="product:weight:amount" content="2.5">
    <script type="application/ld+json">[{"@type": "Organization", "name": "Shop Ltd", "email": "x@shop.example"},
      {"@type": "Product", "name": "Quill lamp", "sku": "Q-1", "brand": {"@type": "Brand", "name": "Lumen"},
       "aggregateRating": {"ratingValue": "4.5", "reviewCount": 12}, "isRelatedTo": [{"name": "Other", "gtin": "1"}],
       "offers": {"@type": "Offer", "price": "1299.00", "priceCurrency": "EUR", "availability": "https://schema.org/InStock"}}]</script></head>
    <body><h1>Quill lamp</h1><table><tr><th>Height</th><td>45 cm</td></tr></table></body></html>"#;

#[test]
fn data_for_machines_comes_first_and_says_where_it_is() {
    let found = fields(
        SHOP,
        json!({
            "name": {"type": "string"}, "price": {"type": "number"}, "currency": {"type": "string"},
            "inStock": {"type": "boolean"}, "rating": {"type": "number"}, "review_count": {"type": "integer"},
            "brand": {"type": "string"}, "weight": {"type": "number"}, "height": {"type": "number"},
            "missing": {"type": "string"}, "gtin": {"type": "integer"},
        }),
    );
    assert_eq!(
        Value::Object(found.values.clone()),
        json!({
            "name": "Quill lamp", "price": 1299.0, "currency": "EUR", "inStock": true, "rating": 4.5,
            "review_count": 12, "brand": "Lumen", "weight": 2.5, "height": 45.0, "gtin": 1,
        })
    );
    assert_eq!(
        found.provenance["price"],
        json!({"source": "json_ld", "locator": "$[?@['@type']=='Product'].offers.price", "confidence": 0.95})
    );
    assert_eq!(found.provenance["height"]["locator"], "Height");
    let aside = found.provenance["gtin"]["confidence"].as_f64().unwrap();
    assert!(
        aside < 0.6,
        "that of a related product is not sure: {aside}"
    );
}

#[test]
fn hints_of_the_schema_win() {
    let html = r#"<p class=price>€ 5</p><a class=buy data-amount="7" href="/buy?x=1">Buy</a>
        <script>window.__STATE__ = {"cart": {"total": 8}}</script><ul><li class=tag>a</li><li class=tag>b</li></ul>"#;
    let found = fields(
        html,
        json!({
            "price": {"type": "number", "x-selector": "a.buy", "x-attribute": "data-amount"},
            "total": {"type": "number", "x-jsonpath": "$.cart.total"},
            "labels": {"type": "array", "items": {"type": "string"}, "x-selector": "li.tag"},
            "link": {"type": "string", "format": "uri", "x-selector": "a.buy", "x-attribute": "href"},
            "cost": {"type": "number", "x-selector": ".gone"},
        }),
    );
    assert_eq!(
        Value::Object(found.values.clone()),
        json!({"price": 7.0, "total": 8, "labels": ["a", "b"], "link": "https://shop.example/buy?x=1", "cost": 5.0})
    );
    assert_eq!(found.provenance["cost"]["source"], "element");
}

#[test]
fn a_page_without_data_is_read_by_labels_names_and_forms() {
    let html = "<h1>Boots</h1><dl><dt>Article number</dt><dd>AB-123</dd></dl><p>Colour: Red</p>
        <div id=stock>Sold out</div><p>Yours for CHF 1'299.- today.</p><p>Rated 4 of 5 in test no. 77</p>";
    let found = fields(
        html,
        json!({
            "sku": {"type": "string"}, "color": {"type": "string"}, "in_stock": {"type": "boolean"},
            "price": {"type": "number"}, "currency": {"type": "string"}, "title": {"type": "string"},
            "test": {"type": "integer", "pattern": "test no\\. (\\d+)"},
        }),
    );
    assert_eq!(
        Value::Object(found.values.clone()),
        json!({
            "sku": "AB-123", "color": "Red", "in_stock": false, "price": 1299.0, "currency": "CHF", "title": "Boots", "test": 77,
        })
    );
    assert_eq!(
        sources(&found),
        [
            ("sku", "label"),
            ("color", "label"),
            ("in_stock", "element"),
            ("price", "text"),
            ("currency", "text"),
            ("title", "page"),
            ("test", "pattern")
        ]
    );
}

#[test]
fn records_come_from_a_table_with_a_header() {
    let html = "<table><tr><td>x</td></tr></table><table class=plans><thead><tr><th>Plan</th><th>Price</th><th>Seats</th></tr></thead>
        <tr><td>Free</td><td>€ 0</td><td>1</td></tr><tr><td>Team</td><td>€ 29</td><td>10</td></tr></table>";
    let schema = json!({"plans": {"type": "array", "items": {"type": "object", "properties": {
        "plan": {"type": "string"}, "price": {"type": "number"}, "support": {"type": "string"}}}}});
    let found = fields(html, schema);
    assert_eq!(
        found.values["plans"],
        json!([{"plan": "Free", "price": 0.0}, {"plan": "Team", "price": 29.0}])
    );
    assert_eq!(found.provenance["plans"]["locator"], "table.plans");
}

#[test]
fn the_place_that_worked_is_tried_first_and_its_loss_is_reported() {
    let schema =
        || json!({"properties": {"price": {"type": "number"}, "height": {"type": "number"}}});
    let first = read_with(SHOP, schema(), Map::new());
    assert!(first.lost.is_empty());
    // Another block before it moves nothing.
    let moved = SHOP.replace(
        "[{\"@type\": \"Organization\"",
        "[{\"@type\": \"WebSite\"}, {\"@type\": \"Organization\"",
    );
    let again = read_with(&moved, schema(), first.provenance.clone());
    assert_eq!((again.values, again.lost), (first.values.clone(), vec![]));
    // The price moved out of the data into the text, and the height is gone.
    let html = "<h1>Quill lamp</h1><p class=price>€ 1.199,00</p>";
    let later = read_with(html, schema(), first.provenance);
    assert_eq!(Value::Object(later.values), json!({"price": 1199.0}));
    assert_eq!(later.provenance["price"]["source"], "element");
    assert_eq!(later.lost, ["price", "height"]);
}

#[test]
fn a_json_document_is_its_own_data() {
    let reading = Reading {
        structured: json!({"data": {"items": [{"price": "9,50"}]}}),
        ..Reading::default()
    };
    let request = request(json!({"properties": {"price": {"type": "number"}}}));
    let found = read(None, &url(), &reading, &request);
    assert_eq!(found.values["price"], 9.5);
    assert_eq!(
        found.provenance["price"]["locator"],
        "$.data.items[0].price"
    );
}

#[test]
fn hostile_schemas_and_pages_end_in_absence() {
    for schema in [
        json!({}),
        json!({"properties": []}),
        json!({"properties": {"": {}, "x": null, "y": {"type": 7, "x-selector": "[[", "x-jsonpath": "$[", "pattern": "("}}}),
    ] {
        assert!(read_with(SHOP, schema, Map::new()).values.is_empty());
    }
    let places = json!({"price": {"source": "json_ld", "locator": "$[?"}, "height": 3, "x": {"source": "", "locator": ""}});
    let schema = json!({"properties": {"price": {"type": "number"}, "height": {}, "x": {}}});
    let found = read_with(SHOP, schema, places.as_object().unwrap().clone());
    assert_eq!(found.lost, ["price", "height", "x"]);
    assert_eq!(found.values["price"], 1299.0);
}
