//! Setuid, setgid, capabilities, and what anybody may write to.

use super::{
    finish::View,
    model::{FileKind, Privilege, Special},
    table::Record,
};

const SETUID: u32 = 0o4000;
const SETGID: u32 = 0o2000;
const STICKY: u32 = 0o1000;
const OTHERS_WRITE: u32 = 0o002;

/// The names of capabilities by number, `linux/capability.h`.
const CAPABILITIES: [&str; 41] = [
    "cap_chown",
    "cap_dac_override",
    "cap_dac_read_search",
    "cap_fowner",
    "cap_fsetid",
    "cap_kill",
    "cap_setgid",
    "cap_setuid",
    "cap_setpcap",
    "cap_linux_immutable",
    "cap_net_bind_service",
    "cap_net_broadcast",
    "cap_net_admin",
    "cap_net_raw",
    "cap_ipc_lock",
    "cap_ipc_owner",
    "cap_sys_module",
    "cap_sys_rawio",
    "cap_sys_chroot",
    "cap_sys_ptrace",
    "cap_sys_pacct",
    "cap_sys_admin",
    "cap_sys_boot",
    "cap_sys_nice",
    "cap_sys_resource",
    "cap_sys_time",
    "cap_sys_tty_config",
    "cap_mknod",
    "cap_lease",
    "cap_audit_write",
    "cap_audit_control",
    "cap_setfcap",
    "cap_mac_override",
    "cap_mac_admin",
    "cap_syslog",
    "cap_wake_alarm",
    "cap_block_suspend",
    "cap_audit_read",
    "cap_perfmon",
    "cap_bpf",
    "cap_checkpoint_restore",
];

/// Finds them all.
pub(super) fn find(view: &View<'_>) -> Privilege {
    let mut privilege = Privilege::default();
    for (number, record) in view.table.records.iter().enumerate() {
        // Another name of a file has its mode and attributes.
        let file = &view.table.records[view.table.first(number)];
        let special = || special(view, number, file);
        if matches!(record.kind, FileKind::File | FileKind::Hardlink) {
            if file.mode & SETUID != 0 {
                privilege.setuid.push(special());
            }
            if file.mode & SETGID != 0 {
                privilege.setgid.push(special());
            }
            if file.capability.is_some() {
                privilege.capabilities.push(special());
            }
        }
        if is_open(file) {
            privilege.world_writable.push(special());
        }
    }
    privilege
}

fn special(view: &View<'_>, number: usize, file: &Record) -> Special {
    Special {
        path: view.table.records[number].path.to_string(),
        mode: file.mode,
        uid: file.uid,
        gid: file.gid,
        package: view.owners.of[number].package(),
        capabilities: file.capability.as_deref().map(capabilities),
    }
}

fn is_open(file: &Record) -> bool {
    let may_write = file.mode & OTHERS_WRITE != 0;
    match file.kind {
        FileKind::Symlink | FileKind::Device => false,
        FileKind::Directory => may_write && file.mode & STICKY == 0,
        _ => may_write,
    }
}

/// Writes `struct vfs_cap_data` as `getcap` does: `cap_net_admin,cap_net_raw=ep`.
fn capabilities(value: &[u8]) -> String {
    let word = |i: usize| {
        let bytes = value.get(4 * i..4 * i + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    let Some(magic) = word(0) else {
        return "?".to_owned();
    };
    let wide = |i: usize| {
        let low = u64::from(word(i).unwrap_or(0));
        let high = u64::from(word(i + 2).unwrap_or(0));
        low | high << 32
    };
    let (permitted, inheritable) = (wide(1), wide(2));
    let effective = if magic & 1 != 0 { "e" } else { "" };
    let groups = [
        (inheritable & permitted, "ip"),
        (permitted & !inheritable, "p"),
        (inheritable & !permitted, "i"),
    ];
    let group = |(set, flags): (u64, &str)| {
        let names = (0..64).filter(|bit| set >> bit & 1 != 0);
        let names: Vec<String> = names
            .map(|bit| match CAPABILITIES.get(bit) {
                Some(name) => (*name).to_owned(),
                None => bit.to_string(),
            })
            .collect();
        (!names.is_empty()).then(|| format!("{}={effective}{flags}", names.join(",")))
    };
    let groups: Vec<_> = groups.into_iter().filter_map(group).collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_written_as_getcap_does() {
        let value = |magic: u32, words: [u32; 4]| {
            let mut value = magic.to_le_bytes().to_vec();
            value.extend(words.iter().flat_map(|word| word.to_le_bytes()));
            value
        };
        for (value, wanted) in [
            (value(0x0200_0001, [1 << 13, 0, 0, 0]), "cap_net_raw=ep"),
            (
                value(0x0200_0000, [0x3000, 0, 0, 0]),
                "cap_net_admin,cap_net_raw=p",
            ),
            (
                value(0x0200_0001, [1 << 13, 1 << 13, 0, 0]),
                "cap_net_raw=eip",
            ),
            (value(0x0200_0001, [0, 0, 1 << 7, 0]), "cap_bpf=ep"),
            (
                value(0x0200_0000, [1, 2, 0, 0]),
                "cap_chown=p cap_dac_override=i",
            ),
            (b"x".to_vec(), "?"),
        ] {
            assert_eq!(capabilities(&value), wanted);
        }
    }
}
