//! The functions' processes of a host, as the operating system sees them.

use rustix::process::Pid;

/// The functions' processes that the host has now.
pub(crate) fn workers(host: u32) -> Vec<Pid> {
    let mut workers = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else {
            continue;
        };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        if parent == Some(host) {
            workers.extend(Pid::from_raw(pid));
        }
    }
    workers
}
