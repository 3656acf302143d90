//! The bodies of errors. Vendors of this protocol have a dozen shapes for them:
//!
//! `{error: {message, type, param, code}}` (OpenAI; with `metadata` OpenRouter; with `innererror` Azure),
//! `{error: "words"}` (Venice, Ollama; with `code` xAI), `{message, type, code}` (Mistral, doubleword, Bedrock),
//! `{detail: "words"}` and `{detail: [{loc, msg}]}` (`FastAPI`; Mistral inside of `message`),
//! `{errors: [{code, message}]}` (Cloudflare), `{errors: [{description, key}]}` (Writer),
//! `{statusCode, message}` (Azure's API management), `{error_code, message}` (Databricks), `{code, reason, message}`
//! (Novita), `{base_resp: {status_code, status_msg}}` (`MiniMax`), and any of them in a list (Google).

use llm_core::Error;
use serde_json::Value;

/// What an error says, whatever its shape.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Complaint {
    /// For people.
    pub(super) message: String,
    /// The machine code.
    pub(super) code: Option<String>,
    /// The type, a coarser code.
    pub(super) kind: Option<String>,
    /// A more exact code inside (Azure).
    pub(super) inner_code: Option<String>,
    /// The request field that is wrong.
    pub(super) param: Option<String>,
    /// The HTTP status, where the body has it too.
    pub(super) status: Option<u16>,
}

impl Complaint {
    /// Reads a body; `None` when it complains of nothing.
    pub(super) fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Array(items) => items.iter().find_map(Self::read),
            Value::Object(_) => Self::of_object(value),
            _ => None,
        }
    }

    fn of_object(outer: &Value) -> Option<Self> {
        let inner = match &outer["error"] {
            Value::Null => match refused(&outer["base_resp"]) {
                Some(base) => base,
                None => outer["errors"].as_array().and_then(|errors| errors.first()).unwrap_or(outer),
            },
            Value::String(words) if words.is_empty() => return None,
            Value::Object(fields) if fields.is_empty() => return None,
            Value::Bool(false) => return None,
            error => error,
        };
        let either = |name: &str| text(&inner[name]).or_else(|| text(&outer[name]));
        let (detail, location) = detail(&outer["detail"]);
        let message = text(inner)
            .or_else(|| text(&inner["message"]))
            .or_else(|| text(&outer["message"]))
            .or(detail)
            .or_else(|| self::detail(&outer["message"]["detail"]).0)
            .or_else(|| text(&inner["detail"]))
            .or_else(|| text(&inner["status_msg"]))
            .or_else(|| text(&inner["description"]));
        let complains = !std::ptr::eq(inner, outer) || outer["object"] == "error" || message.is_some();
        if !complains {
            return None;
        }
        let code = either("code").or_else(|| either("error_code")).or_else(|| text(&outer["base_resp"]["status_code"]));
        let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let places = [
            &inner["status_code"],
            &inner["status"],
            &inner["code"],
            &outer["status"],
            &outer["statusCode"],
            &outer["raw_status_code"],
            &outer["code"],
        ];
        let status = places.into_iter().filter_map(number).find(|status| (400..=599).contains(status));
        let message = message.unwrap_or_default();
        Some(Self {
            message: match upstream(inner) {
                Some(raw) if !message.contains(&raw) => format!("{message}: {raw}"),
                _ => message,
            },
            code,
            kind: either("type")
                .or_else(|| either("error_type"))
                .or_else(|| either("reason"))
                .or_else(|| moderated(inner)),
            inner_code: text(&inner["innererror"]["code"]),
            param: text(&inner["param"]).or(location),
            status: status.and_then(|status| u16::try_from(status).ok()),
        })
    }

    /// The error with the code and the field.
    pub(super) fn mark(self, mut error: Error) -> Error {
        if let Some(code) = self.code.or(self.kind) {
            error = error.with_code(code);
        }
        match self.param {
            Some(param) => error.with_param(param),
            None => error,
        }
    }

    /// Every machine-readable word in it, the most exact first.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        [&self.inner_code, &self.code, &self.kind].into_iter().filter_map(|word| word.as_deref())
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// `FastAPI`'s `detail`, with the place of the first problem. The rejected input stands beside it and is left out.
fn detail(value: &Value) -> (Option<String>, Option<String>) {
    let problems = match value {
        Value::Array(problems) => problems,
        Value::Object(_) => return (text(&value["message"]).or_else(|| text(&value["error"])), None),
        other => return (text(other), None),
    };
    let place = |problem: &Value| {
        let steps = problem["loc"].as_array()?.iter().filter(|step| *step != "body").filter_map(text);
        Some(steps.collect::<Vec<_>>().join(".")).filter(|place| !place.is_empty())
    };
    let words = problems.iter().filter_map(|problem| {
        let said = text(problem).or_else(|| text(&problem["msg"]))?;
        Some(place(problem).map_or_else(|| said.clone(), |place| format!("{place}: {said}")))
    });
    let words = words.collect::<Vec<_>>().join("; ");
    (Some(words).filter(|words| !words.is_empty()), problems.first().and_then(place))
}

