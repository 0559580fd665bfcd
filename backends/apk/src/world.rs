//! `etc/apk/world`: what a root was asked to have.
//!
//! Format: apk-world(5), one dependency a line; apk writes it sorted by name.

use crate::relation::Dependency;
use boot_kit::Result;
use std::fmt;

/// The dependencies somebody asked for, at most one for each name, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    dependencies: Vec<Dependency>,
}

impl World {
    /// Reads the file, or words from a command line.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(Dependency::parse_list(text)?.into_iter().collect())
    }

    /// Adds a dependency; an earlier one of the same name gives way to it, as with `apk add`.
    pub fn add(&mut self, dependency: Dependency) {
        let place = self
            .dependencies
            .binary_search_by(|it| it.name.as_str().cmp(&dependency.name));
        match place {
            Ok(place) => self.dependencies[place] = dependency,
            Err(place) => self.dependencies.insert(place, dependency),
        }
    }

    /// The dependencies, sorted by name.
    pub fn dependencies(&self) -> &[Dependency] {
        &self.dependencies
    }

    /// Gives the dependencies away, sorted by name.
    pub fn into_dependencies(self) -> Vec<Dependency> {
        self.dependencies
    }
}

impl FromIterator<Dependency> for World {
    fn from_iter<I: IntoIterator<Item = Dependency>>(dependencies: I) -> Self {
        let mut world = Self::default();
        for dependency in dependencies {
            world.add(dependency);
        }
        world
    }
}

impl fmt::Display for World {
    /// Writes the file: a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for dependency in &self.dependencies {
            writeln!(f, "{dependency}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_sorted_and_the_last_of_a_name_counts() {
        let world = World::parse("musl busybox>1 !vlan\nalpine-base@edge busybox=2\n").expect("ok");
        let written = "alpine-base@edge\nbusybox=2\nmusl\n!vlan\n";
        assert_eq!(world.to_string(), written);
        assert_eq!(World::parse(written).expect("ok"), world);
    }
}
