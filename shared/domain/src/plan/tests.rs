//! What a plan may say, and how it is told what it may not.

use serde_json::{Value, json};

use super::*;
use crate::fault::Code;

fn read(steps: &Value) -> Result<Plan, Vec<Fault>> {
    Plan::read(steps, "/steps", &EgressRule::public_only())
}

fn faults(steps: Value) -> Vec<(String, String)> {
    let faults = read(&steps).expect_err("the plan is faulty");
    faults
        .into_iter()
        .map(|fault| (fault.path, fault.code.as_str().to_owned()))
        .collect()
}

fn search(id: &str, more: Value) -> Value {
    let mut step = json!({"id": id, "type": "search", "config": {"query": "x"}});
    for (key, value) in more.as_object().unwrap() {
        step[key] = value.clone();
    }
    step
}

fn one(path: &str, code: &str) -> Vec<(String, String)> {
    vec![(path.to_owned(), code.to_owned())]
}

#[test]
fn the_story_of_the_main_job_is_a_plan() {
    let plan = read(&json!([
        {"id": "find", "type": "search", "config": {"query": "rust releases", "max_results": 5}},
        {"id": "read", "type": "crawl", "depends_on": ["find"], "config": {"urls": "${steps.find.results[*].url}", "max_pages": 5}},
        {"id": "report", "type": "generate_report", "depends_on": ["read"], "config": {"length_words": 200}},
        {"id": "post", "type": "post_webhook", "depends_on": ["report"], "config": {"url": "https://example.com/hook", "body": "${steps.report.text}"}},
    ]))
    .unwrap();
    assert!(plan.watches());
    assert_eq!(plan.most_credits(), 3);
    let report = plan.step("report").unwrap();
    assert!(matches!(&report.tool, Tool::GenerateReport(c) if c.from == ["read"]));
    assert!(plan.step("post").unwrap().requires_approval);
    let again: Plan = serde_json::from_value(serde_json::to_value(&plan).unwrap()).unwrap();
    assert_eq!(again, plan);
    assert_eq!(again.hash(), plan.hash());
}

#[test]
fn steps_are_named_once_and_wait_for_known_steps() {
    assert_eq!(faults(json!([])), one("/steps", "validation_failed"));
    assert_eq!(
        faults(json!([search("a", json!({})), search("a", json!({}))])),
        one("/steps/1/id", "validation_failed")
    );
    assert_eq!(
        faults(json!([search("a#b", json!({}))])),
        one("/steps/0/id", "validation_failed")
    );
    assert_eq!(
        faults(json!([search("a", json!({"depends_on": ["zz"]}))])),
        one("/steps/0/depends_on/0", "validation_failed")
    );
    assert_eq!(
        faults(json!([
            search("a", json!({})),
            search("b", json!({"depends_on": ["a", "a"]}))
        ])),
        one("/steps/1/depends_on", "validation_failed")
    );
    assert_eq!(
        faults(json!([
            search("a", json!({"output_key": "k"})),
            search("b", json!({"output_key": "k"}))
        ])),
        one("/steps/1/output_key", "validation_failed")
    );
}

#[test]
fn circles_are_found_however_long() {
    assert_eq!(
        faults(json!([search("a", json!({"depends_on": ["a"]}))]))[0].1,
        "dependency_cycle"
    );
    let ring: Vec<Value> = (0..50)
        .map(|i| {
            search(
                &format!("s{i}"),
                json!({"depends_on": [format!("s{}", (i + 1) % 50)]}),
            )
        })
        .collect();
    assert_eq!(faults(Value::Array(ring))[0].1, "dependency_cycle");
}

#[test]
fn references_go_upstream_to_fields_that_exist() {
    let a = search("a", json!({"output_key": "k"}));
    let with = |query: &str, depends: Value| json!([a, {"id": "b", "type": "search", "config": {"query": query}, "depends_on": depends}]);
    assert_eq!(
        faults(with("${steps.k.results[0].title}", json!([]))),
        one("/steps/1/config/query", "plan_invalid")
    );
    assert_eq!(
        faults(with("${steps.nope.x}", json!(["a"]))),
        one("/steps/1/config/query", "plan_invalid")
    );
    assert_eq!(
        faults(with("${steps.k.reslts[0]}", json!(["a"]))),
        one("/steps/1/config/query", "plan_invalid")
    );
    assert!(read(&with("${steps.k.results[0].title}", json!(["a"]))).is_ok());
    for list in ["${steps.k.results}", "news of ${steps.k.results}"] {
        assert_eq!(
            faults(with(list, json!(["a"]))),
            one("/steps/1/config/query", "plan_invalid")
        );
    }
    let crawl = |urls: &str| json!([a, {"id": "b", "type": "crawl", "config": {"urls": urls}, "depends_on": ["a"]}]);
    assert_eq!(
        faults(crawl("${steps.k.count}")),
        one("/steps/1/config/urls", "plan_invalid")
    );
    assert_eq!(
        faults(crawl("${steps.k.results}")),
        one("/steps/1/config/urls", "plan_invalid")
    );
    assert!(read(&crawl("${steps.k.results[*].url}")).is_ok());
}

#[test]
fn no_one_removes_the_gate_of_what_goes_out() {
    let post = |approval: Value| json!([search("a", json!({})), {"id": "p", "type": "format_post", "config": {"channel": "linkedin"}, "depends_on": ["a"], "requires_approval": approval}]);
    assert_eq!(
        faults(post(json!(false))),
        one("/steps/1/requires_approval", "validation_failed")
    );
    assert!(
        read(&post(json!(true)))
            .unwrap()
            .step("p")
            .unwrap()
            .requires_approval
    );
}

#[test]
fn material_is_needed_where_it_is_written_from() {
    let alone = json!([{"id": "r", "type": "generate_report", "config": {}}]);
    assert_eq!(
        faults(alone),
        one("/steps/0/config/from", "validation_failed")
    );
}

#[test]
fn every_fault_of_every_step_comes_at_once() {
    let found = faults(json!([
        {"id": "a", "type": "exec", "config": {}},
        {"id": "b", "type": "crawl", "config": {"urls": ["http://127.0.0.1/", "https://example.com/"], "max_pages": -1, "depth": 3}},
        {"id": "c", "type": "send_email", "config": {"to": ["a@example.com, b@example.com"], "subject": "a\r\nb", "body": "x"}},
    ]));
    let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/steps/0/type",
            "/steps/1/config/urls/0",
            "/steps/1/config/max_pages",
            "/steps/1/config/depth",
            "/steps/2/config/to/0",
            "/steps/2/config/subject"
        ]
    );
    assert_eq!(found[1].1, "url_not_allowed");
    assert_eq!(found[4].1, "invalid_email");
}

#[test]
fn a_condition_looks_at_a_field_that_can_be_there() {
    let asked = |field: &str| {
        let condition = json!({"step": "a", "field": field, "operator": ">", "value": 1});
        let then = json!({"depends_on": ["a"], "cascade_condition": condition});
        read(&json!([search("a", json!({})), search("b", then)]))
    };
    for there in ["count", "results[0].title", "..url", "['count']", "*"] {
        assert!(asked(there).is_ok(), "{there}");
    }
    let faults = asked("counts").expect_err("a search has no such field");
    assert_eq!(
        (faults[0].path.as_str(), faults[0].code),
        ("/steps/1/cascade_condition/field", Code::PlanInvalid)
    );
}
