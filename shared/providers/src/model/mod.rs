//! Language models: any server that speaks chat completions, and the offline twin.

pub(crate) mod chat;
mod offline;
mod prompts;

pub use chat::{ChatModel, ChatSettings};
pub use offline::OfflineModel;
