//! Changes after all entries have come.

use super::{IMPLIED, Node, Tree};
use boot_kit::{Context, Error, ErrorKind, Kind, Result, RootPath};

impl Tree {
    /// Removes a name, and all below it.
    pub fn remove(&mut self, path: &RootPath) -> Result<()> {
        let below: Vec<_> = self.below(path).map(|(path, _)| path.clone()).collect();
        for path in below.iter().chain([path]).filter(|path| !path.is_root()) {
            self.names.remove(path);
        }
        Ok(())
    }

    /// Writes a file, root's own with this mode, dated later than any image; what had the name goes.
    pub fn write(&mut self, path: &RootPath, content: &[u8], mode: u32) -> Result<()> {
        let size = content.len() as u64;
        let start = self.spool.append(&mut &content[..], size)?;
        self.spool.write_out()?;
        self.files.push(Node {
            kind: Kind::File { size },
            mode,
            mtime: i64::MAX,
            start,
            ..IMPLIED
        });
        self.place(path, self.files.len() - 1)
            .context(|| format!("cannot write `{path}`"))
    }

    /// Changes owner, group and mode.
    pub fn set_owner(&mut self, path: &RootPath, uid: u32, gid: u32, mode: u32) -> Result<()> {
        let file = self
            .names
            .get(path)
            .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("`{path}` is not there")))?;
        let node = &mut self.files[*file];
        (node.uid, node.gid, node.mode) = (uid, gid, mode);
        Ok(())
    }
}
