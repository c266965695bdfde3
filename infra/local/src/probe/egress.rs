//! Whether a stranger's URL would be connected to.

use std::net::IpAddr;

use domain::egress::EgressRule;
use serde_json::{Value, json};

use super::{Fault, request};

/// `{url, resolved?: [ip]}` → `{allowed, reason}`, by the rule without the operator's exceptions.
/// `resolved` is what a resolver answered for the host: one bad address refuses them all, and none is a
/// name that does not exist.
pub(super) fn answer(request: &Value) -> Result<Value, Fault> {
    let text = request::text(request, "url")?;
    let resolved = match request.get("resolved") {
        None | Some(Value::Null) => None,
        Some(Value::Array(list)) => Some(list.iter().map(address).collect::<Result<Vec<_>, _>>()?),
        Some(_) => return Err(Fault::invalid("/resolved: is a list of addresses")),
    };
    let rule = EgressRule::public_only();
    let reason = rule.check_url(text).and_then(|url| {
        resolved
            .iter()
            .flatten()
            .try_for_each(|ip| rule.check_resolved(&url, *ip))
    });
    let reason = match reason {
        Err(denied) => Some(denied.reason),
        Ok(()) if resolved.is_some_and(|list| list.is_empty()) => Some("the name has no address"),
        Ok(()) => None,
    };
    Ok(json!({ "allowed": reason.is_none(), "reason": reason }))
}

fn address(value: &Value) -> Result<IpAddr, Fault> {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Fault::invalid(format!("/resolved: {value} is no IP address")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every spelling of an address that is not public; the rule's own tables are in the domain.
    const REFUSED: &[&str] = &[
        "http://127.1/",
        "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
        "http://localhost/",
        "http://foo.localhost/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://127.0.0.1.",
        "http://127。0。0。1/",
        "http://①②⑦.⓪.⓪.①/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[2002:a9fe:a9fe::]/",
        "http://[2001:0:53aa:64c::]/",
        "http://[fe80::1]/",
        "http://[fe80::1%25eth0]/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://[fec0::1]/",
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "http://169.254.170.2/v2/credentials/",
        "http://169.254.100.1/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://169.254.43518/",
        "http://metadata.google.internal/",
        "http://instance-data/latest/meta-data/",
        "http://10.0.0.1/",
        "http://172.31.255.255/",
        "http://100.64.0.1/",
        "http://198.18.0.1/",
        "http://192.0.0.192/",
        "http://192.0.2.1/",
        "http://203.0.113.1/",
        "http://224.0.0.1/",
        "http://240.0.0.1/",
        "http://255.255.255.255/",
        "http://intranet/",
        "http://printer.local/",
        "http://x.home.arpa/",
        "http://example.com:22/",
        "http://example.com:25/",
        "http://example.com:6379/",
        "http://example.com:0/",
        "http://example.com:65536/",
        "file://localhost/etc/passwd",
        "gopher://127.0.0.1:6379/_INFO",
        "dict://127.0.0.1:11211/",
        "ldap://127.0.0.1/",
        "jar:http://example.com!/",
        "data:text/html,hi",
        "javascript:alert(1)",
        "blob:https://example.com/x",
        "ws://example.com/",
        "http://user:pass@example.com/",
        "http://example.com@127.0.0.1/",
        "http://127.0.0.1#@example.com/",
        "http:\\\\127.0.0.1\\",
        "http://exa mple.com/",
        "http://a:b@[::1]:80/",
        "https://xn--/",
        "https://",
        "https://exa\tmple.com/",
    ];

    fn ask(request: &Value) -> (bool, bool) {
        let answer = answer(request).unwrap();
        (answer["allowed"] == true, answer["reason"].is_string())
    }

    #[test]
    fn what_is_not_public_is_refused_with_a_reason() {
        let long = format!("https://example.com/{}", "a".repeat(3_000));
        let label = format!("https://{}/", vec!["a".repeat(60); 5].join("."));
        for url in REFUSED.iter().copied().chain([long.as_str(), &label]) {
            assert_eq!(ask(&json!({ "url": url })), (false, true), "{url}");
        }
        for url in [
            "https://example.com",
            "https://bücher.example/",
            "HTTPS://EXAMPLE.com:443/a/../b",
            "https://93.184.216.34/",
        ] {
            assert_eq!(ask(&json!({ "url": url })), (true, false), "{url}");
        }
    }

    #[test]
    fn every_resolved_address_counts() {
        for (resolved, allowed) in [
            (json!(["93.184.216.34", "2606:4700::1111"]), true),
            (json!(null), true),
            (json!(["127.0.0.1"]), false),
            (json!(["93.184.216.34", "169.254.169.254"]), false),
            (json!(["::ffff:169.254.169.254"]), false),
            (json!([]), false),
        ] {
            let request = json!({"url": "https://evil.example/", "resolved": resolved});
            assert_eq!(ask(&request).0, allowed, "{request}");
        }
        for resolved in [json!("127.0.0.1"), json!(["localhost"]), json!([1])] {
            let request = json!({"url": "https://evil.example/", "resolved": resolved});
            assert!(answer(&request).is_err(), "{request}");
        }
    }
}
