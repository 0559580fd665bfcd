//! What the added files need to run, and whether the image has it.

use super::{Added, Libraries, Options, object};
use boot_kit::{Error, ErrorKind, Event, Report, Result, RootPath};
use boot_stage::{
    Tree,
    closure::{Closure, Missing},
    elf::Object,
};
use std::io::Read;

/// How long the first line of a script may be, in bytes, as in the kernel.
const MAX_LINE: u64 = 256;

/// The added files that need something.
pub(super) struct Needs {
    /// The programs an image may be run by: those that were named, else those in directories.
    pub programs: Vec<RootPath>,
    /// The OCI platform of all programs.
    pub platform: Option<&'static str>,
    objects: Vec<Found>,
    scripts: Vec<(RootPath, RootPath, bool)>,
}

/// A program or library.
struct Found {
    path: RootPath,
    object: Object,
    is_named: bool,
}

impl Needs {
    /// Looks into all added files.
    ///
    /// Errors with [`ErrorKind::Usage`] if files that were named are for different machines, or damaged.
    pub fn of(added: &[Added], tree: &Tree, report: &dyn Report) -> Result<Self> {
        let mut objects: Vec<Found> = Vec::new();
        let mut scripts = Vec::new();
        let (mut named, mut others) = (Vec::new(), Vec::new());
        for Added {
            path,
            is_named,
            is_executable,
        } in added
        {
            // A later one may have taken its place.
            if tree.open(path).is_none() {
                continue;
            }
            let list = if *is_named { &mut named } else { &mut others };
            let found = match object(tree, path) {
                Err(error) if error.kind() == ErrorKind::Parse && !is_named => {
                    warn(report, error.one_line());
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Parse => {
                    let message = format!("`/{path}` is a damaged program");
                    return Err(Error::new(ErrorKind::Usage, message).caused_by(error));
                }
                other => other?,
            };
            if let Some(object) = found {
                if object.is_program && *is_executable {
                    list.push(path.clone());
                }
                objects.push(Found {
                    path: path.clone(),
                    object,
                    is_named: *is_named,
                });
            } else if *is_executable && let Some(interpreter) = interpreter(tree, path)? {
                list.push(path.clone());
                scripts.push((path.clone(), interpreter, *is_named));
            }
        }
        Ok(Self {
            programs: if named.is_empty() { others } else { named },
            platform: platform(&objects)?,
            objects,
            scripts,
        })
    }

    /// Whether anything needs a library.
    pub fn is_dynamic(&self) -> bool {
        self.objects.iter().any(|found| !found.object.is_static())
    }

    /// Gives the image all that its programs need, and tells what is nowhere.
    ///
    /// For a program of the image, or whatever was named, that is an error; for libraries and foreign programs in a
    /// directory a warning: nobody may ever load them.
    pub fn complete(
        &self,
        closure: &mut Closure<'_>,
        options: &Options,
        report: &dyn Report,
    ) -> Result<()> {
        let mut lacking = Vec::new();
        for found in &self.objects {
            let object = &found.object;
            let is_ours = object.platform == self.platform;
            if !is_ours && !found.is_named {
                let platform = object.platform.unwrap_or("another machine");
                warn(
                    report,
                    format!(
                        "`/{}` is for {platform}: its libraries are not looked for",
                        found.path
                    ),
                );
                continue;
            }
            let missing = closure.complete(&found.path)?;
            if found.is_named && object.opens_others {
                let message = format!(
                    "`/{}` loads libraries at run time (dlopen): add those it wants with --add",
                    found.path
                );
                warn(report, message);
            }
            if missing.is_empty() {
                continue;
            }
            if found.is_named || object.interpreter.is_some() {
                lacking.push((&found.path, missing));
            } else {
                let names = listed(&found.path, &missing);
                warn(
                    report,
                    format!(
                        "`/{}` cannot be loaded: the image lacks {names}",
                        found.path
                    ),
                );
            }
        }
        if !lacking.is_empty() {
            return Err(refusal(&lacking, options));
        }
        for (script, interpreter, is_named) in &self.scripts {
            if boot_stage::closure::file(closure.image(), interpreter)?.is_some() {
                continue;
            }
            let message =
                format!("`/{script}` is a script for `/{interpreter}`, which the image lacks");
            if *is_named {
                return Err(Error::new(ErrorKind::Usage, message).with_hint(
                    "add the interpreter with --add, or a program instead of the script",
                ));
            }
            warn(report, message);
        }
        Ok(())
    }
}

/// The one platform of what was named; of programs in directories the first counts.
fn platform(objects: &[Found]) -> Result<Option<&'static str>> {
    let known = |found: &&Found| found.object.platform.is_some();
    let mut named = objects.iter().filter(|found| found.is_named).filter(known);
    let Some(first) = named.next() else {
        let programs = objects.iter().filter(known);
        let first = programs.clone().find(|found| found.object.is_program);
        return Ok(first
            .or(programs.clone().next())
            .and_then(|found| found.object.platform));
    };
    if let Some(other) = named.find(|found| found.object.platform != first.object.platform) {
        let of = |found: &Found| found.object.platform.unwrap_or_default();
        let message = format!(
            "`/{}` is for {}, `/{}` for {}",
            first.path,
            of(first),
            other.path,
            of(other)
        );
        return Err(Error::new(ErrorKind::Usage, message)
            .with_hint("make an image of each: an image is for one platform"));
    }
    Ok(first.object.platform)
}

