//! What `template.yaml` says, as the local host needs it.
//!
//! The template is the only list of functions, queues and permissions there is: AWS deploys it and
//! this module reads it, so the two cannot drift apart. It reads strictly. A property, an intrinsic
//! or a resource type it does not know is an error that names the logical id, because a silent guess
//! would make `cargo dev` lie about what a deployment does. What has no local meaning (permissions,
//! alarms, encryption) is accepted by name in [`properties`], never by a wildcard.
//!
//! Reading has two stages. [`Topology::parse`] needs nothing but the text; the environment of a
//! function refers to queues and to the template's parameters, whose values exist only once the
//! host's endpoints listen, so [`Topology::environment`] resolves it later against a [`Deployment`].

mod intrinsics;
mod mail_events;
mod properties;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use serde_yaml_ng::Value;

use self::intrinsics::Scope;
use self::mail_events::Chain;
pub use self::mail_events::MailRule;
use self::properties as props;

/// Region of every local ARN. Any real name does; the SDK signs with it and nothing checks it.
pub const REGION: &str = "us-east-1";
/// Account of every local ARN and queue address: AWS never gives this number to anybody.
pub const ACCOUNT: &str = "000000000000";
/// Name of the stack; physical names are `<stack>-<logical id>`, as `CloudFormation` makes them but
/// for its random suffix.
pub const STACK: &str = "nightdesk";

/// The template the binary was built with.
const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// Lambda's own default where neither the function nor `Globals` says: 3 seconds and 128 MB.
const DEFAULT_TIMEOUT_SECONDS: u64 = 3;
const DEFAULT_MEMORY_MB: u32 = 128;

/// Why the template cannot be hosted. Every variant says where to look.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    #[error("the template is not readable YAML")]
    Yaml(#[source] serde_yaml_ng::Error),
    #[error("template, section {section}: {detail}")]
    Section {
        section: &'static str,
        detail: String,
    },
    #[error("template, resource {logical_id}: {detail}")]
    Resource { logical_id: String, detail: String },
    #[error("template parameter {name}: {detail}")]
    Parameter { name: String, detail: String },
}

/// Everything the host takes from the template. Lists keep the template's order of logical ids.
#[derive(Debug)]
pub struct Topology {
    pub functions: Vec<Function>,
    pub queues: Vec<Queue>,
    pub tables: Vec<Table>,
    pub schedule_groups: Vec<Named>,
    pub buckets: Vec<Named>,
    pub secrets: Vec<Secret>,
    /// Where events about mails go.
    pub mail_rules: Vec<MailRule>,
    parameters: BTreeMap<String, props::Parameter>,
    conditions: BTreeMap<String, Value>,
    kinds: BTreeMap<String, Kind>,
}

/// A resource of which only the name matters here.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    pub logical_id: String,
    /// Physical name.
    pub name: String,
}

/// One `AWS::Serverless::Function`.
#[derive(Debug)]
pub struct Function {
    pub logical_id: String,
    /// The last part of the code folder (`step-executor`): the name people, logs and the host use.
    pub name: String,
    pub timeout: Duration,
    pub memory_mb: u32,
    pub sources: Vec<EventSource>,
    /// Unresolved; see [`Topology::environment`].
    environment: BTreeMap<String, Value>,
}

/// What makes a function run.
#[derive(Debug, PartialEq, Eq)]
pub enum EventSource {
    /// Messages of a queue, by its logical id.
    Queue {
        queue: String,
        /// Most messages in one event.
        batch_size: u32,
        /// Most events at the same time.
        maximum_concurrency: u32,
        /// Whether the answer names the messages that failed (`batchItemFailures`).
        reports_item_failures: bool,
    },
    /// Every request to the HTTP API: the `$default` route.
    HttpApi,
    /// A fixed rate.
    Schedule { every: Duration },
}

/// One `AWS::SQS::Queue`.
#[derive(Debug, PartialEq, Eq)]
pub struct Queue {
    pub logical_id: String,
    pub name: String,
    pub visibility: Duration,
    pub retention: Duration,
    pub redrive: Option<Redrive>,
}

/// Where a message goes that was received too often.
#[derive(Debug, PartialEq, Eq)]
pub struct Redrive {
    /// Logical id of the queue of dead letters.
    pub dead_letters: String,
    pub max_receive_count: u32,
}

