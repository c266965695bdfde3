//! The template held against the code and against the platform's rules.

use std::collections::BTreeMap;

use serde_yaml_ng::Value;

use super::{read, root};

/// The resources of the template, as plain values: `!Ref X` reads as its tagged value.
fn resources() -> BTreeMap<String, Value> {
    let template: Value = serde_yaml_ng::from_str(&read("template.yaml")).unwrap();
    let resources = template.get("Resources").unwrap().as_mapping().unwrap();
    resources
        .iter()
        .map(|(name, value)| (name.as_str().unwrap().to_owned(), value.clone()))
        .collect()
}

fn functions() -> BTreeMap<String, Value> {
    let of_type = |value: &Value| {
        value.get("Type").and_then(Value::as_str) == Some("AWS::Serverless::Function")
    };
    resources()
        .into_iter()
        .filter(|(_, value)| of_type(value))
        .map(|(name, value)| (name, value.get("Properties").unwrap().clone()))
        .collect()
}

/// The queue sources of a function.
fn queue_sources(function: &Value) -> Vec<Value> {
    let events = function
        .get("Events")
        .and_then(Value::as_mapping)
        .cloned()
        .unwrap_or_default();
    let queues = events
        .into_iter()
        .map(|(_, event)| event)
        .filter(|event| event.get("Type").and_then(Value::as_str) == Some("SQS"));
    queues
        .map(|event| event.get("Properties").unwrap().clone())
        .collect()
}

/// The logical id in `!GetAtt X.Arn` or `!Ref X`.
fn names(value: &Value) -> Option<String> {
    let Value::Tagged(tagged) = value else {
        return None;
    };
    Some(tagged.value.as_str()?.split('.').next()?.to_owned())
}

#[test]
fn every_function_crate_is_in_the_template_and_the_other_way_round() {
    let mut folders: Vec<String> = std::fs::read_dir(root().join("functions"))
        .unwrap()
        .map(|entry| format!("functions/{}", entry.unwrap().file_name().to_string_lossy()))
        .collect();
    folders.sort();
    let mut code: Vec<String> = functions()
        .values()
        .map(|function| function["CodeUri"].as_str().unwrap().to_owned())
        .collect();
    code.sort();
    assert_eq!(code, folders);
}

#[test]
fn what_consumes_from_a_queue_may_go_in_circles_and_answers_record_by_record() {
    for (name, function) in functions() {
        for source in queue_sources(&function) {
            assert_eq!(
                function["RecursiveLoop"].as_str(),
                Some("Allow"),
                "{name}: AWS stops chains after 16 hops"
            );
            assert_eq!(
                source["FunctionResponseTypes"][0].as_str(),
                Some("ReportBatchItemFailures"),
                "{name}"
            );
            assert!(
                source["ScalingConfig"]["MaximumConcurrency"]
                    .as_u64()
                    .is_some_and(|n| n >= 2),
                "{name}: 2 is the platform's least"
            );
            assert!(
                function.get("ReservedConcurrentExecutions").is_none(),
                "{name}: concurrency is limited at the source"
            );
        }
    }
}

#[test]
fn idle_event_sources_cost_money_so_there_are_five_at_most() {
    let sources: usize = functions()
        .values()
        .map(|function| queue_sources(function).len())
        .sum();
    assert!(sources <= 5, "{sources}");
}

#[test]
fn a_message_stays_hidden_for_six_times_the_longest_handling() {
    let resources = resources();
    let default = 30;
    for (name, function) in functions() {
        let timeout = function
            .get("Timeout")
            .and_then(Value::as_u64)
            .unwrap_or(default);
        for source in queue_sources(&function) {
            let queue = names(&source["Queue"]).unwrap();
            let visibility = resources[&queue]["Properties"]["VisibilityTimeout"]
                .as_u64()
                .unwrap();
            assert!(
                visibility >= 6 * timeout,
                "{name} takes {timeout} s, {queue} hides for {visibility} s"
            );
        }
    }
}

#[test]
fn every_queue_but_the_dead_letters_redrives_to_them() {
    for (name, resource) in resources() {
        if resource["Type"].as_str() != Some("AWS::SQS::Queue") || name == "DeadLetterQueue" {
            continue;
        }
        let redrive = &resource["Properties"]["RedrivePolicy"];
        assert_eq!(
            names(&redrive["deadLetterTargetArn"]).as_deref(),
            Some("DeadLetterQueue"),
            "{name}"
        );
        assert!(
            redrive["maxReceiveCount"].as_u64().is_some_and(|n| n >= 3),
            "{name}"
        );
    }
}

#[test]
fn no_permission_is_a_star() {
    fn walk(value: &Value, path: &str) {
        match value {
            Value::Mapping(map) => {
                for (key, value) in map {
                    let key = key.as_str().unwrap_or_default();
                    if matches!(key, "Action" | "Resource") {
                        let texts = match value {
                            Value::Sequence(list) => list
                                .iter()
                                .filter_map(Value::as_str)
                                .map(str::to_owned)
                                .collect(),
                            other => other
                                .as_str()
                                .map(str::to_owned)
                                .into_iter()
                                .collect::<Vec<_>>(),
                        };
                        for text in texts {
                            // A resource may end in `/*` below a named one; an action may not be open at all.
                            let open = if key == "Action" {
                                text.contains('*')
                            } else {
                                text == "*"
                            };
                            assert!(!open, "{path}/{key}: {text}");
                        }
                    }
                    walk(value, &format!("{path}/{key}"));
                }
            }
            Value::Sequence(list) => list
                .iter()
                .enumerate()
                .for_each(|(i, value)| walk(value, &format!("{path}/{i}"))),
            _ => {}
        }
    }
    for (name, resource) in resources() {
        walk(&resource, &name);
    }
}

#[test]
fn state_outlives_the_stack_and_can_be_restored() {
    let resources = resources();
    for name in ["Table", "Blobs"] {
        assert_eq!(
            resources[name]["DeletionPolicy"].as_str(),
            Some("Retain"),
            "{name}"
        );
    }
    let table = &resources["Table"]["Properties"];
    assert_eq!(
        table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"].as_bool(),
        Some(true)
    );
    let index = &table["GlobalSecondaryIndexes"][0];
    assert_eq!(
        index["Projection"]["ProjectionType"].as_str(),
        Some("KEYS_ONLY")
    );
}

#[test]
fn a_function_has_the_variables_and_permissions_its_wiring_asks_for() {
    let needs = [
        (
            ".schedules()",
            "NIGHTDESK_SCHEDULE_GROUP",
            "scheduler:CreateSchedule",
        ),
        (".mailer()", "NIGHTDESK_MAIL_FROM", "ses:SendEmail"),
        (
            "NIGHTDESK_LINK_SECRET",
            "NIGHTDESK_LINK_SECRET",
            "secretsmanager:GetSecretValue",
        ),
        (
            "NIGHTDESK_MODEL_KEY_SECRET",
            "NIGHTDESK_MODEL_KEY_SECRET",
            "secretsmanager:GetSecretValue",
        ),
    ];
    for (name, function) in functions() {
        let start = read(format!(
            "{}/src/start.rs",
            function["CodeUri"].as_str().unwrap()
        ));
        let policies = serde_yaml_ng::to_string(&function["Policies"]).unwrap();
        for (call, variable, action) in needs {
            if start.contains(call) {
                let variables = &function["Environment"]["Variables"];
                assert!(
                    variables.get(variable).is_some(),
                    "{name} uses {call} and has no {variable}"
                );
                assert!(
                    policies.contains(action),
                    "{name} uses {call} and may not {action}"
                );
            }
        }
    }
}
