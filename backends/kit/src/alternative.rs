//! What a recipe could ask for instead, to get less.

/// Another way to meet a demand, which makes the whole smaller: a package instead of another, or none of it.
///
/// Found by solving again, so both closures are complete and satisfy everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alternative {
    /// The package that would go, e.g. `usrmerge`.
    pub instead_of: String,
    /// The package that would do as well, e.g. `usr-is-merged`.
    pub take: String,
    /// The demand that either meets, in the format's own notation: `usrmerge | usr-is-merged`.
    pub demand: String,
    /// The packages that demand it, sorted.
    pub wanted_by: Vec<String>,
    /// What must be added to [`Recipe::include`](crate::Recipe::include).
    pub include: Vec<String>,
    /// What must be added to [`Recipe::exclude`](crate::Recipe::exclude).
    pub exclude: Vec<String>,
    /// The packages that would leave, sorted by name.
    pub leaves: Vec<Weight>,
    /// The packages that would come, sorted by name.
    pub comes: Vec<Weight>,
}

/// A package and what it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Its name.
    pub name: String,
    /// What it says its files take, in bytes.
    pub installed_bytes: u64,
    /// Length of its artifact in bytes.
    pub download_bytes: u64,
}

impl Alternative {
    /// How many bytes less it would take, by what the packages say.
    pub fn gain(&self) -> i64 {
        let sum = |weights: &[Weight]| {
            let bytes: u64 = weights.iter().map(|weight| weight.installed_bytes).sum();
            i64::try_from(bytes).unwrap_or(i64::MAX)
        };
        sum(&self.leaves) - sum(&self.comes)
    }
}
