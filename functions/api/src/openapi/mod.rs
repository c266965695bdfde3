//! The contract as documents, made from the code: `openapi.json` (OpenAPI 3.1), `llms.txt` and `ERRORS.md`.
//!
//! The documents are checked in, served as they are, and a test fails when they are not what the code gives.
//! Other tests hold the code to them: every route is an operation here and the other way round, every answer of
//! every test fits its schema and carries no field the schema does not name, and every field a request may have
//! is one its reader knows. Limits and closed lists of words come from where they are decided. What makes the documents is
//! part of the tests only: the function serves files.

#[cfg(test)]
mod codes;
#[cfg(test)]
mod document;
#[cfg(test)]
mod links;
#[cfg(test)]
mod operation;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod texts;

#[cfg(test)]
pub(crate) use document::document;

/// The document as it is served.
pub(crate) const DOCUMENT: &str = include_str!("../../openapi.json");
/// The contract in brief, for language models.
pub(crate) const LLMS: &str = include_str!("../../llms.txt");