/// One `AWS::DynamoDB::Table`.
#[derive(Debug)]
pub struct Table {
    pub logical_id: String,
    pub name: String,
    /// The body of a `CreateTable` request.
    pub create: serde_json::Value,
    /// The attribute `UpdateTimeToLive` is to name.
    pub ttl_attribute: Option<String>,
}

/// One `AWS::SecretsManager::Secret` whose value is generated.
#[derive(Debug, PartialEq, Eq)]
pub struct Secret {
    pub logical_id: String,
    pub name: String,
    /// Characters of the generated value.
    pub length: usize,
    /// Whether it has letters and digits only.
    pub exclude_punctuation: bool,
}

/// What a logical id stands for in `!Ref` and `!GetAtt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Function,
    HttpApi,
    Queue,
    Table,
    Bucket,
    Secret,
    ScheduleGroup,
    Role,
    ConfigurationSet,
    Rule,
    /// Something nobody refers to.
    Nameless,
}

/// What exists only at run time and the environment of a function may refer to.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// Complete: from [`Topology::parameters`].
    pub parameters: BTreeMap<String, String>,
    /// Base address of the SQS endpoint, without a trailing slash.
    pub sqs_url: String,
}

/// The physical name of a resource.
pub fn physical_name(logical_id: &str) -> String {
    format!("{STACK}-{logical_id}")
}

/// The ARN of a queue by its physical name.
pub fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

/// The ARN of a function by its name.
pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

impl Topology {
    /// The template this binary was built with.
    pub fn bundled() -> Result<Self, TopologyError> {
        Self::parse(TEMPLATE)
    }

    /// Reads a template.
    ///
    /// # Errors
    /// Anything the host could not reproduce faithfully, with the logical id it is about.
    pub fn parse(text: &str) -> Result<Self, TopologyError> {
        let template: props::Template =
            serde_yaml_ng::from_str(text).map_err(TopologyError::Yaml)?;
        let globals = template.globals.function;
        let mut topology = Self {
            functions: Vec::new(),
            queues: Vec::new(),
            tables: Vec::new(),
            schedule_groups: Vec::new(),
            buckets: Vec::new(),
            secrets: Vec::new(),
            mail_rules: Vec::new(),
            parameters: template.parameters,
            conditions: template.conditions,
            kinds: BTreeMap::new(),
        };
        let mut mail_events = Chain::default();
        for (logical_id, resource) in template.resources {
            topology
                .add(&logical_id, resource, &globals, &mut mail_events)
                .map_err(|detail| TopologyError::Resource {
                    logical_id: logical_id.clone(),
                    detail,
                })?;
        }
        topology.mail_rules = mail_events
            .close()
            .map_err(|(logical_id, detail)| TopologyError::Resource { logical_id, detail })?;
        topology.check_references()?;
        Ok(topology)
    }

