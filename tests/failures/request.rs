//! Requests that cannot be met.

use crate::{archive, bench::Bench, package};
use std::fs;

#[test]
fn an_unknown_package_is_refused_with_near_matches() {
    let (bench, _server) = Bench::serving(&archive());
    bench.debian(&["--include", "aple,apple-trees"]).is(
        2,
        "\
error: 2 names in --include cannot be used:
  package `aple` does not exist: did you mean `apple`?
  package `apple-trees` does not exist: did you mean `apple-tree`?
hint: correct or remove these names
",
    );
    bench.debian(&["--include", "zebra"]).is(
        2,
        "\
error: package `zebra` does not exist
hint: check the name, and whether its component or suite is among the archives
",
    );
}

#[test]
fn unknown_names_are_refused_with_those_known() {
    let (bench, server) = Bench::serving(&archive());
    bench.debian(&["--release", "trixei"]).is(
        2,
        "\
error: `debian` has no release `trixei`
hint: did you mean `trixie`?
",
    );
    bench.debian(&["--release", "hardy"]).is(
        2,
        "\
error: `debian` has no release `hardy`
hint: known are `bookworm`, `forky`, `sid` and `trixie`
",
    );
    bench.debian(&["--variant", "minbas"]).is(
        2,
        "\
error: `debian` has no variant `minbas`
hint: did you mean `minbase`?
",
    );
    bench
        .run(bench.bare(&["debian", "--arch", "amd46", "--progress", "none"]))
        .is(
            2,
            "\
error: `debian` has no architecture `amd46`
hint: did you mean `amd64`?
",
        );
    bench.debian(&["--components", "mian"]).is(
        2,
        "\
error: `debian` has no component `mian`
hint: did you mean `main`?
",
    );
    assert_eq!(server.take_requests(), [""; 0]);
}

#[test]
fn a_recipe_is_refused_by_the_name_of_its_file() {
    let (bench, _server) = Bench::serving(&archive());
    let build = |file: &str, text: &str| {
        fs::write(bench.path(file), text).expect("writable");
        bench.run(bench.bare(&["build", bench.path(file).to_str().expect("is text")]))
    };
    build("team.toml", "distribution = \"debain\"\n").is(
        2,
        "\
error: `debain` is no distribution known here
hint: did you mean `debian`?
",
    );
    build(
        "team.toml",
        "distribution = \"debian\"\nsuite = \"trixei\"\n",
    )
    .is(
        2,
        "\
error: `debian` has no release `trixei`
hint: did you mean `trixie`?
",
    );
    build(
        "team.toml",
        "distribution = \"debian\"\ninclud = [\"apple\"]\n",
    )
    .is(2, "\
error: cannot use `/bench/team.toml` line 2
  caused by: unknown field `includ`, expected one of `distribution`, `release`, `suite`, `variant`, `arch`, `include`, `exclude`, `recommends`, `no-scripts`, `add`, `run`, `components`, `mirror`, `mirrors`, `keyring`, `allow-expired`, `output`, `prune`, `keep-locales`, `epoch`, `image`
hint: did you mean `include`?
");
    build("team.toml", "distribution = debian\n").is(
        2,
        "\
error: cannot use `/bench/team.toml` line 1
  caused by: string values must be quoted, expected literal string
",
    );
    build("team.toml", "variant = \"minbase\"\n").is(
        2,
        "\
error: the recipe names no distribution
hint: add a line such as `distribution = \"debian\"`
",
    );
    bench.run(bench.bare(&["build", "missing.toml"])).is(
        2,
        "\
error: cannot read `missing.toml`
  caused by: failed to open file `missing.toml`: No such file or directory (os error 2)
",
    );
}

#[test]
fn an_impossible_request_explains_itself() {
    let archive = archive().packages([
        package("left").depends("middle"),
        package("middle").depends("right (>= 2)"),
        package("right"),
        package("cat").field("Conflicts", "dog"),
        package("dog"),
    ]);
    let (bench, _server) = Bench::serving(&archive);
    bench.debian(&["--include", "left"]).is(
        2,
        "\
error: no set of packages satisfies --include:
  `left` → `middle` depends on `right (>= 2)`
    of `right` there is only 1 (amd64)
hint: leave it out, or add a suite that has another version
",
    );
    bench.debian(&["--include", "cat,dog"]).is(
        2,
        "\
error: no set of packages satisfies --include:
  `cat` conflicts with `dog`
    `dog` 1 is asked for
hint: leave out one of those that exclude each other
",
    );
    bench
        .debian(&["--include", "apple-tree", "--exclude", "apple"])
        .is(
            2,
            "\
error: no set of packages satisfies --include:
  `apple-tree` depends on `apple`
    `apple` is excluded
hint: no longer exclude `apple`
",
        );
}

#[test]
fn a_keyring_that_cannot_be_used_is_refused() {
    let (bench, server) = Bench::serving(&archive());
    fs::write(bench.path("empty.gpg"), "").expect("writable");
    fs::write(bench.path("noise.gpg"), "this is not a key").expect("writable");
    let keyring = |name: &str| {
        let path = bench.path(name);
        let mut command = bench.bare(&[
            "debian",
            "--arch",
            "amd64",
            "--ignore-host",
            "--progress",
            "none",
            "--dry-run",
            "--mirror",
        ]);
        command
            .arg(format!("{}/debian", server.url()))
            .arg("--keyring")
            .arg(path);
        bench.run(command)
    };
    keyring("missing.gpg").is(
        2,
        "\
error: cannot read keyring `/bench/missing.gpg`
  caused by: failed to open file `/bench/missing.gpg`: No such file or directory (os error 2)
hint: name a file of public keys that you may read
",
    );
    keyring("out").is(
        2,
        "\
error: cannot read keyring `/bench/out`
  caused by: failed to read from file `/bench/out`: Is a directory (os error 21)
hint: name a file of public keys that you may read
",
    );
    keyring("empty.gpg").is(
        1,
        "\
error: `/bench/empty.gpg` holds no OpenPGP key
hint: write the keyring with `gpg --export`, armored or not
",
    );
    keyring("noise.gpg").is(
        1,
        "\
error: `/bench/noise.gpg` holds no OpenPGP key
hint: write the keyring with `gpg --export`, armored or not
",
    );
}

#[test]
fn what_is_no_mirror_is_refused() {
    let (mut bench, server) = Bench::serving(&archive());
    bench.add_mirror("ftp://user:secret@example.org/debian");
    bench.debian(&[]).is(
        2,
        "\
error: the mirror `ftp://example.org/debian` is neither http, https nor file
hint: write http://, https:// or file:///
",
    );
    assert_eq!(server.take_requests(), [""; 0]);
}
