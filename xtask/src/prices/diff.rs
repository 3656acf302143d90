//! What changed between two tables, one line for each thing that did.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::table::{ModelRow, Table};

/// The differences, in the order of the names.
pub(super) fn lines(before: Option<&Table>, after: &Table) -> Vec<String> {
    let before = before.map(rows).unwrap_or_default();
    let after = rows(after);
    let mut lines = Vec::new();
    for (name, row) in &after {
        match before.get(name) {
            None => lines.push(format!("+ {name}")),
            Some(old) => lines.extend(fields(old, row).into_iter().map(|change| format!("~ {name} {change}"))),
        }
    }
    lines.extend(before.keys().filter(|name| !after.contains_key(*name)).map(|name| format!("- {name}")));
    lines
}

fn rows(table: &Table) -> BTreeMap<String, &ModelRow> {
    let mut all = BTreeMap::new();
    for (provider, models) in &table.providers {
        all.extend(models.iter().map(|row| (format!("{}/{}", provider.provider, row.id), row)));
    }
    all
}

fn fields(before: &ModelRow, after: &ModelRow) -> Vec<String> {
    let object = |row: &ModelRow| match serde_json::to_value(row) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let (before, after) = (object(before), object(after));
    let mut names: Vec<_> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let show = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| format!("{name}: {} → {}", show(before.get(name)), show(after.get(name))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::table::ProviderRow;
    use super::*;

    fn table(models: &[(&str, u64)]) -> Table {
        let row = |(id, ctx): &(&str, u64)| ModelRow { ctx: Some(*ctx), ..ModelRow::named(id) };
        let provider = ProviderRow { provider: "a".to_owned(), ..ProviderRow::default() };
        Table { providers: vec![(provider, models.iter().map(row).collect())], ..Table::default() }
    }

    #[test]
    fn a_diff_names_what_came_what_went_and_what_changed() {
        let (before, after) = (table(&[("m", 1), ("n", 2), ("o", 3)]), table(&[("m", 1), ("o", 4), ("p", 5)]));
        assert_eq!(lines(Some(&before), &after), ["~ a/o ctx: 3 → 4", "+ a/p", "- a/n"]);
        assert_eq!(lines(Some(&after), &after), [""; 0]);
        assert_eq!(lines(None, &before).len(), 3);
    }
}
