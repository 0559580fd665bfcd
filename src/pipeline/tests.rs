use super::*;
use boot_kit::{
    Digest, Entry, Error, ErrorKind, Kind, Place, Plan, Proof, Root, RootPath, Sink, Step,
    archive::send_tar, event::Silence,
};
use std::{
    io::{self, Read, Seek, Write},
    sync::Mutex,
    time::{Duration, Instant},
};

/// Lands everything; notes the order.
struct Plain<'a> {
    root: &'a Root,
    order: Mutex<Vec<String>>,
}

impl Installer for Plain<'_> {
    fn unpack(&self, _artifact: &Artifact, mut file: File, sink: &mut dyn Sink) -> Result<()> {
        send_tar(&mut file, sink)
    }

    fn install(&self, step: &Step, parcels: Vec<Parcel>) -> Result<()> {
        for (artifact, parcel) in step.artifacts.iter().zip(parcels) {
            self.order
                .lock()
                .expect("no thread panicked")
                .push(artifact.name.clone());
            self.root.land(parcel, &mut |_| Ok(Place::Own))?;
        }
        Ok(())
    }

    fn finish(&self, layer: &Layer) -> Result<()> {
        self.order
            .lock()
            .expect("no thread panicked")
            .push(format!("/{}", layer.name));
        Ok(())
    }
}

fn artifact(name: &str, size: u64) -> Artifact {
    Artifact {
        name: name.to_owned(),
        version: "1".to_owned(),
        arch: "all".to_owned(),
        size,
        proof: Proof::Sha256(Digest::of("")),
        urls: vec![],
        requested: true,
    }
}

fn plan() -> Plan {
    let layer = |name: &str, artifacts| Layer {
        name: name.to_owned(),
        steps: vec![Step { artifacts }],
    };
    let base = vec![artifact("a", 1), artifact("b", 9), artifact("c", 5)];
    let layers = vec![
        layer("base", base),
        layer("include", vec![artifact("d", 20), artifact("e", 2)]),
    ];
    Plan {
        layers,
        ..Plan::default()
    }
}

/// A tar that holds `shared`, with the artifact's name in it, and a file of its own with a second name.
fn tarball(name: &str) -> File {
    let mut file = tempfile::tempfile().expect("a temporary file");
    let mut builder = tar::Builder::new(&file);
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_uid(u64::from(rustix::process::getuid().as_raw()));
    header.set_gid(u64::from(rustix::process::getgid().as_raw()));
    header.set_size(1);
    for path in ["shared".to_owned(), format!("own-{name}")] {
        builder
            .append_data(&mut header.clone(), path, name.as_bytes())
            .expect("writable");
    }
    header.set_entry_type(tar::EntryType::Link);
    header.set_size(0);
    builder
        .append_link(&mut header, format!("two-{name}"), format!("own-{name}"))
        .expect("writable");
    builder.finish().expect("writable");
    drop(builder);
    file.flush().and_then(|()| file.rewind()).expect("writable");
    file
}

struct Dump(Vec<String>);

impl Sink for Dump {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<()> {
        let mut text = String::new();
        content.read_to_string(&mut text)?;
        let link = if let Kind::Hardlink(target) = &entry.kind {
            format!("={target}")
        } else {
            String::new()
        };
        self.0.push(format!("{}{link} {text}", entry.path));
        Ok(())
    }
}

fn build(
    jobs: usize,
    keep: Filter,
    fetch: &(dyn Fn(&Artifact) -> Result<File> + Sync),
) -> Result<(Vec<String>, Vec<String>)> {
    let directory = tempfile::tempdir()?;
    for name in ["root", "parcels"] {
        fs_err::create_dir(directory.path().join(name))?;
    }
    let root = Root::open(&directory.path().join("root"))?;
    let installer = Plain {
        root: &root,
        order: Mutex::default(),
    };
    let plan = plan();
    let pipeline = Pipeline {
        layers: &plan.layers,
        finished: &|_| Ok(()),
        fetch,
        keep,
        parcels: &directory.path().join("parcels"),
        connections: jobs,
        jobs,
        report: &Silence,
        stop: &AtomicBool::new(false),
    };
    pipeline.run(&installer)?;
    let mut dump = Dump(Vec::new());
    root.walk(&mut dump)?;
    assert_eq!(
        fs_err::read_dir(directory.path().join("parcels"))?.count(),
        0
    );
    Ok((
        dump.0,
        installer.order.into_inner().expect("no thread panicked"),
    ))
}

#[test]
fn arrivals_in_any_order_give_one_tree() {
    let names = ["a", "b", "c", "d", "e"];
    for shift in 0..names.len() {
        for jobs in [1, 4] {
            let fetch = |artifact: &Artifact| {
                let place = names
                    .iter()
                    .position(|name| *name == artifact.name)
                    .expect("is planned");
                std::thread::sleep(Duration::from_millis(
                    4 * ((place + shift) % names.len()) as u64,
                ));
                Ok(tarball(&artifact.name))
            };
            let (tree, order) = build(jobs, &|_, _| true, &fetch).expect("builds");
            assert_eq!(order, ["a", "b", "c", "/base", "d", "e", "/include"]);
            assert_eq!(
                tree,
                [
                    "own-a a",
                    "own-b b",
                    "own-c c",
                    "own-d d",
                    "own-e e",
                    "shared e",
                    "two-a=own-a ",
                    "two-b=own-b ",
                    "two-c=own-c ",
                    "two-d=own-d ",
                    "two-e=own-e "
                ]
            );
        }
    }
}

