//! The class of an error: by the dialect's own codes, by the codes that vendors share, by status, and by the beginning
//! of the message only where one status means several things.

use llm_core::{ErrorKind, TimeoutStage};

use super::body::Complaint;
use crate::dialect::{Dialect, Reading};

/// The class. A status of 0 is "not known": an error inside an answer.
pub(super) fn classify(status: u16, complaint: &Complaint, dialect: &Dialect) -> ErrorKind {
    let own = |word: &str| dialect.errors.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind);
    if let Some(kind) = complaint.words().find_map(own) {
        return kind;
    }
    let said = unquoted(&complaint.message);
    let own = dialect.error_messages.iter().find(|(known, reading, _)| *known == status && reading.fits(&said));
    if let Some((.., kind)) = own {
        return *kind;
    }
    // OpenAI and Groq: one request above the limit of a minute. The code is that of a rate limit, but waiting is no help.
    if status == 429 && Reading::Starts("request too large").fits(&said) {
        return ErrorKind::PayloadTooLarge;
    }
    if let Some(kind) = complaint.words().find_map(common) {
        return kind;
    }
    if let Some(kind) = tie_break(status, &said) {
        return kind;
    }
    match status {
        0 => complaint.words().find_map(coarse).unwrap_or(ErrorKind::Server),
        status => ErrorKind::of_status(status),
    }
}

/// Codes and types that mean the same at every vendor that uses them, whatever the status.
///
/// Seen in recorded traffic (2026-11): those of OpenAI, Azure's, llama.cpp's context size, Mistral's model, Groq's tool
/// use. The others are from public reports and not re-checked.
fn common(word: &str) -> Option<ErrorKind> {
    Some(match word {
        // OpenAI and most; llama.cpp.
        "context_length_exceeded" | "exceed_context_size_error" | "context_window_exceeded" => ErrorKind::ContextLength,
        // OpenAI, Azure.
        "content_filter"
        | "content_policy_violation"
        | "image_content_policy_violation"
        | "bio_policy"
        | "moderation_blocked"
        | "ResponsibleAIPolicyViolation"
        | "invalid_prompt" => ErrorKind::ContentFilter,
        // OpenAI, DeepSeek, Moonshot.
        "insufficient_quota"
        | "billing_hard_limit_reached"
        | "billing_not_active"
        | "insufficient_balance"
        | "exceeded_current_quota_error" => ErrorKind::QuotaExhausted,
        // OpenAI, Azure, Mistral, Together.
        "rate_limit_exceeded"
        | "rate_limit_error"
        | "rate_limited"
        | "RateLimitReached"
        | "too_many_requests"
        | "dynamic_request_limited"
        | "dynamic_token_limited" => ErrorKind::RateLimited,
        // Moonshot; llama.cpp while it loads a model.
        "overloaded_error" | "engine_overloaded_error" | "unavailable_error" => ErrorKind::Overloaded,
        // OpenAI, DeepSeek, llama.cpp, Perplexity.
        "invalid_api_key" | "authentication_error" | "invalid_authentication_error" | "account_deactivated" => {
            ErrorKind::Auth
        }
        "permission_denied"
        | "permission_error"
        | "insufficient_permissions"
        | "unsupported_country_region_territory" => ErrorKind::Permission,
        // OpenAI, Mistral, Azure.
        "model_not_found" | "invalid_model" | "DeploymentNotFound" | "not_found_error" | "model_not_available" => {
            ErrorKind::NotFound
        }
        // Groq: the model wrote a call or JSON that its own rules refuse.
        "tool_use_failed" | "json_validate_failed" => ErrorKind::ModelOutput,
        "timeout_error" => ErrorKind::Timeout(TimeoutStage::FirstByte),
        _ => return None,
    })
}

/// Types so coarse that they count only where there is no status.
fn coarse(word: &str) -> Option<ErrorKind> {
    match word {
        "invalid_request_error" | "BadRequestError" | "invalid_request" => Some(ErrorKind::InvalidRequest),
        _ => None,
    }
}

/// What the message says where one status has several causes and no code tells them apart.
fn tie_break(status: u16, said: &str) -> Option<ErrorKind> {
    let has = |patterns: &[Reading]| patterns.iter().any(|pattern| pattern.fits(said));
    // Together refuses long prompts with 403, llama.cpp and LM Studio with 500.
    if matches!(status, 0 | 400 | 403 | 413 | 422 | 500) && has(TOO_LONG) {
        return Some(ErrorKind::ContextLength);
    }
    match status {
        // Google, xAI.
        400 | 403 if has(WRONG_KEY) => Some(ErrorKind::Auth),
        400 | 422 if has(NO_MODEL) => Some(ErrorKind::NotFound),
        _ => None,
    }
}

