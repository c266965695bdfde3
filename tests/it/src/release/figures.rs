//! What a start costs, as the kernel has booked it.

use std::fs;
use std::io;
use std::time::Duration;

/// What one process has used so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// Processor time of all its threads, from exec on.
    pub(crate) cpu: Duration,
    /// Resident memory in bytes.
    pub(crate) resident: u64,
}

impl Figures {
    /// Reads them from `/proc`: `schedstat` counts nanoseconds, where `stat` has only hundredths of
    /// a second, more than a whole start takes.
    ///
    /// # Errors
    /// The process is gone, or this is no Linux.
    pub(crate) fn read(process: u32) -> io::Result<Self> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{process}/task"))? {
            let booked = fs::read_to_string(thread?.path().join("schedstat"))?;
            nanoseconds += first_number(&booked)?;
        }
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .ok_or_else(|| io::Error::other("the status has no VmRSS"))?;
        Ok(Self {
            cpu: Duration::from_nanos(nanoseconds),
            resident: first_number(resident)? * 1024,
        })
    }
}

fn first_number(text: &str) -> io::Result<u64> {
    let number = text.split_whitespace().next().unwrap_or_default();
    number.parse().map_err(io::Error::other)
}
