//! The reader against the real template, and against templates it must refuse.

use super::*;

fn bundled() -> Topology {
    Topology::bundled().expect("the repository's own template is readable")
}

fn deployment(topology: &Topology) -> Deployment {
    let given = BTreeMap::from([
        ("MailFrom".to_owned(), "desk@nightdesk.test".to_owned()),
        ("BaseUrl".to_owned(), "http://127.0.0.1:8787".to_owned()),
        ("SearchUrl".to_owned(), "http://127.0.0.1:8888".to_owned()),
    ]);
    Deployment {
        parameters: topology
            .parameters(&given)
            .expect("the template's parameters"),
        sqs_url: "http://127.0.0.1:4100".to_owned(),
    }
}

fn function<'t>(topology: &'t Topology, name: &str) -> &'t Function {
    topology
        .functions
        .iter()
        .find(|function| function.name == name)
        .expect(name)
}

#[test]
fn every_function_of_the_house_is_there() {
    let topology = bundled();
    let mut names: Vec<_> = topology
        .functions
        .iter()
        .map(|function| function.name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "api",
            "condition-evaluator",
            "execution-starter",
            "notifier",
            "planner",
            "step-executor",
            "sweeper"
        ]
    );
}

#[test]
fn a_function_overrides_the_globals() {
    let topology = bundled();
    let api = function(&topology, "api");
    assert_eq!((api.timeout, api.memory_mb), (Duration::from_secs(30), 256));
    let steps = function(&topology, "step-executor");
    assert_eq!(
        (steps.timeout, steps.memory_mb),
        (Duration::from_secs(630), 512)
    );
}

#[test]
fn event_sources_are_read() {
    let topology = bundled();
    assert_eq!(function(&topology, "api").sources, [EventSource::HttpApi]);
    assert_eq!(
        function(&topology, "sweeper").sources,
        [EventSource::Schedule {
            every: Duration::from_secs(60)
        }]
    );
    assert_eq!(
        function(&topology, "execution-starter").sources,
        [EventSource::Queue {
            queue: "StartQueue".to_owned(),
            batch_size: 10,
            maximum_concurrency: 8,
            reports_item_failures: true,
        }]
    );
}

#[test]
fn visibility_is_at_least_six_times_the_consumers_timeout() {
    let topology = bundled();
    for function in &topology.functions {
        for source in &function.sources {
            if let EventSource::Queue { queue, .. } = source {
                let queue = topology.queue(queue).expect("checked while parsing");
                assert!(
                    queue.visibility >= 6 * function.timeout,
                    "{}",
                    queue.logical_id
                );
                assert_eq!(
                    queue.redrive,
                    Some(Redrive {
                        dead_letters: "DeadLetterQueue".to_owned(),
                        max_receive_count: 5
                    })
                );
            }
        }
    }
}

#[test]
fn the_table_becomes_a_create_table_request() {
    let topology = bundled();
    let [table] = topology.tables.as_slice() else {
        panic!("one table")
    };
    assert_eq!(table.ttl_attribute.as_deref(), Some("expires_at"));
    assert_eq!(
        table.create,
        json!({
            "TableName": "nightdesk-Table",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                { "AttributeName": "pk", "AttributeType": "S" },
                { "AttributeName": "sk", "AttributeType": "S" },
                { "AttributeName": "due_shard", "AttributeType": "S" },
                { "AttributeName": "due_at", "AttributeType": "N" },
                { "AttributeName": "by1", "AttributeType": "S" },
                { "AttributeName": "by2", "AttributeType": "S" },
                { "AttributeName": "by3", "AttributeType": "S" },
                { "AttributeName": "by4", "AttributeType": "S" },
                { "AttributeName": "by5", "AttributeType": "S" },
            ],
            "KeySchema": [
                { "AttributeName": "pk", "KeyType": "HASH" },
                { "AttributeName": "sk", "KeyType": "RANGE" },
            ],
            "LocalSecondaryIndexes": (["by1", "by2", "by3", "by4", "by5"].map(|order| json!({
                "IndexName": order,
                "KeySchema": [
                    { "AttributeName": "pk", "KeyType": "HASH" },
                    { "AttributeName": order, "KeyType": "RANGE" },
                ],
                "Projection": {
                    "ProjectionType": "INCLUDE",
                    "NonKeyAttributes": ["plan", "plan_version", "shown_until"],
                },
            }))),
            "GlobalSecondaryIndexes": [{
                "IndexName": "due",
                "KeySchema": [
                    { "AttributeName": "due_shard", "KeyType": "HASH" },
                    { "AttributeName": "due_at", "KeyType": "RANGE" },
                ],
                "Projection": { "ProjectionType": "KEYS_ONLY" },
            }],
        })
    );
}

