//! Words that must not stand in a committed file: places of one machine, package registries, unfinished code.
//!
//! The words are put together from parts, so that this file passes its own check.

use super::tree::{Workspace, has_extension};

/// Folders that exist on somebody's machine only.
const PLACES: &[&str] = &[concat!("/", "root/"), concat!("/", "work/"), concat!("/", "farm/")];
/// A file in here has another name on every machine; a test uses its own temporary folder.
const TEMPORARY: &str = concat!("/", "tmp/");

/// Where packages come from is the business of whoever builds.
const REGISTRIES: &[&str] = &[
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("registry.", "npmjs.org"),
    concat!("pypi.", "org/simple"),
    concat!("files.", "pythonhosted.org"),
    concat!("proxy.", "golang.org"),
    concat!("registry-1.", "docker.io"),
];

/// Code that is not finished.
const UNFINISHED: &[&str] =
    &[concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!("), concat!("FIX", "ME")];

pub(super) fn check(workspace: &Workspace) -> Vec<String> {
    workspace.files.iter().flat_map(|(path, text)| check_file(path, text)).collect()
}

fn check_file(path: &str, text: &str) -> Vec<String> {
    if has_extension(path, "lock") {
        return Vec::new(); // written by a tool, and its source lines name the registry on purpose
    }
    let source = has_extension(path, "rs");
    let mut problems = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut found = |word: &str, why: &str| problems.push(format!("{path}:{}: `{word}`: {why}", number + 1));
        for word in PLACES.iter().filter(|word| line.contains(**word)) {
            found(word, "a path of one machine");
        }
        if temporary_path(line) {
            found(TEMPORARY, "a path of one machine");
        }
        for word in REGISTRIES.iter().filter(|word| line.contains(**word)) {
            found(word, "the host of a package registry");
        }
        for word in UNFINISHED.iter().filter(|word| source && line.contains(**word)) {
            found(word, "unfinished code");
        }
    }
    problems
}

/// The temporary folder with a name behind it.
fn temporary_path(line: &str) -> bool {
    line.match_indices(TEMPORARY)
        .any(|(at, word)| line[at + word.len()..].starts_with(|letter: char| letter.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_found_with_its_line() {
        let words = [PLACES, REGISTRIES, UNFINISHED, &[concat!("/", "tmp/", "x")]].concat();
        for word in words {
            let problems = check_file("crates/a/src/b.rs", &format!("//! Head.\n\nlet x = {word}\n"));
            assert_eq!(problems.len(), 1, "{word}: {problems:?}");
            assert!(problems[0].starts_with("crates/a/src/b.rs:3: "), "{problems:?}");
        }
    }

    #[test]
    fn prose_may_say_what_code_may_not() {
        assert_eq!(check_file("docs/style.md", concat!("no ", "todo", "!() in code")), [""; 0]);
        assert_eq!(check_file("docs/style.md", concat!("the folder ", "/", "tmp/ is yours")), [""; 0]);
        assert_eq!(check_file("Cargo.lock", REGISTRIES[0]), [""; 0]);
    }

    #[test]
    fn places_are_found_in_every_kind_of_file() {
        for path in ["README.md", "tests/fixtures/a.json", ".ci/run"] {
            assert_eq!(check_file(path, &format!("cd {}main", PLACES[0])).len(), 1, "{path}");
        }
    }
}
