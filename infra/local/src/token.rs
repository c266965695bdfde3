//! The API token of the local owner.

use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::folder;
use crate::settings::Hidden;

/// Bytes of randomness in a generated token; 43 characters.
const ENTROPY: usize = 32;

/// The token given, or the one kept in `file`, or a new one that is kept there.
///
/// # Errors
/// When the file cannot be read or written, holds something else, or the system has no randomness.
pub(crate) fn take_up(given: Option<&Hidden>, file: Option<&Path>) -> io::Result<Hidden> {
    if let Some(given) = given {
        return well_formed(&given.0).then(|| given.clone()).ok_or_else(|| {
            invalid("NIGHTDESK_TOKEN is `nd_` and at least 32 characters of A-Z a-z 0-9 - _")
        });
    }
    match file.map(std::fs::read_to_string) {
        Some(Ok(kept)) if well_formed(kept.trim()) => return Ok(Hidden(kept.trim().to_owned())),
        Some(Ok(_)) => {
            return Err(invalid(
                "the token kept in the data folder is none; delete it to get another",
            ));
        }
        Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Some(Err(_)) | None => {}
    }
    let token = format!("nd_{}", random()?);
    if let Some(file) = file {
        folder::replace(file, token.as_bytes())?;
    }
    Ok(Hidden(token))
}

/// A text that nobody guesses.
///
/// # Errors
/// The system has no randomness.
pub(crate) fn random() -> io::Result<String> {
    let mut bytes = [0; ENTROPY];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("the system has no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn well_formed(token: &str) -> bool {
    token.strip_prefix("nd_").is_some_and(|rest| {
        rest.len() >= 32
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    })
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let made = take_up(None, Some(&file)).unwrap();
        assert!(well_formed(&made.0));
        assert_eq!(take_up(None, Some(&file)).unwrap(), made);
        assert_ne!(take_up(None, None).unwrap(), made);
    }

    #[test]
    fn a_given_token_wins_and_must_be_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let given = Hidden(format!("nd_{}", "a".repeat(32)));
        assert_eq!(take_up(Some(&given), Some(&file)).unwrap(), given);
        for wrong in [
            "",
            "nd_short",
            "xx_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "nd_äaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            assert!(
                take_up(Some(&Hidden(wrong.to_owned())), Some(&file)).is_err(),
                "{wrong}"
            );
        }
    }
}
