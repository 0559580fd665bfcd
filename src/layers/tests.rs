use super::{
    tree::{Nowhere, Recorder},
    write::{Fork, LayerWriter, write},
    *,
};
use crate::store::Store;
use boot_kit::{ErrorKind, Root, testkit::Tree};
use std::{
    fs,
    io::Read,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};
use tempfile::TempDir;

const EPOCH: i64 = 1_000_000_000;

static GO: AtomicBool = AtomicBool::new(false);
static STOP: AtomicBool = AtomicBool::new(true);

/// A root and a store.
struct Bench {
    directory: TempDir,
    store: Store,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir(directory.path().join("root")).expect("writable");
        let store = Store::open(&directory.path().join("store")).expect("a store");
        Self { directory, store }
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.directory.path().join("root").join(path)
    }

    fn root(&self) -> Root {
        Root::open(&self.path("")).expect("readable")
    }

    fn file(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("writable");
        fs::write(path, content).expect("writable");
    }

    /// Makes a layer of what changed since `base`; the root is then settled on it.
    fn finish(&self, base: Option<&Base>) -> (Layer, Base) {
        let root = self.root();
        let change = base.map(|base| base.changes(&root, EPOCH, &GO).expect("readable"));
        let mut writer = LayerWriter::new(&self.store, change, EPOCH, 1).expect("a writer");
        let tree = write(&root, &mut writer, base, EPOCH, &GO).expect("writable");
        let layer = writer.finish(&self.store, "x", true).expect("is kept");
        (layer, Base::settle(&root, tree).expect("settles"))
    }
}

/// What the tar of a layer holds, whiteouts among it.
fn held(layer: &Layer) -> Tree {
    let mut tar = Vec::new();
    let read = layer.tar().expect("readable").read_to_end(&mut tar);
    read.expect("is whole");
    Tree::of_tar(&tar)
}

fn merged(layers: &[Layer]) -> Tree {
    let mut tree = Tree::default();
    Stack(layers).send(&mut tree).expect("well-formed");
    tree
}

fn walked(root: &Root) -> Tree {
    Tree::of_root(root)
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("ours");
}

/// A root with a bit of everything, and its first layer.
fn base(bench: &Bench) -> (Layer, Base) {
    for (path, content) in [
        ("a/keep", "1"),
        ("a/change", "2"),
        ("a/gone", "3"),
        ("a/same", "4"),
        ("a-b", "5"),
        ("tree/sub/x", "6"),
        ("turn/into/file", "7"),
        ("link", "8"),
        ("linked/lower", "9"),
    ] {
        bench.file(path, content);
    }
    fs::hard_link(bench.path("linked/lower"), bench.path("linked/too")).expect("writable");
    symlink("keep", bench.path("a/symlink")).expect("writable");
    bench.finish(None)
}

fn change(bench: &Bench) {
    fs::write(bench.path("a/change"), "two").expect("writable");
    fs::write(bench.path("a/same"), "4").expect("writable");
    fs::remove_file(bench.path("a/gone")).expect("ours");
    fs::remove_dir_all(bench.path("tree")).expect("ours");
    fs::remove_dir_all(bench.path("turn")).expect("ours");
    bench.file("turn", "a file");
    fs::remove_file(bench.path("link")).expect("ours");
    bench.file("link/now/a/directory", "8");
    fs::hard_link(bench.path("a/keep"), bench.path("a/again")).expect("writable");
    fs::remove_file(bench.path("linked/lower")).expect("ours");
    bench.file("new/#x", "first");
    set_mode(&bench.path("a/change"), 0o600);
}

#[test]
fn a_layer_holds_what_changed_and_the_way_there() {
    let bench = Bench::new();
    let (_, settled) = base(&bench);
    fs::remove_file(bench.path("a/gone")).expect("ours");
    fs::write(bench.path("a/same"), "4").expect("writable");
    fs::write(bench.path("a/change"), "two").expect("writable");
    fs::hard_link(bench.path("a-b"), bench.path("tree/sub/y")).expect("writable");
    let (layer, _) = bench.finish(Some(&settled));
    let mut expected = walked(&bench.root());
    let paths = ["a", "a-b", "a/change", "tree", "tree/sub", "tree/sub/y"];
    expected.0.retain(|path, _| paths.contains(&path.as_str()));
    let empty = &Digest::of("").to_string()[..16];
    let whiteout = format!("file 0600 0:0 0 {empty}");
    expected.0.insert("a/.wh.gone".to_owned(), whiteout);
    assert_eq!(held(&layer), expected);
}

