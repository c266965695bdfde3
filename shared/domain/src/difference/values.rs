//! What is different between two JSON values: a JSON Patch (RFC 6902) that is exact, and the same told
//! for people, where text that changes by itself is passed over.
//!
//! Lists are aligned by their elements, not by their places: an element put in front of a hundred others
//! is one addition and not a hundred changes. Every test of this file that knows the patch also applies
//! it.

use std::cell::LazyCell;
use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{Ignored, essence, volatile};

/// The longest list aligned by its elements; in longer ones only the common ends are.
const MOST_ALIGNED: usize = 4_000;
/// The most pairs of elements compared to align all lists of one comparison: those of two longest lists, twice.
const MOST_ALIGNING: usize = 2 * MOST_ALIGNED * MOST_ALIGNED;
/// The most bytes of the patch beside its values, and of the paths of what is told. A patch that would be longer
/// replaces everything.
const MOST_PATH_BYTES: usize = 12 * 1024 * 1024;
/// Most entries of each list told.
const MOST_SHOWN: usize = 100;

/// An operation of a patch, in the form of RFC 6902. Places are JSON Pointers (RFC 6901).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Operation {
    Add { path: String, value: Value },
    Remove { path: String },
    Replace { path: String, value: Value },
}

/// A value and where it stands: after the change for what came, before it for what went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Placed {
    pub path: String,
    pub value: Value,
}

/// An element of a list that only stands elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    pub from: String,
    pub path: String,
    pub value: Value,
}

/// A value that became another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    pub path: String,
    pub before: Value,
    pub after: Value,
}

/// A difference of two values.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ValueDifference {
    pub added: Vec<Placed>,
    pub removed: Vec<Placed>,
    pub moved: Vec<Moved>,
    pub changed: Vec<Changed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<Ignored>,
    /// Turns `before` into `after`, volatile text and all.
    pub patch: Vec<Operation>,
    /// Whether there is more than is told; the patch is always whole.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

impl ValueDifference {
    /// Compares two values. The order of an object's keys is no difference.
    #[must_use]
    pub fn of(before: &Value, after: &Value) -> Self {
        let mut found = Found {
            difference: Self::default(),
            alignable: MOST_ALIGNING,
            patch_room: MOST_PATH_BYTES,
            told_room: MOST_PATH_BYTES,
        };
        found.compare(before, after, &Place::Root);
        let mut difference = found.difference;
        if found.patch_room == 0 {
            // One operation says the same, and no longer.
            difference.patch = vec![Operation::Replace {
                path: String::new(),
                value: after.clone(),
            }];
        }
        difference
    }

    /// Whether anything was said anew: moved and ignored values are not news.
    #[must_use]
    pub fn is_news(&self) -> bool {
        !(self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty())
    }
}

/// A difference under construction, and what may still be spent on it.
struct Found {
    difference: ValueDifference,
    /// Pairs of elements that may still be compared to align lists.
    alignable: usize,
    /// Bytes of paths that may still be written into the patch, and into what is told.
    patch_room: usize,
    told_room: usize,
}

impl Found {
    fn compare(&mut self, before: &Value, after: &Value, place: &Place<'_>) {
        match (before, after) {
            _ if before == after => {}
            (Value::Object(before), Value::Object(after)) => {
                self.compare_objects(before, after, place);
            }
            (Value::Array(before), Value::Array(after)) => self.compare_lists(before, after, place),
            _ => {
                self.patch(place, |path| Operation::Replace {
                    path,
                    value: after.clone(),
                });
                match (before, after) {
                    (Value::String(before), Value::String(after))
                        if essence(before) == essence(after) =>
                    {
                        if self.difference.ignored.len() < MOST_SHOWN {
                            self.difference.ignored.push(Ignored {
                                kind: volatile::kind_of(before),
                                before: before.clone(),
                                after: after.clone(),
                            });
                        }
                    }
                    _ => {
                        if let Some(path) =
                            self.told(self.difference.changed.len(), place, Side::After)
                        {
                            self.difference.changed.push(Changed {
                                path,
                                before: before.clone(),
                                after: after.clone(),
                            });
                        }
                    }
                }
            }
        }
    }

