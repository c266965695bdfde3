//! What it takes to read an input: time of the thread, and memory of the thread.

use std::time::Duration;

/// What any input of the largest size may take: a function has 512 MB, and reads two of them at once.
pub(crate) const MOST_MEMORY: u64 = 64 * 1024 * 1024;
pub(crate) const MOST_TIME: Duration = Duration::from_secs(2);

/// What a piece of work took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// The most bytes it held at a time, beside what was there before.
    pub(crate) memory: u64,
    /// Of the thread's own time, so that a busy machine changes nothing.
    pub(crate) time: Duration,
}

impl Cost {
    /// Does `work`, and says what it took.
    pub(crate) fn of(work: impl FnOnce()) -> Self {
        let begun = thread_time();
        let allocated = allocation_counter::measure(work);
        Self {
            memory: allocated.bytes_max,
            time: thread_time().saturating_sub(begun),
        }
    }

    /// What of it is more than may be, in words.
    pub(crate) fn beyond(self, memory: u64, time: Duration) -> Option<String> {
        if self.memory > memory {
            Some(format!(
                "too large: {} bytes were held, and {memory} are plenty",
                self.memory
            ))
        } else if self.time > time {
            Some(format!(
                "too slow: it took {:?}, and {time:?} are plenty",
                self.time
            ))
        } else {
            None
        }
    }
}

/// The time this thread has been at work.
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}
