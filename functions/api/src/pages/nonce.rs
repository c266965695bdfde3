//! The value that ties a form to the page it was on: an HMAC under the secret the visitor holds (the
//! link's token or the session's), over the approval and the draft it showed. Nothing is stored when a
//! page is looked at, and a form for one draft decides no other.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::approval::Approval;
use ring::hmac;

fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

fn bound_to(approval: &Approval) -> String {
    format!("nightdesk decision {} {}", approval.id, approval.sha256)
}

/// The nonce of `approval`'s page for whoever holds `secret`.
pub(super) fn of(secret: &str, approval: &Approval) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(&key(secret), bound_to(approval).as_bytes()))
}

/// Whether `nonce` is it; takes as long for any wrong one.
pub(super) fn is_of(nonce: &str, secret: &str, approval: &Approval) -> bool {
    let Ok(sent) = URL_SAFE_NO_PAD.decode(nonce) else {
        return false;
    };
    hmac::verify(&key(secret), bound_to(approval).as_bytes(), &sent).is_ok()
}
