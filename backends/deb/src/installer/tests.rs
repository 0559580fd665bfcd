mod conformance;

use super::*;
use boot_kit::{Command, Outcome, Root, Runner, event::Silence, parcel::Packing, testkit::Deb};
use std::{
    io::{Seek, Write},
    os::unix::fs::MetadataExt,
};

const STATUS: &str = "var/lib/dpkg/status";
const STATOVERRIDE: &str = "var/lib/dpkg/statoverride";

/// Stands in for the sandbox: `preinst` scripts are lines `divert ORIGINAL TO`, `override MODE PATH` or `ask`, which notes the packages that
/// are not configured, and dpkg configures what it is told to.
struct Actor<'a>(&'a Root);

impl Runner for Actor<'_> {
    fn run(&self, command: &Command, _: &mut dyn FnMut(&str)) -> Result<Outcome> {
        let (program, diversions) = (&command.program, "var/lib/dpkg/diversions");
        if program == "/usr/bin/dpkg" {
            let args = &command.args;
            let configure = |paragraph: &str| {
                let name = paragraph.lines().next().expect("a field");
                let name = name.replace("Package: ", "") + ":amd64";
                if args.contains(&name) || args.contains(&"--pending".to_owned()) {
                    return paragraph.replace("ok unpacked", "ok installed");
                }
                paragraph.to_owned()
            };
            let status = self.text(STATUS);
            let status = status.split_inclusive("\n\n").map(configure);
            self.write(STATUS, &status.collect::<String>())?;
        } else {
            let mut env = command.env.iter();
            let diverter = env.find(|(name, _)| name == "DPKG_MAINTSCRIPT_PACKAGE");
            let diverter = &diverter.expect("scripts are told their package").1;
            let mut text = self.text(diversions);
            for line in self.text(program.trim_start_matches('/')).lines() {
                if line == "ask" {
                    for (name, _) in Status::read(self.0)?.unfinished() {
                        self.write("log", &format!("{}{diverter}: {name}. ", self.text("log")))?;
                    }
                    continue;
                }
                if let Some(wanted) = line.strip_prefix("override ") {
                    // Numbers that whoever runs the test may give.
                    let owner = std::fs::metadata(self.0.path())?;
                    let line = format!("#{} #{} {wanted}\n", owner.uid(), owner.gid());
                    self.write(STATOVERRIDE, &(self.text(STATOVERRIDE) + &line))?;
                    continue;
                }
                let paths = line.strip_prefix("divert ").expect("knows three words");
                text.push_str(&format!("{}\n{diverter}\n", paths.replace(' ', "\n")));
            }
            self.write(diversions, &text)?;
        }
        Ok(Outcome::default())
    }
}

impl Actor<'_> {
    fn text(&self, path: &str) -> String {
        let path = RootPath::parse(path).expect("well-formed");
        let content = self.0.read(&path).expect("readable").unwrap_or_default();
        String::from_utf8(content).expect("UTF-8")
    }

    fn write(&self, path: &'static str, text: &str) -> Result<()> {
        self.0.write(&RootPath::from(path), text.as_bytes(), 0o644)
    }
}

/// Installs layers of packages, each in one step.
fn install(layers: &[&[Deb]], dropped: &str) -> Result<Vec<String>> {
    let layers: Vec<_> = layers.iter().map(std::slice::from_ref).collect();
    install_steps(&layers, dropped)
}

/// Installs layers of steps of packages, each with what a profile drops; gives the root's files by path and content.
fn install_steps(layers: &[&[&[Deb]]], dropped: &str) -> Result<Vec<String>> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir(directory.path().join("root")).expect("writable");
    let root = Root::open(&directory.path().join("root"))?;
    let mut plan = Plan::default();
    for (number, steps) in layers.iter().enumerate() {
        let step = |debs: &&[Deb]| Step {
            artifacts: debs.iter().map(Deb::artifact).collect(),
        };
        plan.layers.push(Layer {
            name: number.to_string(),
            steps: steps.iter().map(step).collect(),
        });
    }
    Notes {
        architecture: "amd64".into(),
        ..Notes::default()
    }
    .write(&mut plan)?;
    let actor = Actor(&root);
    let site = Site {
        root: &root,
        runner: &actor,
        report: &Silence,
        epoch: 0,
        jobs: 1,
        finished: 0,
        run_scripts: true,
    };
    let installer = DebInstaller::new(&plan, site)?;
    for (layer, steps) in plan.layers.iter().zip(layers) {
        for (step, debs) in layer.steps.iter().zip(*steps) {
            let mut parcels = Vec::new();
            for (artifact, deb) in step.artifacts.iter().zip(*debs) {
                let mut file = tempfile::tempfile()?;
                file.write_all(&deb.build())?;
                file.rewind()?;
                let keep = |path: &RootPath, _: &boot_kit::Kind| path.bytes() != dropped.as_bytes();
                let name = format!("{}:{}", artifact.name, artifact.arch);
                let mut packing = Packing::new(&directory.path().join(name), &keep)?;
                installer.unpack(artifact, file, &mut packing)?;
                parcels.push(packing.finish()?.expect("no hard links"));
            }
            installer.install(step, parcels)?;
        }
        installer.finish(layer)?;
    }
    let mut files = Files(Vec::new());
    root.walk(&mut files)?;
    Ok(files.0)
}

