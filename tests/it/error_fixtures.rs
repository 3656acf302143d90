//! The golden error fixtures of all plugins together: enough of them, over enough vendors, and each in a form of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

/// A fixture of one plugin: what the vendor answers, and what must become of it.
struct Row {
    vendor: String,
    fixture: Value,
}

fn rows() -> Vec<Row> {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
    let mut rows = Vec::new();
    for plugin in std::fs::read_dir(plugins).unwrap() {
        let plugin = plugin.unwrap().path();
        let vendor = plugin.file_name().unwrap().to_string_lossy().replace("llm-provider-", "");
        for entry in std::fs::read_dir(plugin.join("tests/fixtures/errors")).into_iter().flatten() {
            let path = entry.unwrap().path();
            let fixture = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            rows.push(Row { vendor: vendor.clone(), fixture });
        }
    }
    rows
}

/// What makes a row a shape of its own within a vendor: status, the words of its codes, the names of its fields and
/// headers; not what its message says.
fn shape(fixture: &Value) -> String {
    fn names(value: &Value, out: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    out.push(name.clone());
                    if matches!(&**name, "code" | "type" | "status" | "reason" | "error_type" | "__type" | "quotaId") {
                        out.push(value.to_string());
                    }
                    names(value, out);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| names(item, out)),
            Value::String(_) => out.push("text".to_owned()),
            _ => {}
        }
    }
    let mut all =
        vec![fixture["status"].to_string(), fixture["kind"].to_string(), fixture["retry_after_s"].to_string()];
    names(&fixture["body"], &mut all);
    all.extend(fixture["headers"].as_object().into_iter().flat_map(|headers| headers.keys().cloned()));
    all.join(" ")
}

#[test]
fn every_vendors_errors_are_held_in_forms_of_their_own() {
    let mut shapes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows() {
        for field in ["status", "kind", "billed"] {
            assert!(!row.fixture[field].is_null(), "{}: a row without {field}: {}", row.vendor, row.fixture);
        }
        shapes.entry(row.vendor).or_default().insert(shape(&row.fixture));
    }
    let vendors = shapes.values().filter(|shapes| shapes.len() >= 8).count();
    let all: BTreeSet<&String> = shapes.values().flatten().collect();
    assert!(vendors >= 14, "{vendors} vendors with eight forms or more");
    // Vendors of one protocol share forms; these are told apart across all of them.
    assert!(all.len() >= 120, "{} forms of {} rows", all.len(), shapes.values().map(BTreeSet::len).sum::<usize>());
}

#[test]
fn every_class_that_a_vendor_can_report_is_among_them() {
    let classes: BTreeSet<String> =
        rows().iter().filter_map(|row| row.fixture["kind"].as_str().map(str::to_owned)).collect();
    for class in [
        "auth",
        "permission",
        "not_found",
        "invalid_request",
        "payload_too_large",
        "context_length",
        "content_filter",
        "rate_limited",
        "quota",
        "overloaded",
        "server",
        "model_output",
    ] {
        assert!(classes.contains(class), "no fixture is {class}: {classes:?}");
    }
}
