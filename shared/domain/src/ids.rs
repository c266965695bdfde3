//! Identifiers: one newtype each, from one list, with a prefix that says what it names.
//!
//! An id is its prefix and a UUID version 7 (RFC 9562) in simple hexadecimal form, so ids sort by the time
//! they were made. They are made outside (randomness is an argument); here they are only checked.

use serde::{Deserialize, Serialize};

/// A text that is no id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}…")]
pub struct NotAnId {
    prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident = $prefix:literal),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// An id from a fresh UUID.
            #[must_use]
            pub fn from_uuid(uuid: uuid::Uuid) -> Self {
                Self(format!(concat!($prefix, "{}"), uuid.simple()))
            }

            /// Reads an id.
            ///
            /// # Errors
            /// Anything but the prefix and 32 lower-case hexadecimal digits.
            pub fn parse(text: &str) -> Result<Self, NotAnId> {
                let digits = text.strip_prefix($prefix).ok_or(NotAnId { prefix: $prefix })?;
                let hexadecimal = digits.len() == 32 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                hexadecimal.then(|| Self(text.to_owned())).ok_or(NotAnId { prefix: $prefix })
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;
            fn try_from(text: String) -> Result<Self, NotAnId> {
                Self::parse(&text)
            }
        }
    )+};
}

ids! {
    /// An owner of workflows, and the first part of every key of theirs.
    OwnerId = "own_",
    /// A token's public name; the token itself is never stored.
    TokenId = "tok_",
    /// A browser that is signed in.
    SignInId = "sin_",
    /// A planning job (the `session_id` of asynchronous planning).
    PlanningId = "pls_",
    /// A reviewed plan that no workflow has adopted yet.
    PlanId = "pln_",
    /// A question to a model what it thinks of a goal.
    AssessmentId = "asm_",
    WorkflowId = "wf_",
    ExecutionId = "exe_",
    ApprovalId = "apr_",
    SignalId = "sig_",
    DeliveryId = "dlv_",
    /// A set of URLs that workflows have seen between them.
    SessionId = "ses_",
    /// Where notices of one workflow go.
    DestinationId = "dst_",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_kind_is_read() {
        let id = WorkflowId::from_uuid(uuid::Uuid::from_u128(7));
        assert_eq!(id.as_str(), "wf_00000000000000000000000000000007");
        assert_eq!(WorkflowId::parse(id.as_str()), Ok(id.clone()));
        assert!(ExecutionId::parse(id.as_str()).is_err());
        for bad in [
            "",
            "wf_",
            "wf_0",
            "wf_0000000000000000000000000000000G",
            "wf_000000000000000000000000000000070",
        ] {
            assert!(WorkflowId::parse(bad).is_err(), "{bad}");
        }
    }
}
