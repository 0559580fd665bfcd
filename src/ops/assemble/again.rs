//! The same image once more: what comes out has to be what came out before.
//!
//! A blob of the store is hashed before it is used. Where a file is made of layers alone, and it is known what its tar
//! comes to, that digest proves the layers as well, and nothing is read twice.

use super::{Assembly, Target, Written};
use crate::{
    export::{self, Output},
    interrupt,
    layers::{Layer, Stack},
};
use boot_kit::{Digest, Event, Result, event::Phase};

impl Assembly<'_> {
    /// Makes a file of stored layers, the last of `keys` the highest; `None` if that has to go another way: something
    /// is missing or damaged, or nobody knows what it comes to.
    pub(super) fn again(&self, keys: &[Digest], target: Target<'_>) -> Result<Option<Written>> {
        let Target::Output(Output::File { path, compression }) = target else {
            return Ok(None);
        };
        if !self.cached {
            return Ok(None);
        }
        let (Some(layers), Some(expected)) = (self.unproven(keys)?, self.known(keys)?) else {
            return Ok(None);
        };
        self.report.event(Event::Phase(Phase::Export));
        let walk = |sink: &mut dyn boot_kit::Sink| Stack(&layers).send(sink);
        let written = export::export_proving(&walk, &expected, path, *compression, &self.options());
        let Ok(written) = written else {
            // The other way finds out what is wrong, and mends it if it can be.
            return interrupt::check(self.interrupt).map(|()| None);
        };
        self.tell_found(&layers);
        Ok(Some(written.into()))
    }

    /// Notes what the tar of the layers up to that of `key` comes to. An image that is there does not fail for want of it.
    pub(super) fn note(&self, key: &Digest, tar: &Digest) {
        let noted = self.store.remember(&name(key), tar.to_string().as_bytes());
        if let Err(error) = noted {
            let message = format!("the next image like this one takes longer: {error}");
            self.report.event(Event::Warning { message });
        }
    }

    fn unproven(&self, keys: &[Digest]) -> Result<Option<Vec<Layer>>> {
        let find = |key| Layer::find_unproven(self.store, key).transpose();
        let found: Vec<_> = keys.iter().map_while(find).collect::<Result<_>>()?;
        Ok((found.len() == keys.len()).then_some(found))
    }

    fn known(&self, keys: &[Digest]) -> Result<Option<Digest>> {
        let Some(name) = keys.last().map(name) else {
            return Ok(None);
        };
        let note = self.store.recall(&name)?;
        Ok(note.and_then(|note| std::str::from_utf8(&note).ok()?.parse().ok()))
    }
}

fn name(key: &Digest) -> String {
    format!("tar of layer {key}")
}