#[test]
fn environments_resolve_completely() {
    let topology = bundled();
    let deployment = deployment(&topology);
    for function in &topology.functions {
        topology
            .environment(function, &deployment)
            .expect(&function.name);
    }
    let api = topology
        .environment(function(&topology, "api"), &deployment)
        .expect("api");
    let get = |name: &str| api.get(name).map(String::as_str);
    assert_eq!(get("NIGHTDESK_TABLE"), Some("nightdesk-Table"));
    assert_eq!(get("NIGHTDESK_BLOBS"), Some("s3://nightdesk-Blobs"));
    assert_eq!(
        get("NIGHTDESK_STEP_QUEUE_URL"),
        Some("http://127.0.0.1:4100/000000000000/nightdesk-StepQueue")
    );
    assert_eq!(
        get("NIGHTDESK_START_QUEUE_ARN"),
        Some("arn:aws:sqs:us-east-1:000000000000:nightdesk-StartQueue")
    );
    assert_eq!(
        get("NIGHTDESK_SCHEDULE_GROUP"),
        Some("nightdesk-ScheduleGroup")
    );
    assert_eq!(
        get("NIGHTDESK_SCHEDULE_ROLE_ARN"),
        Some("arn:aws:iam::000000000000:role/nightdesk-ScheduleRole")
    );
    assert_eq!(get("NIGHTDESK_BASE_URL"), Some("http://127.0.0.1:8787"));
}

#[test]
fn conditions_choose() {
    let topology = bundled();
    let mut deployment = deployment(&topology);
    let notifier = function(&topology, "notifier");
    let base = |deployment: &Deployment| {
        topology
            .environment(notifier, deployment)
            .expect("notifier")["NIGHTDESK_BASE_URL"]
            .clone()
    };
    assert_eq!(base(&deployment), "http://127.0.0.1:8787");
    deployment
        .parameters
        .insert("BaseUrl".to_owned(), String::new());
    assert_eq!(
        base(&deployment),
        "https://local.execute-api.us-east-1.amazonaws.com"
    );
}

#[test]
fn parameters_are_checked() {
    let topology = bundled();
    let with = |name: &str, value: &str| {
        let given = BTreeMap::from([
            ("MailFrom".to_owned(), "desk@nightdesk.test".to_owned()),
            ("SearchUrl".to_owned(), "http://127.0.0.1:8888".to_owned()),
            (name.to_owned(), value.to_owned()),
        ]);
        topology
            .parameters(&given)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert_eq!(with("ModelProvider", "openai"), Ok(()));
    assert_eq!(
        with("LogLevel", "loud"),
        Err(
            "template parameter LogLevel: `loud` is not one of error, warn, info, debug".to_owned()
        )
    );
    assert_eq!(
        with("Nonsense", "x"),
        Err("template parameter Nonsense: the template has no such parameter".to_owned())
    );
    let missing = topology
        .parameters(&BTreeMap::new())
        .map(|_| ())
        .map_err(|error| error.to_string());
    assert_eq!(
        missing,
        Err("template parameter MailFrom: needs a value".to_owned())
    );
}

/// What the reader says about a template with these resources.
fn refusal(resources: &str) -> String {
    match Topology::parse(&format!("Resources:\n{resources}")) {
        Ok(topology) => {
            let deployment = Deployment {
                parameters: BTreeMap::new(),
                sqs_url: String::new(),
            };
            let environments = topology
                .functions
                .iter()
                .map(|function| topology.environment(function, &deployment));
            environments
                .filter_map(|environment| environment.err().map(|error| error.to_string()))
                .collect()
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_not_known_is_refused_with_the_logical_id() {
    let cases = [
        (
            "  Pump:\n    Type: AWS::Kinesis::Stream\n",
            "template, resource Pump: the local host does not know the type AWS::Kinesis::Stream",
        ),
        (
            "  Api: { Type: AWS::Serverless::HttpApi, Properties: { StageName: v1 } }\n",
            "template, resource Api: unknown field `StageName`, there are no fields",
        ),
        (
            "  F: { Type: AWS::Serverless::Function, Properties: { CodeUri: functions/f, Environment: { Variables: { A: !Join [x, [y]] } } } }\n",
            "template, resource F: Environment, A: !Join in this form is not known to the local host",
        ),
        (
            "  F: { Type: AWS::Serverless::Function, Properties: { CodeUri: functions/f, Environment: { Variables: { A: !Ref Ghost } } } }\n",
            "template, resource F: Environment, A: there is no parameter or resource Ghost",
        ),
        (
            "  Q: { Type: AWS::SQS::Queue, Properties: { VisibilityTimeout: 30, MessageRetentionPeriod: 60, RedrivePolicy: { deadLetterTargetArn: !GetAtt Ghost.Arn, maxReceiveCount: 2 } } }\n",
            "template, resource Q: redrives to Ghost, which is no queue",
        ),
        (
            "  F: { Type: AWS::Serverless::Function, Properties: { CodeUri: functions/f, Events: { E: { Type: ScheduleV2, Properties: { ScheduleExpression: cron(0 0 * * ? *) } } } } }\n",
            "template, resource F: event E: `cron(0 0 * * ? *)` is not a rate the local host knows",
        ),
    ];
    for (resources, expected) in cases {
        assert_eq!(refusal(resources), expected);
    }
}

#[test]
fn rates_follow_the_grammar_of_aws() {
    assert_eq!(rate("rate(1 minute)"), Ok(Duration::from_secs(60)));
    assert_eq!(rate("rate(2 hours)"), Ok(Duration::from_secs(7_200)));
    for wrong in [
        "rate(1 minutes)",
        "rate(0 minutes)",
        "rate(5 minute)",
        "rate(5)",
        "rate(-1 days)",
        "5 minutes",
    ] {
        assert!(rate(wrong).is_err(), "{wrong}");
    }
}
