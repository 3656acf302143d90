//! What a careful client of OpenAI's API makes of an answer: whole, an error, or neither.

use serde_json::Value;

/// An answer as the client read it.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// HTTP status; 0 where there was none.
    pub status: u16,
    /// What it amounts to.
    pub outcome: Outcome,
    /// The words.
    pub text: String,
    /// The model that the answer names.
    pub model: Option<String>,
    /// The answer tells its tokens, and they are not all zero.
    pub usage: bool,
    /// Who answered, by the gateway's header.
    pub target: Option<String>,
    /// What is wrong with the form of the answer.
    pub oddities: Vec<String>,
}

/// What an answer amounts to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// It came to its end: a finish reason, and in a stream `[DONE]`.
    Finished,
    /// An error, in place of an answer or within the stream.
    Failed {
        /// The machine code.
        code: Option<String>,
        /// The words.
        message: String,
    },
    /// It ended without its end, or was never read: what no gateway may do.
    #[default]
    Broken,
    /// Nothing came within the scenario's limit.
    Hung,
}

impl Answer {
    /// Reads an answer that is not streamed.
    pub fn whole(status: u16, body: &str) -> Self {
        let mut answer = Self { status, ..Self::default() };
        let Ok(body) = serde_json::from_str::<Value>(body) else {
            answer.oddities.push("the body is no JSON".to_owned());
            return answer;
        };
        if let Some(failure) = failure(&body) {
            answer.outcome = failure;
        } else if status == 200 && body["choices"][0]["finish_reason"].is_string() {
            answer.outcome = Outcome::Finished;
            answer.text = String::from(body["choices"][0]["message"]["content"].as_str().unwrap_or_default());
            answer.model = body["model"].as_str().map(str::to_owned);
            answer.usage = tells_tokens(&body["usage"]);
        }
        answer
    }

    /// Reads a stream from all that came of it.
    pub fn stream(status: u16, body: &str) -> Self {
        if status != 200 {
            return Self::whole(status, body);
        }
        let mut answer = Self { status, ..Self::default() };
        let (mut roles, mut finished, mut done) = (0, false, false);
        for line in body.lines().filter_map(|line| line.strip_prefix("data:")) {
            let line = line.trim();
            if answer.outcome != Outcome::Broken || done {
                answer.oddities.push("something follows the end".to_owned());
            }
            if line == "[DONE]" {
                done = true;
                continue;
            }
            let Ok(chunk) = serde_json::from_str::<Value>(line) else {
                answer.oddities.push("a chunk is no JSON".to_owned());
                continue;
            };
            if let Some(failure) = failure(&chunk) {
                answer.outcome = failure;
                continue;
            }
            answer.model = chunk["model"].as_str().map(str::to_owned).or(answer.model);
            answer.usage |= tells_tokens(&chunk["usage"]);
            let choice = &chunk["choices"][0];
            roles += u32::from(choice["delta"]["role"].is_string());
            finished |= choice["finish_reason"].is_string();
            answer.text.push_str(choice["delta"]["content"].as_str().unwrap_or_default());
        }
        if roles > 1 {
            answer.oddities.push(format!("the role is told {roles} times"));
        }
        if finished && done {
            answer.outcome = Outcome::Finished;
        }
        answer
    }

    /// Nothing came in time.
    pub fn hung() -> Self {
        Self { outcome: Outcome::Hung, ..Self::default() }
    }
}

fn failure(body: &Value) -> Option<Outcome> {
    let error = body.get("error").filter(|error| !error.is_null())?;
    let code = error["code"].as_str().map(str::to_owned);
    Some(Outcome::Failed { code, message: error["message"].as_str().unwrap_or_default().to_owned() })
}

fn tells_tokens(usage: &Value) -> bool {
    ["prompt_tokens", "completion_tokens"].iter().all(|field| usage[field].as_u64().is_some_and(|count| count > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(content: &str, finish: &str) -> String {
        format!(
            "data: {{\"model\":\"m\",\"choices\":[{{\"delta\":{{\"content\":\"{content}\"}},\"finish_reason\":{finish}}}]}}\n\n"
        )
    }

    #[test]
    fn only_a_stream_with_finish_and_end_mark_is_finished() {
        let (words, end) = (chunk("a", "null"), chunk("", "\"stop\""));
        let read = |body: &str| Answer::stream(200, body);
        let whole = read(&format!("{words}{end}data: [DONE]\n\n"));
        assert_eq!((whole.outcome, whole.text.as_str(), whole.model.as_deref()), (Outcome::Finished, "a", Some("m")));
        for short in [words.clone(), format!("{words}{end}"), format!("{words}data: [DONE]\n\n"), String::new()] {
            assert_eq!(read(&short).outcome, Outcome::Broken, "{short}");
        }
        let failed = read(&format!("{words}data: {{\"error\":{{\"message\":\"no\",\"code\":\"c\"}}}}\n\n"));
        assert_eq!(failed.outcome, Outcome::Failed { code: Some("c".to_owned()), message: "no".to_owned() });
        assert_eq!(read(&format!("{words}{end}data: [DONE]\n\n{words}")).oddities.len(), 1);
    }

    #[test]
    fn an_answer_without_its_parts_is_broken() {
        let good = r#"{"model":"m","choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
        let answer = Answer::whole(200, good);
        assert!(answer.outcome == Outcome::Finished && answer.usage && answer.text == "a");
        assert_eq!(Answer::whole(200, &good[..40]).outcome, Outcome::Broken);
        assert_eq!(Answer::whole(200, "{}").outcome, Outcome::Broken);
        assert!(matches!(Answer::whole(200, r#"{"error":{"message":"x"}}"#).outcome, Outcome::Failed { .. }));
    }
}
