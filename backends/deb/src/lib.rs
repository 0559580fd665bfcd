//! The deb backend: Debian and everything made like it.
//!
//! | step | modules |
//! | --- | --- |
//! | find and prove the package lists | [`sources`], [`release`], [`acquire`] |
//! | read them | [`version`], [`stanza`], [`relation`], [`index`], [`sum`] |
//! | choose what apt would | [`solve`] |
//! | make the plan, or know it | [`resolve`], [`settings`], [`notes`], [`known`], [`mentioned`] |
//! | open a package | [`archive`], [`control`] |
//! | read back what an image holds | [`inventory`] |
//! | install | [`installer`], [`database`], [`scripts`], [`guards`], [`later`], [`lend`], [`apt`] |
//! | or only unpack | [`extraction`] |

pub mod acquire;
pub mod apt;
pub mod archive;
pub mod control;
pub mod database;
pub mod extraction;
pub mod guards;
pub mod index;
pub mod installer;
pub mod inventory;
pub mod known;
pub mod later;
pub mod lend;
pub mod mentioned;
pub mod notes;
pub mod relation;
pub mod release;
pub mod resolve;
pub mod scripts;
pub mod settings;
pub mod solve;
pub mod sources;
pub mod stanza;
pub mod sum;
pub mod version;

use boot_kit::{
    Alternative, Artifact, Backend, Error, ErrorKind, Fetch, Installer, Plan, Recipe, Report,
    Result, backend::Site, recipe::Mirrors,
};
use std::fs::File;

/// The backend: .debs, indexed by signed `Release` files, installed as dpkg would.
pub struct Deb;

impl Backend for Deb {
    fn resolve(&self, recipe: &Recipe, fetch: &dyn Fetch, report: &dyn Report) -> Result<Plan> {
        resolve::resolve(recipe, fetch, report)
    }

    fn alternatives(
        &self,
        recipe: &Recipe,
        fetch: &dyn Fetch,
        report: &dyn Report,
    ) -> Result<Vec<Alternative>> {
        resolve::alternatives(recipe, fetch, report)
    }

    fn mirrors(&self, recipe: &Recipe, report: &dyn Report) -> Result<Vec<Mirrors>> {
        sources::mirrors(recipe, report)
    }

    fn runs_programs(&self, recipe: &Recipe) -> bool {
        // Wrong settings are told when the plan is made.
        settings::Settings::of(recipe).map_or(true, |settings| !settings.variant.unpack_only)
    }

    fn verify(&self, artifact: &Artifact, file: &mut File) -> Result<()> {
        let sum: sum::Sum = artifact.proof.to_string().parse()?;
        sum.check(file)?;
        let (bytes, size) = (file.metadata()?.len(), artifact.size);
        if bytes == size {
            return Ok(());
        }
        let message = format!("the file of that digest has {bytes} bytes where {size} are named");
        Err(Error::new(ErrorKind::Trust, message))
    }

    fn installer<'a>(&'a self, plan: &'a Plan, site: Site<'a>) -> Result<Box<dyn Installer + 'a>> {
        if notes::Notes::read(plan)?.unpack_only {
            return Ok(Box::new(extraction::Extraction::new(plan, site)?));
        }
        Ok(Box::new(installer::DebInstaller::new(plan, site)?))
    }
}