/// The wordings of "longer than the context window" that vendors without a code for it use.
///
/// Seen in recorded traffic (2026-11): `maximum context length`, `available context size`, `exceeded max context length`.
/// The others are from public reports and not re-checked.
const TOO_LONG: &[Reading] = &[
    Reading::Says("maximum context length"),
    Reading::Says("exceeded max context length"),
    Reading::Says("context length exceeded"),
    Reading::Says("exceeds the context length"),
    Reading::Says("context length of only"),
    Reading::Says("exceeds the available context size"),
    Reading::Says("larger than the max context size"),
    Reading::Says("exceeds context size"),
    Reading::Says("context size has been exceeded"),
    Reading::Says("exceeds the context window"),
    Reading::Says("exceeds the model's context"),
    Reading::Says("exceeds the model context"),
    Reading::Says("exceed context limit"),
    Reading::Says("maximum prompt length"),
    Reading::Says("exceeds the maximum number of tokens allowed"),
    Reading::Says("prompt exceeds max length"),
    Reading::Says("when context the overflows"),
    Reading::Says("when context overflows"),
    Reading::Starts("prompt too long"),
    Reading::Starts("prompt is too long"),
    Reading::Starts("prompt contains"),
    Reading::Starts("the prompt is too long"),
    Reading::Starts("the input is too long"),
    Reading::Starts("input is too long"),
    Reading::Starts("input tokens exceed"),
    Reading::Says("range of input length should be"),
    Reading::Starts("too many input tokens"),
];

const WRONG_KEY: &[Reading] = &[
    Reading::Starts("api key not valid"),
    Reading::Starts("api key is invalid"),
    Reading::Starts("invalid api key"),
    Reading::Starts("incorrect api key"),
    Reading::Starts("missing or invalid authorization"),
];

const NO_MODEL: &[Reading] = &[
    Reading::Starts("invalid model"),
    Reading::Starts("unknown model"),
    Reading::Starts("model not found"),
    Reading::Starts("model not exist"),
    Reading::Starts("the model does not exist"),
    Reading::Starts("no such model"),
    Reading::Says("is not a valid model"),
    Reading::Says("model does not exist"),
];

impl Reading {
    /// True when the words say so. They are lower case and without what stood in quotes.
    fn fits(self, said: &str) -> bool {
        match self {
            Self::Starts(start) => said.starts_with(start) || named_model(said, start),
            Self::Says(words) => said.contains(words),
            Self::Anything => true,
        }
    }
}

/// "Model NAME does not exist", "the model NAME was not found": the name stands where a pattern cannot.
fn named_model(said: &str, start: &str) -> bool {
    if start != "the model does not exist" {
        return false;
    }
    let rest = said.strip_prefix("the ").unwrap_or(said);
    let Some(rest) = rest.strip_prefix("model ") else { return false };
    // The name itself was in quotes and is gone, or it is one word.
    let behind = rest.trim_start();
    let endings =
        ["does not exist", "not found", "was not found", "is not found", "is not available", "is not supported"];
    let after_name = behind.split_once(' ').map_or("", |(_, after)| after.trim_start());
    endings.iter().any(|ending| behind.starts_with(ending) || after_name.starts_with(ending))
}

