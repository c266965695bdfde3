//! Lambda freezes a process between two invocations, and thaws it with the next event.
//!
//! What a function leaves running behind its answer therefore makes no progress, and its connections may be
//! dead when it wakes. A function that counts on either works on a laptop and fails in AWS, so here the
//! process is stopped too: SIGSTOP while it waits for its next event, SIGCONT with it.
//!
//! A stopped process cannot notice that the host is gone. It need not: it is the only member of its process
//! group, the host's end orphans that group, and POSIX has the kernel send SIGHUP and SIGCONT to an orphaned
//! group with a stopped member (the Open Group, "Consequences of Process Termination" of `_Exit`). It
//! ends by the first.

/// A process of a function, by its id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(#[cfg(unix)] rustix::process::Pid, #[cfg(not(unix))] ());

impl Process {
    /// The process of this id; `None` where processes cannot be stopped.
    #[cfg(unix)]
    pub(crate) fn of(id: u32) -> Option<Self> {
        rustix::process::Pid::from_raw(i32::try_from(id).ok()?).map(Self)
    }

    #[cfg(not(unix))]
    pub(crate) fn of(_id: u32) -> Option<Self> {
        None
    }

    /// Stops the process until the answer is dropped.
    pub(crate) fn freeze(self) -> Frozen {
        self.send(Change::Stop);
        Frozen(self)
    }

    #[cfg(unix)]
    fn send(self, change: Change) {
        let signal = match change {
            Change::Stop => rustix::process::Signal::STOP,
            Change::Continue => rustix::process::Signal::CONT,
        };
        // It fails when the process has just ended, and then there is nothing to stop.
        if let Err(error) = rustix::process::kill_process(self.0, signal) {
            tracing::debug!(%error, ?change, "an instance is gone");
        }
    }

    #[cfg(not(unix))]
    fn send(self, _change: Change) {}
}

#[derive(Debug, Clone, Copy)]
enum Change {
    Stop,
    Continue,
}

/// A stopped process. It goes on when this is dropped.
#[derive(Debug)]
pub(crate) struct Frozen(Process);

impl Drop for Frozen {
    fn drop(&mut self) {
        self.0.send(Change::Continue);
    }
}
