//! What root in the sandbox may do, and how much of it.

use rustix::{
    io::Errno,
    process::{Resource, Rlimit, getrlimit, setrlimit},
    thread::{
        CapabilitySet, CapabilitySets, capabilities, capability_is_in_bounding_set,
        clear_ambient_capability_set, remove_capability_from_bounding_set, set_capabilities,
    },
};

/// What installing packages takes: users, owners, modes, file capabilities, chroot, ending processes.
///
/// No mounts, devices, modules, clocks. Where boot runs as root without a user namespace this protects
/// the host; elsewhere it makes scripts behave the same.
const KEPT: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SETPCAP)
    .union(CapabilitySet::SETFCAP)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::NET_RAW)
    .union(CapabilitySet::SYS_CHROOT)
    .union(CapabilitySet::AUDIT_WRITE);

/// Gives up every other capability, for this process and whatever it executes.
///
/// `no_new_privs` stays off: scripts call setuid programs and programs with file capabilities.
pub fn drop_capabilities() -> Result<(), Errno> {
    for bit in 0..64 {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        match capability_is_in_bounding_set(capability) {
            Ok(true) if !KEPT.contains(capability) => {
                remove_capability_from_bounding_set(capability)?;
            }
            Ok(_) => {}
            // Past the last one this kernel knows.
            Err(_) => break,
        }
    }
    clear_ambient_capability_set()?;
    let kept = capabilities(None)?.permitted & KEPT;
    set_capabilities(
        None,
        CapabilitySets {
            effective: kept,
            permitted: kept,
            inheritable: CapabilitySet::empty(),
        },
    )
}

/// Leaves no core dumps, and as many open files as programs expect, whatever the caller has.
pub fn limit_resources() -> Result<(), Errno> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    let most = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let files = Rlimit {
        current: Some(most.min(1024)),
        maximum: Some(most.min(524_288)),
    };
    setrlimit(Resource::Nofile, files)
}
