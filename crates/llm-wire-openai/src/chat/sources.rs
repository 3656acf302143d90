//! Where the words of an answer come from, at vendors that search the web and say so beside the choices.
//!
//! Perplexity: `search_results: [{title, url, snippet}]`, and `citations: [url]` (traffic of 2026-06). Where the sources
//! stand inside the words (`[1]`), their order is the one of the list.

use llm_core::{Citation, Extensions};
use serde_json::{Map, Value};

/// The sources in the fields beside the choices.
pub(super) fn of(fields: &Map<String, Value>) -> Vec<Citation> {
    let list = |name: &str| fields.get(name).and_then(Value::as_array).filter(|list| !list.is_empty());
    match (list("search_results"), list("citations")) {
        (Some(results), _) => results.iter().filter_map(result).collect(),
        (None, Some(urls)) => urls.iter().filter_map(|url| Some(citation(url.as_str()?))).collect(),
        (None, None) => Vec::new(),
    }
}

fn result(result: &Value) -> Option<Citation> {
    let text = |name: &str| result[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let mut citation = citation(result["url"].as_str()?);
    citation.title = text("title");
    citation.quote = text("snippet");
    Some(citation)
}

fn citation(source: &str) -> Citation {
    Citation { source: source.to_owned(), title: None, quote: None, span: None, ext: Extensions::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(fields: &Value, expected: &str) {
        let cited = of(fields.as_object().unwrap());
        let shown: Vec<_> = cited.iter().map(|one| format!("{} {:?} {:?}", one.source, one.title, one.quote)).collect();
        assert_eq!(shown.join("; "), expected);
    }

    #[test]
    fn results_say_more_than_urls() {
        let results =
            json!([{"url": "u", "title": "t", "snippet": "s"}, {"url": "v", "title": ""}, {"title": "no url"}]);
        check(&json!({"citations": ["u"], "search_results": results}), "u Some(\"t\") Some(\"s\"); v None None");
        check(&json!({"citations": ["u", 7], "search_results": []}), "u None None");
        check(&json!({"citations": "none"}), "");
    }
}
