//! Everything that the API's reference names comes back as it went in: from a body to a request to a body.

use llm_core::Support;
use llm_wire_anthropic::{Profile, Version, count_tokens, messages};
use serde_json::{Value, json};

use crate::requests::target;

/// A body with these fields, read and written again.
fn back(change: &Value) -> (Value, messages::Encoded) {
    let mut body = json!({"model": "claude-test", "max_tokens": 9000, "messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    let decoded = messages::decode_request(body.to_string().as_bytes()).unwrap();
    let profile = Profile::default().with_mid_system(Support::Yes);
    let encoded = messages::encode_request(&decoded.request, &target(), decoded.stream, &profile).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&encoded.body).unwrap(), body);
    assert!(encoded.warnings.is_empty(), "{body}: {:?}", encoded.warnings);
    (body, encoded)
}

fn user(content: &Value) -> Value {
    json!({"messages": [{"role": "user", "content": content}]})
}

#[test]
fn settings_of_the_whole_request() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "array", "minItems": 1, "items": {"type": "string"}}},
        "required": ["a"], "additionalProperties": false});
    let tool = json!({"name": "f", "input_schema": {"type": "object"}});
    for change in [
        json!({"cache_control": {"type": "ephemeral", "ttl": "1h"}}),
        json!({"thinking": {"type": "enabled", "budget_tokens": 2048, "display": "omitted"}}),
        json!({"thinking": {"type": "adaptive"}}),
        json!({"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "max"}}),
        json!({"thinking": {"type": "disabled"}}),
        json!({"thinking": {"type": "disabled"}, "output_config": {"effort": "low"}}),
        json!({"thinking": {"type": "between_tools"}}),
        json!({"thinking": {"type": "enabled", "budget_tokens": 2048}, "output_config": {"effort": "xhigh", "task_budget": {"type": "tokens", "total": 9}}}),
        json!({"output_config": {"effort": "medium", "format": {"type": "json_schema", "schema": schema}}}),
        json!({"service_tier": "standard_only", "inference_geo": "us", "speed": "fast", "metadata": {"user_id": "u", "new": 1}}),
        json!({"container": {"id": "c", "skills": [{"type": "anthropic", "skill_id": "pdf", "version": "latest"}]}}),
        json!({"mcp_servers": [{"type": "url", "url": "https://m.test", "name": "m", "authorization_token": "t"}],
            "tools": [{"type": "mcp_toolset", "mcp_server_name": "m", "default_config": {"enabled": false}}]}),
        json!({"context_management": {"edits": [{"type": "clear_tool_uses_20250919", "keep": {"type": "tool_uses", "value": 2}},
            {"type": "compact_20260112"}]}}),
        json!({"tools": [tool], "tool_choice": {"type": "any", "disable_parallel_tool_use": true}}),
        json!({"tools": [tool], "tool_choice": {"type": "tool", "name": "f"}}),
        json!({"tools": [tool], "tool_choice": {"type": "none"}}),
        json!({"tools": [tool], "tool_choice": {"type": "auto", "new": 1}}),
        json!({"output_config": {"format": {"type": "json_schema", "schema": {"type": "string"}, "new": 1}}}),
        json!({"stop_sequences": ["END", "\n\nHuman:"], "temperature": 0.25, "top_p": 0.5, "top_k": 40, "stream": true}),
    ] {
        back(&change);
    }
}

#[test]
fn tools_of_every_kind() {
    back(&json!({"tools": [
        {"name": "f", "description": "d", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"},
            "eager_input_streaming": true, "defer_loading": true, "allowed_callers": ["code_execution_20260120"],
            "input_examples": [{"a": 1}]},
        {"name": "g", "input_schema": {"type": "object", "additionalProperties": false}, "strict": true},
        {"type": "web_search_20260209", "name": "web_search", "max_uses": 3, "user_location": {"type": "approximate"},
            "cache_control": {"type": "ephemeral", "ttl": "5m"}},
        {"type": "web_fetch_20260309", "name": "web_fetch", "citations": {"enabled": true}},
        {"type": "code_execution_20260120", "name": "code_execution"},
        {"type": "bash_20250124", "name": "bash"},
        {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool", "max_characters": 9},
        {"type": "computer_20251124", "name": "computer", "display_width_px": 1, "display_height_px": 2, "enable_zoom": true},
        {"type": "memory_20250818", "name": "memory"},
        {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"}]}));
}

#[test]
fn documents_images_and_search_results() {
    back(&user(&json!([
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "cGRm"},
            "title": "t.pdf", "context": "c", "citations": {"enabled": true}, "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}, "title": "t"},
        {"type": "document", "source": {"type": "url", "url": "https://d.test/d.pdf"}, "citations": {"enabled": true}},
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}, "context": "c"},
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "one"},
            {"type": "text", "text": "two"}]}, "title": "t", "citations": {"enabled": true}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "cG5n"}},
        {"type": "image", "source": {"type": "url", "url": "https://i.test/i"}, "cache_control": {"type": "ephemeral"}},
        {"type": "image", "source": {"type": "file", "file_id": "file_2"}},
        {"type": "search_result", "source": "https://s.test", "title": "s", "content": [{"type": "text", "text": "x"}],
            "citations": {"enabled": true}, "cache_control": {"type": "ephemeral"}},
        {"type": "container_upload", "file_id": "file_3"},
        {"type": "block_of_tomorrow", "data": {"a": [1, {"b": true}]}},
        {"type": "text", "text": "what is it?", "cache_control": {"type": "ephemeral", "scope": "global"}}
    ])));
}

