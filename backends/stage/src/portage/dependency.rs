//! Dependencies as portage records them: words and groups.

use boot_kit::inventory::Clause;

/// Reads a dependency string into what must be there. Blockers (`!x`) are left out, conditions (`flag? ( … )`) taken as
/// met, since portage records what holds, and groups of all (`( … )`) taken apart.
pub(super) fn clauses(text: &str) -> Vec<Clause> {
    let mut words = text.split_whitespace();
    let mut clauses = Vec::new();
    while let Some(word) = words.next() {
        match word {
            "||" => {
                let group = group(&mut words);
                let names = group
                    .iter()
                    .filter_map(|word| name(word))
                    .collect::<Vec<_>>();
                if !names.is_empty() {
                    clauses.push(Clause {
                        text: format!("|| ( {} )", group.join(" ")),
                        alternatives: names,
                    });
                }
            }
            word => clauses.extend(name(word).map(|name| Clause {
                text: word.to_owned(),
                alternatives: vec![name],
            })),
        }
    }
    clauses
}

/// The words up to the parenthesis that closes the group, groups in it taken apart.
fn group<'a>(words: &mut impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let (mut depth, mut group) = (0, Vec::new());
    for word in words {
        match word {
            "(" => depth += 1,
            ")" => depth -= 1,
            "||" => {}
            word => group.push(word),
        }
        if depth == 0 {
            break;
        }
    }
    group
}

/// The `category/name` of `>=category/name-1.2:slot[flags]`; nothing for blockers, conditions and parentheses.
fn name(word: &str) -> Option<String> {
    if word.starts_with('!') || word.ends_with('?') {
        return None;
    }
    let has_version = word.starts_with(['<', '>', '=', '~']);
    let word = word.trim_start_matches(['<', '>', '=', '~']);
    let end = word.find([':', '[']).unwrap_or(word.len());
    let (category, name) = word[..end].split_once('/')?;
    let name = if has_version {
        crate::gentoo::split(name.trim_end_matches('*')).map_or(name, |(name, _)| name)
    } else {
        name
    };
    Some(format!("{category}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_from_words_and_groups() {
        let text = "a/b !c/d >=e/f-1.2-r1:0/2=[x,-y] =g/h-3* nls? ( i/j ) || ( ( k/l m/n ) >=o/p-1 ) ( q/r )";
        let found: Vec<_> = clauses(text)
            .into_iter()
            .map(|clause| clause.alternatives.join("|"))
            .collect();
        assert_eq!(found, ["a/b", "e/f", "g/h", "i/j", "k/l|m/n|o/p", "q/r"]);
        assert!(clauses("").is_empty());
    }
}
