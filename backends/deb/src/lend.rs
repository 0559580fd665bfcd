//! One Perl for all calls of `deb-systemd-helper`.
//!
//! `postinst` scripts of packages with services call this program half a dozen times each, a hundred times in a large
//! image, and every call is an interpreter's start for a millisecond of work. So dpkg is run by an interpreter that has
//! read the program and all its modules once, and that forks itself for each call. A stand-in in the program's place
//! says which process calls; arguments, environment, directory, mask and streams are those of that process, the code is
//! the program's own, and the caller gets its exit code. The interpreter ends with dpkg, and dpkg's exit code is its.

use boot_kit::{Result, Root, RootPath};

const PROGRAM: &str = "usr/bin/deb-systemd-helper";
const PROGRAM_ASIDE: &str = "usr/bin/deb-systemd-helper.boot";

/// What all this needs besides.
const NEEDED: [&str; 4] = [PROGRAM, "bin/sh", "usr/bin/mkfifo", "usr/bin/perl"];

/// How many scripts must call the program to make it worth while.
const WORTH: usize = 4;

/// Where the stand-in says who calls. It hears how the call ended from a pipe of its own, so that callers that run side by
/// side do not read each other's answers.
const CALLS: &str = "usr/bin/deb-systemd-helper.boot.calls";

/// Its own input and output are redirected while it talks, so it keeps the caller's under other numbers.
const STAND_IN: &[u8] = b"#!/bin/sh
exec 3>&1 4<&0
answer=/usr/bin/deb-systemd-helper.boot.answer.$$
mkfifo \"$answer\" && echo $$ >/usr/bin/deb-systemd-helper.boot.calls
read -r status <\"$answer\"
exit \"${status:-255}\"
";

/// Runs a command and lends itself to whoever calls the program meanwhile.
///
/// The arguments are the program's own path, the one it is called by, and the command. A fork has the modules of the
/// program already and reads the program itself (`do`), which is then as if it had been started: the same scopes, `@ARGV`, `$0`.
const LENDER: &str = r#"
use strict;
use Fcntl qw(O_NONBLOCK O_RDWR);

my ($program, $name, @command) = @ARGV;
my ($calls, $answer) = ("$program.calls", "$program.answer");

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
if (slurp('/proc/self/status') !~ /^NSpid:\s+\d+$/m) {
    unlink $name;
    symlink $program, $name;
    exec { $command[0] } @command;
    exit 127;
}

my $text = slurp($program);
my $is_perl = $text =~ /^#!.*\bperl\b/;
# What it will ask for, read once; what is not there it finds out for itself.
for my $module ($is_perl ? $text =~ /^use\s+([A-Za-z][\w:]*)/mg : ()) {
    eval "require $module";
}

sub serve {
    my ($caller) = @_;
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
    exec { $program } $name, @ARGV unless $is_perl;
    $0 = $name;
    $SIG{CHLD} = 'DEFAULT';
    ($!, $@) = (0, '');
    do $program;
    exit 0 unless length $@;
    my $code = $! + 0;
    print STDERR $@;
    exit($code || 255);
}

system('mkfifo', $calls) == 0 or exit 125;
# Pipes are open at both ends: nobody waits for a reader, and nothing is lost. An answer's is open until its caller is gone.
sysopen my $in, $calls, O_RDWR or exit 125;
my %answered;
$SIG{CHLD} = sub {};
my $child = fork;
defined $child or exit 125;
if (!$child) {
    $SIG{CHLD} = 'DEFAULT';
    exec { $command[0] } @command;
    exit 127;
}
my $heard = '';
while (waitpid($child, 1) == 0) {
    my $ready = '';
    vec($ready, fileno $in, 1) = 1;
    next if select($ready, undef, undef, 0.05) < 1;
    sysread $in, $heard, 256, length $heard;
    while ($heard =~ s/^(\d+)\n//) {
        my $caller = $1;
        delete $answered{$_} for grep { !kill 0, $_ } keys %answered;
        next unless kill 0, $caller;
        my $call = fork;
        serve($caller) if defined $call && !$call;
        my $code = defined $call && waitpid($call, 0) == $call ? code($?) : 255;
        if (sysopen my $out, "$answer.$caller", O_RDWR | O_NONBLOCK) {
            syswrite $out, "$code\n";
            $answered{$caller} = $out;
        }
    }
}
my $code = code($?);
unlink $calls, glob "$answer.*";
exit $code;
"#;

