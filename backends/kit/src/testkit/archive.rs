//! Signed archives of Debian packages, made when the test runs.

use super::{
    deb::{Deb, Packing},
    key::SigningKey,
    server::Server,
};
use crate::{
    Digest, Recipe, hex,
    recipe::{self, Key},
};
use sha2::{Digest as _, Sha512};
use std::{collections::BTreeMap, fmt::Write as _};

/// A signed archive with one suite, as `dists` and `pool` below one directory.
#[derive(Clone)]
pub struct Archive {
    suite: String,
    fields: Vec<(String, String)>,
    key: SigningKey,
    date: i64,
    component: String,
    archs: Vec<String>,
    packings: Vec<Packing>,
    by_hash: bool,
    is_sha512: bool,
    debs: Vec<Deb>,
}

impl Archive {
    /// When archives are made unless told otherwise: 2025-06-01.
    pub const DATE: i64 = 1_748_736_000;

    /// Begins an archive with the suite `suite`, component `main`, architecture `amd64` and a key of its own.
    pub fn new(suite: &str) -> Self {
        Self {
            suite: suite.to_owned(),
            fields: Vec::new(),
            key: SigningKey::new(),
            date: Self::DATE,
            component: "main".into(),
            archs: vec!["amd64".into()],
            packings: vec![Packing::Xz, Packing::Gzip],
            by_hash: true,
            is_sha512: false,
            debs: Vec::new(),
        }
        .field("Suite", suite)
        .field("Codename", suite)
    }

    /// Adds a package.
    #[must_use]
    pub fn package(mut self, deb: Deb) -> Self {
        self.debs.push(deb);
        self
    }

    /// Adds packages.
    #[must_use]
    pub fn packages(mut self, debs: impl IntoIterator<Item = Deb>) -> Self {
        self.debs.extend(debs);
        self
    }

    /// Signs with that key.
    #[must_use]
    pub fn signed_by(mut self, key: &SigningKey) -> Self {
        self.key = key.clone();
        self
    }

    /// Dates the release, seconds since the Unix epoch.
    #[must_use]
    pub fn dated(mut self, date: i64) -> Self {
        self.date = date;
        self
    }

    /// Sets `Valid-Until`, seconds since the Unix epoch.
    #[must_use]
    pub fn valid_until(self, date: i64) -> Self {
        self.field("Valid-Until", &rfc2822(date))
    }

    /// Adds an architecture: `arm64`, `all`, …
    #[must_use]
    pub fn arch(mut self, arch: &str) -> Self {
        self.archs.push(arch.to_owned());
        self
    }

    /// Names the component.
    #[must_use]
    pub fn component(mut self, component: &str) -> Self {
        component.clone_into(&mut self.component);
        self
    }

    /// Chooses in which forms the lists are kept.
    #[must_use]
    pub fn packed(mut self, packings: &[Packing]) -> Self {
        self.packings = packings.to_vec();
        self
    }

    /// Keeps no files under their digests, as small archives do.
    #[must_use]
    pub fn without_by_hash(mut self) -> Self {
        self.by_hash = false;
        self
    }

    /// Lists SHA-512 digests and no others, as Ubuntu does from 26.10 on.
    #[must_use]
    pub fn of_sha512(mut self) -> Self {
        self.is_sha512 = true;
        self
    }

    /// Sets a field of the release file.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        match self.fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// The key it is signed by.
    pub fn signing_key(&self) -> &SigningKey {
        &self.key
    }

    /// The list of one architecture; packages of `all` are in each of them unless the archive lists `all` itself.
    pub fn list(&self, arch: &str) -> String {
        let has_all = self.archs.iter().any(|known| known == "all");
        let mut list = String::new();
        for deb in &self.debs {
            let own = deb.value("Architecture");
            if own != arch && (own != "all" || has_all) {
                continue;
            }
            let bytes = deb.build();
            writeln!(
                list,
                "{}Filename: {}\nSize: {}\n{}: {}\n",
                deb.control_text(),
                pool_path(deb),
                bytes.len(),
                self.algorithm(),
                self.digest(&bytes)
            )
            .expect("a string takes everything");
        }
        list
    }