    fn compare_objects(
        &mut self,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
        place: &Place<'_>,
    ) {
        for (key, value) in before {
            let here = Place::Key { within: place, key };
            match after.get(key) {
                Some(now) => self.compare(value, now, &here),
                None => {
                    self.patch(&here, |path| Operation::Remove { path });
                    self.tell_removed(value, &here);
                }
            }
        }
        for (key, value) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
            let here = Place::Key { within: place, key };
            self.patch(&here, |path| Operation::Add {
                path,
                value: value.clone(),
            });
            self.tell_added(value, &here);
        }
    }

    /// The patch first removes what went, from the end so that no place shifts, then adds and changes
    /// from the beginning, where every place before the current one is final.
    fn compare_lists(&mut self, before: &[Value], after: &[Value], place: &Place<'_>) {
        let partners = partners(before, after, &mut self.alignable);
        let mut gone = vec![true; before.len()];
        partners.iter().flatten().for_each(|i| gone[*i] = false);
        // Equal elements that went, the first of them last.
        let mut waiting: HashMap<&Value, Vec<usize>> = HashMap::new();
        for i in (0..before.len()).rev().filter(|i| gone[*i]) {
            waiting.entry(&before[i]).or_default().push(i);
            let here = Place::index(place, i, i);
            self.patch(&here, |path| Operation::Remove { path });
        }
        for (j, partner) in partners.iter().enumerate() {
            let value = &after[j];
            if let Some(i) = partner {
                self.compare(&before[*i], value, &Place::index(place, *i, j));
                continue;
            }
            let here = Place::index(place, j, j);
            self.patch(&here, |path| Operation::Add {
                path,
                value: value.clone(),
            });
            match waiting.get_mut(value).and_then(Vec::pop) {
                Some(i) => {
                    gone[i] = false;
                    self.tell_moved(value, &Place::index(place, i, j));
                }
                None => self.tell_added(value, &here),
            }
        }
        for i in (0..before.len()).filter(|i| gone[*i]) {
            self.tell_removed(&before[i], &Place::index(place, i, i));
        }
    }

    /// Adds an operation, unless the patch has become longer than one that replaces everything may be.
    fn patch(&mut self, place: &Place<'_>, operation: impl FnOnce(String) -> Operation) {
        // Of an operation that has no path at all its own length is left.
        let length = place.length() + size_of::<Operation>();
        self.patch_room = self.patch_room.saturating_sub(length);
        if self.patch_room > 0 {
            self.difference
                .patch
                .push(operation(place.path(Side::After)));
        } else {
            self.difference.patch = Vec::new();
        }
    }

    /// The path of an entry of a list that has `told` already; `None` when no more is told there.
    fn told(&mut self, told: usize, place: &Place<'_>, side: Side) -> Option<String> {
        let room = (told < MOST_SHOWN)
            .then(|| self.told_room.checked_sub(place.length()))
            .flatten();
        let Some(room) = room else {
            self.difference.truncated = true;
            return None;
        };
        self.told_room = room;
        Some(place.path(side))
    }

    fn tell_added(&mut self, value: &Value, place: &Place<'_>) {
        if let Some(path) = self.told(self.difference.added.len(), place, Side::After) {
            let value = value.clone();
            self.difference.added.push(Placed { path, value });
        }
    }

    fn tell_removed(&mut self, value: &Value, place: &Place<'_>) {
        if let Some(path) = self.told(self.difference.removed.len(), place, Side::Before) {
            let value = value.clone();
            self.difference.removed.push(Placed { path, value });
        }
    }

    fn tell_moved(&mut self, value: &Value, place: &Place<'_>) {
        let told = self.difference.moved.len();
        if let Some(from) = self.told(told, place, Side::Before)
            && let Some(path) = self.told(told, place, Side::After)
        {
            let value = value.clone();
            self.difference.moved.push(Moved { from, path, value });
        }
    }
}

/// Which of the two documents a path is one of. The patch works at the place after: what comes before it is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// Where the comparison is, in both documents. A path is written only where it is told: that of an equal value is not.
enum Place<'a> {
    Root,
    Key {
        within: &'a Self,
        key: &'a str,
    },
    Index {
        within: &'a Self,
        before: usize,
        after: usize,
    },
}

impl<'a> Place<'a> {
    fn index(within: &'a Self, before: usize, after: usize) -> Self {
        Self::Index {
            within,
            before,
            after,
        }
    }

    /// At least how many bytes the path takes.
    fn length(&self) -> usize {
        match self {
            Self::Root => 0,
            Self::Key { within, key } => within.length() + 1 + key.len(),
            Self::Index { within, .. } => within.length() + 2,
        }
    }

    fn path(&self, side: Side) -> String {
        let mut path = String::with_capacity(self.length() + 8);
        self.write(side, &mut path);
        path
    }

