//! Which extended attributes get into an image, and in what form.

use std::collections::BTreeMap;

/// What container runtimes look for in a PAX header; every other prefix is ignored by them.
pub(super) const PAX_PREFIX: &[u8] = b"SCHILY.xattr.";

const CAPABILITY: &[u8] = b"security.capability";
const ACLS: [&[u8]; 2] = [b"system.posix_acl_access", b"system.posix_acl_default"];

/// Picks the attributes that belong to the file rather than to the host it is on: capabilities, ACLs and `user.*`.
///
/// Labels of the host's security modules stay out, and so does a name with `=` in it, which PAX cannot express.
pub(super) fn allowed(xattrs: &BTreeMap<Vec<u8>, Vec<u8>>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    xattrs
        .iter()
        .filter(|(name, _)| is_allowed(name))
        .map(|(name, value)| {
            let value = if name == CAPABILITY {
                capability(value)
            } else {
                value.clone()
            };
            (name.clone(), value)
        })
        .collect()
}

fn is_allowed(name: &[u8]) -> bool {
    let known = name == CAPABILITY || ACLS.contains(&name);
    known || (name.starts_with(b"user.") && !name.contains(&b'='))
}

/// Turns revision 3 of `struct vfs_ns_cap_data` (`linux/capability.h`), which names the user namespace it was set in,
/// into revision 2: the same without the last field.
fn capability(value: &[u8]) -> Vec<u8> {
    match value {
        [flags, low, high, 3, rest @ ..] if rest.len() == 20 => {
            [&[*flags, *low, *high, 2], &rest[..16]].concat()
        }
        _ => value.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(name: &str, value: &[u8]) -> Option<Vec<u8>> {
        allowed(&BTreeMap::from([(name.into(), value.to_vec())])).remove(name.as_bytes())
    }

    #[test]
    fn only_attributes_of_the_file_itself_are_kept() {
        for name in [
            "security.capability",
            "user.mime_type",
            "system.posix_acl_access",
            "system.posix_acl_default",
        ] {
            assert_eq!(picked(name, b"x"), Some(b"x".to_vec()), "{name}");
        }
        for name in [
            "security.selinux",
            "security.ima",
            "trusted.overlay.opaque",
            "system.nfs4_acl",
            "user.a=b",
            "users.a",
        ] {
            assert_eq!(picked(name, b"x"), None, "{name}");
        }
    }

    #[test]
    fn capabilities_lose_the_user_namespace_they_were_set_in() {
        // cap_net_raw=ep, set by root of a namespace whose root is user 100000 outside.
        let revision_3 = b"\x01\0\0\x03\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xa0\x86\x01\0";
        let revision_2 = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        for given in [&revision_3[..], &revision_2[..]] {
            assert_eq!(
                picked("security.capability", given),
                Some(revision_2.to_vec())
            );
        }
        let odd = b"\x01\0\0\x03\0\x20";
        assert_eq!(picked("security.capability", odd), Some(odd.to_vec()));
    }
}