/// The program a script's first line names; nothing if it is no script.
fn interpreter(tree: &Tree, path: &RootPath) -> Result<Option<RootPath>> {
    let Some(content) = tree.open(path) else {
        return Ok(None);
    };
    let mut line = Vec::new();
    content.take(MAX_LINE).read_to_end(&mut line)?;
    let Some(line) = line.strip_prefix(b"#!") else {
        return Ok(None);
    };
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut words = line.split(u8::is_ascii_whitespace);
    let Some(word) = words.find(|word| !word.is_empty()) else {
        return Ok(None);
    };
    Ok(RootPath::parse(word).ok())
}

/// Says what is missing, and what to do about it.
fn refusal(lacking: &[(&RootPath, Vec<Missing>)], options: &Options) -> Error {
    let takes = options.libraries == Libraries::Auto;
    let from = &options.from;
    let line = |(program, missing): &(&RootPath, Vec<Missing>)| {
        let names = listed(program, missing);
        if takes {
            format!("{from} lacks what `/{program}` needs: {names}")
        } else {
            format!("`/{program}` is dynamic, and the image lacks what it needs: {names}")
        }
    };
    let message = match lacking {
        [one] => line(one),
        several => {
            let lines = several.iter().map(|one| format!("\n  {}", line(one)));
            format!(
                "{} programs cannot run:{}",
                several.len(),
                lines.collect::<String>()
            )
        }
    };
    let hint = if takes {
        "add it with --add, or name a root that has it with --from".to_owned()
    } else {
        format!("take it from {from} with `--libs auto`, or link the program statically")
    };
    Error::new(ErrorKind::Usage, message).with_hint(hint)
}

/// Lists what a program lacks.
fn listed(program: &RootPath, missing: &[Missing]) -> String {
    let name = |missing: &Missing| {
        let what = if missing.is_interpreter {
            format!("its interpreter `{}`", missing.name)
        } else {
            format!("`{}`", missing.name)
        };
        let whose = if missing.needed_by == *program {
            String::new()
        } else {
            format!(" for `/{}`", missing.needed_by)
        };
        match &missing.other {
            Some((path, platform)) => format!("{what}{whose} (`/{path}` is for {platform})"),
            None => format!("{what}{whose}"),
        }
    };
    missing.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn warn(report: &dyn Report, message: String) {
    report.event(Event::Warning { message });
}
