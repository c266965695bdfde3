//! What is different between two JSON values: a JSON Patch (RFC 6902) that is exact, and the same told
//! for people, where text that changes by itself is passed over.
//!
//! Lists are aligned by their elements, not by their places: an element put in front of a hundred others
//! is one addition and not a hundred changes. Every test of this file that knows the patch also applies
//! it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{Ignored, essence, volatile};

/// The longest list aligned by its elements; in longer ones only the common ends are.
const MOST_ALIGNED: usize = 4_000;
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
        let mut difference = Self::default();
        difference.compare(before, after, &Place::default());
        difference.bound();
        difference
    }

    /// Whether anything was said anew: moved and ignored values are not news.
    #[must_use]
    pub fn is_news(&self) -> bool {
        !(self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty())
    }

    fn compare(&mut self, before: &Value, after: &Value, place: &Place) {
        match (before, after) {
            _ if before == after => {}
            (Value::Object(before), Value::Object(after)) => {
                self.compare_objects(before, after, place)
            }
            (Value::Array(before), Value::Array(after)) => self.compare_lists(before, after, place),
            _ => {
                self.patch.push(Operation::Replace {
                    path: place.patched.clone(),
                    value: after.clone(),
                });
                match (before, after) {
                    (Value::String(before), Value::String(after))
                        if essence(before) == essence(after) =>
                    {
                        self.ignored.push(Ignored {
                            kind: volatile::kind_of(before),
                            before: before.clone(),
                            after: after.clone(),
                        });
                    }
                    _ => self.changed.push(Changed {
                        path: place.after.clone(),
                        before: before.clone(),
                        after: after.clone(),
                    }),
                }
            }
        }
    }

    fn compare_objects(
        &mut self,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
        place: &Place,
    ) {
        for (key, value) in before {
            let here = place.of_key(key);
            match after.get(key) {
                Some(now) => self.compare(value, now, &here),
                None => {
                    self.patch.push(Operation::Remove { path: here.patched });
                    self.removed.push(Placed {
                        path: here.before,
                        value: value.clone(),
                    });
                }
            }
        }
        for (key, value) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
            let here = place.of_key(key);
            self.patch.push(Operation::Add {
                path: here.patched,
                value: value.clone(),
            });
            self.added.push(Placed {
                path: here.after,
                value: value.clone(),
            });
        }
    }

    /// The patch first removes what went, from the end so that no place shifts, then adds and changes
    /// from the beginning, where every place before the current one is final.
    fn compare_lists(&mut self, before: &[Value], after: &[Value], place: &Place) {
        let partners = partners(before, after);
        let kept: Vec<bool> = {
            let mut kept = vec![false; before.len()];
            partners.iter().flatten().for_each(|i| kept[*i] = true);
            kept
        };
        let mut gone: Vec<usize> = (0..before.len()).filter(|i| !kept[*i]).collect();
        for i in gone.iter().rev() {
            self.patch.push(Operation::Remove {
                path: place.of_index(*i, *i).patched,
            });
        }
        for (j, partner) in partners.iter().enumerate() {
            match partner {
                Some(i) => self.compare(&before[*i], &after[j], &place.of_index(*i, j)),
                None => {
                    let value = after[j].clone();
                    self.patch.push(Operation::Add {
                        path: place.of_index(j, j).patched,
                        value: value.clone(),
                    });
                    let path = place.of_index(j, j).after;
                    match gone.iter().position(|i| before[*i] == value) {
                        Some(at) => {
                            let i = gone.remove(at);
                            self.moved.push(Moved {
                                from: place.of_index(i, i).before,
                                path,
                                value,
                            });
                        }
                        None => self.added.push(Placed { path, value }),
                    }
                }
            }
        }
        self.removed.extend(gone.into_iter().map(|i| Placed {
            path: place.of_index(i, i).before,
            value: before[i].clone(),
        }));
    }

    fn bound(&mut self) {
        let lengths = [
            self.added.len(),
            self.removed.len(),
            self.moved.len(),
            self.changed.len(),
        ];
        self.truncated = lengths.into_iter().any(|length| length > MOST_SHOWN);
        self.added.truncate(MOST_SHOWN);
        self.removed.truncate(MOST_SHOWN);
        self.moved.truncate(MOST_SHOWN);
        self.changed.truncate(MOST_SHOWN);
        self.ignored.truncate(MOST_SHOWN);
    }
}

/// Where the comparison is: in the document before, after, and as the patch finds it.
#[derive(Clone, Default)]
struct Place {
    before: String,
    after: String,
    patched: String,
}

impl Place {
    fn of_key(&self, key: &str) -> Self {
        let token = key.replace('~', "~0").replace('/', "~1");
        let below = |path: &str| format!("{path}/{token}");
        Self {
            before: below(&self.before),
            after: below(&self.after),
            patched: below(&self.patched),
        }
    }

    /// The patch works at the final place: what comes before it is done.
    fn of_index(&self, before: usize, after: usize) -> Self {
        Self {
            before: format!("{}/{before}", self.before),
            after: format!("{}/{after}", self.after),
            patched: format!("{}/{after}", self.patched),
        }
    }
}

/// For each element after, the one before that it is or has become; in rising order.
fn partners(before: &[Value], after: &[Value]) -> Vec<Option<usize>> {
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
    let operations = if old.len().max(new.len()) <= MOST_ALIGNED {
        let texts = |values: &[Value]| -> Vec<String> { values.iter().map(key).collect() };
        capture_diff_slices(Algorithm::Myers, &texts(old), &texts(new))
    } else {
        vec![DiffOp::Replace {
            old_index: 0,
            old_len: old.len(),
            new_index: 0,
            new_len: new.len(),
        }]
    };
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
                    if same_kind && !is_elsewhere(&before[head + i], after) {
                        partners[head + j] = Some(head + i);
                    }
                }
            }
            DiffOp::Replace { .. } | DiffOp::Delete { .. } | DiffOp::Insert { .. } => {}
        }
    }
    partners
}

/// An element that still is in the list has not become another: it has moved.
fn is_elsewhere(value: &Value, list: &[Value]) -> bool {
    list.len() <= MOST_ALIGNED && list.contains(value)
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
