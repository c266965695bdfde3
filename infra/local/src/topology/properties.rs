//! The shape of the template: every property this host accepts, by name.
//!
//! `deny_unknown_fields` everywhere is the point: a property that is added to the template and not
//! here stops the host with the property's name. Fields that AWS obeys and this host has no use for
//! (permissions, encryption, descriptions) are listed as [`Ignored`], so that ignoring them is
//! a decision somebody wrote down.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_yaml_ng::{Mapping, Value};

/// Accepted, and without meaning on one machine.
pub(super) type Ignored = Option<Value>;

/// Reads the properties of one resource.
pub(super) fn read<T: DeserializeOwned>(properties: Value) -> Result<T, String> {
    let properties = match properties {
        Value::Null => Value::Mapping(Mapping::new()),
        other => other,
    };
    serde_yaml_ng::from_value(properties).map_err(|error| error.to_string())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Template {
    #[serde(rename = "AWSTemplateFormatVersion")]
    _version: Ignored,
    #[serde(rename = "Transform")]
    _transform: Ignored,
    #[serde(rename = "Description")]
    _description: Ignored,
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, Parameter>,
    #[serde(default)]
    pub(super) conditions: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) globals: Globals,
    pub(super) resources: BTreeMap<String, Resource>,
    #[serde(rename = "Outputs")]
    _outputs: Ignored,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Parameter {
    #[serde(rename = "Type")]
    _kind: Value,
    #[serde(rename = "Description")]
    _description: Ignored,
    pub(super) default: Option<String>,
    pub(super) allowed_values: Option<Vec<String>>,
    #[serde(rename = "AllowedPattern")]
    _allowed_pattern: Ignored,
    // Who reads a number says itself which it takes.
    #[serde(rename = "MinValue")]
    _min_value: Ignored,
    #[serde(rename = "MaxValue")]
    _max_value: Ignored,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Globals {
    #[serde(default)]
    pub(super) function: FunctionGlobals,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct FunctionGlobals {
    #[serde(rename = "Runtime")]
    _runtime: Ignored,
    #[serde(rename = "Handler")]
    _handler: Ignored,
    #[serde(rename = "Architectures")]
    _architectures: Ignored,
    #[serde(rename = "LoggingConfig")]
    _logging_config: Ignored,
    pub(super) memory_size: Option<u32>,
    pub(super) timeout: Option<u64>,
    #[serde(default)]
    pub(super) environment: Environment,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Environment {
    #[serde(default)]
    pub(super) variables: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Resource {
    #[serde(rename = "Type")]
    pub(super) kind: String,
    #[serde(rename = "Metadata")]
    _metadata: Ignored,
    #[serde(rename = "DeletionPolicy")]
    _deletion_policy: Ignored,
    #[serde(rename = "UpdateReplacePolicy")]
    _update_replace_policy: Ignored,
    #[serde(default)]
    pub(super) properties: Value,
}

/// A resource that may have no properties.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Empty {}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Function {
    pub(super) code_uri: String,
    #[serde(rename = "Description")]
    _description: Ignored,
    pub(super) timeout: Option<u64>,
    pub(super) memory_size: Option<u32>,
    #[serde(rename = "RecursiveLoop")]
    _recursive_loop: Ignored,
    #[serde(default)]
    pub(super) environment: Environment,
    #[serde(default)]
    pub(super) events: BTreeMap<String, Event>,
    #[serde(rename = "Policies")]
    _policies: Ignored,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Event {
    #[serde(rename = "Type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) properties: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct QueueEvent {
    pub(super) queue: Value,
    pub(super) batch_size: u32,
    #[serde(default)]
    pub(super) function_response_types: Vec<String>,
    pub(super) scaling_config: ScalingConfig,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ScalingConfig {
    pub(super) maximum_concurrency: u32,
}

/// Without a path and a method the event is the catch-all route, the only one this host serves.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct HttpApiEvent {
    pub(super) api_id: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ScheduleEvent {
    pub(super) schedule_expression: String,
    #[serde(rename = "RetryPolicy")]
    _retry_policy: Ignored,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Queue {
    pub(super) visibility_timeout: u64,
    pub(super) message_retention_period: u64,
    pub(super) redrive_policy: Option<RedrivePolicy>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RedrivePolicy {
    pub(super) dead_letter_target_arn: Value,
    pub(super) max_receive_count: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Table {
    pub(super) billing_mode: String,
    pub(super) attribute_definitions: Value,
    pub(super) key_schema: Value,
    pub(super) global_secondary_indexes: Option<Value>,
    pub(super) local_secondary_indexes: Option<Value>,
    #[serde(rename = "PointInTimeRecoverySpecification")]
    _point_in_time_recovery: Ignored,
    pub(super) time_to_live_specification: Option<TimeToLive>,
    #[serde(rename = "SSESpecification")]
    _encryption: Ignored,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TimeToLive {
    pub(super) attribute_name: String,
    pub(super) enabled: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Bucket {
    #[serde(rename = "BucketEncryption")]
    _bucket_encryption: Ignored,
    #[serde(rename = "PublicAccessBlockConfiguration")]
    _public_access: Ignored,
    // The host has the same lifecycle for its folder of blobs.
    #[serde(rename = "LifecycleConfiguration")]
    _lifecycle: Ignored,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Secret {
    #[serde(rename = "Description")]
    _description: Ignored,
    pub(super) generate_secret_string: GenerateSecretString,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GenerateSecretString {
    pub(super) password_length: usize,
    #[serde(default)]
    pub(super) exclude_punctuation: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Role {
    #[serde(rename = "AssumeRolePolicyDocument")]
    _assume_role: Ignored,
    #[serde(rename = "Policies")]
    _policies: Ignored,
}