#[test]
fn a_stack_of_layers_is_the_root_they_were_made_of() {
    let bench = Bench::new();
    let (first, settled) = base(&bench);
    assert_eq!(merged(std::slice::from_ref(&first)), walked(&bench.root()));
    change(&bench);
    let (second, settled) = bench.finish(Some(&settled));
    let stack = [first.clone(), second.clone()];
    assert_eq!(merged(&stack), walked(&bench.root()));
    fs::remove_dir_all(bench.path("link")).expect("ours");
    bench.file("tree/sub/z", "back again");
    fs::remove_file(bench.path("new/#x")).expect("ours");
    let (third, _) = bench.finish(Some(&settled));
    assert_eq!(merged(&[first, second, third]), walked(&bench.root()));
}

#[test]
fn a_restored_root_is_the_one_that_was_left_and_gives_the_same_next_layer() {
    let (bench, again) = (Bench::new(), Bench::new());
    let (first, settled) = base(&bench);
    let tree = restore::restore(std::slice::from_ref(&first), &again.root(), EPOCH, &GO);
    let restored = Base::settle(&again.root(), tree.expect("well-formed")).expect("settles");
    assert_eq!(restored.tree(), settled.tree());
    assert_eq!(walked(&again.root()), walked(&bench.root()));
    change(&bench);
    change(&again);
    let (cold, _) = bench.finish(Some(&settled));
    let (warm, _) = again.finish(Some(&restored));
    assert_eq!(cold.record, warm.record);
}

#[test]
fn what_is_known_after_a_layer_is_what_a_walk_would_find() {
    let bench = Bench::new();
    let (_, settled) = base(&bench);
    change(&bench);
    let (_, settled) = bench.finish(Some(&settled));
    let mut nowhere = Nowhere;
    let mut recorder = Recorder::new(&mut nowhere, EPOCH);
    bench.root().walk(&mut recorder).expect("readable");
    assert_eq!(*settled.tree(), recorder.finish());
}

#[test]
fn one_pass_writes_tree_and_layer() {
    let bench = Bench::new();
    let (_, settled) = base(&bench);
    change(&bench);
    let root = bench.root();
    let changed = || Some(settled.changes(&root, EPOCH, &GO).expect("readable"));
    let mut alone = LayerWriter::new(&bench.store, changed(), EPOCH, 1).expect("a writer");
    write(&root, &mut alone, Some(&settled), EPOCH, &GO).expect("writable");
    let mut writer = LayerWriter::new(&bench.store, changed(), EPOCH, 1).expect("a writer");
    let mut tree = Tree::default();
    root.walk(&mut Fork::new(&mut tree, &mut writer))
        .expect("writable");
    assert_eq!(tree, walked(&root));
    let [alone, forked] =
        [alone, writer].map(|writer| writer.finish(&bench.store, "x", true).expect("is kept"));
    assert_eq!(alone.record, forked.record);
}

#[test]
fn only_what_may_be_the_same_is_read() {
    let bench = Bench::new();
    bench.file("same", "before");
    bench.file("longer", "before");
    let (_, base) = bench.finish(None);
    bench.file("same", "within");
    bench.file("longer", "before it");
    bench.file("new", "content");
    let tree = {
        let mut nowhere = Nowhere;
        let mut recorder = Recorder::beside(base.tree(), &mut nowhere, EPOCH);
        bench.root().walk(&mut recorder).expect("readable");
        recorder.finish()
    };
    let read: Vec<_> = tree
        .iter()
        .filter(|held| held.content.is_some())
        .map(|held| held.entry.path.to_string())
        .collect();
    assert_eq!(read, ["same"]);
    let change = base.changes(&bench.root(), EPOCH, &GO).expect("readable");
    let wanted: Vec<_> = change.wanted.iter().map(ToString::to_string).collect();
    assert_eq!(wanted, ["longer", "new", "same"]);
}

