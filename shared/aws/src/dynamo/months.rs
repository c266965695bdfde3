//! Lists that grow for ever, cut by the months of what stands in them.
//!
//! A table with local indexes keeps everything under one partition key together: at most 10 GB, and 1,000 write units a
//! second (developer guide, "Item collection size limit"). So a row stands in a partition of the month in which what it
//! stands for was made, which its id says (UUID version 7). Ids of a later month are greater, so a list is its months
//! one after another.
//!
//! Which months have rows stands in one small item an owner, written by the commit that makes the first row of a
//! month. Whoever has seen that a month is noted remembers it, so that a commit reads that item once a process and
//! month and writes it once a month: runs cost no unit more.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use domain::ids::OwnerId;
use engine::ports::{Commit, StoreError, Write};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::part::{Part, unconditional};
use super::{DynamoStore, item, keys};

/// How many months a process remembers as noted, before it begins anew.
const MOST_REMEMBERED: usize = 10_000;

/// A list that is cut by month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum List {
    Executions,
    Approvals,
    Deliveries,
    Ledger,
}

impl List {
    fn as_str(self) -> &'static str {
        match self {
            Self::Executions => "EXECUTIONS",
            Self::Approvals => "APPROVALS",
            Self::Deliveries => "DELIVERIES",
            Self::Ledger => "LEDGER",
        }
    }

    /// The partition of the list's rows of one month.
    pub(super) fn partition(self, owner: &OwnerId, month: &Month) -> String {
        format!("{owner}#{}#{month}", self.as_str())
    }
}

/// A month of UTC, as `2026-12`: in the order of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Month(String);

impl Month {
    pub(super) fn at(time: Timestamp) -> Self {
        Self(time.to_zoned(TimeZone::UTC).strftime("%Y-%m").to_string())
    }

    /// The day with this number, from 1, when the month has it.
    pub(super) fn day(&self, number: i8) -> Option<Date> {
        let (year, month) = self.0.split_once('-')?;
        Date::new(year.parse().ok()?, month.parse().ok()?, number).ok()
    }

    /// The month of a tally's sort key.
    pub(super) fn of_tally(sk: &str) -> Option<Self> {
        let month = sk.strip_prefix(keys::TALLY)?.get(..7)?;
        Some(Self(month.to_owned()))
    }

    /// The month in which an id was made; of a text that is no id, the first there is.
    pub(super) fn of_id(id: &str) -> Self {
        let digits = id.rsplit('_').next().and_then(|uuid| uuid.get(..12));
        let made = digits.and_then(|digits| i64::from_str_radix(digits, 16).ok());
        let made = made.unwrap_or_default().max(0);
        Self::at(Timestamp::from_millisecond(made).unwrap_or(Timestamp::MAX))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The partitions that are known to be noted.
#[derive(Debug, Clone, Default)]
pub(super) struct Noted(Arc<Mutex<HashSet<String>>>);

impl Noted {
    fn has(&self, partition: &str) -> bool {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.contains(partition)
    }

    fn add(&self, partition: String) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= MOST_REMEMBERED {
            noted.clear();
        }
        noted.insert(partition);
    }
}

/// The list in which a write makes a row, and the row's month.
fn new_row(write: &Write) -> Option<(&OwnerId, List, Month)> {
    match write {
        Write::CreateExecution { execution } => Some((
            &execution.owner,
            List::Executions,
            Month::of_id(execution.id.as_str()),
        )),
        Write::PutApproval { approval } if approval.revision == 0 => Some((
            &approval.owner,
            List::Approvals,
            Month::of_id(approval.id.as_str()),
        )),
        Write::PutDelivery { delivery } if delivery.revision == 0 => Some((
            &delivery.owner,
            List::Deliveries,
            Month::of_id(delivery.id.as_str()),
        )),
        Write::SettleCredits { owner, at, .. } | Write::Grant { owner, at, .. } => {
            Some((owner, List::Ledger, Month::at(*at)))
        }
        _ => None,
    }
}

/// What a commit must note: months by owner and list.
pub(super) type News = BTreeMap<OwnerId, BTreeMap<List, BTreeSet<Month>>>;

impl DynamoStore {
    /// The months in which the commit makes rows, as far as they are not known to be noted.
    pub(super) async fn news(&self, commit: &Commit) -> Result<News, StoreError> {
        let mut news = News::new();
        for (owner, list, month) in commit.writes.iter().filter_map(new_row) {
            if !self.noted.has(&list.partition(owner, &month)) {
                let lists = news.entry(owner.clone()).or_default();
                lists.entry(list).or_default().insert(month);
            }
        }
        for (owner, lists) in &mut news {
            let stored = self.get(&keys::months(owner)).await?;
            for (list, months) in lists.iter_mut() {
                for month in noted(stored.as_ref(), *list) {
                    if months.remove(&month) {
                        self.noted.add(list.partition(owner, &month));
                    }
                }
            }
            lists.retain(|_, months| !months.is_empty());
        }
        news.retain(|_, lists| !lists.is_empty());
        Ok(news)
    }

    /// Remembers what a commit has noted.
    pub(super) fn remember(&self, news: News) {
        for (owner, lists) in news {
            for (list, months) in lists {
                for month in months {
                    self.noted.add(list.partition(&owner, &month));
                }
            }
        }
    }

    /// The partitions of a list that have rows, or had some, newest first.
    pub(super) async fn partitions(
        &self,
        owner: &OwnerId,
        list: List,
    ) -> Result<Vec<String>, StoreError> {
        let stored = self.get(&keys::months(owner)).await?;
        let months = noted(stored.as_ref(), list);
        let newest_first = months.iter().rev();
        Ok(newest_first
            .map(|month| list.partition(owner, month))
            .collect())
    }
}

fn noted(stored: Option<&item::Attributes>, list: List) -> BTreeSet<Month> {
    let months = stored.and_then(|stored| stored.get(list.as_str())?.as_ss().ok());
    let months = months.into_iter().flatten();
    months.map(|month| Month(month.clone())).collect()
}

/// What notes months: added to sets, so that whoever comes second changes nothing.
pub(super) fn parts(news: &News) -> Vec<Part> {
    news.iter()
        .map(|(owner, lists)| {
            let key = keys::months(owner);
            let mut update = Update::builder()
                .table_name("")
                .set_key(Some(item::primary(&key)));
            let mut adds = Vec::new();
            for (list, months) in lists {
                let name = list.as_str();
                let months = months.iter().map(ToString::to_string).collect();
                adds.push(format!("#{name} :{name}"));
                update = update
                    .expression_attribute_names(format!("#{name}"), name)
                    .expression_attribute_values(format!(":{name}"), AttributeValue::Ss(months));
            }
            let update = update.update_expression(format!("ADD {}", adds.join(", ")));
            let update = update.build().expect("an update has its key and table");
            unconditional(key, TransactWriteItem::builder().update(update).build())
        })
        .collect()
}
