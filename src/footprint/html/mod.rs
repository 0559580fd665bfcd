//! The report as one HTML file: treemaps, differences and tables that work without a network and without a library.
//!
//! ```text
//! Footprints ─Report::of→ Report ─page→ page.html + style.css + script/*.js + one JSON block
//! ```
//!
//! | module | holds |
//! | --- | --- |
//! | [`report`] | what the page shows: the shape of its JSON block |
//! | [`aligned`] | packages and classes of several images under common names |
//! | [`facts`], [`tables`] | single numbers, and lists |
//! | [`maps`], [`nodes`] | the trees of the treemaps, without what would be too small to see |
//!
//! Everything in it that comes from an image (names, paths, licences) was chosen by somebody nobody trusts. It is only in
//! the JSON block, where no character can end the block; the script makes text nodes of it; and the page's policy allows
//! exactly one script and one style, by their digests, and no request at all.

mod aligned;
mod comparison;
mod facts;
mod maps;
mod nodes;
pub mod report;
mod tables;
#[cfg(test)]
mod tests;

pub use report::Report;

use sha2::{Digest, Sha256};

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
/// One module: what a file says is known to those after it.
const SCRIPT: &str = concat!(
    include_str!("script/data.js"),
    include_str!("script/text.js"),
    include_str!("script/dom.js"),
    include_str!("script/theme.js"),
    include_str!("script/facts.js"),
    include_str!("script/squarify.js"),
    include_str!("script/treemap.js"),
    include_str!("script/maps.js"),
    include_str!("script/table.js"),
    include_str!("script/packages.js"),
    include_str!("script/words.js"),
    include_str!("script/main.js"),
);

/// Writes the whole page: the same report gives the same bytes.
pub fn page(report: &Report) -> String {
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        source(SCRIPT),
        source(STYLE)
    );
    // What is put in is never searched for places itself.
    let mut page = String::new();
    let mut rest = TEMPLATE;
    while let Some((before, after)) = rest.split_once("{{") {
        let (place, after) = after.split_once("}}").expect("the template closes places");
        page.push_str(before);
        match place {
            "policy" => page.push_str(&policy),
            "title" => page.push_str(&markup(&report.title)),
            "style" => page.push_str(STYLE),
            "data" => page.push_str(&block(report)),
            "script" => page.push_str(SCRIPT),
            other => unreachable!("the template has no place `{other}`"),
        }
        rest = after;
    }
    page.push_str(rest);
    page
}

/// Names an inline script or style in a policy: <https://www.w3.org/TR/CSP3/#grammardef-hash-source>.
fn source(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text)))
}

/// Writes bytes in base 64 with padding, RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = (0..3).fold(0, |number, i| {
            number << 8 | usize::from(three.get(i).copied().unwrap_or(0))
        });
        for i in 0..4 {
            let letter = LETTERS[number >> (18 - 6 * i) & 63];
            text.push(if i > three.len() {
                '='
            } else {
                char::from(letter)
            });
        }
    }
    text
}

/// Writes text so that it is no markup.
fn markup(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Writes the data so that nothing in it ends the block: in JSON, these characters are only ever within strings.
///
/// `<` begins `</script>` and `<!--`; U+2028 and U+2029 end lines of scripts.
fn block(report: &Report) -> String {
    serde_json::to_string(report)
        .expect("a report has only strings for keys")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}
