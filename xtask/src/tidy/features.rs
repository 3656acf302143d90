//! The facade's README has a row for each of its features, and says which are there by default.

use super::tree::Workspace;

const README: &str = "crates/loquat/README.md";

pub(super) fn check(workspace: &Workspace) -> Vec<String> {
    let Some(facade) = workspace.packages.iter().find(|package| package.name == "loquat") else { return Vec::new() };
    let Some(readme) = workspace.files.get(README) else { return vec![format!("{README} is absent")] };
    let rows: Vec<(&str, bool)> = readme.lines().filter_map(row).collect();
    let by_default = facade.features.get("default").map(Vec::as_slice).unwrap_or_default();
    let mut problems = Vec::new();
    for feature in facade.features.keys().filter(|feature| *feature != "default") {
        let is_default = by_default.contains(feature);
        match rows.iter().filter(|(name, _)| name == feature).collect::<Vec<_>>().as_slice() {
            [(_, said)] if *said == is_default => {}
            [_] => problems.push(format!("{README}: the row of `{feature}` is wrong about the default")),
            [] => problems.push(format!("{README}: the table of features lacks `{feature}`")),
            _ => problems.push(format!("{README}: `{feature}` has several rows")),
        }
    }
    let gone = rows.iter().filter(|(name, _)| !facade.features.contains_key(*name));
    problems.extend(gone.map(|(name, _)| format!("{README}: there is no feature `{name}`")));
    problems
}

/// A row of the table of features: the name, and whether it is there by default.
fn row(line: &str) -> Option<(&str, bool)> {
    let cells: Vec<&str> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
    let [name, default @ ("" | "yes"), _, ""] = cells.as_slice() else { return None };
    Some((name.strip_prefix('`')?.strip_suffix('`')?, !default.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::Package;

    fn check(readme: &str) -> Vec<String> {
        let mut workspace = Workspace::of(&[(README, readme)]);
        let mut facade = Package::named("loquat");
        for (name, enables) in [("default", &["cache"][..]), ("cache", &[]), ("openai", &[])] {
            facade.features.insert(name.to_owned(), enables.iter().map(|name| (*name).to_owned()).collect());
        }
        workspace.packages = vec![facade];
        super::check(&workspace)
    }

    #[test]
    fn every_feature_has_one_row_that_is_right() {
        let right = "| feature | default | what |\n|---|---|---|\n| `cache` | yes | a |\n| `openai` |  | b |\n";
        assert_eq!(check(right), [""; 0]);
        for wrong in [
            right.replace("yes", ""),
            right.replace("| `openai` |  | b |\n", ""),
            right.replace("openai", "opnai"),
            right.to_owned() + "| `cache` | yes | a |\n",
        ] {
            assert!(!check(&wrong).is_empty(), "{wrong}");
        }
    }
}
