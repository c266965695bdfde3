//! How many of something an owner may have at once.
//!
//! A quota is held by a counter in the store. The write that adds one also adds to the counter, on the condition that
//! there is room; so of many writers at once no more succeed than there is room for. Reading a count first and writing
//! afterwards would let each of them see the same room.

use crate::words::words;

words! {
    /// What is counted.
    Quota {
        Workflows = "workflows",
        /// Tokens that are active: neither revoked nor expired.
        Tokens = "tokens",
        Sessions = "sessions",
        /// Approvals that wait for a decision.
        OpenApprovals = "open_approvals",
        /// Browsers that are signed in.
        SignIns = "sign_ins",
    }
}

impl Quota {
    /// The most an owner may have, unless the installation says otherwise (`NIGHTDESK_MAX_WORKFLOWS`). API sections
    /// 1, 2 and 7; the contract has no figure for open approvals and browsers.
    #[must_use]
    pub const fn most(self) -> u32 {
        match self {
            Self::Workflows | Self::OpenApprovals => 1_000,
            Self::Tokens => 200,
            Self::Sessions => 100,
            Self::SignIns => 50,
        }
    }

    /// What is said where there is no place left.
    #[must_use]
    pub fn refusal(self) -> String {
        format!("there is no room for more {}", self.noun())
    }

    /// What it counts, in the plural, as a person reads it.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Workflows => "workflows",
            Self::Tokens => "active tokens",
            Self::Sessions => "sessions",
            Self::OpenApprovals => "open approvals",
            Self::SignIns => "browsers that are signed in",
        }
    }
}