    /// The release file's text, unsigned.
    pub fn release(&self) -> String {
        let mut text = String::new();
        let mut field = |name: &str, value: &str| {
            writeln!(text, "{name}: {value}").expect("a string takes everything");
        };
        for (name, value) in &self.fields {
            field(name, value);
        }
        field("Date", &rfc2822(self.date));
        field("Components", &self.component);
        field("Architectures", &self.archs.join(" "));
        if self.by_hash {
            field("Acquire-By-Hash", "yes");
        }
        field(self.algorithm(), "");
        for (path, bytes) in self.lists() {
            let (digest, size) = (self.digest(&bytes), bytes.len());
            writeln!(text, " {digest} {size} {path}").expect("a string takes everything");
        }
        text
    }

    /// What its digests are of: the name of a field.
    fn algorithm(&self) -> &'static str {
        if self.is_sha512 { "SHA512" } else { "SHA256" }
    }

    fn digest(&self, bytes: &[u8]) -> String {
        if !self.is_sha512 {
            return Digest::of(bytes).to_string();
        }
        hex::encode(Sha512::digest(bytes))
    }

    /// The lists by their paths below the suite, the uncompressed ones among them.
    fn lists(&self) -> BTreeMap<String, Vec<u8>> {
        let mut lists = BTreeMap::new();
        for arch in &self.archs {
            let path = format!("{}/binary-{arch}/Packages", self.component);
            let list = self.list(arch).into_bytes();
            for packing in &self.packings {
                lists.insert(format!("{path}{}", packing.ending()), packing.pack(&list));
            }
            lists.insert(path, list);
        }
        lists
    }

    /// Makes all files, by their paths below the archive's directory.
    ///
    /// Uncompressed lists are signed but not kept, unless nothing else is: as Debian does.
    pub fn build(&self) -> BTreeMap<String, Vec<u8>> {
        let dists = format!("dists/{}", self.suite);
        let mut tree = BTreeMap::new();
        for (path, bytes) in self.lists() {
            if path.ends_with("/Packages") && !self.packings.contains(&Packing::Plain) {
                continue;
            }
            if self.by_hash {
                let directory = path.rsplit_once('/').expect("lists are in directories").0;
                let by_hash = format!("{}/{}", self.algorithm(), self.digest(&bytes));
                let by_hash = format!("{dists}/{directory}/by-hash/{by_hash}");
                tree.insert(by_hash, bytes.clone());
            }
            tree.insert(format!("{dists}/{path}"), bytes);
        }
        let release = self.release();
        tree.insert(
            format!("{dists}/InRelease"),
            self.key.clearsign(&release, self.date),
        );
        for deb in &self.debs {
            tree.insert(pool_path(deb), deb.build());
        }
        tree
    }

    /// Serves it at `/debian` of a new server.
    pub fn serve(&self) -> Server {
        let server = Server::start();
        server.put_tree("/debian", self.build());
        server
    }

    /// The key as a recipe has it.
    pub fn key(&self) -> Key {
        self.key.key()
    }

    /// A recipe for this archive at `mirrors`, run a day after the archive's date.
    pub fn recipe(&self, mirrors: &[String]) -> Recipe {
        Recipe {
            distribution: "debian".into(),
            release: self.suite.clone(),
            arch: "amd64".into(),
            variant: "essential".into(),
            components: vec![self.component.clone()],
            archives: vec![recipe::Archive {
                suite: self.suite.clone(),
                mirrors: mirrors.to_vec(),
                ..recipe::Archive::default()
            }],
            keys: vec![self.key()],
            now: self.date + 86400,
            ..Recipe::default()
        }
    }
}

fn pool_path(deb: &Deb) -> String {
    let name = deb.value("Package");
    let letter = name.chars().next().unwrap_or('_');
    format!("pool/main/{letter}/{name}/{}", deb.file_name())
}

fn rfc2822(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .expect("a date of a test")
        .strftime("%a, %d %b %Y %H:%M:%S UTC")
        .to_string()
}
