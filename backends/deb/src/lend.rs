//! One Perl for all calls of the programs that scripts call most.
//!
//! `postinst` scripts of packages with services call `deb-systemd-helper` half a dozen times each, those that ask
//! questions run themselves again under debconf's `frontend`, and every call is an interpreter's start for a millisecond
//! of work. So dpkg is run by an interpreter that has read the programs' modules once, and that forks itself for each
//! call. A stand-in in a program's place says which process calls; arguments, environment, directory, mask and streams
//! are those of that process, the code is the program's own, and the caller gets its exit code. The interpreter ends with
//! dpkg, and dpkg's exit code is its.

use boot_kit::{Kind, Result, Root, RootPath};
use memchr::memmem;

/// A program that is lent.
struct Lent {
    path: &'static str,
    /// Stands in a script that calls it.
    mention: &'static str,
    /// Whether a script calls it once however often it is mentioned.
    once: bool,
}

const PROGRAMS: [Lent; 2] = [
    Lent {
        path: "usr/bin/deb-systemd-helper",
        mention: "deb-systemd-helper",
        once: false,
    },
    Lent {
        path: "usr/share/debconf/frontend",
        mention: "debconf/confmodule",
        once: true,
    },
];

/// What the program itself is called meanwhile.
const ASIDE: &str = ".boot";

/// What all this needs besides.
const NEEDED: [&str; 3] = ["bin/sh", "usr/bin/mkfifo", "usr/bin/perl"];

/// How many calls make it worth while: with fewer, reading all modules costs more than it saves.
const WORTH: usize = 4;

/// Where a stand-in says who calls what. It hears how the call ended from a pipe of its own, `PIPE.PID`, so that callers
/// that run side by side do not read each other's answers. It is where no script reads whatever it finds, as that of
/// Ubuntu 22.04's dpkg does in `/var/lib/dpkg`, and where nothing of it gets into the root.
const PIPE: &str = "/dev/boot-calls";

/// Its own input and output are redirected while it talks, so it keeps the caller's under other numbers.
const STAND_IN: &str = "#!/bin/sh
exec 3>&1 4<&0
answer=PIPE.$$
mkfifo \"$answer\" && echo \"$$ PROGRAM\" >PIPE || exit 255
read -r status <\"$answer\"
exit \"${status:-255}\"
";

/// Runs commands, one after the other up to the first that fails, and lends itself to whoever calls the programs
/// meanwhile.
///
/// The arguments are the pipe, the programs by the paths they are called by, and after `--` the commands, with `;` between
/// them. A fork has the modules and the program already, as a function in a package of its own, and runs it as if it had
/// been started: with its `@ARGV`, its `$0`, and variables that nobody has used. A program that is no such function, as it
/// has data after its end, is read by the fork (`do`). A program may call another before it ends.
const LENDER: &str = r#"
# Before all that follows, so that a program sees no name of it.
sub Lent::compile { eval $_[0] }
use strict;
use Fcntl qw(O_NONBLOCK O_RDWR);

my ($pipe, @programs, @commands) = shift;
while (@ARGV && (my $word = shift) ne '--') {
    push @programs, $word;
}
@commands = ([]);
for my $word (@ARGV) {
    $word eq ';' ? push @commands, [] : push @{$commands[-1]}, $word;
}

sub slurp {
    open my $file, '<', $_[0] or return '';
    local $/;
    return scalar readline $file;
}

sub code {
    my ($status) = @_;
    return $status & 127 ? 128 + ($status & 127) : $status >> 8;
}

# Callers are looked at in /proc. Where it is that of other processes, in a container that may mount none, nothing is lent.
my $lends = slurp('/proc/self/status') =~ /^NSpid:\s+\d+$/m;
my (%is_perl, %compiled);
if ($lends) {
    # The programs and what they ask for, read once; what is not there they find out for themselves, and say so.
    open my $stderr, '>&', \*STDERR;
    open STDERR, '>', '/dev/null';
    for my $name (@programs) {
        my $text = slurp("$name.boot");
        $is_perl{$name} = $text =~ /^#!.*\bperl\b/ or next;
        for my $module ($text =~ /^use\s+([A-Za-z][\w:]*)/mg) {
            eval "require $module";
        }
        next if $text =~ /^__(?:END|DATA)__$/m;
        my $package = 'Lent::P' . keys %compiled;
        $compiled{$name} = Lent::compile("package $package; sub run {\n#line 1 \"$name\"\n$text\n\n=pod\n\n=cut\n\n}\n\\&run");
    }
    open STDERR, '>&', $stderr;
    system('mkfifo', $pipe) == 0 or exit 125;
} else {
    rename "$_.boot", $_ for @programs;
}

