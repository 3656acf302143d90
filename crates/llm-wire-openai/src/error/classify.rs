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
/// Seen in recorded traffic (2026-11): OpenAI's and DeepSeek's `this model's maximum context length`, OpenRouter's `this
/// endpoint's …`, llama.cpp's `request (2009 tokens) exceeds …`, the Responses API's `your input exceeds …`. The others are
/// from public reports and not re-checked.
const TOO_LONG: &[Reading] = &[
    // OpenAI, vLLM and most; OpenRouter; xAI. vLLM also puts what is too large before it.
    Reading::Starts("this * maximum context length is"),
    Reading::Starts("this * maximum prompt length is"),
    Reading::Starts("or is too large: * this model's maximum context length is"),
    Reading::Starts("you passed * input tokens and requested * output tokens. however, the model's context length is"),
    Reading::Starts("the decoder prompt (length * is longer than the maximum model length"),
    // SGLang.
    Reading::Starts("requested token count exceeds the model's maximum context length"),
    Reading::Starts("the input (* tokens) is longer than the model's context length"),
    // llama.cpp and what is built on it; LM Studio.
    Reading::Starts("request (* tokens) exceeds the available context size"),
    Reading::Starts("the request exceeds the available context size"),
    Reading::Starts("input (* tokens) is larger than the max context size"),
    Reading::Starts("input is larger than the max context size"),
    Reading::Starts("requested tokens (* exceed context window"),
    Reading::Starts("the context size has been exceeded"),
    Reading::Starts("context size has been exceeded"),
    Reading::Starts("trying to keep the first * tokens when context"),
    // TGI and Together: `inputs` tokens + `max_new_tokens` must be <= 131073; `inputs` must have less than 4096 tokens.
    Reading::Starts("tokens + must be <="),
    Reading::Starts("must have less than * tokens"),
    // vLLM, newer.
    Reading::Starts("input length (* exceeds"),
    // Cloudflare: `5021: AiError: The estimated …` with 413, each of the first two words there or not.
    Reading::Starts(
        "* * the estimated number of input and maximum output tokens (* exceeded this model context window",
    ),
    // Google's models behind this protocol.
    Reading::Starts("the input token count * exceeds the maximum number of tokens allowed"),
    // Claude behind this protocol.
    Reading::Starts("input length and exceed context limit"),
    Reading::Starts("prompt is too long"),
    // OpenAI's Responses API, Ollama, Mistral, Copilot, DashScope, Z.AI, and who says it in as many words.
    Reading::Starts("your input exceeds the context window"),
    Reading::Starts("input exceeds the context window"),
    Reading::Starts("the prompt exceeds the context window"),
    Reading::Starts("the input length exceeds the context length"),
    Reading::Starts("input length exceeds"),
    Reading::Starts("prompt contains * tokens"),
    Reading::Starts("prompt token count of * exceeds the limit of"),
    Reading::Starts("range of input length should be"),
    Reading::Starts("prompt exceeds max length"),
    Reading::Starts("context length exceeded"),
    Reading::Starts("prompt too long"),
    Reading::Starts("the prompt is too long"),
    Reading::Starts("the input is too long"),
    Reading::Starts("input is too long"),
    Reading::Starts("input tokens exceed"),
    Reading::Starts("too many input tokens"),
];

const WRONG_KEY: &[Reading] = &[
    Reading::Starts("api key not valid"),
    Reading::Starts("api key is invalid"),
    Reading::Starts("invalid api key"),
    Reading::Starts("incorrect api key"),
    Reading::Starts("missing or invalid authorization"),
];

/// The name of the model is one word, or was in quotes and is gone.
const NO_MODEL: &[Reading] = &[
    Reading::Starts("invalid model"),
    Reading::Starts("unknown model"),
    Reading::Starts("no such model"),
    Reading::Starts("specified model not found"),
    Reading::Starts("model not exist"),
    Reading::Starts("model * does not exist"),
    Reading::Starts("model * not found"),
    Reading::Starts("model * was not found"),
    Reading::Starts("model * is not found"),
    Reading::Starts("model * is not available"),
    Reading::Starts("model * is not supported"),
    Reading::Starts("the model * does not exist"),
    Reading::Starts("the model * not found"),
    Reading::Starts("the model * was not found"),
    Reading::Starts("the model * is not found"),
    Reading::Starts("the model * is not available"),
    Reading::Starts("the model * is not supported"),
    Reading::Starts("the requested model * does not exist"),
    Reading::Starts("* is not a valid model"),
];

/// What relays and frameworks put before the words that count.
const LEAD_INS: &[&str] = &[
    "bad request:",
    "invalid request:",
    "input validation error:",
    "provider returned error:",
    "<400> internalerror.algo.invalidparameter:",
];

impl Reading {
    /// True when the words begin so, behind a lead-in or without one. They come from [`unquoted`].
    fn fits(self, said: &str) -> bool {
        let Self::Starts(start) = self else { return true };
        let start: Vec<&str> = start.split(' ').collect();
        let fits = |said: &str| begins(&said.split_whitespace().collect::<Vec<_>>(), &start);
        let said = said.trim_start();
        fits(said) || LEAD_INS.iter().any(|lead_in| said.strip_prefix(lead_in).is_some_and(fits))
    }
}

/// Whether words begin as a pattern says. The last word of a pattern may be the beginning of one.
fn begins(said: &[&str], pattern: &[&str]) -> bool {
    let Some((wanted, rest)) = pattern.split_first() else { return true };
    let next = said.split_first();
    if *wanted == "*" {
        return begins(said, rest) || next.is_some_and(|(_, said)| begins(said, rest));
    }
    next.is_some_and(|(word, said)| {
        let fits = match wanted.strip_suffix('*') {
            Some(start) => word.starts_with(start),
            None if rest.is_empty() => word.starts_with(wanted),
            None => word == wanted,
        };
        fits && begins(said, rest)
    })
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
            "Input length (9000) exceeds model's maximum context length (8192).",
            "5021: AiError: The estimated number of input and maximum output tokens (8810) exceeded this model context \
             window limit (8192).",
            "AiError: AiError: The estimated number of input and maximum output tokens (8810) exceeded this model context \
             window limit (8192). (6b5e)",
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
            "Invalid content: this model's maximum context length is 8192 tokens, context length exceeded",
            "messages[0] may not say invalid api key, no such model or prompt is too long",
            "Prompt contains rate limit",
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
            error_messages: &[(403, Reading::Starts("your team has used all credits"), ErrorKind::QuotaExhausted)],
            ..Dialect::COMPATIBLE
        };
        let kind = |status, body| classify(status, &Complaint::read(&body).unwrap(), &dialect);
        assert_eq!(kind(400, json!({"error": {"code": "1301", "message": "m"}})), ErrorKind::ContentFilter);
        let credits = json!({"error": "Your team \"a\" has used all credits."});
        assert_eq!(kind(403, credits.clone()), ErrorKind::QuotaExhausted);
        assert_eq!(kind(400, credits), ErrorKind::InvalidRequest);
    }
}
