//! What is named one by one: privilege, programs, accounts, secrets, libraries, duplicates.

use super::Share;
use serde::{Deserialize, Serialize};

/// Content that is there more than once, in files of their own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Duplicates {
    /// How many contents there are more than once.
    pub groups: u64,
    /// How many files could go.
    pub files: u64,
    /// What would be saved if each content were there once.
    pub bytes: u64,
    /// The groups that waste most, largest first; at most 50.
    pub largest: Vec<Duplicate>,
}

/// Files of the same content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Duplicate {
    /// Length of one.
    pub bytes: u64,
    /// How many there are.
    pub count: u64,
    /// What would be saved if there were one.
    pub wasted_bytes: u64,
    /// Where they are, sorted; at most 10.
    pub paths: Vec<String>,
}

/// What gives more rights than its caller has. Lists are sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Privilege {
    /// Files with the setuid bit; every name of a file counts.
    pub setuid: Vec<Special>,
    /// Files with the setgid bit (not directories), those that are setuid as well among them.
    pub setgid: Vec<Special>,
    /// Files with capabilities.
    pub capabilities: Vec<Special>,
    /// Files that anybody may write to, and directories without the sticky bit in which anybody may.
    pub world_writable: Vec<Special>,
}

/// An entry with a special mode or attribute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Special {
    /// Where it is, without a leading slash.
    pub path: String,
    /// Permission, setuid, setgid and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Its package, as a position in [`Footprint::packages`](super::Footprint::packages).
    pub package: Option<u32>,
    /// The capabilities, as `getcap` writes them (`cap_net_raw=ep`).
    pub capabilities: Option<String>,
}

/// A program of note.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Program {
    /// Where it is, without a leading slash.
    pub path: String,
    /// Its package, as a position in [`Footprint::packages`](super::Footprint::packages).
    pub package: Option<u32>,
}

/// The accounts of `etc/passwd`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Accounts {
    /// How many there are; `None` if the file is not there.
    pub total: Option<u64>,
    /// Those that can log in: with a password or without any, and a shell that is one. In the order of the file.
    pub login: Vec<Account>,
}

/// An account that can log in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its shell.
    pub shell: String,
    /// Whether no password is asked for.
    pub without_password: bool,
}

/// Something that should be in no image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Finding {
    /// Where it is, without a leading slash.
    pub path: String,
    /// What it is: `private key`, `SSH host key`, `authorized keys`, `machine id`, `random seed`.
    pub what: String,
}

/// A C library.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Libc {
    /// `glibc`, `musl`, `uclibc`, `bionic`.
    pub name: String,
    /// Where it is, without a leading slash.
    pub path: String,
    /// What it says its version is.
    pub version: Option<String>,
}

/// Programs and shared libraries in the ELF format.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Elf {
    /// All ELF files.
    pub files: u64,
    /// Those that a program can be linked with: position-independent, without an interpreter.
    pub libraries: u64,
    /// Programs: with an interpreter, or linked statically.
    pub programs: u64,
    /// Those with a symbol table, which `strip` would remove, sorted by path.
    pub unstripped: Vec<Unstripped>,
    /// What programs asked for by name need.
    pub closures: Vec<Closure>,
}

/// A file with a symbol table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Unstripped {
    /// Where it is, without a leading slash.
    pub path: String,
    /// Length of its symbol tables and debugging sections.
    pub symbol_bytes: u64,
}

/// What a program is linked with, all in all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Closure {
    /// The program as it was asked for.
    pub program: String,
    /// The program, its interpreter and libraries: links are followed, each file counts once.
    #[serde(flatten)]
    pub share: Share,
    /// Their paths, sorted.
    pub paths: Vec<String>,
    /// Names of libraries that are not there, sorted.
    pub missing: Vec<String>,
}
