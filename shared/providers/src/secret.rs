//! A value that must not be printed.

use std::fmt;

/// A provider's key. `Debug` prints stars, there is no `Display`, and nothing serialises it: the only
/// way to the text is [`Secret::expose`], so every use can be found.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The text, for the one header it belongs into.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `text` with the secret replaced by stars: for a server's error message, which may repeat what
    /// it was sent.
    #[must_use]
    pub fn mask_in(&self, text: &str) -> String {
        if self.0.is_empty() {
            text.to_owned()
        } else {
            text.replace(&self.0, "***")
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_out_of_debug_and_of_messages() {
        let secret = Secret::new("sk-1234");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(secret.mask_in("bad key sk-1234!"), "bad key ***!");
        assert_eq!(Secret::new("").mask_in("text"), "text");
    }
}
