//! Dependencies as the words v2 has for them: `name`, `!name`, `name>=1.2`.

use super::{Slots, malformed, schema::dependency};
use boot_kit::Result;

/// apk's bits for how versions compare.
const EQUAL: u64 = 1;
const LESS: u64 = 2;
const GREATER: u64 = 4;
const FUZZY: u64 = 8;
const CONFLICT: u64 = 16;
const LESS_OR_EQUAL: u64 = LESS | EQUAL;
const GREATER_OR_EQUAL: u64 = GREATER | EQUAL;
/// Not a version follows but the hash of one package.
const IDENTITY: u64 = LESS | GREATER;

/// Reads an array of dependencies.
pub fn words(array: Slots<'_>) -> Result<Vec<String>> {
    array.objects().map(|object| word(object?)).collect()
}

fn word(object: Slots<'_>) -> Result<String> {
    let name = object.text(dependency::NAME)?;
    let version = object.text(dependency::VERSION)?;
    let comparison = object.integer(dependency::MATCH)?.unwrap_or(EQUAL);
    if name.is_empty() || [name, version].concat().contains(char::is_whitespace) {
        return Err(malformed("a dependency has no name, or a blank in it"));
    }
    let conflict = if comparison & CONFLICT == 0 { "" } else { "!" };
    if version.is_empty() {
        return Ok(format!("{conflict}{name}"));
    }
    let operator = match (comparison & !CONFLICT & !FUZZY, comparison & FUZZY) {
        (EQUAL, 0) => "=",
        (LESS, 0) => "<",
        (LESS_OR_EQUAL, 0) => "<=",
        (GREATER, 0) => ">",
        (GREATER_OR_EQUAL, 0) => ">=",
        (IDENTITY, 0) => "><",
        (0 | EQUAL, FUZZY) => "~",
        (LESS | LESS_OR_EQUAL, FUZZY) => "<~",
        (GREATER | GREATER_OR_EQUAL, FUZZY) => ">~",
        _ => {
            let message = format!("`{name}` is compared in the unknown way {comparison}");
            return Err(malformed(message));
        }
    };
    Ok(format!("{conflict}{name}{operator}{version}"))
}
