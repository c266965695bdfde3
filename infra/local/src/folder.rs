//! The data folder: where everything is that a restart must find again.
//!
//! | file | what |
//! |---|---|
//! | `services.sqlite` | queues, schedules, mails, secrets, the clock's offset; held exclusively, which is the lock of the folder |
//! | `dynamodb.sqlite` | the DynamoDB table |
//! | `blobs/` | large outputs, by their hash |
//! | `token` | the API token of the local owner |
//! | `site-port` | the port of the bundled site: saved workflows have it in their URLs |
//! | `site-edition` | which edition of the bundled site is published |
//!
//! An ephemeral host keeps only its blobs on disk, in a temporary folder that goes with it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// A folder of one running host.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    ephemeral: bool,
}

impl Folder {
    /// Opens or makes the folder; `None` makes a temporary one.
    ///
    /// # Errors
    /// What the operating system says when it cannot be made.
    pub(crate) fn open(data: Option<&Path>) -> io::Result<Self> {
        let (root, ephemeral) = match data {
            Some(root) => (std::path::absolute(root)?, false),
            None => (
                std::env::temp_dir().join(format!("nightdesk-{}", Uuid::now_v7())),
                true,
            ),
        };
        std::fs::create_dir_all(root.join("blobs"))?;
        Ok(Self { root, ephemeral })
    }

    /// The folder itself, `None` if nothing is kept.
    pub(crate) fn root(&self) -> Option<PathBuf> {
        (!self.ephemeral).then(|| self.root.clone())
    }

    /// Path of a file that is kept, `None` if nothing is.
    pub(crate) fn kept(&self, name: &str) -> Option<PathBuf> {
        (!self.ephemeral).then(|| self.root.join(name))
    }

    /// Where blobs are.
    pub(crate) fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// Whether nothing has been kept here yet.
    pub(crate) fn is_new(&self) -> bool {
        self.kept("services.sqlite")
            .is_none_or(|state| !state.exists())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.ephemeral
            && let Err(error) = std::fs::remove_dir_all(&self.root)
        {
            tracing::warn!(%error, "a temporary folder was left behind");
        }
    }
}

/// Replaces a file as a whole: after a crash it holds the old or the new text. Readable by its owner
/// only, for one of them is a token.
///
/// # Errors
/// What the operating system says.
pub(crate) fn replace(file: &Path, text: &[u8]) -> io::Result<()> {
    let fresh = file.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut handle = options.open(&fresh)?;
    handle.write_all(text)?;
    handle.sync_all()?;
    std::fs::rename(fresh, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ephemeral_folder_goes_with_its_host() {
        let folder = Folder::open(None).unwrap();
        let blobs = folder.blobs();
        assert!(blobs.exists() && folder.kept("token").is_none());
        drop(folder);
        assert!(!blobs.exists());
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        replace(&file, b"first").unwrap();
        replace(&file, b"second").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