    fn write(&self, side: Side, path: &mut String) {
        match self {
            Self::Root => {}
            Self::Key { within, key } => {
                within.write(side, path);
                path.push('/');
                for c in key.chars() {
                    match c {
                        '~' => path.push_str("~0"),
                        '/' => path.push_str("~1"),
                        other => path.push(other),
                    }
                }
            }
            Self::Index {
                within,
                before,
                after,
            } => {
                within.write(side, path);
                let index = if side == Side::Before { before } else { after };
                path.push('/');
                path.push_str(&index.to_string());
            }
        }
    }
}

/// For each element after, the one before that it is or has become; in rising order. Aligning takes from `alignable`,
/// and lists for which not enough is left are not aligned but at their ends.
fn partners(before: &[Value], after: &[Value], alignable: &mut usize) -> Vec<Option<usize>> {
    let head = before
        .iter()
        .zip(after)
        .take_while(|(before, after)| before == after)
        .count();
    let tail = before[head..]
        .iter()
        .rev()
        .zip(after[head..].iter().rev())
        .take_while(|(before, after)| before == after)
        .count();
    let mut partners = vec![None; after.len()];
    (0..head).for_each(|j| partners[j] = Some(j));
    for back in 1..=tail {
        partners[after.len() - back] = Some(before.len() - back);
    }
    let (old, new) = (
        &before[head..before.len() - tail],
        &after[head..after.len() - tail],
    );
    let pairs = old.len().saturating_mul(new.len());
    let is_short = old.len().max(new.len()) <= MOST_ALIGNED;
    let left = alignable.checked_sub(pairs).filter(|_| is_short);
    let operations = if let Some(left) = left {
        *alignable = left;
        let (old, new) = numbered(old, new);
        capture_diff_slices(Algorithm::Myers, &old, &new)
    } else {
        vec![DiffOp::Replace {
            old_index: 0,
            old_len: old.len(),
            new_index: 0,
            new_len: new.len(),
        }]
    };
    // An element that still is in the list has not become another: it has moved.
    let elsewhere = LazyCell::new(|| -> HashSet<&Value> {
        if after.len() <= MOST_ALIGNED {
            after.iter().collect()
        } else {
            HashSet::new()
        }
    });
    for operation in operations {
        let (old, new) = (operation.old_range(), operation.new_range());
        match operation {
            DiffOp::Equal { .. } => {
                for (i, j) in old.zip(new) {
                    partners[head + j] = Some(head + i);
                }
            }
            // Where a stretch became another of the same length, each element became its successor;
            // otherwise it cannot be told which did.
            DiffOp::Replace { .. } if old.len() == new.len() => {
                for (i, j) in old.zip(new) {
                    let same_kind = std::mem::discriminant(&before[head + i])
                        == std::mem::discriminant(&after[head + j]);
                    if same_kind && !elsewhere.contains(&before[head + i]) {
                        partners[head + j] = Some(head + i);
                    }
                }
            }
            DiffOp::Replace { .. } | DiffOp::Delete { .. } | DiffOp::Insert { .. } => {}
        }
    }
    partners
}

/// The elements as numbers, those that are one as one number: cheap to align.
fn numbered(old: &[Value], new: &[Value]) -> (Vec<u32>, Vec<u32>) {
    let mut known: HashMap<String, u32> = HashMap::new();
    let mut number = |values: &[Value]| -> Vec<u32> {
        let mut numbers = Vec::with_capacity(values.len());
        for value in values {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            numbers.push(*known.entry(key(value)).or_insert(next));
        }
        numbers
    };
    (number(old), number(new))
}