/// Puts the stand-in in the program's place; `false` if it would not pay, or something is missing.
///
/// `scripts` are those that will run.
pub fn raise(root: &Root, scripts: &[RootPath]) -> Result<bool> {
    let mut calling = 0;
    for script in scripts {
        let text = root.read(script)?.unwrap_or_default();
        calling += usize::from(memchr::memmem::find(&text, b"deb-systemd-helper").is_some());
    }
    if calling < WORTH {
        return Ok(false);
    }
    for path in NEEDED {
        if root.read(&RootPath::from(path))?.is_none() {
            return Ok(false);
        }
    }
    root.rename(&RootPath::from(PROGRAM), &RootPath::from(PROGRAM_ASIDE))?;
    root.write(&RootPath::from(PROGRAM), STAND_IN, 0o755)?;
    Ok(true)
}

/// Wraps a command, so that calls of the program are answered while it runs: returns program and arguments.
pub fn lent(program: &str, args: &[&str]) -> (String, Vec<String>) {
    let aside = format!("/{PROGRAM_ASIDE}");
    let name = format!("/{PROGRAM}");
    let own = ["-e", LENDER, &aside, &name, program];
    let all = own.iter().chain(args);
    (
        "/usr/bin/perl".to_owned(),
        all.map(|arg| (*arg).to_owned()).collect(),
    )
}

/// Puts the program back.
pub fn lower(root: &Root) -> Result<()> {
    root.remove(&RootPath::from(CALLS))?;
    root.rename(&RootPath::from(PROGRAM_ASIDE), &RootPath::from(PROGRAM))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

    /// A program of Perl that shows what it was given, in a directory of its own, with its stand-in.
    fn program(directory: &Path, text: &str) -> (String, String) {
        let name = directory.join("tool").display().to_string();
        let aside = format!("{name}.boot");
        fs::write(&aside, text).expect("writable");
        let stand_in =
            String::from_utf8_lossy(STAND_IN).replace(&format!("/{PROGRAM_ASIDE}"), &aside);
        fs::write(&name, stand_in).expect("writable");
        for path in [&name, &aside] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("ours");
        }
        (name, aside)
    }

    /// Runs a script that calls the program as `$TOOL`; returns exit code, stdout and stderr. `None` without Perl.
    #[expect(clippy::print_stderr, reason = "a skip says why")]
    fn run(text: &str, script: &str) -> Option<(Option<i32>, String, String)> {
        if Command::new("perl").arg("-v").output().is_err() {
            eprintln!("skipped: there is no perl here");
            return None;
        }
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (name, aside) = program(directory.path(), text);
        let output = Command::new("perl")
            .args(["-e", LENDER, &aside, &name, "/bin/sh", "-c", script])
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
    fn it_is_only_done_where_it_pays() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = Root::open(directory.path()).expect("readable");
        let scripts: Vec<RootPath> = ["a", "b", "c", "d"].map(RootPath::from).into();
        for script in &scripts {
            root.write(script, b"deb-systemd-helper enable x", 0o755)
                .expect("writable");
        }
        assert!(!raise(&root, &scripts).expect("nothing there"));
        for path in NEEDED {
            root.write(&RootPath::from(path), b"real", 0o755)
                .expect("writable");
        }
        assert!(!raise(&root, &scripts[1..]).expect("too few"));
        assert!(raise(&root, &scripts).expect("writable"));
        let read = || root.read(&RootPath::from(PROGRAM)).expect("readable");
        assert_eq!(read().as_deref(), Some(STAND_IN));
        lower(&root).expect("writable");
        assert_eq!(read().as_deref(), Some(&b"real"[..]));
    }
}
