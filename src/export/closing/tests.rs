//! The commands people paste, whole.

use super::*;
use crate::recipe::image::Pair;
use std::ffi::OsStr;

const PATH: &str =
    "--change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'";

fn closing_of(
    output: &str,
    options: &ImageOptions,
    platform: Option<&str>,
    rootless: bool,
) -> Closing {
    let output = Output::parse(OsStr::new(output)).expect("well-formed");
    let name = options.name.clone();
    let name = name.unwrap_or_else(|| "debian:trixie".parse().expect("a name"));
    let about = About {
        name: &name,
        options,
        platform,
    };
    closing(&output, about, rootless)
}

fn plain(output: &str, rootless: bool) -> Closing {
    closing_of(output, &ImageOptions::default(), None, rootless)
}

fn only(commands: &[&str]) -> Closing {
    Closing {
        commands: commands.iter().map(|&command| command.to_owned()).collect(),
        remove: None,
    }
}

fn import(engine: &str, file: &str) -> String {
    format!("{engine} import {PATH} {file} debian:trixie")
}

#[test]
fn tars_are_imported_by_either_engine() {
    for (output, file) in [
        ("x.tar", "x.tar"),
        ("/a b/it's.tar.zst", r"'/a b/it'\''s.tar.zst'"),
        ("-x.tgz", "./-x.tgz"),
        ("http://x.tar", "./http://x.tar"),
    ] {
        let wanted = [import("docker", file), import("podman", file)];
        assert_eq!(plain(output, false), only(&[&wanted[0], &wanted[1]]));
    }
    let wanted = [import("podman", "x.tar.xz"), import("docker", "x.tar.xz")];
    assert_eq!(plain("x.tar.xz", true), only(&[&wanted[0], &wanted[1]]));
    assert_eq!(plain("-", false), Closing::default());
}

#[test]
fn a_directory_names_the_way_to_run_it_and_a_users_the_way_to_remove_it() {
    let tar = "tar --numeric-owner --xattrs -C out -c .";
    assert_eq!(
        plain("out/", false),
        only(&[
            "systemd-nspawn -D out",
            &format!("{tar} | {}", import("docker", "-")),
        ])
    );
    assert_eq!(
        plain("out/", true),
        Closing {
            commands: vec![format!("podman unshare {tar} | {}", import("podman", "-"))],
            remove: Some("podman unshare rm -rf out".to_owned()),
        }
    );
}

#[test]
fn another_platform_than_the_machines_is_said() {
    let platform = Some("linux/arm/v7");
    assert_eq!(
        closing_of("x.tar", &ImageOptions::default(), platform, false),
        only(&[
            &format!("docker import --platform linux/arm/v7 {PATH} x.tar debian:trixie"),
            &format!("podman import --os linux --arch arm --variant v7 {PATH} x.tar debian:trixie"),
        ])
    );
}

#[test]
fn an_oci_image_is_loaded_from_an_archive_and_pushed_from_a_layout() {
    let push = "docker://REGISTRY/debian:trixie";
    assert_eq!(
        plain("my x.oci.tar", true),
        only(&[
            "docker load -i 'my x.oci.tar'",
            "podman load -i 'my x.oci.tar'",
            &format!("skopeo copy 'oci-archive:my x.oci.tar' {push}"),
        ])
    );
    for output in ["x.oci", "x.oci/"] {
        assert_eq!(
            plain(output, false),
            only(&[
                &format!("skopeo copy oci:x.oci:debian:trixie {push}"),
                "podman pull oci:x.oci:debian:trixie",
            ])
        );
    }
    assert_eq!(
        plain("X.oci", false).commands[1],
        "skopeo copy oci:X.oci:debian:trixie containers-storage:debian:trixie"
    );
    assert_eq!(plain("a:b.oci", false), Closing::default());
    assert_eq!(
        plain("a:b.oci.tar", false),
        only(&[
            "docker load -i ./a:b.oci.tar",
            "podman load -i ./a:b.oci.tar"
        ])
    );
}

#[test]
fn an_image_of_a_registry_is_pushed_to_that() {
    let options = ImageOptions {
        name: Some("registry.example:5000/team/base".parse().expect("a name")),
        ..ImageOptions::default()
    };
    let commands = closing_of("x.oci.tar", &options, None, false).commands;
    assert_eq!(
        commands[2],
        "skopeo copy oci-archive:x.oci.tar docker://registry.example:5000/team/base:latest"
    );
}

fn busy() -> ImageOptions {
    let pair = |text: &str| text.parse::<Pair>().expect("a pair");
    ImageOptions {
        entrypoint: Some(r#"["/init", "a b"]"#.parse().expect("a command")),
        cmd: Some("echo $HOME".parse().expect("a command")),
        env: vec![pair(r#"GREETING=say "hi" to $USER"#), pair("EMPTY=")],
        user: Some("www-data:33".parse().expect("an account")),
        workdir: Some("/srv/my $x".parse().expect("a path")),
        expose: vec!["80".parse().expect("a port")],
        volume: vec!["/data".parse().expect("a path")],
        stop_signal: Some("quit".parse().expect("a signal")),
        label: vec![pair("a.b=c d")],
        ..ImageOptions::default()
    }
}

#[test]
fn what_a_tar_cannot_say_the_import_does() {
    let docker = [
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        r#"ENV GREETING="say \"hi\" to \$USER""#,
        "ENV EMPTY=",
        r#"LABEL a.b="c d""#,
        "EXPOSE 80/tcp",
        r#"VOLUME ["/data"]"#,
        "USER www-data:33",
        r"WORKDIR /srv/my \$x",
        "STOPSIGNAL SIGQUIT",
        r#"ENTRYPOINT ["/init","a b"]"#,
        r#"CMD ["/bin/sh","-c","echo $HOME"]"#,
    ];
    assert_eq!(changes("docker", &busy()), docker);
    let podman = docker.map(|line| match line {
        line if line.starts_with("ENV G") => r#"ENV GREETING=say "hi" to $USER"#,
        line if line.starts_with("LABEL") => "LABEL a.b=c d",
        line if line.starts_with("WORKDIR") => "WORKDIR /srv/my $x",
        line => line,
    });
    assert_eq!(changes("podman", &busy()), podman);
    let said = closing_of("-", &busy(), None, false).commands;
    assert_eq!(said.len(), 1);
    assert!(
        said[0].starts_with("… | docker import --change 'ENV PATH="),
        "{said:?}"
    );
    assert!(said[0].ends_with(r#"--change 'CMD ["/bin/sh","-c","echo $HOME"]' - debian:trixie"#));
}