/// Elements with one key are one: an object that names itself is told by its name, so that a changed
/// price is a change of that product.
fn key(value: &Value) -> String {
    let name = ["id", "url", "sku", "key", "name", "title"]
        .into_iter()
        .find_map(|key| match value.get(key)? {
            Value::String(name) => Some(format!("{key}={name}")),
            Value::Number(name) => Some(format!("{key}={name}")),
            _ => None,
        });
    name.unwrap_or_else(|| value.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Applies a patch as RFC 6902 says; only what this file writes.
    fn apply(mut document: Value, patch: &[Operation]) -> Value {
        for operation in patch {
            let (path, value) = match operation {
                Operation::Add { path, value } | Operation::Replace { path, value } => {
                    (path, Some(value.clone()))
                }
                Operation::Remove { path } => (path, None),
            };
            let Some((parent, token)) = path.rsplit_once('/') else {
                document = value.expect("the root is only replaced");
                continue;
            };
            let token = token.replace("~1", "/").replace("~0", "~");
            match (document.pointer_mut(parent).expect(path), operation) {
                (Value::Array(list), Operation::Add { .. }) => {
                    list.insert(token.parse().unwrap(), value.unwrap())
                }
                (Value::Array(list), Operation::Remove { .. }) => {
                    drop(list.remove(token.parse().unwrap()))
                }
                (Value::Array(list), Operation::Replace { .. }) => {
                    list[token.parse::<usize>().unwrap()] = value.unwrap()
                }
                (Value::Object(map), Operation::Remove { .. }) => drop(map.remove(&token).unwrap()),
                (Value::Object(map), _) => drop(map.insert(token, value.unwrap())),
                (other, _) => panic!("{other} has no places"),
            }
        }
        document
    }

    fn difference(before: &Value, after: &Value) -> ValueDifference {
        let difference = ValueDifference::of(before, after);
        assert_eq!(&apply(before.clone(), &difference.patch), after);
        difference
    }

    #[test]
    fn fields_come_go_and_change() {
        let before = json!({"price": 10, "name": "Tea", "a/b": {"~": 1}, "old": true});
        let after = json!({"name": "Tea", "price": 12.5, "a/b": {"~": 2}, "new": [1]});
        let found = difference(&before, &after);
        assert_eq!(
            serde_json::to_value(&found.patch).unwrap(),
            json!([
                {"op": "replace", "path": "/price", "value": 12.5},
                {"op": "replace", "path": "/a~1b/~0", "value": 2},
                {"op": "remove", "path": "/old"},
                {"op": "add", "path": "/new", "value": [1]},
            ])
        );
        assert_eq!(found.changed.len(), 2);
        assert_eq!(
            (found.added[0].path.as_str(), found.removed[0].path.as_str()),
            ("/new", "/old")
        );
        assert_eq!(
            ValueDifference::of(&before, &before),
            ValueDifference::default()
        );
    }

    #[test]
    fn one_element_more_is_one_addition() {
        let before: Vec<u32> = (0..100).collect();
        let mut after = before.clone();
        after.insert(0, 1_000);
        let found = difference(&json!(before), &json!(after));
        assert_eq!(
            found.added,
            [Placed {
                path: "/0".into(),
                value: json!(1_000)
            }]
        );
        assert!(found.removed.is_empty() && found.changed.is_empty() && found.moved.is_empty());
    }

    #[test]
    fn an_element_that_stands_elsewhere_has_moved() {
        let found = difference(&json!(["a", "b", "c", "d"]), &json!(["d", "a", "b", "c"]));
        assert_eq!(
            found.moved,
            [Moved {
                from: "/3".into(),
                path: "/0".into(),
                value: json!("d")
            }]
        );
        assert!(!found.is_news());
    }

    #[test]
    fn an_element_is_known_by_its_name() {
        let before =
            json!([{"sku": 1, "price": 10}, {"sku": 2, "price": 20}, {"sku": 3, "price": 30}]);
        let after =
            json!([{"sku": 0, "price": 5}, {"sku": 2, "price": 25}, {"sku": 3, "price": 30}]);
        let found = difference(&before, &after);
        assert!(found.changed.contains(&Changed {
            path: "/1/price".into(),
            before: json!(20),
            after: json!(25)
        }));
        let gone = difference(&before, &json!([{"sku": 2, "price": 21}]));
        assert_eq!(
            gone.changed,
            [Changed {
                path: "/0/price".into(),
                before: json!(20),
                after: json!(21)
            }]
        );
        assert_eq!(gone.removed.len(), 2);
    }

    #[test]
    fn text_that_changes_by_itself_is_in_the_patch_and_not_in_the_news() {
        let found = difference(
            &json!({"seen": "3 minutes ago"}),
            &json!({"seen": "2 hours ago"}),
        );
        assert!(!found.is_news());
        assert_eq!((found.ignored.len(), found.patch.len()), (1, 1));
    }

    #[test]
    fn long_lists_are_bounded_work() {
        let before: Vec<u32> = (0..20_000).collect();
        let after: Vec<u32> = (0..20_000).rev().collect();
        let found = ValueDifference::of(&json!(before), &json!(after));
        assert!(found.truncated && found.is_news());
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            (0..4_u8).prop_map(Value::from),
            "[ab]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("id|name|[ab/~]{1,2}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_patch_makes_the_one_the_other(before in any_value(), after in any_value()) {
            let found = difference(&before, &after);
            prop_assert_eq!(found.patch.is_empty(), before == after);
        }
    }
}
