//! Small things that would otherwise creep in.

use super::{read, root, rust_files};

fn all_files() -> Vec<String> {
    ["shared", "functions", "infra", "tests"]
        .iter()
        .flat_map(|folder| rust_files(folder))
        .collect()
}

#[test]
fn nothing_is_left_open() {
    for file in all_files() {
        let text = read(&file);
        for open in [
            concat!("todo", "!("),
            concat!("unimplemented", "!("),
            concat!("#[", "ignore"),
        ] {
            assert!(!text.contains(open), "{file} has {open}");
        }
    }
}

#[test]
fn no_module_is_a_drawer() {
    for file in all_files() {
        let stem = file.rsplit('/').next().unwrap().trim_end_matches(".rs");
        for drawer in [
            "utils", "util", "helpers", "helper", "common", "manager", "misc",
        ] {
            assert_ne!(stem, drawer, "{file}");
        }
    }
}

#[test]
fn every_module_begins_with_what_it_is_for() {
    for file in all_files() {
        let text = read(&file);
        let first = text.lines().next().unwrap_or_default();
        assert!(
            first.starts_with("//!") || first.starts_with("#![doc"),
            "{file} begins with: {first}"
        );
    }
}

#[test]
fn the_root_holds_what_the_layout_names() {
    let named = [
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "functions",
        "infra",
        "rust-toolchain.toml",
        "samconfig.toml",
        "shared",
        "template.yaml",
        "tests",
    ];
    let output = std::process::Command::new("git")
        .args(["ls-files"])
        .current_dir(root())
        .output();
    // Outside a checkout (a source archive) there is nothing to hold this against.
    let Ok(output) = output else { return };
    for path in String::from_utf8_lossy(&output.stdout).lines() {
        let top = path.split('/').next().unwrap_or_default();
        assert!(
            top.starts_with('.') || named.contains(&top),
            "{top} is not a part of the layout"
        );
    }
}

#[test]
fn nothing_heavy_or_unwelcome_is_linked() {
    let lock = read("Cargo.lock");
    let rules = read(".cargo/deny.toml");
    let banned = rules.lines().filter_map(|line| {
        let (name, _) = line
            .trim()
            .strip_prefix("{ crate = \"")?
            .split_once("\", reason")?;
        Some(name)
    });
    let banned: Vec<&str> = banned.collect();
    assert!(banned.len() > 3, "the list of crates that are banned");
    for name in banned {
        let entry = format!("name = \"{name}\"");
        assert!(!lock.contains(&entry), "{name} came in");
    }
}

#[test]
fn versions_of_dependencies_stand_in_the_workspace_manifest_only() {
    for folder in ["shared", "functions", "infra", "tests"] {
        for manifest in manifests(folder) {
            let text = read(&manifest);
            for line in text.lines().filter(|line| line.contains("version = \"")) {
                assert!(line.starts_with("version"), "{manifest}: {line}");
            }
        }
    }
}

fn manifests(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path().join("Cargo.toml"));
    entries
        .filter(|path| path.exists())
        .map(|path| {
            path.strip_prefix(root())
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}
