//! How an image was to be run, for the image that is made of it.

use crate::recipe::image::{ImageOptions, Reference};
use boot_stage::image::Run;
use std::{collections::BTreeMap, fmt::Display, str::FromStr};

/// The signals by number, from 1 on, as almost every architecture of Linux counts them: `signal(7)`.
const SIGNALS: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// Lays `flags` over what an image says of itself.
///
/// What it says that cannot be carried over is told to `warn`. As in a `Dockerfile`, whoever names another entrypoint
/// gets no arguments for the old one.
pub(super) fn carried(
    run: &Run,
    names: &[String],
    stem: &str,
    flags: &ImageOptions,
    warn: &dyn Fn(String),
) -> ImageOptions {
    let carry = Carry { warn };
    let entrypoint = run.entrypoint.as_ref().filter(|words| !words.is_empty());
    let cmd = match &run.cmd {
        _ if flags.entrypoint.is_some() => None,
        Some(words) if !words.is_empty() => carry.command("command", words),
        // Neither: then there is none, not even a shell.
        _ if entrypoint.is_none() => carry.command("command", &[]),
        _ => None,
    };
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let keys = |map: &Option<BTreeMap<String, _>>| -> Vec<String> {
        map.iter().flat_map(BTreeMap::keys).cloned().collect()
    };
    let labels = run.labels.iter().flatten().filter_map(|(name, value)| {
        let pair = format!("{name}={value}");
        if name.contains('=') {
            carry.drop("label", name, "there is a `=` in its name");
            return None;
        }
        carry.one("label", &pair)
    });
    let of_image = ImageOptions {
        name: name(names, stem),
        entrypoint: entrypoint.and_then(|words| carry.command("entrypoint", words)),
        cmd,
        env: carry.all("environment variable", run.env.clone().unwrap_or_default()),
        user: text(&run.user).and_then(|user| carry.one("user", &user)),
        workdir: text(&run.working_dir).and_then(|directory| {
            // One that does not begin at the root is meant to.
            carry.one(
                "working directory",
                &format!("/{}", directory.trim_start_matches('/')),
            )
        }),
        expose: carry.all("port", keys(&run.exposed_ports)),
        volume: carry.all("volume", keys(&run.volumes)),
        stop_signal: text(&run.stop_signal)
            .and_then(|signal| carry.one("stop signal", &signal_name(signal))),
        label: labels.collect(),
        annotation: Vec::new(),
        layer_compression: None,
    };
    let has_health_check = run
        .healthcheck
        .as_ref()
        .is_some_and(|check| !check.is_null());
    let has_triggers = run.on_build.as_ref().is_some_and(|lines| !lines.is_empty());
    for (has, what) in [
        (has_health_check, "health check"),
        (has_triggers, "instructions ONBUILD"),
    ] {
        if has {
            warn(format!(
                "the image's {what}, which only docker knows, is not carried over"
            ));
        }
    }
    of_image.overlaid_by(flags.clone())
}

/// Reads what an image says, and tells what cannot be read.
struct Carry<'a> {
    warn: &'a dyn Fn(String),
}

impl Carry<'_> {
    fn one<T: FromStr<Err = String>>(&self, what: &str, text: &str) -> Option<T> {
        text.parse()
            .inspect_err(|why| self.drop(what, text, why))
            .ok()
    }

    fn all<T: FromStr<Err = String>>(&self, what: &str, texts: Vec<String>) -> Vec<T> {
        let texts = texts.into_iter();
        texts.filter_map(|text| self.one(what, &text)).collect()
    }

    fn command<T: FromStr<Err = String>>(&self, what: &str, words: &[String]) -> Option<T> {
        self.one(what, &serde_json::json!(words).to_string())
    }

    fn drop(&self, what: &str, text: &str, why: impl Display) {
        (self.warn)(format!(
            "the image's {what} `{text}` is not carried over: {why}"
        ));
    }
}

/// A signal by name, if it has a number.
fn signal_name(signal: String) -> String {
    let number = signal.parse::<usize>().ok();
    let name = number.and_then(|number| SIGNALS.get(number.checked_sub(1)?));
    name.map_or(signal, |name| format!("SIG{name}"))
}

