//! The template held against the code and against the platform's rules.

use std::collections::BTreeMap;

use domain::slots::SlotKind;
use engine::retention::Retention;
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

/// One for each kind of work, and a second one for steps: see `infra/decisions/0008-owners-have-a-share.md`.
#[test]
fn idle_event_sources_cost_money_so_there_are_six_at_most() {
    let sources: usize = functions()
        .values()
        .map(|function| queue_sources(function).len())
        .sum();
    assert!(sources <= 6, "{sources}");
}

/// What an owner may have at once (`domain::slots`) leaves room for a second one at their limit.
#[test]
fn no_owner_can_take_more_than_half_of_a_sources_places() {
    let functions = functions();
    let concurrency = |function: &str, queue: &str| {
        let sources = queue_sources(&functions[function]);
        let source = sources
            .iter()
            .find(|source| names(&source["Queue"]).as_deref() == Some(queue))
            .unwrap();
        source["ScalingConfig"]["MaximumConcurrency"]
            .as_u64()
            .unwrap()
    };
    for (kind, function, queue) in [
        (SlotKind::Crawl, "StepExecutorFunction", "CrawlQueue"),
        (SlotKind::Step, "StepExecutorFunction", "StepQueue"),
    ] {
        let most = kind.most() as u64;
        assert!(2 * most <= concurrency(function, queue), "{kind}: {most}");
    }
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
    assert_eq!(
        table["TimeToLiveSpecification"]["AttributeName"].as_str(),
        Some("expires_at")
    );
    let lifecycle = &resources["Blobs"]["Properties"]["LifecycleConfiguration"]["Rules"][0];
    assert_eq!(lifecycle["Prefix"].as_str(), Some("runs/"));
    let template: Value = serde_yaml_ng::from_str(&read("template.yaml")).unwrap();
    let days = |parameter: &str, what: &str| {
        let value = &template["Parameters"][parameter][what];
        let said = value.as_str().and_then(|days| days.parse().ok());
        value.as_u64().or(said)
    };
    let retention = days("RetentionDays", "Default").unwrap();
    assert_eq!(retention, u64::from(Retention::DEFAULT.days()));
    let longer = u64::from(Retention::LONGEST_RUN_DAYS);
    for (what, table) in [
        ("Default", retention),
        ("MinValue", 1),
        ("MaxValue", u64::from(Retention::MOST_DAYS)),
    ] {
        assert_eq!(days("RetentionDays", what), Some(table), "{what}");
        assert_eq!(days("BlobRetentionDays", what), Some(table + longer));
    }
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
            "scheduler:DeleteSchedule",
        ),
        (".mailer()", "NIGHTDESK_MAIL_FROM", "ses:SendEmail"),
        (
            ".mailer()",
            "NIGHTDESK_MAIL_CONFIGURATION_SET",
            "ses:SendEmail",
        ),
        (
            "NIGHTDESK_LINK_SECRET",
            "NIGHTDESK_LINK_SECRET",
            "secretsmanager:GetSecretValue",
        ),
        (
            ".sealing()",
            "NIGHTDESK_SEALING_SECRET",
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

/// Who takes the money, who asks, and who writes must mean the same model.
#[test]
fn all_who_need_to_know_are_told_of_the_same_model() {
    let functions = functions();
    let told = |name: &str| {
        let variables = &functions[name]["Environment"]["Variables"];
        names(&variables["NIGHTDESK_MODEL_PROVIDER"])
    };
    assert_eq!(told("PlannerFunction").as_deref(), Some("ModelProvider"));
    for name in ["ApiFunction", "StepExecutorFunction"] {
        assert_eq!(told(name), told("PlannerFunction"), "{name}");
    }
    let keyless = &functions["ApiFunction"]["Environment"]["Variables"];
    assert!(keyless.get("NIGHTDESK_MODEL_KEY_SECRET").is_none());
}

/// Every action a function is allowed, and the resources it is allowed for.
fn allowed(function: &Value) -> Vec<(String, String)> {
    let policies = function["Policies"].as_sequence().unwrap();
    let statements = policies
        .iter()
        .flat_map(|policy| policy["Statement"].as_sequence().unwrap());
    let mut pairs = Vec::new();
    for statement in statements {
        let resources = one_or_many(&statement["Resource"]);
        for action in one_or_many(&statement["Action"]) {
            for resource in &resources {
                let resource = match resource {
                    Value::Tagged(tagged) => text_of(&tagged.value),
                    other => panic!("{other:?} names no resource of the template"),
                };
                pairs.push((action.as_str().unwrap().to_owned(), resource));
            }
        }
    }
    pairs
}

/// The text of `!Sub`, which may have a map of names beside it.
fn text_of(value: &Value) -> String {
    let text = value.as_str().or_else(|| value[0].as_str());
    text.expect("an intrinsic of a text").to_owned()
}

fn one_or_many(value: &Value) -> Vec<Value> {
    match value {
        Value::Sequence(many) => many.clone(),
        one => vec![one.clone()],
    }
}

/// What the code does with what it is allowed to do, by the calls that are found in it.
#[test]
fn a_function_may_do_no_more_than_it_does() {
    let all: BTreeMap<String, Vec<(String, String)>> = functions()
        .into_iter()
        .map(|(name, function)| (name, allowed(&function)))
        .collect();
    let whoever_may = |does: &dyn Fn(&str, &str) -> bool| -> Vec<&str> {
        all.iter()
            .filter(|(_, pairs)| pairs.iter().any(|(action, on)| does(action, on)))
            .map(|(name, _)| name.as_str())
            .collect()
    };
    let whoever = |wanted: &str| whoever_may(&|action, _| action == wanted);
    for (action, functions) in [
        // The lists of the API are the only ones. Owners delete, a baseline makes the one before it go, and
        // who is erased goes.
        ("dynamodb:BatchGetItem", &["ApiFunction"][..]),
        (
            "dynamodb:DeleteItem",
            &[
                "ApiFunction",
                "ConditionEvaluatorFunction",
                "SweeperFunction",
            ],
        ),
        (
            "s3:DeleteObject",
            &[
                "ApiFunction",
                "ConditionEvaluatorFunction",
                "SweeperFunction",
            ],
        ),
        // Whoever erases an owner.
        (
            "dynamodb:BatchWriteItem",
            &["ApiFunction", "SweeperFunction"],
        ),
        ("dynamodb:Scan", &["SweeperFunction"]),
        ("s3:ListBucket", &["SweeperFunction"]),
        // Plans and goals live in the table; outputs and drafts may be too large for it.
        (
            "s3:PutObject",
            &[
                "ApiFunction",
                "ConditionEvaluatorFunction",
                "StepExecutorFunction",
            ],
        ),
        (
            "secretsmanager:GetSecretValue",
            &[
                "ApiFunction",
                "NotifierFunction",
                "PlannerFunction",
                "StepExecutorFunction",
            ],
        ),
        (
            "ses:SendEmail",
            &["NotifierFunction", "StepExecutorFunction"],
        ),
        ("sqs:ReceiveMessage", &["SweeperFunction"]),
        ("scheduler:GetSchedule", &[]),
    ] {
        assert_eq!(whoever(action), functions, "{action}");
    }
    assert_eq!(
        whoever_may(&|_, on| on.ends_with("/index/due")),
        ["SweeperFunction"],
        "only the sweeper looks for what is due"
    );
    assert_eq!(
        whoever("iam:PassRole"),
        whoever("scheduler:CreateSchedule"),
        "a schedule is made with the role that sends for it"
    );
    assert!(
        all["PlannerFunction"]
            .iter()
            .all(|(action, on)| !action.starts_with("sqs:") || on.starts_with("PlanQueue")),
        "the planner only writes down what it found, and gives back what it could not"
    );
}

/// What the store cannot take is back after seconds, and renewed before it would be a dead letter.
#[test]
fn every_consumer_gives_messages_back_to_its_own_queue_and_to_no_other() {
    for (name, function) in functions() {
        let allowed = allowed(&function);
        let hides: Vec<&str> = allowed
            .iter()
            .filter(|(action, _)| action == "sqs:ChangeMessageVisibility")
            .map(|(_, on)| on.as_str())
            .collect();
        let consumed: Vec<String> = queue_sources(&function)
            .iter()
            .map(|source| format!("{}.Arn", names(&source["Queue"]).unwrap()))
            .collect();
        assert_eq!(hides, consumed, "{name}");
        for queue in consumed {
            let renews = ("sqs:SendMessage".to_owned(), queue);
            assert!(allowed.contains(&renews), "{name} renews in {}", renews.1);
        }
    }
    for (name, resource) in resources() {
        let Some(redrive) = resource["Properties"].get("RedrivePolicy") else {
            continue;
        };
        let most = redrive["maxReceiveCount"].as_u64().unwrap();
        let renewed = u64::from(engine::consuming::MOST_WAITS);
        assert!(renewed < most, "{name} buries before {renewed} waits");
    }
}

#[test]
fn nobody_but_the_schedules_and_its_consumer_send_to_the_start_queue() {
    for (name, function) in functions() {
        for (action, resource) in allowed(&function) {
            assert!(
                name == "ExecutionStarterFunction"
                    || !(action == "sqs:SendMessage" && resource.starts_with("StartQueue")),
                "{name}: due times come from EventBridge Scheduler"
            );
        }
    }
}

/// SES sends under the identity of the sender, and asks for a permission on it; a recipient is nobody's business.
#[test]
fn mail_is_sent_from_one_address_under_its_own_identity() {
    let mut senders = 0;
    for (name, function) in functions() {
        let policies = function["Policies"].as_sequence().unwrap().iter();
        let statements = policies.flat_map(|policy| policy["Statement"].as_sequence().unwrap());
        for statement in statements {
            let actions = one_or_many(&statement["Action"]);
            if !actions
                .iter()
                .any(|action| action.as_str().unwrap().starts_with("ses:"))
            {
                continue;
            }
            senders += 1;
            assert_eq!(actions, [Value::from("ses:SendEmail")], "{name}");
            let resources = one_or_many(&statement["Resource"]);
            let resources: Vec<String> = resources
                .iter()
                .map(|resource| match resource {
                    Value::Tagged(tagged) => text_of(&tagged.value),
                    other => panic!("{name}: {other:?}"),
                })
                .map(|text| text.rsplit(':').next().unwrap().to_owned())
                .collect();
            assert_eq!(
                resources,
                [
                    "identity/${MailFrom}",
                    "identity/${Domain}",
                    "identity/${MailIdentity}",
                    "configuration-set/${MailEvents}",
                ],
                "{name}"
            );
            let from = &statement["Condition"]["StringEqualsIgnoreCase"]["ses:FromAddress"];
            assert_eq!(names(from).as_deref(), Some("MailFrom"), "{name}");
        }
    }
    assert_eq!(senders, 2);
}

/// The cap stands in the template, where it is changed, and in the code, for who has no template.
#[test]
fn the_days_recipients_are_as_many_as_the_contract_says() {
    let template: Value = serde_yaml_ng::from_str(&read("template.yaml")).unwrap();
    let parameter = &template["Parameters"]["MaxRecipientsPerDay"]["Default"];
    let most = domain::allowance::RECIPIENTS_A_DAY.to_string();
    assert_eq!(parameter.as_str(), Some(most.as_str()));
    let variables = &functions()["StepExecutorFunction"]["Environment"]["Variables"];
    let variable = &variables["NIGHTDESK_MAX_RECIPIENTS_PER_DAY"];
    assert_eq!(names(variable).as_deref(), Some("MaxRecipientsPerDay"));
}
