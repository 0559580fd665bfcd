use super::{
    Upkeep,
    clean::{Cleaned, Limits},
    verify::{Damage, Verified},
};
use crate::store::{Kind, Label, LayerRecord, Lookup, Store};
use boot_kit::{
    Digest, Event, Report,
    event::{Phase, Silence},
};
use std::{
    fs::{self, File},
    io::Write,
    path::PathBuf,
    sync::Mutex,
    time::{Duration, SystemTime},
};
use tempfile::TempDir;

const HOUR: Duration = Duration::from_secs(3600);

/// A store whose things were last used at known times.
struct Bench {
    directory: TempDir,
}

impl Bench {
    /// Four things of 1000 bytes each, a note, and a blob that nobody labelled: 6, 5, 4, 3, 2, 1 hours old.
    fn new() -> Self {
        let bench = Self {
            directory: tempfile::tempdir().expect("a directory"),
        };
        let store = bench.open();
        bench.blob(&store, 1, 6, Some((Kind::Artifact, "old 1 amd64")));
        bench.blob(&store, 2, 5, Some((Kind::Index, "trixie Packages")));
        bench.blob(&store, 3, 4, None);
        let record = LayerRecord {
            name: "base".to_owned(),
            diff_id: Digest::of("tar"),
            size: 10,
            blob: Digest::of([3; 1000]),
            blob_size: 1000,
            entries: 1,
        };
        store
            .keep_layer(&Digest::of("key"), &record)
            .expect("is kept");
        bench.blob(&store, 4, 3, Some((Kind::Artifact, "new 1 amd64")));
        store.remember("seen", &[5; 900]).expect("is kept");
        bench.age(&format!("notes/{}", Digest::of("seen")), 2);
        bench.blob(&store, 6, 1, None);
        drop(store);
        bench
    }

    fn open(&self) -> Store {
        Store::open(self.directory.path()).expect("a store")
    }

    fn upkeep(&self) -> Upkeep {
        Upkeep::new(self.directory.path())
    }

    fn blob(&self, store: &Store, byte: u8, hours: u32, label: Option<(Kind, &str)>) {
        let digest = Digest::of([byte; 1000]);
        let mut incoming = store.incoming().expect("a file");
        incoming.write_all(&[byte; 1000]).expect("is written");
        store.keep(incoming, &digest).expect("is kept");
        if let Some((kind, name)) = label {
            let name = name.to_owned();
            store
                .label(&digest, &Label { kind, name })
                .expect("is kept");
        }
        self.age(&format!("blobs/sha256/{digest}"), hours);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn blob_path(&self, byte: u8) -> PathBuf {
        self.path(&format!("blobs/sha256/{}", Digest::of([byte; 1000])))
    }

    fn age(&self, name: &str, hours: u32) {
        let file = File::open(self.path(name)).expect("is there");
        let time = SystemTime::now() - HOUR * hours;
        file.set_modified(time).expect("can be set");
    }

    fn clean(&self, older_than: Option<Duration>, max_bytes: Option<u64>, dry: bool) -> Cleaned {
        let limits = Limits {
            older_than,
            max_bytes,
        };
        self.upkeep().clean(limits, dry).expect("can be cleaned")
    }

    fn names(&self) -> Vec<String> {
        let items = self.upkeep().items().expect("readable");
        items.into_iter().map(|item| item.name).collect()
    }

    /// All files of the store, by their names in it.
    fn files(&self) -> Vec<String> {
        let mut all = Vec::new();
        let mut directories = vec![self.directory.path().to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).expect("a directory") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    directories.push(path);
                } else {
                    let name = path.strip_prefix(self.directory.path()).expect("below it");
                    all.push(name.display().to_string());
                }
            }
        }
        all.sort();
        all
    }
}

fn removed(cleaned: &Cleaned) -> Vec<&str> {
    let items = cleaned.removed.iter();
    items.map(|item| item.name.as_str()).collect()
}

