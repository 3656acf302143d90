//! What the emulated model answers, before it takes a vendor's form. The same request always gets the same answer. Pure.

use serde_json::{Value, json};

use super::behaviour::{Content, Step};
use super::prefill;
use super::problem::{Class, Problem};
use super::schema;
use super::stamp::mix;

/// A chat request as far as the answer depends on it.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) model: String,
    pub(crate) form: Form,
    /// Words of the last turn of the user or of the tools.
    pub(crate) last: String,
    /// The last turn is results of tools.
    pub(crate) after_tools: bool,
    pub(crate) input_tokens: u64,
    pub(crate) tools: Vec<Offered>,
    pub(crate) choice: Choice,
    /// Only one call is wanted.
    pub(crate) one_call: bool,
    pub(crate) format: Format,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) stop: Vec<String>,
    pub(crate) candidates: u64,
    pub(crate) thinking: Thinking,
    /// The request asks to cache its prompt.
    pub(crate) cache: bool,
    /// The beginning of the answer, which the request brings along.
    pub(crate) begun: Option<String>,
}

/// How the answer travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    #[default]
    Whole,
    Stream,
    /// OpenAI: with a last chunk that tells the usage.
    StreamWithUsage,
    /// Gemini without `alt=sse`: one JSON array.
    StreamAsArray,
}

/// A tool of the request.
#[derive(Debug)]
pub(crate) struct Offered {
    pub(crate) name: String,
    pub(crate) schema: Value,
}

/// Which tool must be called.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    #[default]
    Auto,
    None,
    Required,
    Named(String),
}

/// The form of the answer's text.
#[derive(Debug, Default)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
    Schema(Value),
}

/// What becomes of reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Thinking {
    #[default]
    Off,
    /// It is counted and not shown.
    Hidden,
    Shown,
}

/// The answer.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    /// Words of shown reasoning.
    pub(crate) reasoning: Vec<String>,
    pub(crate) body: Body,
    pub(crate) end: End,
    pub(crate) tokens: Tokens,
}

/// What follows the reasoning.
#[derive(Debug, PartialEq)]
pub(crate) enum Body {
    Text(Vec<String>),
    Refusal(Vec<String>),
    Calls(Vec<Call>),
}

/// A tool call.
#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: Value,
}

/// Why the answer ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    /// At this stop text.
    Stopped(String),
    Length,
    Calls,
    Refused,
    Filtered,
}

/// Tokens, totals with their parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// All of the prompt.
    pub(crate) input: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_write: u64,
    /// All of the answer.
    pub(crate) output: u64,
    pub(crate) reasoning: u64,
}

/// Answers a request as the step says.
pub(crate) fn compose(asked: &Asked, step: &Step) -> Result<Answer, Problem> {
    if step.window.is_some_and(|window| asked.input_tokens > window) {
        return Err(Problem::new(Class::ContextLength));
    }
    if step.no_prefill && asked.begun.is_some() {
        return Err(prefill::refused());
    }
    let thinking = if step.reason { Thinking::Shown } else { asked.thinking };
    let mut reasoning = match thinking {
        Thinking::Off => Vec::new(),
        Thinking::Hidden | Thinking::Shown => pieces(&thought(&asked.last)),
    };
    let mut left = asked.max_tokens.unwrap_or(u64::MAX);
    let mut end = End::Done;
    shorten(&mut reasoning, &mut left, &mut end);
    let mut body = body(asked, step);
    if let (Body::Text(words), Some(begun)) = (&mut body, &asked.begun) {
        *words = prefill::rest(std::mem::take(words), begun);
    }
    if let Body::Text(words) | Body::Refusal(words) = &mut body {
        if let Some(stop) = stop_at(words, &asked.stop) {
            end = End::Stopped(stop);
        }
        shorten(words, &mut left, &mut end);
    }
    let output = match &body {
        Body::Text(words) | Body::Refusal(words) => words.len(),
        Body::Calls(calls) => calls.iter().map(|call| argument_pieces(&call.arguments).len()).sum(),
    };
    end = match (&body, end) {
        (Body::Calls(_), End::Done) => End::Calls,
        (Body::Refusal(_), End::Done) => End::Refused,
        (_, end) => end,
    };
    let half = asked.input_tokens / 2;
    let tokens = Tokens {
        input: asked.input_tokens,
        cache_read: if step.cached { half } else { 0 },
        cache_write: if asked.cache && !step.cached { half } else { 0 },
        reasoning: reasoning.len() as u64,
        output: (reasoning.len() + output) as u64,
    };
    if thinking == Thinking::Hidden {
        reasoning.clear();
    }
    Ok(Answer { reasoning, body, end, tokens })
}

