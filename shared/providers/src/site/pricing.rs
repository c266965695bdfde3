//! The price list of an invented competitor: the page that is watched for a change.

use std::fmt::Write as _;

use serde_json::json;

use super::pages::Head;
use super::{Site, escape};
use crate::search::ranking::Document;

pub(super) const TITLE: &str = "Brightdesk pricing";
pub(super) const SUMMARY: &str =
    "Plans and prices of the help desk Brightdesk, per agent and month.";

/// The page as the search reads it. Its age is beyond any window: it has no date.
pub(super) const DOCUMENT: Document<'static> = Document {
    title: TITLE,
    tags: "pricing, price, plans, competitor, help desk, Brightdesk",
    summary: SUMMARY,
    text: "Starter Team Business plan price per agent and month billed yearly",
    age_days: u32::MAX,
};

struct Plan {
    name: &'static str,
    /// Euros per agent and month.
    price: u32,
    scope: &'static str,
}

fn plans(edition: u32) -> [Plan; 3] {
    let team = if edition >= 2 { 35 } else { 29 };
    let history = if edition >= 2 {
        "Shared inboxes, rules, 90 days of history"
    } else {
        "Shared inboxes, rules, one year of history"
    };
    [
        Plan {
            name: "Starter",
            price: 9,
            scope: "One inbox, e-mail and chat",
        },
        Plan {
            name: "Team",
            price: team,
            scope: history,
        },
        Plan {
            name: "Business",
            price: 79,
            scope: "Single sign-on, audit log, telephone",
        },
    ]
}

fn body(edition: u32) -> String {
    let mut body = format!(
        "<h1>{TITLE}</h1>\n<p>{SUMMARY}</p>\n<table>\n<tr><th>Plan</th><th>Price</th><th>What is in it</th></tr>\n"
    );
    for plan in plans(edition) {
        let _ = writeln!(
            body,
            "<tr><td>{}</td><td>€{} per agent and month</td><td>{}</td></tr>",
            plan.name,
            plan.price,
            escape(plan.scope)
        );
    }
    body.push_str("</table>\n<p class=\"note\">Prices are for yearly billing and without tax. A trial lasts 14 days.</p>");
    body
}

pub(super) fn page(site: &Site, edition: u32) -> String {
    let url = site.url("pricing");
    let offers: Vec<_> = plans(edition)
        .iter()
        .map(|plan| json!({"@type": "Offer", "name": plan.name, "price": plan.price.to_string(), "priceCurrency": "EUR"}))
        .collect();
    let head = Head {
        title: TITLE,
        description: SUMMARY,
        json_ld: json!({"@context": "https://schema.org", "@type": "Product", "name": "Brightdesk", "url": url, "offers": offers}),
        url,
        kind: "product",
        published: None,
    };
    super::pages::page(site, &head, &body(edition))
}
