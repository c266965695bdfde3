//! Which crate may know which: `domain ← engine ← {aws, providers} ← functions ← infra/local ← tests`.

use super::{read, rust_files};

/// The crates of the house that a manifest names under `[dependencies]`.
fn house_dependencies(manifest: &str) -> Vec<String> {
    let text = read(manifest);
    let (_, rest) = text.split_once("[dependencies]").unwrap();
    let section = rest.split("\n[").next().unwrap();
    let names = section
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next());
    let house = names.filter(|name| {
        matches!(*name, "domain" | "engine" | "aws" | "providers") || name.starts_with("nightdesk")
    });
    house.map(str::to_owned).collect()
}

#[test]
fn arrows_between_crates_point_one_way() {
    let allowed: [(&str, &[&str]); 11] = [
        ("shared/domain", &[]),
        ("shared/engine", &["domain"]),
        ("shared/aws", &["domain", "engine"]),
        ("shared/providers", &["domain", "engine"]),
        ("functions/api", &["domain", "engine", "aws", "providers"]),
        (
            "functions/planner",
            &["domain", "engine", "aws", "providers"],
        ),
        (
            "functions/execution-starter",
            &["domain", "engine", "aws", "providers"],
        ),
        (
            "functions/step-executor",
            &["domain", "engine", "aws", "providers"],
        ),
        (
            "functions/condition-evaluator",
            &["domain", "engine", "aws", "providers"],
        ),
        (
            "functions/notifier",
            &["domain", "engine", "aws", "providers"],
        ),
        (
            "functions/sweeper",
            &["domain", "engine", "aws", "providers"],
        ),
    ];
    for (folder, may) in allowed {
        for dependency in house_dependencies(&format!("{folder}/Cargo.toml")) {
            assert!(
                may.contains(&dependency.as_str()),
                "{folder} must not know {dependency}"
            );
        }
    }
}

/// Cargo unites the features of a build, so one crate's mistake would be everybody's: what exists for tests may
/// be asked for under `[dev-dependencies]` only, and by crates that are tests.
#[test]
fn nothing_that_is_deployed_asks_for_what_exists_for_tests() {
    for folder in ["shared", "functions", "infra"] {
        for crate_folder in std::fs::read_dir(super::root().join(folder))
            .unwrap()
            .flatten()
        {
            let manifest = crate_folder.path().join("Cargo.toml");
            let Ok(text) = std::fs::read_to_string(&manifest) else {
                continue;
            };
            let (_, rest) = text.split_once("[dependencies]").unwrap();
            let section = rest.split("\n[").next().unwrap();
            for feature in ["\"memory\"", "\"seeded-bugs\""] {
                assert!(
                    !section.contains(feature),
                    "{} asks for {feature}",
                    manifest.display()
                );
            }
        }
    }
}

#[test]
fn the_aws_sdk_is_named_in_one_crate_only() {
    for folder in [
        "shared/domain",
        "shared/engine",
        "shared/providers",
        "functions",
    ] {
        for file in rust_files(folder) {
            assert!(
                !read(&file).contains("aws_sdk_"),
                "{file} names the AWS SDK"
            );
        }
    }
}

#[test]
fn handlers_name_domain_and_engine_only_and_adapters_appear_where_they_are_wired() {
    for file in rust_files("functions") {
        if file.ends_with("/start.rs") || file.contains("/tests") {
            continue;
        }
        let text = read(&file);
        let code = text.split("#[cfg(test)]").next().unwrap();
        for adapter in ["aws::Wiring", "use aws::", "aws::lambda"] {
            assert!(
                !code.contains(adapter),
                "{file} names an adapter outside start.rs: {adapter}"
            );
        }
    }
}

#[test]
fn the_domain_has_no_machine() {
    for file in rust_files("shared/domain/src") {
        let text = read(&file);
        let code = text.split("#[cfg(test)]").next().unwrap();
        for forbidden in [
            "Timestamp::now",
            "SystemTime",
            "Instant::now",
            "async fn",
            "std::env",
            "std::fs",
            "std::net::Tcp",
            "SystemRandom",
        ] {
            let in_tests = file.contains("tests");
            assert!(
                in_tests || !code.contains(forbidden),
                "{file} has {forbidden}"
            );
        }
    }
}
