//! Who can log in: passwd(5), shadow(5).

use super::{
    model::{Account, Accounts},
    rules::Rules,
    table::Table,
};
use boot_kit::{RootPath, inventory::Contents};
use std::collections::HashMap;

/// What an empty field for the shell stands for.
const DEFAULT_SHELL: &str = "/bin/sh";

/// Reads the accounts; a shell that is not in the image lets nobody in.
pub(super) fn read(table: &Table, contents: &Contents, rules: &Rules) -> Accounts {
    let text = |path: &'static str| {
        let content = contents.get(&RootPath::from(path))?;
        Some(String::from_utf8_lossy(content).into_owned())
    };
    let Some(passwd) = text("etc/passwd") else {
        return Accounts::default();
    };
    let shadow = text("etc/shadow").unwrap_or_default();
    let lets_in = |shell: &str| {
        let path = RootPath::parse(shell).ok();
        !rules.no_login.iter().any(|none| none == shell)
            && path.is_some_and(|path| table.file(&path).is_some())
    };
    accounts(&passwd, &shadow, &lets_in)
}

fn accounts(passwd: &str, shadow: &str, lets_in: &dyn Fn(&str) -> bool) -> Accounts {
    let passwords: HashMap<&str, &str> = shadow
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            Some((fields.next()?, fields.next()?))
        })
        .collect();
    let mut accounts = Accounts {
        total: Some(0),
        login: Vec::new(),
    };
    for line in passwd.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, password, uid, _, _, _, shell] = fields[..] else {
            continue;
        };
        // As for the C library: a line without a number is of nobody.
        let Ok(uid) = uid.parse() else {
            continue;
        };
        accounts.total = accounts.total.map(|total| total + 1);
        let shell = if shell.is_empty() {
            DEFAULT_SHELL
        } else {
            shell
        };
        let password = match password {
            // Who is not in the other file has no password that could be right.
            "x" => passwords.get(name).copied().unwrap_or("*"),
            password => password,
        };
        if !password.starts_with(['!', '*']) && lets_in(shell) {
            accounts.login.push(Account {
                name: name.to_owned(),
                uid,
                shell: shell.to_owned(),
                without_password: password.is_empty(),
            });
        }
    }
    accounts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_with_a_password_or_none_and_a_shell_can_log_in() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\n\
            daemon:*:1:1::/:/bin/sh\n\
            open::1000:1000::/home/open:\n\
            hash:$6$x:1001:1001::/:/bin/sh\n\
            none:x:1002:1002::/:/sbin/nologin\n\
            absent:x:1003:1003::/:/bin/sh\n\
            locked:x:1004:1004::/:/bin/sh\n\
            mad::0x0:0::/:/bin/sh\n\
            short:x\n";
        let shadow = "root::0:::::\nnone:$6$x:0:::::\nlocked:!$6$x:0:::::\n";
        let found = accounts(passwd, shadow, &|shell| shell == "/bin/sh");
        let account = |name: &str, uid, without_password| Account {
            name: name.into(),
            uid,
            shell: "/bin/sh".into(),
            without_password,
        };
        let wanted = Accounts {
            total: Some(7),
            login: vec![
                account("root", 0, true),
                account("open", 1000, true),
                account("hash", 1001, false),
            ],
        };
        assert_eq!(found, wanted);
    }
}