impl Answer {
    /// The same answer, ended by the vendor's filter after so many pieces of content.
    pub(crate) fn filtered(mut self, after: u32) -> Self {
        let mut left = u64::from(after);
        shorten(&mut self.reasoning, &mut left, &mut End::Filtered);
        match &mut self.body {
            Body::Text(words) | Body::Refusal(words) => shorten(words, &mut left, &mut End::Filtered),
            Body::Calls(_) => self.body = Body::Text(Vec::new()),
        }
        self.end = End::Filtered;
        self
    }
}

fn body(asked: &Asked, step: &Step) -> Body {
    let text = |text: &str| Body::Text(pieces(text));
    let forced = matches!(asked.choice, Choice::Required | Choice::Named(_));
    match &step.content {
        Content::Text(words) => text(words),
        Content::Words(count) => Body::Text((1..=*count).map(word).collect()),
        Content::Refuse => Body::Refusal(pieces("the emulated model declines this")),
        Content::Tools(count) if !asked.after_tools || forced => calls(asked, *count).unwrap_or_else(|| echo(asked)),
        Content::Echo if forced => calls(asked, 1).unwrap_or_else(|| echo(asked)),
        Content::Json => json_text(asked),
        Content::Echo | Content::Tools(_) => match asked.format {
            Format::Text => echo(asked),
            Format::Json | Format::Schema(_) => json_text(asked),
        },
    }
}

fn echo(asked: &Asked) -> Body {
    Body::Text(pieces(&format!("echo: {}", asked.last)))
}

fn word(nth: u32) -> String {
    if nth == 1 { "word1".to_owned() } else { format!(" word{nth}") }
}

fn json_text(asked: &Asked) -> Body {
    let value = match &asked.format {
        Format::Schema(schema) => schema::smallest(schema),
        Format::Text | Format::Json => json!({ "echo": asked.last }),
    };
    Body::Text(parts(&value.to_string(), 6))
}

/// Calls of the offered tools in their order, the last one again where there are too few.
fn calls(asked: &Asked, count: u32) -> Option<Body> {
    let count = if asked.one_call { count.min(1) } else { count };
    let named = match &asked.choice {
        Choice::None => return None,
        Choice::Named(name) => Some(name),
        Choice::Auto | Choice::Required => None,
    };
    let tools: Vec<&Offered> = asked.tools.iter().filter(|tool| named.is_none_or(|name| *name == tool.name)).collect();
    let last = *tools.last()?;
    let tool = |at: u32| tools.get(at as usize).copied().unwrap_or(last);
    let call = |tool: &Offered| {
        let arguments = match schema::smallest(&tool.schema) {
            Value::Object(arguments) => Value::Object(arguments),
            _ => json!({}),
        };
        Call { name: tool.name.clone(), arguments }
    };
    Some(Body::Calls((0..count).map(|at| call(tool(at))).collect()))
}

fn thought(last: &str) -> String {
    let subject: Vec<&str> = last.split_whitespace().take(8).collect();
    format!("thinking about: {}", subject.join(" "))
}

/// Cuts `words` to what is left of the longest answer.
fn shorten(words: &mut Vec<String>, left: &mut u64, end: &mut End) {
    if words.len() as u64 > *left {
        words.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
        *end = End::Length;
    }
    *left -= words.len() as u64;
}

/// Cuts `words` before the first stop text and says which one it was.
fn stop_at(words: &mut Vec<String>, stops: &[String]) -> Option<String> {
    let text = words.concat();
    let found = stops.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| Some((text.find(stop.as_str())?, stop)));
    let (at, stop) = found.min_by_key(|(at, _)| *at)?;
    *words = pieces(&text[..at]);
    Some(stop.clone())
}

/// Text in words, each with the blanks before it. Together they are the text.
pub(crate) fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut in_word = false;
    for c in text.chars() {
        let blank = c.is_whitespace();
        match pieces.last_mut() {
            Some(piece) if !(blank && in_word) => piece.push(c),
            _ => pieces.push(c.into()),
        }
        in_word = !blank;
    }
    pieces
}

/// A tool call's arguments as a stream brings them.
pub(crate) fn argument_pieces(arguments: &Value) -> Vec<String> {
    parts(&arguments.to_string(), 6)
}

/// Text in parts of `length` characters.
fn parts(text: &str, length: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(length).map(|part| part.iter().collect()).collect()
}

/// Tokens of a text: its words.
pub(crate) fn tokens_of(text: &str) -> u64 {
    pieces(text).len() as u64
}