sub serve {
    my ($caller, $name) = @_;
    my $proc = "/proc/$caller";
    my @words = split /\0/, slurp("$proc/cmdline"), -1;
    pop @words;
    my ($own) = $name =~ m{([^/]+)$};
    shift @words while @words && $words[0] !~ m{(?:^|/)\Q$own\E$};
    exit 255 unless @words;
    shift @words;
    %ENV = map { /^([^=]+)=(.*)$/s ? ($1, $2) : () } split /\0/, slurp("$proc/environ");
    umask oct $1 if slurp("$proc/status") =~ /^Umask:\s*(\d+)/m;
    chdir "$proc/cwd";
    open STDIN, '<', "$proc/fd/4";
    open STDOUT, '>>', "$proc/fd/3";
    open STDERR, '>>', "$proc/fd/2";
    @ARGV = @words;
    exec { "$name.boot" } $name, @ARGV unless $is_perl{$name};
    $0 = $name;
    $SIG{CHLD} = 'DEFAULT';
    ($!, $@, $?) = (0, '', 0);
    # Outside of functions, `shift` takes from @ARGV.
    local *_ = \@ARGV;
    $compiled{$name} ? eval { &{$compiled{$name}}; 1 } : do "$name.boot";
    exit 0 unless length $@;
    my $code = $! + 0;
    print STDERR $@;
    exit($code || 255);
}

# Pipes are open at both ends: nobody waits for a reader, and nothing is lost. An answer's is open until its caller is gone.
my ($in, %calls, %answered);
if ($lends) {
    sysopen $in, $pipe, O_RDWR or exit 125;
}

sub answer {
    my ($caller, $code) = @_;
    for my $gone (grep { !kill 0, $_ } keys %answered) {
        delete $answered{$gone};
        unlink "$pipe.$gone";
    }
    sysopen my $out, "$pipe.$caller", O_RDWR | O_NONBLOCK or return;
    syswrite $out, "$code\n";
    $answered{$caller} = $out;
}

$SIG{CHLD} = sub {};
my $heard = '';

sub run {
    my (@command) = @_;
    my $child = fork;
    defined $child or return 125;
    if (!$child) {
        $SIG{CHLD} = 'DEFAULT';
        exec { $command[0] } @command;
        exit 127;
    }
    while (1) {
        while ((my $ended = waitpid(-1, 1)) > 0) {
            my $code = code($?);
            return $code if $ended == $child;
            my $caller = delete $calls{$ended};
            answer($caller, $code) if defined $caller;
        }
        my $ready = '';
        vec($ready, fileno $in, 1) = 1 if $lends;
        next if select($ready, undef, undef, 0.05) < 1;
        sysread $in, $heard, 256, length $heard;
        while ($heard =~ s/^(\d+) (.*)\n//) {
            my ($caller, $name) = ($1, $2);
            next unless kill 0, $caller;
            my $call = fork;
            serve($caller, $name) if defined $call && !$call;
            defined $call ? $calls{$call} = $caller : answer($caller, 255);
        }
    }
}

my $code = 0;
for my $command (@commands) {
    $code = run(@$command);
    last if $code;
}
unlink $pipe, glob "$pipe.*";
exit $code;
"#;

/// Puts stand-ins in the programs' places; `false` if it would not pay, or something is missing.
///
/// `scripts` are those that will run.
pub fn raise(root: &Root, scripts: &[RootPath]) -> Result<bool> {
    for path in NEEDED {
        if root.read(&RootPath::from(path))?.is_none() {
            return Ok(false);
        }
    }
    let mut calls = 0;
    for script in scripts {
        let text = root.read(script)?.unwrap_or_default();
        for program in &PROGRAMS {
            let mentions = memmem::find_iter(&text, program.mention).count();
            calls += if program.once {
                mentions.min(1)
            } else {
                mentions
            };
        }
    }
    if calls < WORTH {
        return Ok(false);
    }
    for program in present(root)? {
        let path = RootPath::from(program.path);
        root.rename(&path, &path.with_suffix(ASIDE))?;
        root.write(&path, stand_in(PIPE, &format!("/{path}")).as_bytes(), 0o755)?;
    }
    Ok(true)
}

/// The programs the root has.
fn present(root: &Root) -> Result<Vec<&'static Lent>> {
    let mut present = Vec::new();
    for program in &PROGRAMS {
        let entry = root.entry(&RootPath::from(program.path))?;
        if entry.is_some_and(|entry| matches!(entry.kind, Kind::File { .. })) {
            present.push(program);
        }
    }
    Ok(present)
}

/// What stands in the place of `program` and calls by `pipe`.
fn stand_in(pipe: &str, program: &str) -> String {
    STAND_IN.replace("PIPE", pipe).replace("PROGRAM", program)
}