/// The beginning of a message in lower case, without what stands in quotes: a request that is quoted back must not
/// decide its own class.
fn unquoted(message: &str) -> String {
    const LONGEST: usize = 240;
    let mut out = String::with_capacity(message.len().min(LONGEST));
    let mut quote: Option<char> = None;
    let mut before = ' ';
    for c in message.chars().take(LONGEST) {
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => {}
            // An apostrophe inside a word (model's) opens nothing.
            None if matches!(c, '"' | '`') || (c == '\'' && !before.is_alphanumeric()) => quote = Some(c),
            None => out.extend(c.to_lowercase()),
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(status: u16, body: &serde_json::Value, expected: ErrorKind) {
        let complaint = Complaint::read(body).unwrap();
        assert_eq!(classify(status, &complaint, &Dialect::OPENAI), expected, "{status} {body}");
    }

    fn message(status: u16, message: &str, expected: ErrorKind) {
        check(status, &json!({"error": {"message": message, "type": "invalid_request_error", "code": null}}), expected);
    }

    #[test]
    fn codes_decide_before_the_status() {
        let code = |status, code: &str, kind| check(status, &json!({"error": {"message": "m", "code": code}}), kind);
        code(400, "context_length_exceeded", ErrorKind::ContextLength);
        code(429, "insufficient_quota", ErrorKind::QuotaExhausted);
        code(429, "rate_limit_exceeded", ErrorKind::RateLimited);
        code(400, "content_policy_violation", ErrorKind::ContentFilter);
        code(401, "invalid_api_key", ErrorKind::Auth);
        code(404, "model_not_found", ErrorKind::NotFound);
        code(400, "tool_use_failed", ErrorKind::ModelOutput);
        check(400, &json!({"error": {"message": "m", "type": "exceed_context_size_error"}}), ErrorKind::ContextLength);
        check(400, &json!({"message": "m", "type": "invalid_model", "code": "1500"}), ErrorKind::NotFound);
    }

    #[test]
    fn the_status_decides_where_no_code_does() {
        for (status, kind) in [
            (400, ErrorKind::InvalidRequest),
            (401, ErrorKind::Auth),
            (402, ErrorKind::QuotaExhausted),
            (403, ErrorKind::Permission),
            (404, ErrorKind::NotFound),
            (413, ErrorKind::PayloadTooLarge),
            (422, ErrorKind::InvalidRequest),
            (429, ErrorKind::RateLimited),
            (500, ErrorKind::Server),
            (501, ErrorKind::InvalidRequest),
            (503, ErrorKind::Overloaded),
            (529, ErrorKind::Overloaded),
        ] {
            message(status, "Something is wrong", kind);
        }
    }

    #[test]
    fn long_prompts_are_known_by_their_wordings() {
        for words in [
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
            "request (2009 tokens) exceeds the available context size (512 tokens), try increasing it",
            "prompt too long; exceeded max context length by 5 tokens",
            "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
            "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with 4096",
        ] {
            message(400, words, ErrorKind::ContextLength);
            message(500, words, ErrorKind::ContextLength);
            message(404, words, ErrorKind::NotFound);
        }
        // A throttle that speaks of tokens is no long prompt.
        message(429, "Too many tokens, please wait before trying again.", ErrorKind::RateLimited);
    }

    #[test]
    fn a_quoted_request_does_not_decide_its_class() {
        for quoted in [
            "Invalid value: 'maximum context length'. Supported values are: 'text'.",
            "Unexpected text \"Invalid API key, rate limit exceeded, 429\" in messages[0]",
            "messages[0] said `model not found` and insufficient_quota",
            "Invalid 'messages[0].content': rate limit, too many requests, overloaded",
        ] {
            message(400, quoted, ErrorKind::InvalidRequest);
        }
    }

    #[test]
    fn one_status_may_have_several_causes() {
        message(400, "API key not valid. Please pass a valid API key.", ErrorKind::Auth);
        message(400, "Model no-such/model does not exist", ErrorKind::NotFound);
        message(400, "The model `gpt-9` does not exist", ErrorKind::NotFound);
        message(400, "foo/bar is not a valid model ID", ErrorKind::NotFound);
        message(403, "Incorrect API key provided", ErrorKind::Auth);
        message(429, "Request too large for gpt-5 in organization org-x on tokens per min", ErrorKind::PayloadTooLarge);
    }

    #[test]
    fn inside_an_answer_the_body_is_all_there_is() {
        check(0, &json!({"error": {"message": "m"}}), ErrorKind::Server);
        check(0, &json!({"error": {"message": "m", "type": "server_error"}}), ErrorKind::Server);
        check(0, &json!({"error": {"message": "m", "type": "invalid_request_error"}}), ErrorKind::InvalidRequest);
        check(0, &json!({"error": {"message": "m", "type": "overloaded_error"}}), ErrorKind::Overloaded);
    }

    #[test]
    fn a_dialect_adds_codes_and_wordings() {
        let dialect = Dialect {
            errors: &[("1301", ErrorKind::ContentFilter)],
            error_messages: &[(403, Reading::Says("used all available credits"), ErrorKind::QuotaExhausted)],
            ..Dialect::COMPATIBLE
        };
        let kind = |status, body| classify(status, &Complaint::read(&body).unwrap(), &dialect);
        assert_eq!(kind(400, json!({"error": {"code": "1301", "message": "m"}})), ErrorKind::ContentFilter);
        let credits = json!({"error": "Your team has used all available credits"});
        assert_eq!(kind(403, credits.clone()), ErrorKind::QuotaExhausted);
        assert_eq!(kind(400, credits), ErrorKind::InvalidRequest);
    }
}