/// `MiniMax`'s verdict on a call, which stands in good answers too (its error page, 2026).
fn refused(base: &Value) -> Option<&Value> {
    base["status_code"].as_i64().filter(|code| *code != 0).map(|_| base)
}

/// OpenRouter has no word for its moderation, only the reasons (its page on errors, 2026).
fn moderated(inner: &Value) -> Option<String> {
    inner["metadata"]["reasons"]
        .as_array()
        .filter(|reasons| !reasons.is_empty())
        .map(|_| "moderation_blocked".to_owned())
}

/// OpenRouter's copy of what the vendor behind it said, where it is short words.
fn upstream(inner: &Value) -> Option<String> {
    text(&inner["metadata"]["raw"]).filter(|raw| raw.len() <= 500 && !raw.trim_start().starts_with('<'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(body: &Value, expected: &str) {
        let read = Complaint::read(body).map(|complaint| {
            let show = |text: Option<&str>| text.unwrap_or("-").to_owned();
            let Complaint { message, code, kind, param, status, .. } = &complaint;
            let status = status.map_or("-".to_owned(), |status| status.to_string());
            let parts = [show(code.as_deref()), show(kind.as_deref()), show(param.as_deref()), status];
            format!("{message} | {}", parts.join(" "))
        });
        assert_eq!(read.as_deref().unwrap_or("nothing"), expected, "{body}");
    }

    #[test]
    fn reads_every_shape() {
        check(&json!({"error": {"message": "m", "type": "t", "param": "p", "code": "c"}}), "m | c t p -");
        check(&json!({"error": {"message": "m", "type": null, "param": null, "code": null}}), "m | - - - -");
        check(&json!({"error": {"message": "m", "code": 402}, "user_id": "u"}), "m | 402 - - 402");
        check(&json!({"error": {"message": "m", "status_code": 400}}), "m | - - - 400");
        check(&json!({"error": "words"}), "words | - - - -");
        check(&json!({"code": "The key is wrong", "error": "words"}), "words | The key is wrong - - -");
        check(
            &json!({"object": "error", "message": "m", "type": "t", "code": "1500", "raw_status_code": 400}),
            "m | 1500 t - 400",
        );
        check(&json!({"code": 400, "message": "m", "type": "Bad Request"}), "m | 400 Bad Request - 400");
        check(&json!({"message": "m"}), "m | - - - -");
        check(&json!({"statusCode": 401, "message": "m"}), "m | - - - 401");
        check(&json!({"detail": "words"}), "words | - - - -");
        check(
            &json!({"detail": [{"loc": ["body", "messages", 0, "content"], "msg": "Field required", "input": "secret"}]}),
            "messages.0.content: Field required | - - messages.0.content -",
        );
        check(&json!({"success": false, "errors": [{"code": 7003, "message": "m"}], "messages": []}), "m | 7003 - - -");
        check(&json!({"error_code": "BAD_REQUEST", "message": "m"}), "m | BAD_REQUEST - - -");
        check(
            &json!({"object": "error", "message": {"detail": [{"loc": ["body", "n"], "msg": "too many"}]}, "type": "t"}),
            "n: too many | - t - -",
        );
        check(&json!({"tpe": "x", "errors": [{"description": "m", "key": "k"}], "extras": {}}), "m | - - - -");
        check(&json!({"code": 403, "reason": "NO_MONEY", "message": "m"}), "m | 403 NO_MONEY - 403");
        check(&json!({"choices": null, "base_resp": {"status_code": 1008, "status_msg": "m"}}), "m | 1008 - - -");
        check(&json!({"choices": [], "base_resp": {"status_code": 0, "status_msg": ""}}), "nothing");
        check(&json!([{"error": {"code": 400, "message": "m", "status": "INVALID_ARGUMENT"}}]), "m | 400 - - 400");
        let flagged = json!({"reasons": ["violence"], "flagged_input": "secret"});
        check(
            &json!({"error": {"message": "m", "code": 403, "metadata": flagged}}),
            "m | 403 moderation_blocked - 403",
        );
        check(&json!({"error": {"message": "m", "metadata": {"raw": "why"}, "code": 429}}), "m: why | 429 - - 429");
    }

    #[test]
    fn no_complaint_is_none() {
        check(&json!({"error": null, "choices": []}), "nothing");
        check(&json!({"error": {}, "id": "x"}), "nothing");
        check(&json!({"error": "", "id": "x"}), "nothing");
        check(&json!("text"), "nothing");
    }
}