/// The image's own name, short as people write it; where only a tag is known, that of `stem`.
fn name(names: &[String], stem: &str) -> Option<Reference> {
    let name = names.first()?;
    if !name.contains([':', '/']) {
        return Some(Reference::of_parts(stem, &[name]));
    }
    let short = ["docker.io/library/", "docker.io/"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix));
    short.unwrap_or(name).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// What is carried over, and what is told not to be.
    fn of(run: &str, flags: &ImageOptions) -> (ImageOptions, Vec<String>) {
        let told = RefCell::new(Vec::new());
        let run: Run = serde_json::from_str(run).expect("well-formed");
        let carried = carried(&run, &[], "x", flags, &|message| {
            told.borrow_mut().push(message);
        });
        (carried, told.into_inner())
    }

    fn words(command: Option<&crate::recipe::image::CommandLine>) -> Option<Vec<&str>> {
        command.map(|command| command.words().iter().map(String::as_str).collect())
    }

    #[test]
    fn all_that_an_image_says_is_carried_over_and_flags_come_last() {
        let run = r#"{
            "User": "1000:100", "ExposedPorts": {"80/tcp": {}, "53/udp": {}}, "Env": ["PATH=/bin", "A=1"],
            "Entrypoint": ["/entry"], "Cmd": ["a", "b c"], "Volumes": {"/data": {}}, "WorkingDir": "srv",
            "Labels": {"a": "b=c"}, "StopSignal": "3"
        }"#;
        let flags = ImageOptions {
            env: vec!["A=2".parse().expect("a pair")],
            user: Some("0".parse().expect("a user")),
            ..ImageOptions::default()
        };
        let (made, told) = of(run, &flags);
        assert_eq!(told, [""; 0]);
        assert_eq!(words(made.entrypoint.as_ref()), Some(vec!["/entry"]));
        assert_eq!(words(made.cmd.as_ref()), Some(vec!["a", "b c"]));
        let environment: Vec<_> = made
            .environment()
            .into_iter()
            .map(|pair| format!("{}={}", pair.name, pair.value))
            .collect();
        assert_eq!(environment, ["PATH=/bin", "A=2"]);
        let ports: Vec<_> = made.expose.iter().map(ToString::to_string).collect();
        assert_eq!(ports, ["53/udp", "80/tcp"]);
        assert_eq!(made.labels(), BTreeMap::from([("a", "b=c")]));
        let texts = [
            made.user.map(|user| user.to_string()),
            made.workdir.map(|directory| directory.to_string()),
            made.stop_signal.map(|signal| signal.to_string()),
            made.volume.first().map(ToString::to_string),
        ];
        assert_eq!(texts.map(Option::unwrap), ["0", "/srv", "SIGQUIT", "/data"]);
    }

    #[test]
    fn an_image_without_a_command_gets_none_and_a_new_entrypoint_no_old_arguments() {
        let flags = ImageOptions::default();
        assert_eq!(words(of("{}", &flags).0.cmd.as_ref()), Some(vec![]));
        assert_eq!(
            words(of(r#"{"Entrypoint": ["x"]}"#, &flags).0.cmd.as_ref()),
            None
        );
        let flags = ImageOptions {
            entrypoint: Some(r#"["new"]"#.parse().expect("a command")),
            ..flags
        };
        let (made, _) = of(r#"{"Entrypoint": ["x"], "Cmd": ["y"]}"#, &flags);
        assert_eq!(words(made.entrypoint.as_ref()), Some(vec!["new"]));
        assert_eq!(words(made.cmd.as_ref()), None);
    }

    #[test]
    fn what_cannot_be_carried_over_is_said() {
        let run = r#"{
            "ExposedPorts": {"80-90/tcp": {}}, "Env": ["NOTHING"], "Labels": {"a=b": "c"}, "StopSignal": "SIGNOT",
            "Healthcheck": {"Test": ["NONE"]}, "OnBuild": ["RUN x"]
        }"#;
        let (made, told) = of(run, &ImageOptions::default());
        assert!(made.expose.is_empty() && made.env.is_empty() && made.label.is_empty());
        let starts: Vec<_> = told
            .iter()
            .map(|text| {
                text.split(" is not carried over")
                    .next()
                    .unwrap_or_default()
            })
            .collect();
        assert_eq!(
            starts,
            [
                "the image's environment variable `NOTHING`",
                "the image's port `80-90/tcp`",
                "the image's stop signal `SIGNOT`",
                "the image's label `a=b`",
                "the image's health check, which only docker knows,",
                "the image's instructions ONBUILD, which only docker knows,",
            ]
        );
    }

    #[test]
    fn names_are_as_people_write_them() {
        for (found, wanted) in [
            ("docker.io/library/x:1", Some("x:1")),
            ("docker.io/team/x:1", Some("team/x:1")),
            ("ghcr.io/team/x:1", Some("ghcr.io/team/x:1")),
            ("13", Some("stem:13")),
            ("x@sha256:1", None),
        ] {
            let name = name(&[found.to_owned()], "stem");
            assert_eq!(name.as_ref().map(Reference::as_str), wanted, "{found}");
        }
        assert_eq!(name(&[], "stem"), None);
    }
}
