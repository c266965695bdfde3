//! E-mail addresses in requests: those a notice goes to without asking must be known to be wanted there.

use domain::fault::Code;
use domain::reader::Object;
use domain::text;

use crate::app::Settings;

/// Who may be written to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses<'a> {
    pub(crate) settings: &'a Settings,
    /// The owner's own, which is verified.
    pub(crate) own: &'a str,
}

impl Addresses<'_> {
    /// Reads the required field `email` of `object`: well-formed, and verified or of a trusted domain.
    pub(crate) fn read(&self, object: &mut Object<'_>) -> Option<String> {
        let sent = object.string("email");
        let address = text::normalise(object.required("email", sent)?);
        if let Some((code, message)) = self.fault(&address) {
            object.fault_code("email", code, message);
            return None;
        }
        Some(address)
    }

    /// What is wrong with an address that notices shall go to; `None` when nothing is.
    pub(crate) fn fault(&self, address: &str) -> Option<(Code, &'static str)> {
        if !text::is_email(address) {
            return Some((Code::InvalidEmail, "is no e-mail address"));
        }
        let known = text::is_same_address(address, self.own) || self.settings.trusts(address);
        (!known).then_some((
            Code::EmailNotVerified,
            "has not been verified, and its domain is not one of this installation's",
        ))
    }
}
