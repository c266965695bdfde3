//! A model on loopback that speaks chat completions, and answers as well or as badly as it is told to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Json;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// How a model answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Manner {
    #[default]
    Well,
    /// Not JSON.
    Garbage,
    /// JSON of another shape than the one asked for.
    BadSchema,
    /// Not within a minute.
    Never,
    /// Plans with a step of a type nobody has.
    UnknownTool,
    /// Plans of 500 steps.
    ManySteps,
    /// Plans whose steps wait for each other.
    Cycle,
    /// Plans that crawl this machine.
    PrivateUrl,
    /// Plans that publish without asking.
    DropGates,
}

impl Manner {
    /// The manner by the name it has in the table of bad inputs.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "garbage" => Self::Garbage,
            "bad_schema" => Self::BadSchema,
            "timeout" => Self::Never,
            "unknown_tool" => Self::UnknownTool,
            "many_steps" => Self::ManySteps,
            "cycle" => Self::Cycle,
            "private_url" => Self::PrivateUrl,
            "drop_gates" => Self::DropGates,
            _ => return None,
        })
    }
}

#[derive(Default)]
struct Mind {
    manner: Manner,
    /// What it plans, whatever it is asked, when it behaves well.
    plan: Option<Value>,
    calls: usize,
}

/// A running stub.
#[derive(Clone)]
pub(crate) struct ModelStub {
    mind: Arc<Mutex<Mind>>,
    address: String,
}

impl ModelStub {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stub = Self {
            mind: Arc::default(),
            address: listener.local_addr().unwrap().to_string(),
        };
        let router = Router::new()
            .route("/v1/chat/completions", post(complete))
            .with_state(stub.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        stub
    }

    /// The variables that make this the configured model.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("NIGHTDESK_MODEL_PROVIDER", "openai".to_owned()),
            ("NIGHTDESK_MODEL_URL", format!("http://{}/v1", self.address)),
            ("NIGHTDESK_MODEL", "stub".to_owned()),
        ]
    }

    /// From now on it answers like this.
    pub(crate) fn behave(&self, manner: Manner) {
        self.mind.lock().unwrap().manner = manner;
    }

    /// From now on it plans these steps.
    pub(crate) fn plan(&self, steps: Value) {
        self.mind.lock().unwrap().plan = Some(steps);
    }

    /// How often it has been asked.
    pub(crate) fn calls(&self) -> usize {
        self.mind.lock().unwrap().calls
    }
}

async fn complete(State(stub): State<ModelStub>, Json(request): Json<Value>) -> Json<Value> {
    let (manner, plan) = {
        let mut mind = stub.mind.lock().unwrap();
        mind.calls += 1;
        (mind.manner, mind.plan.clone())
    };
    let asked_for_json = request.get("response_format").is_some();
    let text = match manner {
        Manner::Never => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            String::new()
        }
        Manner::Garbage => "I would rather not.".to_owned(),
        Manner::BadSchema => json!({"score": 99, "steps": 7}).to_string(),
        _ if asked_for_json && is_about_a_goal(&request) => opinion().to_string(),
        manner if asked_for_json => {
            let steps = plan.unwrap_or_else(|| steps(manner));
            json!({"topology_reason": "as the stub has it", "steps": steps}).to_string()
        }
        _ => "Nothing much happened.".to_owned(),
    };
    Json(json!({
        "model": "stub",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
    }))
}

/// Whether it is asked how specific a goal is, rather than for a plan.
fn is_about_a_goal(request: &Value) -> bool {
    let rules = request["messages"][0]["content"].as_str();
    rules.is_some_and(|rules| rules.contains("\"specificity_score\""))
}

fn opinion() -> Value {
    json!({
        "specificity_score": 8, "reasoning": "As the stub has it.",
        "inferred": {"trigger_conditions": [], "exclusions": [], "entities": [], "source_types": ["page"],
            "suggested_cadence": "daily", "monitoring_type": "page"},
    })
}

fn steps(manner: Manner) -> Value {
    let search = |id: &str| json!({"id": id, "type": "search", "config": {"query": "prices"}});
    match manner {
        Manner::UnknownTool => json!([{"id": "run", "type": "exec", "config": {"command": "id"}}]),
        Manner::ManySteps => (0..500).map(|i| search(&format!("s{i}"))).collect(),
        Manner::Cycle => {
            let mut steps = [search("a"), search("b")];
            steps[0]["depends_on"] = json!(["b"]);
            steps[1]["depends_on"] = json!(["a"]);
            json!(steps)
        }
        Manner::PrivateUrl => {
            json!([{"id": "read", "type": "crawl", "config": {"urls": ["http://127.0.0.1/"]}}])
        }
        Manner::DropGates => json!([
            search("find"),
            {"id": "post", "type": "format_post", "depends_on": ["find"], "requires_approval": false,
             "config": {"from": ["find"], "channel": "linkedin"}},
        ]),
        Manner::Well | Manner::Garbage | Manner::BadSchema | Manner::Never => {
            json!([search("find")])
        }
    }
}
