//! E-mail addresses as SES takes them: `local@domain` or `Name <local@domain>`, ASCII only.

/// A parsed address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    bare: String,
    at: usize,
}

impl Address {
    /// Parses an address; the error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > 320 || !text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
            return Err(
                "an address is at most 320 printable ASCII characters; names beyond ASCII need RFC 2047",
            );
        }
        let bare = match text.strip_suffix('>') {
            Some(open) => {
                open.rsplit_once('<')
                    .ok_or("an angle bracket is not closed")?
                    .1
            }
            None => text,
        };
        let at = bare.rfind('@').ok_or("an address has an @")?;
        let (local, domain) = (&bare[..at], &bare[at + 1..]);
        let in_local = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-.".contains(&b);
        if !(1..=64).contains(&local.len())
            || !local.bytes().all(in_local)
            || local.starts_with('.')
            || local.ends_with('.')
            || local.contains("..")
        {
            return Err("the part before the @ is not valid");
        }
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if domain.len() > 253 || !domain.contains('.') || !domain.split('.').all(label) {
            return Err("the domain is not valid");
        }
        Ok(Self {
            bare: bare.to_owned(),
            at,
        })
    }

    /// The address without a display name.
    pub(super) fn bare(&self) -> &str {
        &self.bare
    }

    /// What follows the @.
    pub(super) fn domain(&self) -> &str {
        &self.bare[self.at + 1..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_and_what_is_no_address() {
        for (text, bare) in [
            ("a@b.test", "a@b.test"),
            (
                "First Last <first.last+tag@sub.b.test>",
                "first.last+tag@sub.b.test",
            ),
            ("\"A, B\" <a@b.test>", "a@b.test"),
        ] {
            assert_eq!(Address::parse(text).unwrap().bare(), bare);
        }
        for text in [
            "",
            "a",
            "@b.test",
            "a@",
            "a@b",
            "a@-b.test",
            "a@b..test",
            "a..b@c.test",
            ".a@b.test",
            "a b@c.test",
            "Ü <a@b.test>",
            "a@b.test>",
            "<a@b.test",
            "a@b.test\r\nBcc: c@d.test",
            "a@b.test, c@d.test",
        ] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}
