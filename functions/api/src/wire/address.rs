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
        if !text::is_email(&address) {
            object.fault_code("email", Code::InvalidEmail, "is no e-mail address");
            return None;
        }
        if !address.eq_ignore_ascii_case(self.own) && !self.settings.trusts(&address) {
            object.fault_code(
                "email",
                Code::EmailNotVerified,
                "has not been verified, and its domain is not one of this installation's",
            );
            return None;
        }
        Some(address)
    }
}