/// Wraps commands, so that calls of the programs are answered while they run: returns program and arguments.
pub fn lent(commands: &[Vec<&str>]) -> (String, Vec<String>) {
    let programs = PROGRAMS.iter().map(|program| format!("/{}", program.path));
    let mut args = vec!["-e".to_owned(), LENDER.to_owned(), PIPE.to_owned()];
    args.extend(programs);
    args.push("--".to_owned());
    let commands = commands.join(&";");
    args.extend(commands.into_iter().map(str::to_owned));
    ("/usr/bin/perl".to_owned(), args)
}

/// Puts the programs back.
pub fn lower(root: &Root) -> Result<()> {
    for program in &PROGRAMS {
        let path = RootPath::from(program.path);
        let aside = path.with_suffix(ASIDE);
        if root.entry(&aside)?.is_some() {
            root.rename(&aside, &path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

    /// A program of Perl that shows what it was given, in a directory of its own, with its stand-in.
    fn program(directory: &Path, text: &str) -> (String, String) {
        let name = directory.join("tool").display().to_string();
        let aside = format!("{name}{ASIDE}");
        fs::write(&aside, text).expect("writable");
        let pipe = directory.join("calls").display().to_string();
        fs::write(&name, stand_in(&pipe, &name)).expect("writable");
        for path in [&name, &aside] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("ours");
        }
        (name, pipe)
    }

    /// Runs a script that calls the program as `$TOOL`; returns exit code, stdout and stderr. `None` without Perl.
    #[expect(clippy::print_stderr, reason = "a skip says why")]
    fn run(text: &str, script: &str) -> Option<(Option<i32>, String, String)> {
        if Command::new("perl").arg("-v").output().is_err() {
            eprintln!("skipped: there is no perl here");
            return None;
        }
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (name, pipe) = program(directory.path(), text);
        let output = Command::new("perl")
            .args(["-e", LENDER, &pipe, &name, "--", "/bin/true", ";"])
            .args(["/bin/sh", "-c"])
            .args(script.split('\0'))
            .env("TOOL", &name)
            .current_dir("/")
            .output()
            .expect("perl runs");
        let left = fs::read_dir(directory.path()).expect("readable").count();
        assert_eq!(left, 2, "the pipes are gone");
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&name, "TOOL");
        Some((
            output.status.code(),
            shown(&output.stdout),
            shown(&output.stderr),
        ))
    }

    /// Like the real program: strict, file-scoped variables that functions share, documentation, exits anywhere.
    const SHOW: &str = "#!/usr/bin/perl
=head1 NAME

show - shows

=cut

use strict;
use warnings;
use File::Basename;

my $seen = 0;
my @all;

sub note {
    $seen++;
    push @all, @_;
}

note($_) for @ARGV;
my $action = shift // '';
print basename($0), \" $seen: $action of @all, $ENV{MOOD}, $ENV{PWD}\\n\";
print STDERR \"$0 warns\\n\" if $ENV{MOOD} eq 'bad';
die \"no more\\n\" if $ENV{MOOD} eq 'dead';
exit 7 if $seen > 1;

=head1 AUTHOR

nobody
";

    #[test]
    fn a_call_is_as_if_the_program_had_been_called() {
        let script = "cd /usr; MOOD=good $TOOL one; echo $?; MOOD=bad $TOOL one 'two  words'; echo $?
            MOOD=good $TOOL '' >/dev/null; echo $?; MOOD=good $TOOL $(MOOD=good $TOOL x); MOOD=dead $TOOL; echo $?; exit 3";
        let Some(ran) = run(SHOW, script) else {
            return;
        };
        let stdout = "tool 1: one of one, good, /usr\n0\ntool 2: one of one two  words, bad, /usr\n7\n0\n\
                      tool 7: tool of tool 1: x of x, good, /usr, good, /usr\ntool 0:  of , dead, /usr\n";
        // perl's exit code of `die` is the last error's number.
        let (code, said, warned) = ran;
        assert_eq!(code, Some(3));
        let (said, died) = said.trim_end().rsplit_once('\n').expect("several lines");
        assert_eq!(format!("{said}\n"), stdout);
        assert_ne!(died, "0");
        assert_eq!(warned, "TOOL warns\nno more\n");
    }

    #[test]
    fn callers_side_by_side_get_their_own_answers() {
        let text = "#!/usr/bin/perl\nselect undef, undef, undef, 0.02;\nexit $ARGV[0];\n";
        let script = "for i in 1 2 3 4 5 6; do ($TOOL $i; [ $? = $i ] || echo $i got $?) & done
            $TOOL 9 & kill -9 $!; wait; $TOOL 7; echo $?";
        if let Some((code, said, _)) = run(text, script) {
            assert_eq!((code, said.as_str()), (Some(0), "7\n"));
        }
    }

    #[test]
    fn its_modules_are_read_once() {
        let text = "#!/usr/bin/perl\nuse File::Basename;\nprint getppid == $ENV{LENDER} ? 'lent' : 'anew', \"\\n\";\n";
        if let Some(ran) = run(text, "LENDER=$PPID $TOOL; LENDER=$PPID $TOOL") {
            assert_eq!(ran, (Some(0), "lent\nlent\n".into(), String::new()));
        }
    }

    #[test]
    fn a_program_is_read_once_and_its_variables_are_new_each_time() {
        let reading = "BEGIN { print \"read\\n\" } my $n = 0; sub more { $n++ } more() for @ARGV; print \"$n\\n\";";
        for ends in ["", "\n=head1 AUTHOR\n\nnobody\n", "\n=pod\n\nx\n\n=cut\n"] {
            let text = format!("#!/usr/bin/perl\n{reading}{ends}");
            if let Some(ran) = run(&text, "$TOOL a b; $TOOL c") {
                assert_eq!(ran, (Some(0), "read\n2\n1\n".into(), String::new()));
            }
        }
        let text = "#!/usr/bin/perl\nprint <DATA>;\n__DATA__\nits own\n";
        if let Some(ran) = run(text, "$TOOL; $TOOL") {
            assert_eq!(ran, (Some(0), "its own\nits own\n".into(), String::new()));
        }
    }

    #[test]
    fn a_program_of_another_language_is_called_all_the_same() {
        if let Some(ran) = run(
            "#!/bin/sh\necho plain \"$@\"; exit 5\n",
            "$TOOL a b; echo $?",
        ) {
            assert_eq!(ran, (Some(0), "plain a b\n5\n".into(), String::new()));
        }
    }

    #[test]
    fn the_end_of_the_command_is_the_end() {
        for (script, code) in [("exit 0", 0), ("exit 9", 9), ("kill -9 $$", 137)] {
            if let Some(ran) = run(SHOW, script) {
                assert_eq!(ran, (Some(code), String::new(), String::new()), "{script}");
            }
        }
    }

    #[test]
    fn a_program_may_run_what_calls_it_again() {
        let text = "#!/usr/bin/perl\nmy $n = shift;\nprint \"$n\\n\";\nsystem($ENV{TOOL}, $n - 1) if $n;\nexit($? >> 8 || $n);\n";
        if let Some((code, said, _)) = run(text, "$TOOL 3; echo $?") {
            assert_eq!((code, said.as_str()), (Some(0), "3\n2\n1\n0\n1\n"));
        }
    }

    #[test]
    fn commands_run_in_turn_up_to_the_first_that_fails() {
        let commands = vec![vec!["a", "b"], vec!["c"]];
        let (program, args) = lent(&commands);
        assert_eq!(program, "/usr/bin/perl");
        assert_eq!(args[args.len() - 5..], ["--", "a", "b", ";", "c"]);
        for (script, code, said) in [
            ("echo one", 0, "one\ntwo\n"),
            ("echo one; exit 4", 4, "one\n"),
        ] {
            if let Some(ran) = run(SHOW, &format!("{script}\0;\0/bin/echo\0two")) {
                assert_eq!(ran, (Some(code), said.into(), String::new()), "{script}");
            }
        }
    }

    #[test]
    fn it_is_only_done_where_it_pays() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = Root::open(directory.path()).expect("readable");
        let write = |path: &RootPath, text: &str| {
            root.write(path, text.as_bytes(), 0o755).expect("writable");
        };
        let scripts: Vec<RootPath> = ["a", "b", "c"].map(RootPath::from).into();
        write(
            &scripts[0],
            ". /usr/share/debconf/confmodule # debconf/confmodule",
        );
        write(
            &scripts[1],
            "deb-systemd-helper unmask x; deb-systemd-helper enable x",
        );
        write(&scripts[2], ". /usr/share/debconf/confmodule");
        assert!(!raise(&root, &scripts).expect("nothing there"));
        for path in NEEDED {
            write(&RootPath::from(path), "real");
        }
        let [helper, frontend] = PROGRAMS.map(|program| RootPath::from(program.path));
        write(&helper, "real");
        assert!(!raise(&root, &scripts[1..]).expect("too few"));
        let read = |path: &RootPath| {
            let content = root.read(path).expect("readable")?;
            Some(String::from_utf8(content).expect("text"))
        };
        for both in [false, true] {
            if both {
                write(&frontend, "real");
            }
            assert!(raise(&root, &scripts).expect("writable"));
            let stood_in = read(&helper).expect("there");
            assert!(
                stood_in.contains("echo \"$$ /usr/bin/deb-systemd-helper\" >/dev/boot-calls"),
                "{stood_in}"
            );
            assert_eq!(read(&frontend).is_some(), both);
            lower(&root).expect("writable");
            assert_eq!(read(&helper).as_deref(), Some("real"));
            assert_eq!(read(&frontend).as_deref(), both.then_some("real"));
        }
    }
}
