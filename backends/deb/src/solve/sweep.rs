//! Drops what was chosen on the way and is needed by nothing in the end.

use super::{request::Want, state::Solver};
use crate::index::SlotId;
use boot_kit::Result;
use std::collections::BTreeSet;

impl Solver<'_> {
    /// Takes back new packages that neither was asked for nor is reached from what was, or from the base.
    ///
    /// Like apt's, this follows recommendations and suggestions as well, for what happens to be there.
    pub(super) fn sweep(&mut self, wants: &[Want]) -> Result<()> {
        let mut reached: BTreeSet<SlotId> = wants.iter().map(|want| want.slot).collect();
        reached.extend(
            self.installed()
                .filter(|slot| self.current(*slot).is_some()),
        );
        let mut queue: Vec<SlotId> = reached.iter().copied().collect();
        while let Some(slot) = queue.pop() {
            let Some(package) = self.state(slot).install else {
                continue;
            };
            for clause in self.clauses(package)?.iter() {
                if clause.kind.is_negative() {
                    continue;
                }
                for target in clause.alternatives.iter().flat_map(|it| &it.targets) {
                    let slot = self.slot(*target);
                    if self.is_installed(*target) && reached.insert(slot) {
                        queue.push(slot);
                    }
                }
            }
        }
        let garbage: Vec<SlotId> = self
            .installed()
            .filter(|slot| !reached.contains(slot))
            .collect();
        for slot in garbage {
            self.state_mut(slot).install = None;
        }
        Ok(())
    }
}
