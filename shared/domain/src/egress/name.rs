//! Which host names can be public ones.

use super::{Denied, denied};

/// Names, and everything below them, that never leave a machine or a network: RFC 6761
/// (`localhost`), RFC 6762 (`local`), RFC 8375 (`home.arpa`) and the reservation of `internal` for
/// private use by ICANN's board in July 2024.
const PRIVATE_SUFFIXES: [&str; 4] = ["localhost", "local", "internal", "home.arpa"];

/// Metadata services of cloud providers reachable under a name that looks public. Those below
/// `.internal` and those of one label are refused by the rules above.
const METADATA_NAMES: [&str; 3] = [
    "metadata.goog",
    "metadata.tencentyun.com",
    "metadata.platformequinix.com",
];

/// RFC 1035, section 2.3.4, without the root's dot.
const MAX_NAME_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

/// Checks a name as the WHATWG parser gives it: lower case, Punycode.
pub(super) fn check_name(name: &str) -> Result<(), Denied> {
    let name = name.strip_suffix('.').unwrap_or(name);
    // RFC 1123, section 2.1: a label neither begins nor ends with a hyphen.
    let is_label = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > MAX_NAME_BYTES || !name.split('.').all(is_label) {
        return Err(denied("this is not a host name"));
    }
    if name.split('.').any(|label| label == "xn--") {
        return Err(denied("this is not a host name"));
    }
    let private = PRIVATE_SUFFIXES.iter().any(|suffix| {
        name.strip_suffix(suffix)
            .is_some_and(|head| head.is_empty() || head.ends_with('.'))
    });
    if private {
        return Err(denied("the host name is reserved for private networks"));
    }
    if METADATA_NAMES.contains(&name) {
        return Err(denied("the host is a cloud's metadata service"));
    }
    if !name.contains('.') {
        return Err(denied(
            "the host name has one label only: it is not a public name",
        ));
    }
    Ok(())
}
