//! Alpine's packages: indexes, apk's choices, packages, the installed database.
//!
//! | step | modules |
//! | --- | --- |
//! | find and prove the indexes | [`repositories`], [`acquire`], [`trust`], [`index`] |
//! | read them | [`package`], [`relation`], [`version`], [`adb`] |
//! | choose what apk would | [`world`], [`solve`] |
//! | make the plan | [`resolve`], [`settings`], [`notes`] |
//! | open a package | [`archive`], [`adb`], [`checksum`] |
//! | read back what an image holds | [`inventory`] |
//! | install | [`installer`], [`database`], [`ownership`], [`scripts`], [`accounts`], [`links`], [`glob`] |

pub mod accounts;
pub mod acquire;
pub mod adb;
pub mod archive;
pub mod checksum;
pub mod database;
pub mod glob;
pub mod index;
pub mod installer;
pub mod inventory;
pub mod links;
pub mod notes;
pub mod ownership;
pub mod package;
pub mod relation;
pub mod repositories;
pub mod resolve;
pub mod scripts;
pub mod settings;
pub mod solve;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
pub mod trust;
pub mod version;
pub mod world;

use boot_kit::{
    Artifact, Backend, Fetch, Installer, Plan, Recipe, Report, Result, backend::Site,
    recipe::Mirrors,
};
use std::fs::File;

/// The backend: apks of either version, indexed by signed files, installed as apk would.
pub struct Apk;

impl Backend for Apk {
    fn resolve(&self, recipe: &Recipe, fetch: &dyn Fetch, report: &dyn Report) -> Result<Plan> {
        resolve::resolve(recipe, fetch, report)
    }

    fn mirrors(&self, recipe: &Recipe, _: &dyn Report) -> Result<Vec<Mirrors>> {
        repositories::mirrors(recipe)
    }

    fn verify(&self, artifact: &Artifact, file: &mut File) -> Result<()> {
        archive::verify(&artifact.proof.to_string().parse()?, file)
    }

    fn installer<'a>(&'a self, plan: &'a Plan, site: Site<'a>) -> Result<Box<dyn Installer + 'a>> {
        Ok(Box::new(installer::ApkInstaller::new(plan, site)?))
    }
}