#[test]
fn a_kept_hard_link_brings_its_dropped_first_name() {
    let keep = |path: &RootPath, _: &Kind| path.bytes() != b"own-b";
    let (tree, _) = build(2, &keep, &|artifact| Ok(tarball(&artifact.name))).expect("builds");
    assert!(tree.contains(&"own-b b".to_owned()), "{tree:?}");
}

#[test]
fn the_first_failure_stops_the_run_and_names_the_artifact() {
    let fetch = |artifact: &Artifact| match artifact.name.as_str() {
        "c" => Err(Error::new(ErrorKind::NotFound, "cannot get `c`")),
        name => Ok(tarball(name)),
    };
    let error = build(2, &|_, _| true, &fetch).expect_err("c is missing");
    assert_eq!(format!("{error:?}"), "NotFound: cannot get `c`");
    let broken = |_: &Artifact| {
        let mut file = tempfile::tempfile()?;
        file.write_all(&[b'x'; 600])?;
        file.rewind()?;
        Ok(file)
    };
    let error = build(1, &|_, _| true, &broken).expect_err("no tar");
    assert!(error.to_string().starts_with("cannot unpack `"), "{error}");
    assert!(
        io::Error::from(error)
            .to_string()
            .starts_with("cannot unpack `")
    );
}

/// Installs nothing; its scripts run until they are stopped.
struct Slow<'a> {
    stop: &'a AtomicBool,
}

impl Installer for Slow<'_> {
    fn unpack(&self, artifact: &Artifact, _file: File, sink: &mut dyn Sink) -> Result<()> {
        let entry = Entry {
            path: RootPath::from("endless"),
            kind: Kind::File { size: u64::MAX },
            mode: 0o644,
            uid: 0,
            gid: 0,
            mtime: 0,
            xattrs: [].into(),
        };
        match artifact.name.as_str() {
            "e" => sink.entry(&entry, &mut io::repeat(0).take(u64::MAX)),
            _ => Ok(()),
        }
    }

    fn install(&self, _step: &Step, _parcels: Vec<Parcel>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, _layer: &Layer) -> Result<()> {
        loop {
            crate::interrupt::check(self.stop).context(|| "cannot run the scripts")?;
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Carries out the plan with [`Slow`]; `d` comes to nothing, everything else never ends by itself.
fn never_ending(stop: &AtomicBool, d: &(dyn Fn() -> Error + Sync)) -> Error {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let fetch = |artifact: &Artifact| match artifact.name.as_str() {
        "d" => Err(d()),
        _ => Ok(tempfile::tempfile()?),
    };
    let plan = plan();
    let pipeline = Pipeline {
        layers: &plan.layers,
        finished: &|_| Ok(()),
        fetch: &fetch,
        keep: &|_, _| true,
        parcels: directory.path(),
        connections: 5,
        jobs: 5,
        report: &Silence,
        stop,
    };
    pipeline.run(&Slow { stop }).expect_err("never ends well")
}

#[test]
fn a_failure_ends_what_else_is_going_on() {
    let failure = || {
        std::thread::sleep(Duration::from_millis(50));
        Error::new(ErrorKind::NotFound, "cannot get `d`")
    };
    let stop = AtomicBool::new(false);
    let error = never_ending(&stop, &failure);
    assert_eq!(format!("{error:?}"), "NotFound: cannot get `d`");
}

#[test]
fn an_interruption_ends_scripts_and_unpacking() {
    let stop = AtomicBool::new(false);
    let begin = Instant::now();
    let interrupted = || {
        std::thread::sleep(Duration::from_millis(50));
        stop.store(true, Ordering::Relaxed);
        Error::new(ErrorKind::Interrupted, "interrupted")
    };
    let error = never_ending(&stop, &interrupted);
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error:?}");
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_thread_that_panics_ends_the_run() {
    let fetch = |artifact: &Artifact| {
        assert_ne!(artifact.name, "c", "on purpose");
        Ok(tarball(&artifact.name))
    };
    let run = std::panic::AssertUnwindSafe(|| build(2, &|_, _| true, &fetch));
    assert!(std::panic::catch_unwind(run).is_err());
}

#[test]
fn only_so_many_files_wait_open() {
    let board = Board::new((0..=board::MOST_READY).collect());
    for _ in 0..board::MOST_READY {
        let number = board.next_to_fetch().expect("there is more");
        board.arrived(number, tempfile::tempfile().expect("a temporary file"));
    }
    let unpacked = AtomicBool::new(false);
    thread::scope(|scope| {
        let fetcher = scope.spawn(|| {
            let number = board.next_to_fetch();
            (number, unpacked.load(Ordering::SeqCst))
        });
        thread::sleep(Duration::from_millis(50));
        unpacked.store(true, Ordering::SeqCst);
        board.next_to_unpack().expect("one is ready");
        let last = Some(board::MOST_READY);
        assert_eq!(fetcher.join().expect("did not panic"), (last, true));
    });
}
