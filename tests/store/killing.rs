//! Processes killed at random moments.

use crate::roles::{Random, THINGS, key, start, thing, told};
use boot::store::{Lookup, Store, Upkeep};
use boot_kit::{Digest, event::Silence};
use std::{fs, path::Path, thread, time::Duration};

fn entries(directory: &Path) -> usize {
    fs::read_dir(directory).expect("a directory").count()
}

#[test]
fn a_store_whose_users_are_killed_at_any_moment_verifies() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("is text");
    let (upkeep, mut random) = (Upkeep::new(directory.path()), Random(20));
    let mut interrupted = 0;
    for seed in 1..=20 {
        let mut running = [2 * seed, 2 * seed + 1]
            .map(|seed: u32| start(&["hammer", path, &seed.to_string(), "0"]));
        // From before the store is open to somewhere in the middle.
        thread::sleep(Duration::from_millis(random.below(80)));
        for child in &mut running {
            child.kill().expect("it runs");
            child.wait().expect("it ends");
        }
        let runs = directory.path().join("runs");
        if runs.exists() && entries(&runs) > 0 {
            interrupted += 1;
        }
        let verified = upkeep.verify(true, &Silence).expect("readable");
        assert_eq!(verified.damaged, [], "kill {seed}");
    }
    assert!(interrupted >= 10, "{interrupted} of 20 hit a run");
    // The next one meets nothing strange, and leaves nothing of the dead.
    told(start(&["hammer", path, "99", "300"]));
    for name in ["runs", "locks"] {
        assert_eq!(entries(&directory.path().join(name)), 0, "{name}");
    }
    let store = Store::open(directory.path()).expect("a store");
    let mut layers = 0;
    for number in 0..THINGS {
        let lookup = store.get(&Digest::of(thing(number))).expect("readable");
        assert!(!matches!(lookup, Lookup::Corrupt), "{number}");
        layers += usize::from(store.layer(&key(number)).expect("readable").is_some());
    }
    assert!(layers > 0);
}
