//! The small words of an image's configuration: a port, a path, an account, a signal.

use crate::recipe::request::one_or_many;
use serde::{Deserialize, Deserializer};
use std::{fmt, str::FromStr};

/// A port an image serves, e.g. `80/tcp`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Port(String);

/// A path from the root of an image, e.g. `/srv`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct AbsolutePath(String);

/// Who runs: a user and perhaps a group, by names or numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Account(String);

/// A signal by name, e.g. `SIGTERM` or `SIGRTMIN+3`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Signal(String);

/// The signals of Linux but the real-time ones, `signal(7)`.
const SIGNALS: [&str; 32] = [
    "ABRT", "ALRM", "BUS", "CHLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "KILL", "PIPE",
    "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN",
    "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
];

/// How many real-time signals there are above `SIGRTMIN` and below `SIGRTMAX`, as C libraries count.
const REAL_TIME: u8 = 30;

impl FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        match number.parse::<u16>() {
            Ok(1..) if is_number && ["tcp", "udp", "sctp"].contains(&protocol) => Ok(Self(
                format!("{}/{protocol}", number.trim_start_matches('0')),
            )),
            _ => Err(format!(
                "`{text}` is not a port: write a number up to 65535, alone or with /tcp, /udp or /sctp"
            )),
        }
    }
}

impl FromStr for AbsolutePath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = || text.split('/').filter(|part| !part.is_empty());
        if !text.starts_with('/')
            || text.contains(char::is_control)
            || parts().any(|part| part == "..")
        {
            return Err(format!(
                "`{text}` is not a path from the root: begin it with `/` and leave out `..`"
            ));
        }
        let parts: Vec<_> = parts().filter(|part| *part != ".").collect();
        Ok(Self(format!("/{}", parts.join("/"))))
    }
}

impl FromStr for Account {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_name = |name: &str| {
            !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        let mut parts = text.splitn(3, ':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(user), group, None) if is_name(user) && group.is_none_or(is_name) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(format!(
                "`{text}` is not an account: write USER or USER:GROUP, names or numbers"
            )),
        }
    }
}

impl FromStr for Signal {
    type Err = String;

    /// Takes names with or without `SIG`, in either case.
    fn from_str(text: &str) -> Result<Self, String> {
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        let offset = name
            .strip_prefix("RTMIN+")
            .or(name.strip_prefix("RTMAX-"))
            .and_then(|offset| offset.parse::<u8>().ok());
        let is_real_time =
            ["RTMIN", "RTMAX"].contains(&name) || offset.is_some_and(|offset| offset <= REAL_TIME);
        if SIGNALS.contains(&name) || is_real_time {
            return Ok(Self(format!("SIG{name}")));
        }
        Err(format!(
            "`{text}` is not a signal: write a name such as SIGTERM or SIGRTMIN+3"
        ))
    }
}

/// Reads a string or a list of them, and says of a wrong one what is wrong with it.
pub(in crate::recipe) fn list<'de, D: Deserializer<'de>, T: TryFrom<String, Error = String>>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    let texts: Vec<String> = one_or_many(from)?;
    let parsed: Result<Vec<T>, String> = texts.into_iter().map(T::try_from).collect();
    parsed.map_err(serde::de::Error::custom)
}

macro_rules! text {
    ($($name:ident),*) => { $(
        impl $name {
            /// The text, checked and in its usual form.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )* };
}

text!(Port, AbsolutePath, Account, Signal);
