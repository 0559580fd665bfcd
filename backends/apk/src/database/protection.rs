//! Directories whose files an administrator may have changed: apk puts its own beside them.
//!
//! Lines of `etc/apk/protected_paths.d/*.list` add to apk's own rules: a pattern, perhaps after `+` (protected), `@`
//! (protected; audits look at links only), `!` (protected; audits list what is added), or `-` (not protected). A directory
//! is as its parent unless a pattern matches it; of several the last counts.

use crate::glob;
use boot_kit::{Result, Root, RootPath};

/// apk's own rules.
const RULES: &str = "+etc\n@etc/init.d\n!etc/apk\n";

/// Where further rules are.
const DIRECTORY: &str = "etc/apk/protected_paths.d";

/// The rules, in order.
pub struct Protection {
    rules: Vec<(Vec<u8>, bool)>,
}

impl Protection {
    /// Reads the rules of a root.
    pub fn read(root: &Root) -> Result<Self> {
        let mut text = RULES.as_bytes().to_vec();
        let directory = RootPath::from(DIRECTORY);
        for name in root.list(&directory)? {
            if name.ends_with(b".list") {
                text.push(b'\n');
                text.extend(root.read(&directory.join(&name))?.unwrap_or_default());
            }
        }
        Ok(Self::parse(&text))
    }

    fn parse(text: &[u8]) -> Self {
        let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let rules = lines.filter_map(|line| {
            let (&mark, rest) = line.split_first()?;
            let (pattern, protects) = match mark {
                b'#' => return None,
                b'-' => (rest, false),
                b'+' | b'@' | b'!' => (rest, true),
                _ => (line, true),
            };
            let pattern = RootPath::parse(pattern).ok()?;
            Some((pattern.bytes().to_vec(), protects))
        });
        Self {
            rules: rules.collect(),
        }
    }

    /// Tells whether files of this directory may be an administrator's.
    pub fn covers(&self, directory: &RootPath) -> bool {
        let path = directory.bytes();
        let ends = (0..path.len()).filter(|at| path[*at] == b'/');
        let mut protects = false;
        for end in ends.chain([path.len()]) {
            let mut matching = self
                .rules
                .iter()
                .filter(|(pattern, _)| glob::matches(pattern, &path[..end]));
            if let Some((_, last)) = matching.next_back() {
                protects = *last;
            }
        }
        protects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_rule_counts_and_the_last_of_those() {
        let text = format!("{RULES}\n# mine\n-etc/cache\n/srv/*/conf/\n-etc/init.d\n");
        let protection = Protection::parse(text.as_bytes());
        for (path, expected) in [
            ("", false),
            ("etc", true),
            ("etc/ssl/certs", true),
            ("etc/apk/keys", true),
            ("etc/cache/x", false),
            ("etc/init.d", false),
            ("usr/etc", false),
            ("srv/web/conf/d", true),
            ("srv/web", false),
        ] {
            assert_eq!(protection.covers(&RootPath::from(path)), expected, "{path}");
        }
    }
}