#[test]
fn nothing_changed_is_an_empty_layer() {
    let bench = Bench::new();
    let (_, settled) = base(&bench);
    let same = fs::read(bench.path("a/same")).expect("readable");
    fs::remove_file(bench.path("a/same")).expect("ours");
    fs::write(bench.path("a/same"), same).expect("writable");
    let change = settled
        .changes(&bench.root(), EPOCH, &GO)
        .expect("readable");
    assert_eq!(change, Change::default());
}

#[test]
fn a_name_that_images_read_as_a_whiteout_is_refused() {
    let bench = Bench::new();
    bench.file("etc/.wh.passwd", "");
    let mut writer = LayerWriter::new(&bench.store, None, EPOCH, 1).expect("a writer");
    let error = write(&bench.root(), &mut writer, None, EPOCH, &GO).expect_err("cannot be");
    assert_eq!(
        error.to_string(),
        "`etc/.wh.passwd` has a name that means in an image that a file is gone"
    );
}

#[test]
fn a_layer_is_found_again_until_its_bytes_are_damaged() {
    let bench = Bench::new();
    let (layer, _) = base(&bench);
    let key = Digest::of("key");
    bench
        .store
        .keep_layer(&key, &layer.record)
        .expect("is kept");
    let found = Layer::find(&bench.store, &key, &GO).expect("readable");
    assert_eq!(found.map(|found| found.record), Some(layer.record.clone()));
    let blob = bench
        .directory
        .path()
        .join(format!("store/blobs/sha256/{}", layer.record.blob));
    let mut bytes = fs::read(&blob).expect("is there");
    bytes[30] ^= 1;
    fs::write(&blob, bytes).expect("ours");
    assert!(
        Layer::find(&bench.store, &key, &GO)
            .expect("readable")
            .is_none()
    );
}

#[test]
fn a_directory_that_was_something_else_in_between_hides_what_it_held_before() {
    let bench = Bench::new();
    bench.file("d/f", "old");
    let (first, settled) = bench.finish(None);
    fs::remove_dir_all(bench.path("d")).expect("ours");
    bench.file("d", "a file");
    let (second, settled) = bench.finish(Some(&settled));
    fs::remove_file(bench.path("d")).expect("ours");
    bench.file("d/g", "new");
    let (third, _) = bench.finish(Some(&settled));
    assert_eq!(merged(&[first, second, third]), walked(&bench.root()));
}

#[test]
fn a_socket_in_the_place_of_a_file_takes_it_away() {
    let bench = Bench::new();
    bench.file("run/thing", "a file");
    let (first, settled) = bench.finish(None);
    fs::remove_file(bench.path("run/thing")).expect("ours");
    let _listener = std::os::unix::net::UnixListener::bind(bench.path("run/thing")).expect("bound");
    let (second, _) = bench.finish(Some(&settled));
    assert_eq!(held(&second).0.len(), 2, "{:?}", held(&second));
    assert_eq!(merged(&[first, second]), walked(&bench.root()));
}

#[test]
fn a_signal_ends_whatever_takes_long() {
    let (bench, again) = (Bench::new(), Bench::new());
    let (layer, settled) = base(&bench);
    let key = Digest::of("key");
    let kept = bench.store.keep_layer(&key, &layer.record);
    kept.expect("is kept");
    change(&bench);
    let layers = std::slice::from_ref(&layer);
    let mut writer = LayerWriter::new(&bench.store, None, EPOCH, 1).expect("a writer");
    let outcomes = [
        Layer::find(&bench.store, &key, &STOP).map(drop),
        restore::restore(layers, &again.root(), EPOCH, &STOP).map(drop),
        settled.changes(&bench.root(), EPOCH, &STOP).map(drop),
        write(&bench.root(), &mut writer, None, EPOCH, &STOP).map(drop),
        Gist::of(layers, None, &STOP).map(drop),
    ];
    for outcome in outcomes {
        let error = outcome.expect_err("was stopped");
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error:?}");
    }
    // It is not taken for damaged.
    let found = Layer::find(&bench.store, &key, &GO).expect("readable");
    assert!(found.is_some());
}