#[test]
fn items_are_listed_least_recently_used_first() {
    let bench = Bench::new();
    let items = bench.upkeep().items().expect("readable");
    let shown: Vec<_> = items
        .iter()
        .map(|item| (item.kind, item.name.as_str(), item.bytes))
        .collect();
    let unnamed = Digest::of([6; 1000]).to_string();
    let note = 65 + "\"seen\"\n".len() as u64 + 900;
    let expected = [
        (Kind::Artifact, "old 1 amd64", 1000),
        (Kind::Index, "trixie Packages", 1000),
        (Kind::Layer, "base", 1000),
        (Kind::Artifact, "new 1 amd64", 1000),
        (Kind::Note, "seen", note),
        (Kind::Other, &unnamed, 1000),
    ];
    assert_eq!(shown, expected);
    // Whatever a run uses goes to the end, whatever it merely is asked for does not.
    let store = bench.open();
    store.get(&Digest::of([1; 1000])).expect("readable");
    store.layer(&Digest::of("key")).expect("readable");
    store.has(&Digest::of([4; 1000]));
    let names = bench.names();
    let (unused, used) = names.split_at(4);
    assert_eq!(unused, ["trixie Packages", "new 1 amd64", "seen", &unnamed]);
    let mut used = used.to_vec();
    used.sort();
    assert_eq!(used, ["base", "old 1 amd64"]);
}

#[test]
fn a_store_that_is_not_there_is_empty_and_stays_away() {
    let parent = tempfile::tempdir().expect("a directory");
    let directory = parent.path().join("none");
    let upkeep = Upkeep::new(&directory);
    assert_eq!(upkeep.items().expect("readable"), []);
    let verified = upkeep.verify(false, &Silence).expect("readable");
    assert_eq!(verified, Verified::default());
    let cleaned = upkeep.clean(Limits::default(), false).expect("readable");
    assert_eq!(cleaned, Cleaned::default());
    assert!(!directory.exists());
}

#[test]
fn what_is_too_old_goes() {
    let bench = Bench::new();
    let cleaned = bench.clean(Some(HOUR * 9 / 2), None, false);
    assert_eq!(removed(&cleaned), ["old 1 amd64", "trixie Packages"]);
    assert_eq!((cleaned.freed_bytes(), cleaned.kept), (2000, 4));
    assert_eq!(bench.names()[..2], ["base", "new 1 amd64"]);
}

#[test]
fn the_least_recently_used_goes_until_the_rest_fits() {
    let bench = Bench::new();
    let cleaned = bench.clean(None, Some(3000), false);
    let gone = ["old 1 amd64", "trixie Packages", "base"];
    assert_eq!(removed(&cleaned), gone);
    assert_eq!((cleaned.kept, cleaned.kept_bytes), (3, 2972));
    // With a layer goes its record, with a blob its label.
    let label = format!("labels/{}", Digest::of([4; 1000]));
    let left = bench.files();
    let beside: Vec<_> = left.iter().filter(|name| name.starts_with('l')).collect();
    assert_eq!(beside, [&label]);
    assert_eq!(removed(&bench.clean(None, Some(3000), false)), [""; 0]);
}

#[test]
fn either_limit_is_enough_to_go() {
    let bench = Bench::new();
    let cleaned = bench.clean(Some(HOUR * 11 / 2), Some(4000), false);
    assert_eq!(removed(&cleaned), ["old 1 amd64", "trixie Packages"]);
}

#[test]
fn without_limits_all_goes() {
    let bench = Bench::new();
    let cleaned = bench.clean(None, None, false);
    assert_eq!(cleaned.removed.len(), 6);
    assert_eq!(bench.files(), [""; 0]);
}

#[test]
fn a_dry_run_tells_and_touches_nothing() {
    let bench = Bench::new();
    fs::create_dir(bench.path("runs/dead")).expect("writable");
    fs::write(bench.path("runs/dead/0"), "half").expect("writable");
    let times = |bench: &Bench| {
        let time = |name| fs::metadata(bench.path(name)).and_then(|metadata| metadata.modified());
        let files = bench.files();
        let times: Vec<_> = files
            .iter()
            .map(|name| time(name).expect("is there"))
            .collect();
        (files, times)
    };
    let before = times(&bench);
    let dry = bench.clean(None, Some(3000), true);
    assert_eq!(times(&bench), before);
    assert_eq!(dry.abandoned_bytes, 4);
    assert_eq!(bench.clean(None, Some(3000), false), dry);
}

