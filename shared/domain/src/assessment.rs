//! How specific a goal is: the opinion, whoever has it, and how a model's is read.
//!
//! A model's answer is a stranger's document. It is taken as a whole or not at all: an unknown field, a score out of
//! range, a text too long, or aspects of a goal that is not vague make it unreadable, and the caller falls back.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fault::Fault;
use crate::reader::Object;
use crate::words::words;

/// From this score on a goal is specific (API section 3).
pub const SPECIFIC: u32 = 7;

/// The longest goal that is proposed, and the longest reasons, in characters.
const LONGEST_TEXT: usize = 2000;
/// The longest entry of a list, in characters, and the most entries.
const LONGEST_ENTRY: usize = 300;
const MOST_ENTRIES: usize = 10;

words! {
    /// How often it makes sense to look.
    Cadence { Hourly = "hourly", Daily = "daily", Weekly = "weekly", Monthly = "monthly" }
}

words! {
    /// Why the configured model's opinion is not what is told.
    NoOpinion {
        Timeout = "timeout",
        /// It answered something else.
        ParseError = "parse_error",
        /// It failed, or was asked too often for its provider.
        ProviderError = "provider_error",
        /// The owner has asked too often for it to be asked.
        RateLimited = "rate_limited",
    }
}

/// What can be read out of a goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inferred {
    pub trigger_conditions: Vec<String>,
    pub exclusions: Vec<String>,
    pub entities: Vec<String>,
    pub source_types: Vec<String>,
    #[serde(rename = "suggested_cadence")]
    pub cadence: Cadence,
    pub monitoring_type: String,
}

/// An opinion on a goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// 1 to 10.
    pub score: u32,
    /// What follows is told of vague goals only.
    pub vague_aspects: Vec<String>,
    pub proposed_intent: String,
    pub clarified: Vec<String>,
    pub inferred: Inferred,
    pub reasoning: String,
}

impl Assessment {
    #[must_use]
    pub fn is_specific(&self) -> bool {
        self.score >= SPECIFIC
    }

    /// Reads a model's opinion, in the form its prompt asks for.
    ///
    /// # Errors
    /// Every fault. None of it may be used then.
    pub fn read(answer: &Value) -> Result<Self, Vec<Fault>> {
        let mut object = Object::new(answer, "");
        let o = &mut object;
        let score = o.count("specificity_score", 1..=10);
        let score = o.required("specificity_score", score);
        let reasoning = o.text("reasoning", 1..=LONGEST_TEXT);
        let reasoning = o.required("reasoning", reasoning);
        let inferred = match o.value("inferred") {
            Some(value) => o.take(Inferred::read(value, "/inferred")),
            None => o.required("inferred", None),
        };
        let (vague_aspects, proposed_intent, clarified) = if score.is_some_and(|n| n < SPECIFIC) {
            let aspects = o.texts("vague_aspects", 1..=MOST_ENTRIES, 1..=LONGEST_ENTRY);
            let proposed = o.text("proposed_intent", 10..=LONGEST_TEXT);
            let clarified = o.texts("what_we_clarified", 0..=MOST_ENTRIES, 1..=LONGEST_ENTRY);
            (
                o.required("vague_aspects", aspects),
                o.required("proposed_intent", proposed),
                o.required("what_we_clarified", clarified),
            )
        } else {
            // Of a specific goal these are no fields at all.
            (Some(Vec::new()), Some(String::new()), Some(Vec::new()))
        };
        let read = || {
            Some(Self {
                score: score?,
                vague_aspects: vague_aspects?,
                proposed_intent: proposed_intent?,
                clarified: clarified?,
                inferred: inferred?,
                reasoning: reasoning?,
            })
        };
        let read = read();
        object.finish(read)
    }
}

impl Inferred {
    fn read(value: &Value, path: &str) -> Result<Self, Vec<Fault>> {
        let mut object = Object::new(value, path);
        let o = &mut object;
        let mut list = |field| {
            let texts = o.texts(field, 0..=MOST_ENTRIES, 1..=LONGEST_ENTRY);
            o.required(field, texts)
        };
        let (triggers, exclusions) = (list("trigger_conditions"), list("exclusions"));
        let (entities, sources) = (list("entities"), list("source_types"));
        let cadence = o.word("suggested_cadence", Cadence::ALL, Cadence::as_str);
        let cadence = o.required("suggested_cadence", cadence);
        let kind = o.name("monitoring_type", 1..=50);
        let kind = o.required("monitoring_type", kind);
        let read = || {
            Some(Self {
                trigger_conditions: triggers?,
                exclusions: exclusions?,
                entities: entities?,
                source_types: sources?,
                cadence: cadence?,
                monitoring_type: kind?,
            })
        };
        let read = read();
        object.finish(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(score: i64) -> Value {
        json!({
            "specificity_score": score, "reasoning": "It names a page.",
            "inferred": {
                "trigger_conditions": ["a price changes"], "exclusions": [], "entities": ["OpenAI"],
                "source_types": ["page"], "suggested_cadence": "hourly", "monitoring_type": "price",
            },
        })
    }

    fn vague(score: i64) -> Value {
        let mut answer = answer(score);
        answer["vague_aspects"] = json!(["which page"]);
        answer["proposed_intent"] = json!("Watch the OpenAI pricing page hourly");
        answer["what_we_clarified"] = json!([]);
        answer
    }

    #[test]
    fn what_is_asked_for_is_read() {
        let specific = Assessment::read(&answer(7)).unwrap();
        assert!(specific.is_specific() && specific.vague_aspects.is_empty());
        assert_eq!(specific.inferred.cadence, Cadence::Hourly);
        let unclear = Assessment::read(&vague(6)).unwrap();
        assert!(!unclear.is_specific());
        assert_eq!(unclear.vague_aspects, ["which page"]);
        let stored = serde_json::to_value(&unclear).unwrap();
        assert_eq!(
            serde_json::from_value::<Assessment>(stored).unwrap(),
            unclear
        );
    }

    #[test]
    fn anything_else_is_not() {
        let with = |mut answer: Value, pointer: &str, value: Value| {
            let (parent, field) = pointer.rsplit_once('/').unwrap();
            answer.pointer_mut(parent).unwrap()[field] = value;
            answer
        };
        for wrong in [
            json!({}),
            json!([]),
            json!({"score": 99, "steps": 7}),
            answer(0),
            answer(11),
            answer(6),
            vague(7),
            with(answer(7), "/specificity_score", json!(7.5)),
            with(answer(7), "/specificity_score", json!("7")),
            with(answer(7), "/reasoning", json!("x".repeat(2001))),
            with(answer(7), "/reasoning", json!("")),
            with(answer(7), "/assessment", json!("specific")),
            with(answer(7), "/inferred/suggested_cadence", json!("yearly")),
            with(answer(7), "/inferred/entities", json!(["a\u{202e}b"])),
            with(answer(7), "/inferred/entities", json!(vec!["a"; 11])),
            with(answer(7), "/inferred/entities", json!("a")),
            with(answer(7), "/inferred", json!(null)),
            with(vague(6), "/vague_aspects", json!([])),
            with(vague(6), "/proposed_intent", json!("short")),
        ] {
            assert!(Assessment::read(&wrong).is_err(), "{wrong}");
        }
    }
}
