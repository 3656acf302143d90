//! genai-prices' `data.json`: providers with their models, patterns, prices, dates and classes of service.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use super::decimal::scaled;
use super::pattern::any_of;
use super::table::{Dated, ModelRow, Price, ProviderRow, Source, Table};

pub(super) const FILE: &str = "prices.jsonl";

/// The list's price keys and ours.
const KEYS: &[(&str, &str)] = &[
    ("input_mtok", "in"),
    ("output_mtok", "out"),
    ("cache_read_mtok", "cr"),
    ("cache_write_mtok", "cw"),
    ("cache_write_1h_mtok", "cw1h"),
    ("input_audio_mtok", "in_audio"),
    ("output_audio_mtok", "out_audio"),
    ("cache_audio_read_mtok", "cr_audio"),
    ("input_image_mtok", "in_image"),
    ("output_image_mtok", "out_image"),
    ("cache_image_read_mtok", "cr_image"),
    ("input_video_mtok", "in_video"),
    ("output_video_mtok", "out_video"),
    ("output_reasoning_mtok", "out_reasoning"),
    ("output_citation_mtok", "out_citation"),
    ("web_searches_kcount", "web_search"),
    ("storage_searches_kcount", "storage_search"),
    ("requests_kcount", "request"),
    ("audio_hours", "audio_s"),
    ("input_audio_hours", "in_audio_s"),
    ("input_mchars", "in_char"),
    ("input_text_messages_kcount", "in_msg"),
    ("input_document_kpages", "in_page"),
    ("input_annotated_document_kpages", "in_page_annot"),
];

#[derive(Deserialize)]
struct Provider {
    id: String,
    #[serde(default)]
    fallback_model_providers: Vec<String>,
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
    r#match: Value,
    context_window: Option<u64>,
    #[serde(default)]
    deprecated: bool,
    prices: Value,
    #[serde(default)]
    price_variants: Vec<Conditional>,
}

