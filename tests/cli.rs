//! The program from outside: help, names, exit codes, and which stream says what.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    path::Path,
    process::{Command, Output},
};

/// Runs `boot` with nothing of the tester's environment that it looks at.
fn boot(arguments: &[&str]) -> Output {
    boot_in(Path::new("."), arguments, &[])
}

fn boot_in(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boot"));
    for name in ["SOURCE_DATE_EPOCH", "BOOT_CACHE_DIR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .current_dir(directory)
        .env("HOME", "/nonexistent")
        .envs(environment.iter().copied())
        .output()
        .expect("the program starts")
}

/// Exit code, stdout and stderr.
fn told(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let code = output.status.code().expect("it exits");
    (code, text(output.stdout), text(output.stderr))
}

fn fails_with(arguments: &[&str], stderr: &str) {
    let expected = (2, String::new(), stderr.to_owned());
    assert_eq!(told(boot(arguments)), expected, "{arguments:?}");
}

#[test]
fn help_lists_distributions_as_commands() {
    let (code, stdout, stderr) = told(boot(&["--help"]));
    assert_eq!((code, stderr.as_str()), (0, ""));
    let commands: Vec<_> = stdout
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .collect();
    assert_eq!(
        commands,
        [
            "  alpine        Build an image of Alpine Linux",
            "  chimera       Build an image of Chimera Linux",
            "  debian        Build an image of Debian GNU/Linux",
            "  postmarketos  Build an image of postmarketOS",
            "  ubuntu        Build an image of Ubuntu",
            "  wolfi         Build an image of Wolfi",
            "  buildroot     Make an image of a root that Buildroot made, or have it make one",
            "  gentoo        Make an image of a stage of Gentoo Linux",
            "  build         Build the image a recipe file describes",
            "  lock          Write down the exact packages of an image, or update them",
            "  fetch         Download all that an image needs, for --offline",
            "  stage         Make an image of a root archive, whoever packed it",
            "  scratch       Make an image of a program and nothing else",
            "  inspect       Show what an image costs, where it goes, and what it holds",
            "  compare       Say what images cost, why they differ, and what could go",
            "  why           Say how a package or path came into an image, or why it is not there",
            "  list          List distributions, releases and variants",
            "  cache         List, check or clean what builds keep for the next one",
        ]
    );
}

#[test]
fn the_reference_shows_the_help_as_it_is() {
    let reference = include_str!("../docs/reference/cli.md");
    for (arguments, name) in [
        (vec!["-h"], "boot -h"),
        (vec!["debian", "-h"], "boot debian -h"),
        (vec!["build", "-h"], "boot build -h"),
        (vec!["lock", "-h"], "boot lock -h"),
        (vec!["fetch", "-h"], "boot fetch -h"),
        (vec!["buildroot", "-h"], "boot buildroot -h"),
        (vec!["gentoo", "-h"], "boot gentoo -h"),
        (vec!["stage", "-h"], "boot stage -h"),
        (vec!["scratch", "-h"], "boot scratch -h"),
        (vec!["inspect", "-h"], "boot inspect -h"),
        (vec!["compare", "-h"], "boot compare -h"),
        (vec!["why", "-h"], "boot why -h"),
        (vec!["list", "-h"], "boot list -h"),
        (vec!["cache", "-h"], "boot cache -h"),
        (vec!["cache", "list", "-h"], "boot cache list -h"),
        (vec!["cache", "verify", "-h"], "boot cache verify -h"),
        (vec!["cache", "clean", "-h"], "boot cache clean -h"),
    ] {
        let (code, help, _) = told(boot_in(Path::new("."), &arguments, &[("COLUMNS", "100")]));
        assert_eq!(code, 0);
        let shown = format!("```console\n$ {name}\n{help}```\n");
        assert!(
            reference.contains(&shown),
            "docs/reference/cli.md does not show what `{name}` prints:\n{shown}"
        );
    }
}

#[test]
fn the_version_is_the_packages() {
    let version = format!("boot {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(told(boot(&["--version"])), (0, version, String::new()));
}

#[test]
fn list_is_a_table_or_json() {
    let table = "\
alpine  Alpine Linux
  release  v3.19 (3.19)                           aarch64 armhf armv7 ppc64le s390x x86 x86_64
  release  v3.20 (3.20)                           aarch64 armhf armv7 ppc64le riscv64 s390x x86 x86_64
  release  v3.21 (3.21)                           aarch64 armhf armv7 loongarch64 ppc64le riscv64 s390x x86 x86_64
  release  v3.22 (3.22)                           aarch64 armhf armv7 loongarch64 ppc64le riscv64 s390x x86 x86_64
  release  v3.23 (3.23)                           aarch64 armhf armv7 loongarch64 ppc64le riscv64 s390x x86 x86_64
  release  v3.24 (3.24, latest-stable, stable) *  aarch64 armhf armv7 loongarch64 ppc64le riscv64 s390x x86 x86_64
  release  edge                                   aarch64 armhf armv7 loongarch64 ppc64le riscv64 s390x x86 x86_64
  variant  base (alpine-base)                     alpine-base: minirootfs and OpenRC
  variant  minirootfs *                           what Alpine's own minirootfs and container image hold

chimera  Chimera Linux
  release  current *                     aarch64 loongarch64 ppc64 ppc64le riscv64 x86_64
  variant  bootstrap (base-bootstrap) *  base-bootstrap: for containers, as in Chimera's own container image
  variant  core (base-core)              base-core: minimal and what most machines want
  variant  full (base-full)              base-full: core and all the rest of the base system
  variant  minimal (base-minimal)        base-minimal: the least that boots

debian  Debian GNU/Linux
  release  bookworm (12, oldstable)    amd64 arm64 armel armhf i386 mips64el mipsel ppc64el s390x
  release  trixie (13, stable) *       amd64 arm64 armel armhf i386 ppc64el riscv64 s390x
  release  forky (14, testing)         amd64 arm64 armhf i386 loong64 ppc64el riscv64 s390x
  release  sid (unstable)              amd64 arm64 armhf i386 loong64 ppc64el riscv64 s390x
  variant  apt                         essential and apt
  variant  buildd                      minbase and build-essential
  variant  essential                   packages marked Essential
  variant  extract                     only files: of --include and what it depends on; no scripts
  variant  important (-, debootstrap)  minbase and priority important
  variant  minbase (required) *        priority required and apt
  variant  standard                    important and priority standard

postmarketos  postmarketOS
  release  v25.12 (25.12)              aarch64 armhf armv7 riscv64 x86 x86_64
  release  v26.06 (26.06, stable) *    aarch64 armhf armv7 riscv64 x86 x86_64
  release  edge                        aarch64 armhf armv7 riscv64 x86 x86_64
  variant  base (postmarketos-base) *  postmarketos-base: the system below a device's and a desktop's packages

ubuntu  Ubuntu
  release  jammy (22.04)               amd64 arm64 armhf ppc64el riscv64 s390x
  release  noble (24.04)               amd64 arm64 armhf ppc64el riscv64 s390x
  release  resolute (26.04, lts) *     amd64 arm64 armhf ppc64el riscv64 s390x
  release  stonking (26.10, rolling)   amd64 arm64 armhf ppc64el riscv64 s390x
  variant  apt                         essential and apt
  variant  buildd                      minbase and build-essential
  variant  essential                   packages marked Essential
  variant  extract                     only files: of --include and what it depends on; no scripts
  variant  important (-, debootstrap)  minbase and priority important
  variant  minbase (required) *        priority required and apt, as debootstrap has it
  variant  standard                    important and priority standard

wolfi  Wolfi
  release  rolling (latest) *   aarch64 x86_64
  variant  base (wolfi-base) *  wolfi-base: busybox and apk, as in the container image of that name
  variant  static               for static programs: accounts, certificates, time zones, no shell
";
    assert_eq!(told(boot(&["list"])), (0, table.to_owned(), String::new()));
    let (code, stdout, stderr) = told(boot(&["list", "--json"]));
    assert_eq!((code, stderr.as_str()), (0, ""));
    let json: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    let debian = &json["distributions"][2];
    assert_eq!(debian["name"], "debian");
    assert_eq!(
        debian["releases"][3],
        serde_json::json!({
            "name": "sid",
            "version": null,
            "aliases": ["unstable"],
            "architectures": ["amd64", "arm64", "armhf", "i386", "loong64", "ppc64el", "riscv64", "s390x"],
        })
    );
}

#[test]
fn what_cannot_be_asked_for_exits_with_2() {
    fails_with(
        &["debian", "--release", "trixy"],
        "error: `debian` has no release `trixy`\nhint: did you mean `trixie`?\n",
    );
    fails_with(
        &["debian", "--variant", "minbas", "--dry-run"],
        "error: `debian` has no variant `minbas`\nhint: did you mean `minbase`?\n",
    );
    fails_with(
        &["debian", "--keyring", "/nonexistent/x.asc"],
        "error: cannot read keyring `/nonexistent/x.asc`\n  caused by: failed to open file `/nonexistent/x.asc`: No such \
         file or directory (os error 2)\nhint: name a file of public keys that you may read\n",
    );
    fails_with(
        &["build", "/nonexistent/x.toml"],
        "error: cannot read `/nonexistent/x.toml`\n  caused by: failed to open file `/nonexistent/x.toml`: No such file \
         or directory (os error 2)\n",
    );
    fails_with(
        &["/nonexistent/own.toml"],
        "error: cannot read `/nonexistent/own.toml`\n  caused by: failed to open file `/nonexistent/own.toml`: No such \
         file or directory (os error 2)\n",
    );
}

#[test]
fn what_is_no_command_line_exits_with_2() {
    for arguments in [
        &["debain"][..],
        &["debian", "--jobs", "0"],
        &["debian", "--prune", "all"],
        &["debian", "--epoch", "-1"],
        &["debian", "--json"],
        &["debian", "--quiet", "--verbose"],
        &["build"],
        &[],
    ] {
        let (code, stdout, stderr) = told(boot(arguments));
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(!stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_wrong_epoch_in_the_environment_is_named() {
    let output = boot_in(
        Path::new("."),
        &["debian"],
        &[("SOURCE_DATE_EPOCH", "yesterday")],
    );
    let stderr = "error: SOURCE_DATE_EPOCH is `yesterday`\nhint: set it to seconds since 1970, or unset it\n";
    assert_eq!(told(output), (2, String::new(), stderr.to_owned()));
}

#[test]
fn errors_are_objects_when_progress_is() {
    let (code, stdout, stderr) = told(boot(&[
        "debian",
        "--release",
        "trixy",
        "--progress",
        "json",
    ]));
    assert_eq!((code, stdout.as_str()), (2, ""));
    let object: serde_json::Value = serde_json::from_str(&stderr).expect("one object");
    let expected = serde_json::json!({
        "event": "error",
        "message": "`debian` has no release `trixy`",
        "causes": [],
        "hint": "did you mean `trixie`?",
        "exit_code": 2,
    });
    assert_eq!(object, expected);
}

#[test]
fn a_recipe_file_is_checked_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = folder.path().join("team.toml");
    fs_err::write(&recipe, "distribution = \"debian\"\nvarient = \"apt\"\n").unwrap();
    let (code, stdout, stderr) = told(boot_in(folder.path(), &["build", "team.toml"], &[]));
    assert_eq!((code, stdout.as_str()), (2, ""));
    let ends: Vec<_> = stderr
        .lines()
        .filter(|line| !line.contains("caused by"))
        .collect();
    assert_eq!(
        ends,
        [
            "error: cannot use `team.toml` line 2",
            "hint: did you mean `variant`?"
        ]
    );
    let left: Vec<_> = fs_err::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["team.toml"]);
}