#[test]
fn an_answer_is_sent_back_with_all_that_the_vendor_checks() {
    let cited = |location: Value| {
        let mut citation = json!({"cited_text": "q", "document_index": 0, "document_title": null, "file_id": "f"});
        citation.as_object_mut().unwrap().extend(location.as_object().unwrap().clone());
        citation.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        json!({"type": "text", "text": "said", "citations": [citation]})
    };
    let (_, encoded) = back(&json!({"messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
            {"type": "thinking", "thinking": "", "signature": "b21pdHRlZA=="},
            {"type": "redacted_thinking", "data": "ZW5j"},
            {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}, "caller": {"type": "direct"}},
            {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"type": "web_search_result",
                "url": "https://u.test", "title": "t", "encrypted_content": "e", "page_age": "1 day"}]},
            {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "m", "server_name": "s", "input": {}},
            {"type": "mcp_tool_result", "tool_use_id": "mcptoolu_1", "is_error": false, "content": [{"type": "text", "text": "x"}]},
            {"type": "code_execution_tool_result", "tool_use_id": "srvtoolu_2", "content": {"type": "code_execution_tool_result_error",
                "error_code": "unavailable"}},
            {"type": "compaction", "content": "what was said"},
            cited(json!({"type": "char_location", "start_char_index": 0, "end_char_index": 4})),
            cited(json!({"type": "page_location", "start_page_number": 1, "end_page_number": 2})),
            cited(json!({"type": "content_block_location", "start_block_index": 0, "end_block_index": 1})),
            cited(json!({"type": "web_search_result_location", "url": "https://u.test", "title": "t", "encrypted_index": "i"})),
            cited(json!({"type": "search_result_location", "source": "s", "search_result_index": 0, "start_block_index": 0,
                "end_block_index": 1})),
            {"type": "text", "text": "and", "cache_control": {"type": "ephemeral"}},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}, "caller": {"type": "code_execution_20260120",
                "tool_id": "srvtoolu_2"}, "cache_control": {"type": "ephemeral", "ttl": "5m"}},
            {"type": "tool_use", "id": "toolu_2", "name": "f", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "", "is_error": true},
            {"type": "tool_result", "tool_use_id": "toolu_2", "content": [{"type": "text", "text": "a"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "cG5n"}},
                {"type": "search_result", "source": "s", "title": "s", "content": [{"type": "text", "text": "x"}]},
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "d"}},
                {"type": "tool_reference", "tool_name": "g"}], "cache_control": {"type": "ephemeral", "ttl": "1h"}},
            {"type": "tool_result", "tool_use_id": "toolu_3"},
            {"type": "text", "text": "go on"}], "kept": "here"},
        {"role": "system", "content": "from now on, briefly"}]}));
    assert_eq!(encoded.version, Version::V2023_06_01);
}

#[test]
fn the_newer_version_is_spoken_until_something_needs_the_older() {
    let version = |change: &Value| {
        let (body, _) = back(change);
        let request = messages::decode_request(body.to_string().as_bytes()).unwrap().request;
        let profile = Profile::default().with_version(Version::V2026_10_21);
        messages::encode_request(&request, &target(), false, &profile).unwrap().version
    };
    let document = json!({"type": "document", "source": {"type": "url", "url": "https://d.test"}});
    let turns = |role: &str, content: &Value| json!({"messages": [{"role": "user", "content": "hi"}, {"role": role, "content": [content]}]});
    assert_eq!(version(&json!({})), Version::V2026_10_21);
    assert_eq!(version(&user(&json!([document]))), Version::V2026_10_21);
    assert_eq!(version(&json!({"temperature": 0.5})), Version::V2023_06_01);
    assert_eq!(version(&json!({"top_k": 5})), Version::V2023_06_01);
    assert_eq!(version(&turns("assistant", &document)), Version::V2023_06_01);
    let cited = json!({"type": "text", "text": "t", "citations": [{"type": "char_location", "cited_text": "q"}]});
    assert_eq!(version(&user(&json!([cited]))), Version::V2023_06_01);
    assert_eq!(version(&turns("assistant", &cited)), Version::V2026_10_21);
}

#[test]
fn all_that_counts_is_counted() {
    let counted = json!({"system": "s", "cache_control": {"type": "ephemeral"}, "thinking": {"type": "enabled", "budget_tokens": 2048},
        "tools": [{"name": "f", "input_schema": {"type": "object"}}], "tool_choice": {"type": "any"},
        "context_management": {"edits": []}, "mcp_servers": [{"type": "url", "url": "https://m.test", "name": "m"}]});
    let mut asked = json!({"stop_sequences": ["x"], "metadata": {"user_id": "u"}, "service_tier": "auto"});
    asked.as_object_mut().unwrap().extend(counted.as_object().unwrap().clone());
    asked["tool_choice"] = json!({"type": "auto", "disable_parallel_tool_use": true});
    let (body, _) = back(&asked);
    let request = messages::decode_request(body.to_string().as_bytes()).unwrap().request;
    let encoded = count_tokens::encode_request(&request, &target(), &Profile::default()).unwrap();
    let sent: Value = serde_json::from_slice(&encoded.body).unwrap();
    let mut names: Vec<&str> = sent.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let mut expected: Vec<&str> = counted.as_object().unwrap().keys().map(String::as_str).collect();
    expected.extend(["model", "messages"]);
    expected.sort_unstable();
    assert_eq!(names, expected);
}
