//! `CloudFormation`'s intrinsic functions, as far as the template uses them.
//!
//! `!Ref`, `!GetAtt`, `!Sub`, `!If`, `!Equals`, `!Not` and `!Condition`; any other is an error. What
//! a reference stands for depends on the type of the resource (`!Ref` of a queue is its address, of
//! a table its name), so there is one match over both, and a pair that is not in it is an error too.

use serde_yaml_ng::Value;
use serde_yaml_ng::value::TaggedValue;

use super::{ACCOUNT, Deployment, Kind, REGION, STACK, Topology, physical_name, queue_arn};

/// The logical id in `!GetAtt X.Arn`.
pub(super) fn arn_of(value: &Value) -> Result<String, String> {
    match tagged(value, "GetAtt").and_then(|path| path.split_once('.')) {
        Some((logical_id, "Arn")) => Ok(logical_id.to_owned()),
        _ => Err("expected !GetAtt <resource>.Arn".to_owned()),
    }
}

/// The logical id in `!Ref X`.
pub(super) fn referent(value: &Value) -> Result<String, String> {
    tagged(value, "Ref")
        .map(str::to_owned)
        .ok_or_else(|| "expected !Ref <resource>".to_owned())
}

fn tagged<'v>(value: &'v Value, tag: &str) -> Option<&'v str> {
    match value {
        Value::Tagged(inner) if inner.tag == tag => inner.value.as_str(),
        _ => None,
    }
}

/// Where names are looked up.
pub(super) struct Scope<'a> {
    pub(super) topology: &'a Topology,
    pub(super) deployment: &'a Deployment,
}

impl Scope<'_> {
    /// A value as text, its intrinsics resolved.
    pub(super) fn text(&self, value: &Value) -> Result<String, String> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(flag) => Ok(flag.to_string()),
            Value::Tagged(tagged) => self.intrinsic(tagged),
            Value::Null | Value::Sequence(_) | Value::Mapping(_) => Err("is not text".to_owned()),
        }
    }

    fn intrinsic(&self, tagged: &TaggedValue) -> Result<String, String> {
        let tag = tagged.tag.to_string();
        match (tag.as_str(), &tagged.value) {
            ("!Ref", Value::String(name)) => self.reference(name),
            ("!GetAtt", Value::String(path)) => self.attribute(path),
            ("!Sub", Value::String(text)) => self.substitute(text),
            ("!If", Value::Sequence(parts)) => match parts.as_slice() {
                [Value::String(condition), then, otherwise] => {
                    self.text(if self.named_condition(condition)? {
                        then
                    } else {
                        otherwise
                    })
                }
                _ => Err("!If wants a condition and two values".to_owned()),
            },
            _ => Err(format!("{tag} in this form is not known to the local host")),
        }
    }

    fn named_condition(&self, name: &str) -> Result<bool, String> {
        let condition = self
            .topology
            .conditions
            .get(name)
            .ok_or_else(|| format!("there is no condition {name}"))?;
        self.condition(condition)
    }

    fn condition(&self, value: &Value) -> Result<bool, String> {
        let Value::Tagged(tagged) = value else {
            return Err("a condition is an intrinsic".to_owned());
        };
        let tag = tagged.tag.to_string();
        match (tag.as_str(), &tagged.value) {
            ("!Condition", Value::String(name)) => self.named_condition(name),
            ("!Not", Value::Sequence(parts)) => match parts.as_slice() {
                [inner] => Ok(!self.condition(inner)?),
                _ => Err("!Not wants one condition".to_owned()),
            },
            ("!Equals", Value::Sequence(parts)) => match parts.as_slice() {
                [left, right] => Ok(self.text(left)? == self.text(right)?),
                _ => Err("!Equals wants two values".to_owned()),
            },
            _ => Err(format!(
                "{tag} in this form is not a condition the local host knows"
            )),
        }
    }

    fn reference(&self, name: &str) -> Result<String, String> {
        if let Some(value) = self.deployment.parameters.get(name) {
            return Ok(value.clone());
        }
        if let Some(pseudo) = name.strip_prefix("AWS::") {
            return match pseudo {
                "Region" => Ok(REGION.to_owned()),
                "AccountId" => Ok(ACCOUNT.to_owned()),
                "Partition" => Ok("aws".to_owned()),
                "StackName" => Ok(STACK.to_owned()),
                "URLSuffix" => Ok("amazonaws.com".to_owned()),
                _ => Err(format!(
                    "the pseudo parameter {name} is not known to the local host"
                )),
            };
        }
        let physical = physical_name(name);
        match self.kind(name)? {
            Kind::Queue => Ok(format!("{}/{ACCOUNT}/{physical}", self.deployment.sqs_url)),
            Kind::Table
            | Kind::Bucket
            | Kind::ScheduleGroup
            | Kind::Role
            | Kind::ConfigurationSet => Ok(physical),
            // In AWS it is the ARN, with a random suffix; reading a secret takes either.
            Kind::Secret => Ok(physical),
            Kind::HttpApi => Ok("local".to_owned()),
            Kind::Function | Kind::Rule | Kind::Nameless => {
                Err(format!("!Ref {name} is not known to the local host"))
            }
        }
    }

    fn attribute(&self, path: &str) -> Result<String, String> {
        let refused = || format!("!GetAtt {path} is not known to the local host");
        let (logical_id, attribute) = path.split_once('.').ok_or_else(refused)?;
        let physical = physical_name(logical_id);
        match (self.kind(logical_id)?, attribute) {
            (Kind::Queue, "Arn") => Ok(queue_arn(&physical)),
            (Kind::Queue, "QueueName") => Ok(physical),
            (Kind::Table, "Arn") => Ok(format!(
                "arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{physical}"
            )),
            (Kind::Bucket, "Arn") => Ok(format!("arn:aws:s3:::{physical}")),
            (Kind::Role, "Arn") => Ok(format!("arn:aws:iam::{ACCOUNT}:role/{physical}")),
            _ => Err(refused()),
        }
    }

    fn kind(&self, logical_id: &str) -> Result<Kind, String> {
        let found = self.topology.kinds.get(logical_id).copied();
        found.ok_or_else(|| format!("there is no parameter or resource {logical_id}"))
    }

    /// `${Name}`, `${Name.Attribute}` and the escape `${!text}`.
    fn substitute(&self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let (name, tail) = after
                .split_once('}')
                .ok_or_else(|| format!("`{text}` has an open ${{"))?;
            match name.strip_prefix('!') {
                Some(literal) => out.push_str(&format!("${{{literal}}}")),
                None if name.contains('.') => out.push_str(&self.attribute(name)?),
                None => out.push_str(&self.reference(name)?),
            }
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }
}