/// A signature over a text that only the emulator makes: it recognises its own when one comes back.
pub(crate) fn sign(text: &str) -> String {
    use base64::Engine as _;
    let seed = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let bytes: Vec<u8> = [seed, mix(seed), mix(mix(seed))].iter().flat_map(|number| number.to_be_bytes()).collect();
    format!("ZW11{}", base64::engine::general_purpose::STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(last: &str) -> Asked {
        Asked { last: last.to_owned(), input_tokens: 10, ..Asked::default() }
    }

    fn tool(name: &str) -> Offered {
        let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
        Offered { name: name.to_owned(), schema }
    }

    fn answer(asked: &Asked, words: &str) -> Answer {
        compose(asked, &Step::words(words).unwrap()).unwrap()
    }

    fn text(answer: &Answer) -> String {
        match &answer.body {
            Body::Text(words) | Body::Refusal(words) => words.concat(),
            Body::Calls(_) => panic!("calls"),
        }
    }

    fn names(answer: &Answer) -> Vec<&str> {
        match &answer.body {
            Body::Calls(calls) => calls.iter().map(|call| call.name.as_str()).collect(),
            _ => panic!("no calls"),
        }
    }

    #[test]
    fn pieces_put_together_are_the_text() {
        for text in ["", " ", "a", "two  words ", "\n grüße\t🦀 x\n"] {
            assert_eq!(pieces(text).concat(), text);
        }
        assert_eq!(pieces("echo: hi there"), ["echo:", " hi", " there"]);
    }

    #[test]
    fn repeats_the_last_words_and_counts_them() {
        let answer = answer(&asked("hi there"), "echo");
        assert_eq!((text(&answer).as_str(), answer.end.clone()), ("echo: hi there", End::Done));
        assert_eq!(answer.tokens, Tokens { input: 10, output: 3, ..Tokens::default() });
    }

    #[test]
    fn the_limit_bounds_reasoning_and_text_together() {
        let answer = answer(&Asked { max_tokens: Some(5), ..asked("hi there you") }, "reason");
        assert_eq!((answer.reasoning.concat().as_str(), text(&answer).as_str()), ("thinking about: hi there you", ""));
        assert_eq!((answer.end, answer.tokens.output, answer.tokens.reasoning), (End::Length, 5, 5));
    }

    #[test]
    fn ends_at_the_first_stop_text() {
        let answer =
            answer(&Asked { stop: vec!["zz".into(), "there".into(), "hi".into()], ..asked("hi there") }, "echo");
        assert_eq!((text(&answer).as_str(), answer.end), ("echo: ", End::Stopped("hi".into())));
    }

    #[test]
    fn calls_tools_where_the_model_or_the_request_wants_it() {
        let offer = || Asked { tools: vec![tool("a"), tool("b")], ..asked("x") };
        assert_eq!(names(&answer(&offer(), "tools")), ["a"]);
        assert_eq!(names(&answer(&offer(), "tools-x2")), ["a", "b"]);
        assert_eq!(names(&answer(&offer(), "tools-x3")), ["a", "b", "b"]);
        assert_eq!(names(&answer(&Asked { one_call: true, ..offer() }, "tools-x2")), ["a"]);
        assert_eq!(names(&answer(&Asked { choice: Choice::Named("b".into()), ..offer() }, "echo")), ["b"]);
        assert_eq!(text(&answer(&Asked { choice: Choice::None, ..offer() }, "tools")), "echo: x");
        assert_eq!(text(&answer(&Asked { after_tools: true, ..offer() }, "tools")), "echo: x");
        assert_eq!(text(&answer(&asked("x"), "tools")), "echo: x");
    }

    #[test]
    fn answers_json_where_it_is_asked_for() {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
        assert_eq!(text(&answer(&Asked { format: Format::Schema(schema), ..asked("x") }, "echo")), r#"{"n":0}"#);
        assert_eq!(text(&answer(&asked("x"), "json")), r#"{"echo":"x"}"#);
    }

    #[test]
    fn the_window_and_the_cache_are_told() {
        assert_eq!(compose(&asked("x"), &Step::words("window-9").unwrap()).unwrap_err().class, Class::ContextLength);
        assert_eq!(answer(&asked("x"), "cached").tokens.cache_read, 5);
        assert_eq!(answer(&Asked { cache: true, ..asked("x") }, "echo").tokens.cache_write, 5);
        let hidden = answer(&Asked { thinking: Thinking::Hidden, ..asked("x") }, "echo");
        assert_eq!((hidden.reasoning.len(), hidden.tokens.reasoning), (0, 3));
    }

    #[test]
    fn the_filter_cuts() {
        let answer = answer(&asked("one two three"), "echo").filtered(2);
        assert_eq!((text(&answer).as_str(), answer.end), ("echo: one", End::Filtered));
    }
}
