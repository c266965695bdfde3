//! The files of `seeds/<target>/`: small inputs of our own, each named for what it is. A finding is written
//! there as `found-…`, and stays as the test of its mending.

use std::fs;
use std::path::PathBuf;

use crate::target::Target;

fn folder(target: &Target) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target.name)
}

/// Name and content of each seed, in the order of their names.
pub(crate) fn read(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = folder(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| {
        panic!(
            "the seeds in {} cannot be listed: {error}",
            folder.display()
        )
    });
    let mut seeds: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.expect("a listed file has an entry").path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let content = fs::read(&path).expect("a seed can be read");
            (name, content)
        })
        .collect();
    seeds.sort();
    seeds
}

/// Keeps a finding, under a name made of what is wrong. Gives the name.
pub(crate) fn keep(target: &Target, wrong: &str, input: &[u8]) -> String {
    let words: String = wrong
        .chars()
        .take(60)
        .map(|c| {
            if c.is_ascii_alphabetic() {
                c.to_ascii_lowercase()
            } else {
                ' '
            }
        })
        .collect();
    let words: Vec<&str> = words.split_whitespace().take(8).collect();
    let name = format!("found-{}", words.join("-"));
    fs::write(folder(target).join(&name), input).expect("a finding can be written");
    name
}
