//! Code in documents is the code of a file: the block behind `<!-- include: PATH -->` or `<!-- include: PATH#START -->`.
//!
//! `START` is how a line of the file begins. Of Rust it is an item, with its doc comment and to its last bracket; of
//! other files it is what comes up to the next blank line. Without it the block is the whole file.
//! `cargo xtask reference` writes the blocks, tidy holds them to their files.

use super::tree::{Workspace, has_extension};

const MARK: &str = "<!-- include: ";

pub(super) fn check(workspace: &Workspace) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in pages(workspace) {
        match with_includes(workspace, text) {
            Ok(right) if right == text => {}
            Ok(_) => {
                problems.push(format!("{path}: its code is not that of the files: `cargo xtask reference` writes it"));
            }
            Err(problem) => problems.push(format!("{path}:{problem}")),
        }
    }
    problems
}

/// The documents with code in them that stands elsewhere.
pub(crate) fn pages(workspace: &Workspace) -> impl Iterator<Item = (&str, &str)> {
    let files = workspace.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    files.filter(|(path, text)| has_extension(path, "md") && text.contains(MARK))
}

/// The document with every block as its file is now; an error is a line number and what is wrong there.
pub(crate) fn with_includes(workspace: &Workspace, page: &str) -> Result<String, String> {
    let mut right = String::with_capacity(page.len());
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        right.extend([line, "\n"]);
        let Some(what) = line.strip_prefix(MARK).and_then(|rest| rest.strip_suffix(" -->")) else { continue };
        let wrong = |what: &str| format!("{}: {what}", number + 1);
        let Some((_, fence)) = lines.next().filter(|(_, fence)| fence.starts_with("```")) else {
            return Err(wrong("an include is followed by a block of code"));
        };
        let code = included(workspace, what).map_err(|problem| wrong(&problem))?;
        right.extend([fence, "\n", &code, "```\n"]);
        if !lines.any(|(_, line)| line == "```") {
            return Err(wrong("the block of code does not end"));
        }
    }
    Ok(right)
}

fn included(workspace: &Workspace, what: &str) -> Result<String, String> {
    let (path, start) = what.split_once('#').map_or((what, None), |(path, start)| (path, Some(start)));
    let text = workspace.files.get(path).ok_or_else(|| format!("{path} does not exist"))?;
    let Some(start) = start else { return Ok(text.clone()) };
    let lines: Vec<&str> = text.lines().collect();
    let begins = |line: &str| line.trim_start().starts_with(start);
    let Some(first) = lines.iter().position(|line| begins(line)) else {
        return Err(format!("no line of {path} begins with {start:?}"));
    };
    if lines.iter().filter(|line| begins(line)).count() > 1 {
        return Err(format!("several lines of {path} begin with {start:?}"));
    }
    let chosen = if has_extension(path, "rs") { item(&lines, first) } else { paragraph(&lines, first) };
    let indent = lines[first].len() - lines[first].trim_start().len();
    Ok(chosen.iter().flat_map(|line| [line.get(indent..).unwrap_or_default(), "\n"]).collect())
}

/// The item whose first line this is, with the comments and attributes above it.
fn item<'a, 'l>(lines: &'l [&'a str], first: usize) -> &'l [&'a str] {
    let is_above = |line: &&&str| ["///", "#["].iter().any(|start| line.trim_start().starts_with(start));
    let above = lines[..first].iter().rev().take_while(is_above).count();
    let mut depth = 0;
    let last = lines[first..].iter().position(|line| {
        depth += balance(line);
        depth == 0 && line.trim_end().ends_with(['}', ';', ','])
    });
    &lines[first - above..=last.map_or(lines.len() - 1, |last| first + last)]
}

/// Brackets that a line opens, without those in its texts.
fn balance(line: &str) -> i32 {
    let code = line.split("//").next().unwrap_or_default().replace("\\\"", "");
    let count = |text: &str| {
        text.chars().fold(0, |depth, letter| match letter {
            '(' | '[' | '{' => depth + 1,
            ')' | ']' | '}' => depth - 1,
            _ => depth,
        })
    };
    // Texts stand at odd places; what a `'{'` of a pattern opens is not seen to close.
    code.split('"').step_by(2).map(count).sum()
}

fn paragraph<'a, 'l>(lines: &'l [&'a str], first: usize) -> &'l [&'a str] {
    let length = lines[first..].iter().take_while(|line| !line.trim().is_empty()).count();
    &lines[first..first + length]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "use a;\n\nimpl A {\n    /// Doc.\n    #[inline]\n    fn one(&self) -> &'static str {\n        \"{\"\n    }\n\n    \
                          fn two() {}\n}\n\n/// The plugin.\nstatic P: X =\n    X::new(\"(\")\n        .with(&[\n            1,\n        ]);\n";
    const TOML: &str = "[package]\nname = \"x\"\n\n[dependencies]\na = \"1\"\n";

    fn filled(page: &str) -> Result<String, String> {
        with_includes(&Workspace::of(&[("a.rs", SOURCE), ("a.toml", TOML)]), page)
    }

    #[test]
    fn a_block_is_the_item_or_the_paragraph_or_the_file() {
        for (what, code) in [
            ("a.rs#fn one", "/// Doc.\n#[inline]\nfn one(&self) -> &'static str {\n    \"{\"\n}\n"),
            ("a.rs#fn two", "fn two() {}\n"),
            (
                "a.rs#static P",
                "/// The plugin.\nstatic P: X =\n    X::new(\"(\")\n        .with(&[\n            1,\n        ]);\n",
            ),
            ("a.toml#[package]", "[package]\nname = \"x\"\n"),
            ("a.toml", TOML),
        ] {
            let page = format!("text\n<!-- include: {what} -->\n```rust\nold\n```\nmore\n");
            assert_eq!(filled(&page).unwrap(), page.replace("old\n", code), "{what}");
        }
    }

    #[test]
    fn what_cannot_be_included_is_named_with_its_line() {
        for (page, problem) in [
            ("a\n<!-- include: b.rs -->\n```\n```\n", "2: b.rs does not exist"),
            ("<!-- include: a.rs#fn three -->\n```\n```\n", "1: no line of a.rs begins with \"fn three\""),
            ("<!-- include: a.rs#fn -->\n```\n```\n", "1: several lines of a.rs begin with \"fn\""),
            ("<!-- include: a.rs -->\ntext\n", "1: an include is followed by a block of code"),
            ("<!-- include: a.rs -->\n```\n", "1: the block of code does not end"),
        ] {
            assert_eq!(filled(page).unwrap_err(), problem);
        }
        let stale = Workspace::of(&[("docs/a.md", "<!-- include: a.toml#[package] -->\n```\n```\n"), ("a.toml", TOML)]);
        assert_eq!(check(&stale).len(), 1);
    }
}