#[test]
fn what_a_living_run_has_used_stays() {
    let bench = Bench::new();
    let living = bench.open();
    living.get(&Digest::of([1; 1000])).expect("readable");
    living.recall("seen").expect("readable");
    living.layer(&Digest::of("key")).expect("readable");
    // A younger run does not shorten the older one's protection.
    let younger = bench.open();
    let cleaned = bench.clean(None, None, false);
    let other = Digest::of([6; 1000]).to_string();
    assert_eq!(
        removed(&cleaned),
        ["trixie Packages", "new 1 amd64", &other]
    );
    assert_eq!((cleaned.kept, cleaned.in_use), (3, 3));
    let found = living.get(&Digest::of([1; 1000])).expect("readable");
    assert!(matches!(found, Lookup::Found(_)));
    let layer = living.layer(&Digest::of("key")).expect("readable");
    assert_eq!(layer.map(|record| record.name).as_deref(), Some("base"));
    drop((living, younger));
    assert_eq!(bench.clean(None, None, false).removed.len(), 3);
    assert_eq!(bench.files(), [""; 0]);
}

#[test]
fn what_belongs_to_nothing_is_swept() {
    let bench = Bench::new();
    fs::remove_file(bench.blob_path(1)).expect("is there");
    fs::remove_file(bench.blob_path(3)).expect("is there");
    fs::write(bench.path("locks/left"), "").expect("writable");
    fs::create_dir(bench.path("runs/dead")).expect("writable");
    fs::write(bench.path("runs/dead/0"), [0; 500]).expect("writable");
    let cleaned = bench.clean(None, Some(1 << 20), false);
    assert_eq!((removed(&cleaned).len(), cleaned.freed_bytes()), (0, 500));
    let labels = [2, 4].map(|byte: u8| format!("labels/{}", Digest::of([byte; 1000])));
    let mut beside = bench.files();
    beside.retain(|name| !name.starts_with("blobs") && !name.starts_with("notes"));
    let mut expected = labels.to_vec();
    expected.sort();
    assert_eq!(beside, expected);
}

#[derive(Default)]
struct Heard(Mutex<Vec<Event>>);

impl Report for Heard {
    fn event(&self, event: Event) {
        self.0.lock().expect("nobody panicked").push(event);
    }
}

#[test]
fn an_intact_store_verifies_and_tells_how_far_it_is() {
    let (bench, heard) = (Bench::new(), Heard::default());
    let files = bench.files();
    let verified = bench.upkeep().verify(false, &heard).expect("readable");
    let expected = Verified {
        items: 6,
        bytes: 5972,
        damaged: Vec::new(),
    };
    assert_eq!(verified, expected);
    assert_eq!(bench.files(), files);
    let events = heard.0.into_inner().expect("nobody panicked");
    assert_eq!(events[0], Event::Phase(Phase::Verify));
    let checked = events.iter().map(|event| match event {
        Event::Checked { bytes, total: 5972 } => *bytes,
        Event::Phase(Phase::Verify) => 0,
        other => panic!("{other:?}"),
    });
    assert_eq!(checked.sum::<u64>(), 5972);
    // Looking is not using.
    assert_eq!(bench.names()[0], "old 1 amd64");
}

#[test]
fn damage_of_every_sort_is_told_and_removed() {
    let bench = Bench::new();
    let key = Digest::of("key").to_string();
    let label = Digest::of([2; 1000]).to_string();
    fs::write(bench.blob_path(1), [7; 1000]).expect("writable");
    fs::write(bench.path("blobs/sha256/stray"), "x").expect("writable");
    fs::write(bench.path(&format!("notes/{}", Digest::of("seen"))), "x").expect("writable");
    fs::write(bench.path(&format!("layers/{key}")), "x").expect("writable");
    fs::write(bench.path(&format!("labels/{label}")), "x").expect("writable");
    let damage = |kind, name: &str, reason: &str| Damage {
        kind,
        name: name.to_owned(),
        reason: reason.to_owned(),
    };
    let (was, is) = (Digest::of([1; 1000]), Digest::of([7; 1000]));
    let checksum = "its checksum is wrong";
    let mut expected = vec![
        damage(
            Kind::Artifact,
            "old 1 amd64",
            &format!("its SHA-256 is {is}, not {was}"),
        ),
        damage(Kind::Note, &Digest::of("seen").to_string(), checksum),
        damage(Kind::Other, "stray", "its name is no digest"),
        damage(Kind::Other, &format!("layer record {key}"), checksum),
        damage(Kind::Other, &format!("label {label}"), checksum),
    ];
    expected.sort();
    let upkeep = bench.upkeep();
    for keep in [true, false] {
        let verified = upkeep.verify(keep, &Silence).expect("readable");
        assert_eq!(verified.damaged, expected);
        assert_eq!(verified.items, 4);
    }
    let verified = upkeep.verify(false, &Silence).expect("readable");
    assert_eq!((verified.items, verified.damaged), (4, Vec::new()));
}