#[derive(Deserialize)]
struct Conditional {
    #[serde(default)]
    when: BTreeMap<String, String>,
    constraint: Option<Constraint>,
    prices: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Constraint {
    start_date: Option<String>,
    start_time: Option<String>,
    end_time: Option<String>,
}

#[derive(Deserialize)]
struct Tiers {
    base: Value,
    tiers: Vec<Tier>,
}

#[derive(Deserialize)]
struct Tier {
    start: u64,
    price: Value,
}

/// Reads the list, a bare one or one under `providers`.
pub(super) fn read(list: &Value) -> Result<Table> {
    let list = list.get("providers").unwrap_or(list);
    let source = Source {
        schema: 1,
        list: "genai-prices".to_owned(),
        url: "https://github.com/pydantic/genai-prices".to_owned(),
        license: "MIT".to_owned(),
        copyright: "Copyright (c) Pydantic Services Inc. 2025 to present".to_owned(),
        ..Source::default()
    };
    let mut table = Table { source, providers: Vec::new() };
    for provider in Vec::<Provider>::deserialize(list).context("the list is not as expected")? {
        let mut rows = Vec::new();
        for model in provider.models {
            let name = format!("{}/{}", provider.id, model.id);
            rows.push(row(model).with_context(|| name)?);
        }
        let row = ProviderRow { provider: provider.id, fallback: provider.fallback_model_providers };
        table.providers.push((row, rows));
    }
    Ok(table)
}

fn row(model: Model) -> Result<ModelRow> {
    let mut row = ModelRow { ctx: model.context_window, ..ModelRow::named(&model.id) };
    row.m = any_of(&model.r#match)?;
    if row.m == [Value::String(format!("={}", model.id.to_lowercase()))] {
        row.m.clear();
    }
    row.dep = model.deprecated.then(|| true.into());
    let conditions: Vec<Conditional> = match model.prices {
        Value::Array(_) => Vec::deserialize(model.prices)?,
        flat => vec![Conditional { when: BTreeMap::new(), constraint: None, prices: BTreeMap::deserialize(flat)? }],
    };
    row.p = conditions.into_iter().map(dated).collect::<Result<_>>()?;
    row.v = model.price_variants.into_iter().map(dated).collect::<Result<_>>()?;
    // The list prices what is free with nothing at all, as it does what it knows no price of. The name tells them apart.
    if model.id.ends_with(":free") {
        let nothing = |dated: &mut Dated| dated.p.extend(["in", "out"].map(|key| (key.to_owned(), Price::Flat(0))));
        row.p.iter_mut().filter(|dated| dated.p.is_empty()).for_each(nothing);
    }
    // An unknown price is unknown.
    if row.p.iter().all(|dated| dated.p.is_empty()) {
        row.p.clear();
    }
    Ok(row)
}

fn dated(conditional: Conditional) -> Result<Dated> {
    let mut dated = Dated { when: conditional.when, ..Dated::default() };
    match conditional.constraint {
        None => {}
        Some(Constraint { start_date: Some(day), .. }) => dated.from = Some(day),
        Some(Constraint { start_time: Some(start), end_time: Some(end), .. }) => {
            dated.utc = Some([utc(&start)?, utc(&end)?]);
        }
        Some(_) => bail!("a price has a condition of an unknown kind"),
    }
    for (key, value) in conditional.prices {
        let Some((_, ours)) = KEYS.iter().find(|(theirs, _)| *theirs == key) else {
            bail!("{key} is a price of an unknown kind: add it to xtask/src/prices/genai.rs and to the catalogue");
        };
        dated.p.insert((*ours).to_owned(), price(&value)?);
    }
    Ok(dated)
}

/// A time of the day in UTC, without the words that say so.
fn utc(time: &str) -> Result<String> {
    let bare = time.strip_suffix('Z').or_else(|| time.strip_suffix("+00:00")).unwrap_or(time);
    let fields: Vec<_> = bare.split(':').filter_map(|field| field.parse::<u8>().ok()).collect();
    match fields.as_slice() {
        [hour, minute, second] if *hour < 24 && *minute < 60 && *second < 60 => Ok(bare.to_owned()),
        _ => bail!("{time} is no time of the day in UTC"),
    }
}

fn price(value: &Value) -> Result<Price> {
    if !value.is_object() {
        return Ok(Price::Flat(micro(value)?));
    }
    let mut tiers = Tiers::deserialize(value)?;
    tiers.tiers.sort_by_key(|tier| tier.start);
    let mut steps = vec![micro(&tiers.base)?.into()];
    for tier in tiers.tiers {
        steps.push(Value::Array(vec![tier.start.into(), micro(&tier.price)?.into()]));
    }
    Ok(Price::Tiered(steps))
}

fn micro(dollars: &Value) -> Result<u64> {
    // Finer digits are leftovers of binary fractions (0.27999999999999997).
    scaled(dollars, 6)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_model(model: &Value) -> Result<String> {
        let list = json!([{"id": "a", "models": [model]}]);
        Ok(read(&list)?.text().lines().nth(2).unwrap_or_default().to_owned())
    }

    #[test]
    fn prices_tiers_dates_and_classes_are_read() {
        let text = read_model(&json!({
            "id": "M-1",
            "match": {"equals": "M-1"},
            "context_window": 1000,
            "prices": [
                {"prices": {"input_mtok": 0.075, "output_mtok": {"base": 1, "tiers": [{"start": 200, "price": 2}]}}},
                {"constraint": {"start_date": "2026-03-13"}, "prices": {"input_mtok": "1.5"}},
                {"constraint": {"start_time": "00:30:00Z", "end_time": "16:30:00+00:00"}, "prices": {"input_mtok": 2}},
            ],
            "price_variants": [{"when": {"processing": "batch"}, "prices": {"input_mtok": 1}}],
        }));
        assert_eq!(
            text.unwrap(),
            concat!(
                r#"{"id":"M-1","ctx":1000,"p":[{"p":{"in":75000,"out":[1000000,[200,2000000]]}},"#,
                r#"{"from":"2026-03-13","p":{"in":1500000}},"#,
                r#"{"utc":["00:30:00","16:30:00"],"p":{"in":2000000}}],"#,
                r#""v":[{"when":{"processing":"batch"},"p":{"in":1000000}}]}"#,
            )
        );
    }

    #[test]
    fn no_price_is_unknown_unless_the_name_says_free() {
        let named = |id: &str| read_model(&json!({"id": id, "match": {"equals": id}, "prices": {}})).unwrap();
        assert_eq!(named("m"), r#"{"id":"m"}"#);
        assert_eq!(named("m:free"), r#"{"id":"m:free","p":[{"p":{"in":0,"out":0}}]}"#);
    }

    #[test]
    fn what_is_not_understood_is_an_error_that_names_the_model() {
        for (field, value) in [
            ("match", json!({"sounds_like": "m"})),
            ("prices", json!({"per_smile": 1})),
            ("prices", json!({"input_mtok": -1})),
            ("prices", json!([{"constraint": {"moon": "full"}, "prices": {}}])),
            ("prices", json!([{"constraint": {"start_time": "1:00+02:00", "end_time": "2:00"}, "prices": {}}])),
        ] {
            let mut model = json!({"id": "m", "match": {"equals": "m"}, "prices": {}});
            model[field] = value;
            let error = read_model(&model).unwrap_err();
            assert!(format!("{error:#}").starts_with("a/m: "), "{error:#}");
        }
    }
}
