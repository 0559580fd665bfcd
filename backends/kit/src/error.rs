//! One error type: what failed on what, why, and what to do about it.

use std::{error::Error as StdError, fmt, io};

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of thing went wrong; decides the exit code and whether another try can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request itself cannot be met: unknown name, bad option, existing output. Exit code 2.
    Usage,
    /// No set of packages satisfies the request. Exit code 2.
    Unsatisfiable,
    /// A server or store does not have the thing.
    NotFound,
    /// The network failed in a way that may pass: time-out, reset, 5xx, short body.
    Transient,
    /// The network failed in a way that will not pass by itself.
    Network,
    /// A signature, digest, size or date does not prove what it must.
    Trust,
    /// Data does not follow its format.
    Parse,
    /// A program in the sandbox failed.
    Script,
    /// The operating system refused.
    Io,
    /// The user or a signal stopped the run.
    Interrupted,
}

/// An error: a message that names the object, the cause as its source, and perhaps a hint.
///
/// The message is lower case, without full stop, and never repeats the cause.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Makes an error of `kind`: "cannot <verb> `<object>`" or "`<subject>` has/is …".
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            hint: None,
            source: None,
        }))
    }

    /// Adds what the user can do: one actionable sentence.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Shows the error and its causes in one line.
    pub fn one_line(&self) -> String {
        let mut line = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            line = format!("{line}: {error}");
            cause = error.source();
        }
        line
    }

    /// Tells the sort of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Finds the hint nearest to the top of the chain of causes.
    pub fn hint(&self) -> Option<&str> {
        if let Some(hint) = &self.0.hint {
            return Some(hint);
        }
        self.0.source.as_deref()?.downcast_ref::<Error>()?.hint()
    }

    /// Tells whether another mirror cannot help.
    pub fn is_final(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::Interrupted | ErrorKind::Io | ErrorKind::Usage
        )
    }

    /// Tells whether the same request may succeed when tried again.
    pub fn is_transient(&self) -> bool {
        self.0.kind == ErrorKind::Transient
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.0.kind, self.one_line())?;
        self.hint()
            .map_or(Ok(()), |hint| write!(f, " (hint: {hint})"))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        // A reader of ours may carry one of our errors through `std::io`: take it out again.
        let error = match error.downcast::<Error>() {
            Ok(ours) => return ours,
            Err(error) => error,
        };
        // Without a number of the system's, these come from a decoder.
        let malformed = matches!(
            error.kind(),
            io::ErrorKind::InvalidData
                | io::ErrorKind::InvalidInput
                | io::ErrorKind::UnexpectedEof
                | io::ErrorKind::Other
        );
        let kind = match error.raw_os_error() {
            None if malformed => ErrorKind::Parse,
            _ => ErrorKind::Io,
        };
        let made = Error::new(kind, error.to_string());
        if error.kind() == io::ErrorKind::StorageFull {
            return made.with_hint(
                "free some space, perhaps with `boot cache clean`, or choose another place with TMPDIR, --cache-dir or -o",
            );
        }
        if error.kind() == io::ErrorKind::BrokenPipe {
            return made
                .with_hint("the program at the other end of the pipe ended: see what it says");
        }
        made
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        io::Error::other(error)
    }
}

/// Adds the name of the object where it is known.
pub trait Context<T> {
    /// Wraps the error: `message` says what failed on what, the old error becomes the cause.
    fn context<M: Into<String>>(self, message: impl FnOnce() -> M) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for Result<T, E> {
    fn context<M: Into<String>>(self, message: impl FnOnce() -> M) -> Result<T> {
        self.map_err(|error| {
            let cause: Error = error.into();
            Error::new(cause.kind(), message()).caused_by(cause)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_keeps_kind_and_hint_of_the_cause() {
        let deep = Error::new(ErrorKind::Trust, "bad signature").with_hint("use --keyring");
        let error = Err::<(), _>(deep)
            .context(|| "cannot verify `x`")
            .expect_err("is an error");
        assert_eq!(error.kind(), ErrorKind::Trust);
        assert_eq!(error.hint(), Some("use --keyring"));
        assert_eq!(
            format!("{error:?}"),
            "Trust: cannot verify `x`: bad signature (hint: use --keyring)"
        );
    }

    #[test]
    fn what_decoders_say_is_told_from_what_the_system_says() {
        for (error, kind) in [
            (io::Error::other("bad checksum"), ErrorKind::Parse),
            (io::ErrorKind::UnexpectedEof.into(), ErrorKind::Parse),
            (io::ErrorKind::PermissionDenied.into(), ErrorKind::Io),
            (io::Error::from_raw_os_error(22), ErrorKind::Io),
        ] {
            assert_eq!(Error::from(error).kind(), kind);
        }
    }

    #[test]
    fn our_errors_survive_a_trip_through_std_io() {
        let error: Error = io::Error::from(Error::new(ErrorKind::Trust, "short")).into();
        assert_eq!(error.kind(), ErrorKind::Trust);
    }
}