/// Notes the files outside the databases, with modes that are not 0644.
struct Files(Vec<String>);

impl Sink for Files {
    fn entry(&mut self, entry: &Entry, content: &mut dyn std::io::Read) -> Result<()> {
        let is_file = !matches!(entry.kind, boot_kit::Kind::Directory);
        if is_file && !entry.path.bytes().starts_with(b"var/lib/") {
            let mut text = String::new();
            content.read_to_string(&mut text)?;
            let mode = match entry.mode {
                0o644 => String::new(),
                mode => format!("{mode:o} "),
            };
            self.0.push(format!("{} {mode}{text}", entry.path));
        }
        Ok(())
    }
}

#[test]
fn what_a_preinst_diverts_moves_aside_before_and_after_the_root_is_configured() {
    let diverter = Deb::new("diverter", "1").script(
        "preinst",
        "divert /usr/x /usr/x.old\ndivert /etc/y /etc/y.old\ndivert /usr/no /usr/no.old\n",
    );
    let owner = Deb::new("owner", "1")
        .file("usr/x", 0o644, "x")
        .conffile("etc/y", "y")
        .file("usr/no", 0o644, "no");
    let expected = ["etc/y.old.dpkg-new y", "usr/x.old x"];
    let (base, both) = ([Deb::new("base", "1")], [diverter, owner]);
    let reversed = [both[1].clone(), both[0].clone()];
    for layers in [
        &[&both[..]][..],
        &[&reversed],
        &[&both[..1], &both[1..]],
        &[&base, &both],
    ] {
        assert_eq!(install(layers, "usr/no").expect("installs"), expected);
    }
}

#[test]
fn instances_of_one_package_share_what_is_equal_and_nothing_else() {
    let instance = |arch: &str, sum: &str, content: &str| {
        let sums = format!("{sum}  usr/share/x\n");
        Deb::new("a", "1")
            .arch(arch)
            .field("Multi-Arch", "same")
            .file("usr/share/x", 0o644, content)
            .file(&format!("usr/lib/{arch}"), 0o644, arch)
            .control_file("md5sums", &sums)
    };
    let (one, two) = ("1".repeat(32), "2".repeat(32));
    let equal = [
        instance("amd64", &one, "first"),
        instance("i386", &one, "second"),
    ];
    assert_eq!(
        install(&[&equal], "").expect("installs"),
        [
            "usr/lib/amd64 amd64",
            "usr/lib/i386 i386",
            "usr/share/x first"
        ]
    );
    let different = [instance("amd64", &one, ""), instance("i386", &two, "")];
    let error = install(&[&different], "").expect_err("differs");
    let cause = std::error::Error::source(&error).expect("names the package");
    assert_eq!(
        cause.to_string(),
        "package `a:i386` has another `/usr/share/x` than `a:amd64`"
    );
}

#[test]
fn what_a_preinst_may_rely_on_is_configured_before_it_and_no_more() {
    let base = [Deb::new("base", "1")];
    let users = [Deb::new("users", "1")];
    let plain = [Deb::new("plain", "1")];
    let daemon = [
        Deb::new("friend", "1"),
        Deb::new("daemon", "1")
            .field("Pre-Depends", "users")
            .script("preinst", "ask\n"),
    ];
    for (include, expected) in [
        (
            &[&users[..], &plain, &daemon][..],
            "log daemon: friend. daemon: plain. ",
        ),
        (&[&users, &daemon], "log daemon: friend. "),
        (&[&plain, &daemon], "log daemon: friend. daemon: plain. "),
    ] {
        let files = install_steps(&[&[&base], include], "").expect("installs");
        assert_eq!(files, [expected]);
    }
    // A fresh root cannot run anything before all of its packages have landed.
    assert_eq!(
        install_steps(&[&[&users, &daemon]], "").expect("installs"),
        ["log daemon: daemon. daemon: friend. daemon: users. "]
    );
}

#[test]
fn overridden_modes_hold_for_what_lands_later() {
    let base = [Deb::new("base", "1").script(
        "preinst",
        "override 4750 /usr/tool\noverride 600 /usr/no\ndivert /usr/x /usr/x.old\noverride 600 /usr/x\n",
    )];
    let later = [Deb::new("later", "1")
        .file("usr/no", 0o644, "no")
        .file("usr/plain", 0o644, "plain")
        .file("usr/tool", 0o755, "tool")
        .file("usr/x", 0o644, "x")];
    assert_eq!(
        install(&[&base, &later], "usr/no").expect("installs"),
        ["usr/plain plain", "usr/tool 4750 tool", "usr/x.old 600 x"]
    );
}
