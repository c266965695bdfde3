//! The parts of a commit: one request on one item each, and what its refusal means.

use std::fmt::Write as _;

use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use domain::quota::Quota;
use engine::retention::{Lifetime, Retention};
use jiff::Timestamp;

use super::item::{self, Attributes, EXPIRES_AT, Item, REVISION, SHOWN_UNTIL, WRITER};
use super::keys::Key;

/// What a refused condition means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Conflict,
    Exists,
    TooFewCredits(u32),
    /// As many places of the quota are taken as there are.
    Full(Quota),
    /// What is to be removed is another by now, or has gone already.
    Gone,
}

/// One request item, its key, and what its refusal means.
pub(super) struct Part {
    pub(super) key: Key,
    pub(super) meaning: Meaning,
    pub(super) kept: Kept,
    pub(super) request: TransactWriteItem,
}

/// As what a part is kept, when its write says how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// What the write is about.
    Item,
    /// A row that stands for it in a list.
    Row,
    /// What belongs to a run and is written before its end is known.
    PartOfRun,
    /// As it says itself.
    Itself,
}

impl Part {
    pub(super) fn kept_as(self, kept: Kept) -> Self {
        Self { kept, ..self }
    }

    /// Says how long what it puts is kept, when it is written at `now`.
    pub(super) fn dated(
        mut self,
        lifetime: Lifetime,
        retention: Retention,
        now: Timestamp,
    ) -> Self {
        let Some(put) = &mut self.request.put else {
            return self;
        };
        let mut set = |name: &str, at: Timestamp| {
            // Upwards: nothing goes before its time.
            let seconds = at.as_second() + i64::from(at.subsec_nanosecond() > 0);
            put.item
                .insert(name.to_owned(), AttributeValue::N(seconds.to_string()));
        };
        match self.kept {
            Kept::Itself => {}
            Kept::PartOfRun => set(EXPIRES_AT, retention.of_part(now)),
            Kept::Item => {
                if let Some(until) = lifetime.item {
                    set(EXPIRES_AT, until);
                }
            }
            Kept::Row => {
                if let Some(until) = lifetime.row {
                    set(SHOWN_UNTIL, until);
                    set(EXPIRES_AT, Retention::of_row(until));
                }
            }
        }
        self
    }
}

/// A put on which condition.
pub(super) enum Only {
    /// Always: immutable documents, guarded by another part of the commit.
    Freely,
    IfNew(Meaning),
    /// The stored revision is the one before.
    Next(u64),
}

/// Revision 0 is new, any other follows the one before.
pub(super) fn by_revision(revision: u64) -> Only {
    if revision == 0 {
        Only::IfNew(Meaning::Exists)
    } else {
        Only::Next(revision)
    }
}

/// An item that says who wrote it, so that its writer recognises it.
pub(super) fn put(key: Key, item: Item, only: &Only, writer: &str) -> Part {
    let item = item.text(WRITER, writer);
    let mut put = Put::builder()
        .set_item(Some(item.attributes))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let mut meaning = Meaning::Conflict;
    match only {
        Only::Freely => {}
        Only::IfNew(refused) => {
            meaning = *refused;
            put = put.condition_expression("attribute_not_exists(pk)");
        }
        Only::Next(revision) => {
            put = put
                .condition_expression("#revision = :before")
                .expression_attribute_names("#revision", REVISION)
                .expression_attribute_values(
                    ":before",
                    AttributeValue::N((revision - 1).to_string()),
                );
        }
    }
    let put = put
        .table_name("")
        .build()
        .expect("a put has its item and table");
    Part {
        key,
        meaning,
        kept: Kept::Item,
        request: TransactWriteItem::builder().put(put).build(),
    }
}

/// A part without a condition, guarded by another of the commit.
pub(super) fn unconditional(key: Key, request: TransactWriteItem) -> Part {
    Part {
        key,
        meaning: Meaning::Conflict,
        kept: Kept::Item,
        request,
    }
}

/// A row of a list, whole.
pub(super) fn put_row(key: Key, attributes: Attributes) -> Part {
    let put = Put::builder().table_name("").set_item(Some(attributes));
    let put = put.build().expect("a put has its item and table");
    unconditional(key, TransactWriteItem::builder().put(put).build()).kept_as(Kept::Row)
}

