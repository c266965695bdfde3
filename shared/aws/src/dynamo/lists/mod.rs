//! Lists: rows that stand in a partition of their own, in the order of their keys and in up to five further orders.
//!
//! A row holds only what it is sorted by; what a page shows is then read in one batch. The further orders are
//! local secondary indexes, because those can be read consistently: a list shows what was saved a moment ago. They
//! are sparse, hold keys alone (and a workflow's plan, when it is small), and which row appears in which is said
//! by the attributes it has:
//!
//! | index | workflows | runs, approvals, deliveries |
//! |---|---|---|
//! | (the table) | `id` | `id` |
//! | `by1` | `updated#id` | `workflow#id` |
//! | `by2` | `name id` | `workflow#status#id` |
//! | `by3` | `status#id` | `status#id` |
//! | `by4` | `status#updated#id` | |
//! | `by5` | `status#name id` | |
//!
//! Those that grow for ever are cut by month (`super::months`), and a walk goes from month to month.
//!
//! A page begins behind a place, which is a key of the order that is read and need not exist any more.

pub(super) mod approvals;
mod compact;
mod occurrences;
mod page;
pub(super) mod runs;
pub(super) mod workflows;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use engine::listing;
use engine::ports::StoreError;
use futures::future::try_join_all;

use super::DynamoStore;
use super::item::{self, Attributes};
use super::months::Month;
use super::read::failed;

/// A local index, and the attribute it sorts by, which is named as it is.
pub(super) type Order = &'static str;

const UPDATED: Order = "by1";
const NAME: Order = "by2";
pub(super) const STATUS: Order = "by3";
const STATUS_UPDATED: Order = "by4";
const STATUS_NAME: Order = "by5";
const WORKFLOW: Order = "by1";
const WORKFLOW_STATUS: Order = "by2";

/// Rows of one list in one order.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    /// The list's partitions, one after another.
    pks: Vec<String>,
    /// Whether they are its months: then a row's own key is the id of what it stands for.
    monthly: bool,
    /// `None`: the table's own.
    order: Option<Order>,
    /// What the keys of this order begin with.
    prefix: String,
    /// Below which key of the table, if there is no prefix.
    below: Option<&'static str>,
    descending: bool,
    /// Behind which place: a row's key in this order, without the prefix.
    after: Option<String>,
    /// Whether it shows every write that was answered before. Reading what may be a moment old costs half.
    consistent: bool,
}

impl Walk {
    pub(super) fn newest_first(pk: String, order: Option<Order>, prefix: String) -> Self {
        Self {
            pks: vec![pk],
            monthly: false,
            order,
            prefix,
            below: None,
            descending: true,
            after: None,
            consistent: true,
        }
    }

    /// Through months, newest first.
    pub(super) fn through(months: Vec<String>, order: Option<Order>, prefix: String) -> Self {
        Self {
            pks: months,
            monthly: true,
            ..Self::newest_first(String::new(), order, prefix)
        }
    }

    fn below(self, sk: &'static str) -> Self {
        Self {
            below: Some(sk),
            ..self
        }
    }

    /// Behind a place; `None` for a text that is no place, which only somebody who made it up can have.
    fn behind(self, place: &str) -> Option<Self> {
        let is_place = !listing::id_at(place).is_empty();
        is_place.then(|| Self {
            after: Some(place.to_owned()),
            ..self
        })
    }

    fn a_moment_old(self) -> Self {
        Self {
            consistent: false,
            ..self
        }
    }

    /// Where in this order a row stands.
    fn place(&self, row: &Attributes) -> Option<String> {
        let key = item::text(row, self.order.unwrap_or("sk"))?;
        key.strip_prefix(&self.prefix).map(str::to_owned)
    }

    /// The partitions that are left, and the key behind which it begins in the first of them.
    fn begin(&self) -> (&[String], Option<Attributes>) {
        let Some(place) = &self.after else {
            return (&self.pks, None);
        };
        if !self.monthly {
            let start = self.pks.first().map(|pk| self.start(pk, place));
            return (&self.pks, start);
        }
        let month = Month::of_id(listing::id_at(place)).to_string();
        let month_of = |pk: &str| pk.rsplit('#').next().unwrap_or_default().to_owned();
        let newer = self.pks.iter().take_while(|pk| month_of(pk) > month);
        let left = self.pks.get(newer.count()..).unwrap_or_default();
        let here = left.first().filter(|pk| month_of(pk) == month);
        (left, here.map(|pk| self.start(pk, place)))
    }

