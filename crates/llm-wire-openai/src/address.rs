//! The address of an operation, from a provider's own and a path of the dialect.

use llm_wire::push_percent_encoded;

/// A path below an address, or beside its last step where it begins with `/..`, with what stands for `{model}`,
/// `{model_path}` and `{api_version}` in it.
pub(crate) fn whole(base: &str, path: &str, model: &str, api_version: &str) -> String {
    let (base, mut rest) = match path.strip_prefix("/..") {
        Some(path) => (parent(base), path),
        None => (base, path),
    };
    let mut url = String::with_capacity(base.len() + rest.len() + model.len());
    url.push_str(base);
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        url.push_str(before);
        match name {
            "model" => push_percent_encoded(model, &mut url),
            "model_path" => push_steps(model, &mut url),
            _ => push_percent_encoded(api_version, &mut url),
        }
        rest = after;
    }
    url.push_str(rest);
    url
}

/// An address without the last step of its path.
fn parent(base: &str) -> &str {
    let path = base.find("://").map_or(0, |scheme| scheme + 3);
    base[path..].rfind('/').map_or(base, |end| &base[..path + end])
}

/// The name of a model as several steps of a path; one that would lead out of it stays a single step.
fn push_steps(model: &str, url: &mut String) {
    if model.split('/').any(|step| matches!(step, "" | "." | "..")) {
        return push_percent_encoded(model, url);
    }
    for (place, step) in model.split('/').enumerate() {
        if place > 0 {
            url.push('/');
        }
        push_percent_encoded(step, url);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_stand_in_addresses() {
        let of = |path, model| whole("https://v.test/openai/v1", path, model, "2026-10-21");
        assert_eq!(of("/chat", "m"), "https://v.test/openai/v1/chat");
        assert_eq!(of("/d/{model}/chat?v={api_version}", "a/b"), "https://v.test/openai/v1/d/a%2Fb/chat?v=2026-10-21");
        assert_eq!(of("/../models/{model_path}/x", "org/name 1"), "https://v.test/openai/models/org/name%201/x");
        assert_eq!(of("/models/{model_path}", "a/../../b"), "https://v.test/openai/v1/models/a%2F..%2F..%2Fb");
        assert_eq!(whole("http://v.test", "/../x", "", ""), "http://v.test/x");
    }
}
