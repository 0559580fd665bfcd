//! What a process started by a test does.

use boot::{
    net::{Net, Options},
    store::{Kind, Label, LayerRecord, Lookup, Store},
};
use boot_kit::{Digest, Fetch, Request, event::Silence};
use std::{
    collections::BTreeSet,
    env,
    io::{Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

static GO: AtomicBool = AtomicBool::new(false);

/// Starts a process that does what `words` say.
pub fn start(words: &[&str]) -> Child {
    let program = env::current_exe().expect("it has a name");
    Command::new(program)
        .args(["roles::role", "--exact", "--ignored", "--nocapture"])
        .env("BOOT_TEST_ROLE", words.join(" "))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

/// Waits for a process that must succeed; returns the words it told.
pub fn told(child: Child) -> Vec<String> {
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stdout}{stderr}");
    let words = stdout.lines().filter_map(|line| line.strip_prefix("told "));
    words.map(str::to_owned).collect()
}

#[test]
#[ignore = "what other tests start as processes of their own"]
fn role() {
    let words = env::var("BOOT_TEST_ROLE").expect("started by a test");
    let words: Vec<_> = words.split(' ').collect();
    match words[..] {
        ["fetch", directory, ref urls @ ..] => fetch(Path::new(directory), urls),
        ["hammer", directory, seed, rounds] => hammer(
            Path::new(directory),
            seed.parse().expect("a number"),
            rounds.parse().expect("a number"),
        ),
        _ => panic!("no role: {words:?}"),
    }
}

/// The bytes of the file that a test serves with this name.
pub fn file(name: &str) -> Vec<u8> {
    name.repeat(20_000).into_bytes()
}

/// Fetches all of `urls`, eight at a time, in their order; tells how many came over the network.
#[expect(clippy::print_stdout, reason = "read by the test")]
fn fetch(directory: &Path, urls: &[&str]) {
    let store = Store::open(directory).expect("a store");
    let options = Options {
        proxies: false,
        ..Options::default()
    };
    let net = Net::new(&store, options, &Silence, &GO);
    let (next, came) = (Mutex::new(urls.iter()), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let Some(url) = next.lock().expect("nobody panicked").next() else {
                        return;
                    };
                    let (_, name) = url.rsplit_once('/').expect("a path");
                    let request = Request {
                        name: name.to_owned(),
                        urls: vec![(*url).to_owned()],
                        size: file(name).len() as u64,
                        digest: Some(Digest::of(file(name))),
                    };
                    let mut fetched = net.get(&request).expect("it comes");
                    let mut bytes = Vec::new();
                    fetched.file.read_to_end(&mut bytes).expect("readable");
                    assert_eq!(bytes, file(name));
                    if fetched.url.is_some() {
                        came.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    println!("told {}", came.into_inner());
}

/// The things that hammering processes keep: few, so that they meet.
pub const THINGS: u64 = 40;

/// The bytes of a thing: from none to 190 kB.
pub fn thing(number: u64) -> Vec<u8> {
    let count = usize::try_from(number * number * 16).expect("it is small");
    number.to_le_bytes().repeat(count)
}

/// A key whose layer is that thing.
pub fn key(number: u64) -> Digest {
    Digest::of(format!("layer {number}"))
}

/// Does all that a build does to a store, many times; 0 is for ever.
///
/// Whatever it has kept or used stays for as long as it lives, whoever cleans the store meanwhile.
fn hammer(directory: &Path, seed: u64, rounds: u64) {
    let store = Store::open(directory).expect("a store");
    let mut random = Random(seed);
    let mut mine = BTreeSet::new();
    let mut round = 0;
    while rounds == 0 || round < rounds {
        round += 1;
        let number = random.below(THINGS);
        let digest = Digest::of(thing(number));
        match random.below(6) {
            0 | 1 => {
                let _claim = store.claim(&digest, &GO).expect("is given");
                match store.get(&digest).expect("readable") {
                    Lookup::Found(_) => {}
                    Lookup::Missing => {
                        assert!(!mine.contains(&number), "{number} was taken away");
                        keep(&store, number);
                    }
                    Lookup::Corrupt => panic!("{number} is damaged"),
                }
                mine.insert(number);
            }
            2 => layer(&store, number, &mut mine),
            3 => {
                let name = format!("note {number}");
                store.remember(&name, &thing(number)).expect("is kept");
                let note = store.recall(&name).expect("readable");
                assert_eq!(note, Some(thing(number)));
            }
            4 => {
                if let Some(note) = store.recall(&format!("note {number}")).expect("readable") {
                    assert_eq!(note, thing(number));
                }
            }
            _ => match store.get(&digest).expect("readable") {
                Lookup::Found(mut file) => {
                    let mut bytes = Vec::new();
                    file.read_to_end(&mut bytes).expect("readable");
                    assert_eq!(bytes, thing(number));
                    mine.insert(number);
                }
                Lookup::Missing => assert!(!mine.contains(&number), "{number} was taken away"),
                Lookup::Corrupt => panic!("{number} is damaged"),
            },
        }
    }
}

fn keep(store: &Store, number: u64) {
    let mut incoming = store.incoming().expect("a file");
    for part in thing(number).chunks(10_000) {
        incoming.write_all(part).expect("is written");
    }
    let digest = Digest::of(thing(number));
    store.keep(incoming, &digest).expect("is kept");
    let (kind, name) = (Kind::Artifact, format!("thing {number}"));
    store
        .label(&digest, &Label { kind, name })
        .expect("is kept");
}

/// Finds a layer or makes it.
fn layer(store: &Store, number: u64, mine: &mut BTreeSet<u64>) {
    let key = key(number);
    let _lock = store.lock_layer(&key, &GO, &Silence).expect("is given");
    let bytes = thing(number).len() as u64;
    let record = LayerRecord {
        name: format!("layer {number}"),
        diff_id: key,
        size: bytes,
        blob: Digest::of(thing(number)),
        blob_size: bytes,
        entries: number,
    };
    if let Some(found) = store.layer(&key).expect("readable") {
        assert_eq!(found, record);
        let blob = store.get(&found.blob).expect("readable");
        assert!(matches!(blob, Lookup::Found(_)), "a layer's blob is gone");
    } else {
        keep(store, number);
        store.keep_layer(&key, &record).expect("is kept");
    }
    mine.insert(number);
}

/// Numbers that look random: xorshift.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