    fn start(&self, pk: &str, place: &str) -> Attributes {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let key = format!("{}{place}", self.prefix);
        // Every further order ends with the row's own key, which makes each place in it the only one.
        let sk = self.order.map_or(key.as_str(), |_| listing::id_at(place));
        let mut start =
            Attributes::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))]);
        if let Some(order) = self.order {
            start.insert(order.to_owned(), text(&key));
        }
        start
    }
}

/// A page of rows.
#[derive(Debug, Default)]
struct Rows {
    rows: Vec<Attributes>,
    /// Whether nothing follows for certain: DynamoDB does not say it where it stops because it was asked for no more.
    ended: bool,
}

impl DynamoStore {
    fn asking(&self, walk: &Walk, pk: &str) -> QueryFluentBuilder {
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .set_index_name(walk.order.map(str::to_owned))
            .consistent_read(walk.consistent)
            .scan_index_forward(!walk.descending)
            // What is shown no more may wait for its removal.
            .filter_expression("attribute_not_exists(#until) OR #until > :now")
            .expression_attribute_names("#until", item::SHOWN_UNTIL)
            .expression_attribute_values(
                ":now",
                AttributeValue::N(self.now().as_second().to_string()),
            )
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()));
        let text = |text: &str| AttributeValue::S(text.to_owned());
        match walk.below {
            _ if !walk.prefix.is_empty() => request
                .key_condition_expression(format!(
                    "pk = :pk AND begins_with({}, :prefix)",
                    walk.order.unwrap_or("sk")
                ))
                .expression_attribute_values(":prefix", text(&walk.prefix)),
            Some(below) => request
                .key_condition_expression("pk = :pk AND sk < :below")
                .expression_attribute_values(":below", text(below)),
            None => request.key_condition_expression("pk = :pk"),
        }
    }

    /// At most `limit` rows.
    async fn walk(&self, walk: &Walk, limit: usize) -> Result<Rows, StoreError> {
        let mut rows = Vec::new();
        let (pks, mut start) = walk.begin();
        for (n, pk) in pks.iter().enumerate() {
            loop {
                let left = i32::try_from(limit - rows.len()).unwrap_or(i32::MAX);
                let request = self
                    .asking(walk, pk)
                    .set_exclusive_start_key(start)
                    .limit(left.max(1));
                let answer = request.send().await.map_err(|error| failed(&error))?;
                rows.extend(answer.items.unwrap_or_default());
                start = answer.last_evaluated_key;
                if rows.len() >= limit {
                    let ended = start.is_none() && n + 1 == pks.len();
                    return Ok(Rows { rows, ended });
                }
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(Rows { rows, ended: true })
    }

    /// Every row.
    async fn walk_through(&self, walk: &Walk) -> Result<Vec<Attributes>, StoreError> {
        let mut rows = Vec::new();
        for pk in &walk.pks {
            let mut pages = self.asking(walk, pk).into_paginator().items().send();
            while let Some(row) = pages.next().await {
                rows.push(row.map_err(|error| failed(&error))?);
            }
        }
        Ok(rows)
    }

    /// How many rows there are. Costs what reading them costs.
    async fn count(&self, walk: Walk) -> Result<usize, StoreError> {
        let counts = walk.pks.iter().map(|pk| self.count_in(&walk, pk));
        Ok(try_join_all(counts).await?.into_iter().sum())
    }

    async fn count_in(&self, walk: &Walk, pk: &str) -> Result<usize, StoreError> {
        let request = self.asking(walk, pk).select(Select::Count);
        let mut pages = request.into_paginator().send();
        let mut counted = 0;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(&error))?;
            counted += usize::try_from(page.count).unwrap_or_default();
        }
        Ok(counted)
    }

    /// Whether a row follows this one.
    async fn is_followed(&self, walk: &Walk, row: &Attributes) -> Result<bool, StoreError> {
        let place = walk.place(row);
        let Some(behind) = place.and_then(|place| walk.clone().behind(&place)) else {
            return Ok(false);
        };
        Ok(!self.walk(&behind, 1).await?.rows.is_empty())
    }
}
