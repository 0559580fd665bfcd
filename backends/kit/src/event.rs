//! What just happened, and whoever listens.

/// One thing that happened, in the order it did; nothing here is needed for the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Work of this sort begins. Phases may overlap: fetching goes on while unpacking has begun.
    Phase(Phase),
    /// An index or other file outside the plan was read: its name and size in bytes.
    Index {
        /// E.g. `trixie main Packages`.
        name: String,
        /// Length in bytes.
        bytes: u64,
    },
    /// The plan is made.
    Planned {
        /// How many artifacts.
        artifacts: usize,
        /// Their size together, in bytes.
        bytes: u64,
    },
    /// Bytes of planned artifacts arrived from the network, since the last such event.
    Received {
        /// Count of bytes.
        bytes: u64,
    },
    /// An artifact is complete and proven.
    Fetched {
        /// Its name.
        name: String,
        /// Its size in bytes.
        bytes: u64,
        /// Whether it was in the store already.
        cached: bool,
    },
    /// An artifact's files are unpacked.
    Unpacked {
        /// Its name.
        name: String,
    },
    /// A layer is finished, or was found finished in the store.
    Layer {
        /// `base`, `include` or `top`.
        name: String,
        /// Length of its tar in bytes.
        bytes: u64,
        /// Whether it was found.
        stored: bool,
    },
    /// A script or a package's configuration begins in the sandbox.
    Script {
        /// E.g. `libc6.preinst` or `ceph-base`.
        label: String,
    },
    /// A step of compiling a package on this machine begins, outside the sandbox.
    Step {
        /// E.g. `busybox 1.36.1: Building`.
        label: String,
        /// How many packages were begun in this run; those of an earlier one are not begun again.
        begun: u64,
        /// How many there are; 0 if nobody knows.
        packages: u64,
    },
    /// A line a script or a compilation printed.
    Output {
        /// The line without its newline.
        line: String,
    },
    /// Bytes of the image were written, since the last such event.
    Written {
        /// Count of bytes, before compression.
        bytes: u64,
    },
    /// Bytes of the store were read and hashed, since the last such event.
    Checked {
        /// Count of bytes.
        bytes: u64,
        /// How many there are to check.
        total: u64,
    },
    /// Something worth knowing that does not stop the run.
    Warning {
        /// One sentence, without full stop.
        message: String,
    },
}

/// The parts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Reading indexes and choosing artifacts.
    Resolve,
    /// Downloading and proving artifacts.
    Fetch,
    /// Compiling packages from their sources.
    Compile,
    /// Unpacking artifacts.
    Unpack,
    /// Running scripts.
    Configure,
    /// Removing what the profile names.
    Prune,
    /// Writing the image.
    Export,
    /// Checking what is in the store.
    Verify,
}

/// Listens to a run; called from many threads.
pub trait Report: Send + Sync {
    /// Takes one event.
    fn event(&self, event: Event);
}

/// Hears nothing.
pub struct Silence;

impl Report for Silence {
    fn event(&self, _event: Event) {}
}