/// Sets these attributes of a row, and removes those without a value; the others stay.
pub(super) fn set_in_row(key: Key, values: Vec<(&str, Option<AttributeValue>)>) -> Part {
    let (mut set, mut remove) = (String::new(), String::new());
    let mut update = Update::builder()
        .table_name("")
        .set_key(Some(item::primary(&key)));
    for (name, value) in values {
        update = update.expression_attribute_names(format!("#{name}"), name);
        let (clause, begin) = match &value {
            Some(_) => (&mut set, "SET"),
            None => (&mut remove, " REMOVE"),
        };
        let before = if clause.is_empty() { begin } else { "," };
        let assigned = value.as_ref().map(|_| format!(" = :{name}"));
        let assigned = assigned.unwrap_or_default();
        write!(clause, "{before} #{name}{assigned}").expect("writing to a text does not fail");
        if let Some(value) = value {
            update = update.expression_attribute_values(format!(":{name}"), value);
        }
    }
    let update = update.update_expression(set + &remove);
    let update = update.build().expect("an update has its key and table");
    unconditional(key, TransactWriteItem::builder().update(update).build())
}

/// Adds to counts, which begin at 0. With an end they are removed then.
pub(super) fn add<'a>(
    key: Key,
    counts: impl IntoIterator<Item = (&'a str, i64)>,
    until: Option<Timestamp>,
) -> Part {
    let mut adds = Vec::new();
    let mut update = Update::builder()
        .table_name("")
        .set_key(Some(item::primary(&key)));
    for (name, by) in counts {
        adds.push(format!("#{name} :{name}"));
        update = update
            .expression_attribute_names(format!("#{name}"), name)
            .expression_attribute_values(format!(":{name}"), AttributeValue::N(by.to_string()));
    }
    let mut expression = format!("ADD {}", adds.join(", "));
    if let Some(until) = until {
        expression.push_str(" SET #until = :until");
        update = update
            .expression_attribute_names("#until", EXPIRES_AT)
            .expression_attribute_values(
                ":until",
                AttributeValue::N(until.as_second().to_string()),
            );
    }
    let update = update.update_expression(expression);
    let update = update.build().expect("an update has its key and table");
    unconditional(key, TransactWriteItem::builder().update(update).build())
}

/// How many places are taken.
pub(super) const PLACES: &str = "places";

/// What a count of places must be before it changes.
pub(super) enum Taken {
    Anything,
    Below(Quota, u32),
    Exactly(u32),
}

/// Changes a count of places by the expression, which says `#places` and `:by`.
pub(super) fn count_places(key: Key, change: &str, by: i64, taken: &Taken, writer: &str) -> Part {
    let number = |n: i64| AttributeValue::N(n.to_string());
    let mut update = Update::builder()
        .table_name("")
        .set_key(Some(item::primary(&key)))
        .update_expression(change)
        .expression_attribute_names("#places", PLACES)
        .expression_attribute_names("#writer", WRITER)
        .expression_attribute_values(":by", number(by))
        .expression_attribute_values(":writer", AttributeValue::S(writer.to_owned()))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let mut meaning = Meaning::Conflict;
    match taken {
        Taken::Anything => {}
        Taken::Below(quota, most) => {
            meaning = Meaning::Full(*quota);
            update = update
                .condition_expression("attribute_not_exists(#places) OR #places < :most")
                .expression_attribute_values(":most", number(i64::from(*most)));
        }
        Taken::Exactly(places) => {
            update = update
                .condition_expression("#places = :before")
                .expression_attribute_values(":before", number(i64::from(*places)));
        }
    }
    let update = update.build().expect("an update has its key and table");
    Part {
        key,
        meaning,
        kept: Kept::Itself,
        request: TransactWriteItem::builder().update(update).build(),
    }
}

/// Removes a row, if it is there.
pub(super) fn delete_row(key: Key) -> Part {
    let delete = Delete::builder()
        .table_name("")
        .set_key(Some(item::primary(&key)));
    let delete = delete.build().expect("a delete has its key and table");
    unconditional(key, TransactWriteItem::builder().delete(delete).build())
}

/// Removes an item that must be there.
pub(super) fn delete_present(key: Key) -> Part {
    let delete = Delete::builder()
        .table_name("")
        .set_key(Some(item::primary(&key)))
        .condition_expression("attribute_exists(pk)");
    let delete = delete.build().expect("a delete has its key and table");
    Part {
        key,
        meaning: Meaning::Conflict,
        kept: Kept::Itself,
        request: TransactWriteItem::builder().delete(delete).build(),
    }
}

/// Removes an item at the given revision.
pub(super) fn delete_at(key: Key, revision: u64) -> Part {
    let delete = Delete::builder()
        .table_name("")
        .set_key(Some(item::primary(&key)))
        .condition_expression("#revision = :revision")
        .expression_attribute_names("#revision", REVISION)
        .expression_attribute_values(":revision", AttributeValue::N(revision.to_string()))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let delete = delete.build().expect("a delete has its key and table");
    Part {
        key,
        meaning: Meaning::Gone,
        kept: Kept::Item,
        request: TransactWriteItem::builder().delete(delete).build(),
    }
}