    /// The template's parameters with `given` values, defaults elsewhere.
    ///
    /// # Errors
    /// A value for a parameter that does not exist or outside its `AllowedValues`, or none where
    /// the template has no default.
    pub fn parameters(
        &self,
        given: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, TopologyError> {
        let fail = |name: &str, detail: String| TopologyError::Parameter {
            name: name.to_owned(),
            detail,
        };
        if let Some(name) = given
            .keys()
            .find(|name| !self.parameters.contains_key(*name))
        {
            return Err(fail(name, "the template has no such parameter".to_owned()));
        }
        let mut values = BTreeMap::new();
        for (name, parameter) in &self.parameters {
            let value = given
                .get(name)
                .or(parameter.default.as_ref())
                .ok_or_else(|| fail(name, "needs a value".to_owned()))?;
            if let Some(allowed) = &parameter.allowed_values
                && !allowed.contains(value)
            {
                return Err(fail(
                    name,
                    format!("`{value}` is not one of {}", allowed.join(", ")),
                ));
            }
            values.insert(name.clone(), value.clone());
        }
        Ok(values)
    }

    /// The environment the template gives a function, every intrinsic resolved.
    ///
    /// # Errors
    /// An intrinsic or a reference this host does not know.
    pub fn environment(
        &self,
        function: &Function,
        deployment: &Deployment,
    ) -> Result<BTreeMap<String, String>, TopologyError> {
        let scope = Scope {
            topology: self,
            deployment,
        };
        function
            .environment
            .iter()
            .map(|(name, value)| match scope.text(value) {
                Ok(text) => Ok((name.clone(), text)),
                Err(detail) => Err(TopologyError::Resource {
                    logical_id: function.logical_id.clone(),
                    detail: format!("Environment, {name}: {detail}"),
                }),
            })
            .collect()
    }

    /// The queue of a logical id.
    pub fn queue(&self, logical_id: &str) -> Option<&Queue> {
        self.queues
            .iter()
            .find(|queue| queue.logical_id == logical_id)
    }

    fn add(
        &mut self,
        logical_id: &str,
        resource: props::Resource,
        globals: &props::FunctionGlobals,
        mail_events: &mut Chain,
    ) -> Result<(), String> {
        let name = physical_name(logical_id);
        let logical = logical_id.to_owned();
        let values = resource.properties;
        let kind = match resource.kind.as_str() {
            "AWS::Serverless::Function" => {
                self.functions
                    .push(function(logical, props::read(values)?, globals)?);
                Kind::Function
            }
            "AWS::Serverless::HttpApi" => {
                props::read::<props::Empty>(values)?;
                Kind::HttpApi
            }
            "AWS::SQS::Queue" => {
                self.queues
                    .push(queue(logical, name, props::read(values)?)?);
                Kind::Queue
            }
            "AWS::DynamoDB::Table" => {
                self.tables
                    .push(table(logical, name, props::read(values)?)?);
                Kind::Table
            }
            "AWS::S3::Bucket" => {
                props::read::<props::Bucket>(values)?;
                self.buckets.push(Named {
                    logical_id: logical,
                    name,
                });
                Kind::Bucket
            }
            "AWS::SecretsManager::Secret" => {
                let secret: props::Secret = props::read(values)?;
                let value = secret.generate_secret_string;
                self.secrets.push(Secret {
                    logical_id: logical,
                    name,
                    length: value.password_length,
                    exclude_punctuation: value.exclude_punctuation,
                });
                Kind::Secret
            }
            "AWS::Scheduler::ScheduleGroup" => {
                props::read::<props::Empty>(values)?;
                self.schedule_groups.push(Named {
                    logical_id: logical,
                    name,
                });
                Kind::ScheduleGroup
            }
            "AWS::IAM::Role" => {
                props::read::<props::Role>(values)?;
                Kind::Role
            }
            "AWS::SES::ConfigurationSet" => {
                props::read::<props::Empty>(values)?;
                mail_events.add_set(logical_id);
                Kind::ConfigurationSet
            }
            "AWS::SES::ConfigurationSetEventDestination" => {
                mail_events.add_destination(props::read(values)?)?;
                Kind::Nameless
            }
            "AWS::Events::Rule" => {
                mail_events.add_rule(logical_id, props::read(values)?);
                Kind::Rule
            }
            "AWS::SQS::QueuePolicy" => {
                mail_events.add_policy(&props::read(values)?)?;
                Kind::Nameless
            }
            "AWS::CloudWatch::Alarm" => Kind::Nameless,
            other => return Err(format!("the local host does not know the type {other}")),
        };
        self.kinds.insert(logical_id.to_owned(), kind);
        Ok(())
    }

    /// Queues that event sources and redrive policies name exist, and no two functions share a name.
    fn check_references(&self) -> Result<(), TopologyError> {
        let fail = |logical_id: &str, detail: String| {
            Err(TopologyError::Resource {
                logical_id: logical_id.to_owned(),
                detail,
            })
        };
        let mut names = BTreeMap::new();
        for function in &self.functions {
            if let Some(other) = names.insert(&function.name, &function.logical_id) {
                return fail(
                    &function.logical_id,
                    format!("has the code folder of {other}"),
                );
            }
            for source in &function.sources {
                if let EventSource::Queue { queue, .. } = source
                    && self.queue(queue).is_none()
                {
                    return fail(
                        &function.logical_id,
                        format!("consumes {queue}, which is no queue"),
                    );
                }
            }
        }
        for rule in &self.mail_rules {
            if self.queue(&rule.queue).is_none() {
                return fail(&rule.queue, "is no queue that events can go to".to_owned());
            }
        }
        for queue in &self.queues {
            if let Some(redrive) = &queue.redrive
                && self.queue(&redrive.dead_letters).is_none()
            {
                return fail(
                    &queue.logical_id,
                    format!("redrives to {}, which is no queue", redrive.dead_letters),
                );
            }
        }
        Ok(())
    }
}

fn function(
    logical_id: String,
    properties: props::Function,
    globals: &props::FunctionGlobals,
) -> Result<Function, String> {
    let name = properties
        .code_uri
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .filter(|name| !name.is_empty())
        .ok_or("CodeUri names no folder")?
        .to_owned();
    let mut environment = globals.environment.variables.clone();
    environment.extend(properties.environment.variables);
    let seconds = properties
        .timeout
        .or(globals.timeout)
        .unwrap_or(DEFAULT_TIMEOUT_SECONDS);
    let sources = properties
        .events
        .into_iter()
        .map(|(event, source)| {
            event_source(source).map_err(|detail| format!("event {event}: {detail}"))
        })
        .collect::<Result<_, _>>()?;
    Ok(Function {
        logical_id,
        name,
        timeout: Duration::from_secs(seconds),
        memory_mb: properties
            .memory_size
            .or(globals.memory_size)
            .unwrap_or(DEFAULT_MEMORY_MB),
        sources,
        environment,
    })
}

fn event_source(event: props::Event) -> Result<EventSource, String> {
    match event.kind.as_str() {
        "SQS" => {
            let source: props::QueueEvent = props::read(event.properties)?;
            let reports = match source.function_response_types.as_slice() {
                [] => false,
                [only] if only == "ReportBatchItemFailures" => true,
                other => return Err(format!("unknown FunctionResponseTypes {other:?}")),
            };
            Ok(EventSource::Queue {
                queue: intrinsics::arn_of(&source.queue)?,
                batch_size: source.batch_size,
                maximum_concurrency: source.scaling_config.maximum_concurrency,
                reports_item_failures: reports,
            })
        }
        "HttpApi" => {
            let source: props::HttpApiEvent = props::read(event.properties)?;
            intrinsics::referent(&source.api_id)?;
            Ok(EventSource::HttpApi)
        }
        "ScheduleV2" => {
            let source: props::ScheduleEvent = props::read(event.properties)?;
            Ok(EventSource::Schedule {
                every: rate(&source.schedule_expression)?,
            })
        }
        other => Err(format!(
            "the local host does not know the event source {other}"
        )),
    }
}

/// `rate(5 minutes)` as a duration; AWS wants the unit in the singular for 1 only.
fn rate(expression: &str) -> Result<Duration, String> {
    let refused = || format!("`{expression}` is not a rate the local host knows");
    let inside = expression
        .strip_prefix("rate(")
        .and_then(|rest| rest.strip_suffix(')'))
        .ok_or_else(refused)?;
    let (count, unit) = inside.split_once(' ').ok_or_else(refused)?;
    let count: u64 = count.parse().map_err(|_| refused())?;
    let seconds = match (unit, count) {
        (_, 0) => return Err(refused()),
        ("minute", 1) | ("minutes", 2..) => 60,
        ("hour", 1) | ("hours", 2..) => 3_600,
        ("day", 1) | ("days", 2..) => 86_400,
        _ => return Err(refused()),
    };
    count
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(refused)
}

fn queue(logical_id: String, name: String, properties: props::Queue) -> Result<Queue, String> {
    let redrive = properties
        .redrive_policy
        .map(|policy| {
            Ok::<_, String>(Redrive {
                dead_letters: intrinsics::arn_of(&policy.dead_letter_target_arn)?,
                max_receive_count: policy.max_receive_count,
            })
        })
        .transpose()?;
    Ok(Queue {
        logical_id,
        name,
        visibility: Duration::from_secs(properties.visibility_timeout),
        retention: Duration::from_secs(properties.message_retention_period),
        redrive,
    })
}

fn table(logical_id: String, name: String, properties: props::Table) -> Result<Table, String> {
    let json = |value: Value| serde_json::to_value(value).map_err(|error| error.to_string());
    let mut create = json!({
        "TableName": name,
        "BillingMode": properties.billing_mode,
        "AttributeDefinitions": json(properties.attribute_definitions)?,
        "KeySchema": json(properties.key_schema)?,
    });
    if let Some(indexes) = properties.global_secondary_indexes {
        create["GlobalSecondaryIndexes"] = json(indexes)?;
    }
    if let Some(indexes) = properties.local_secondary_indexes {
        create["LocalSecondaryIndexes"] = json(indexes)?;
    }
    let ttl_attribute = properties
        .time_to_live_specification
        .filter(|ttl| ttl.enabled)
        .map(|ttl| ttl.attribute_name);
    Ok(Table {
        logical_id,
        name,
        create,
        ttl_attribute,
    })
}

#[cfg(test)]
mod tests;
