//! The request fields, one case each: a request without the field, the same with it, and what must become of it.

use std::collections::BTreeMap;
use std::time::Duration;

use llm_core::{
    CacheHint, ChatRequest, Effort, JsonSchema, Media, MediaData, Message, OutputFormat, Part, PartKind, Reasoning,
    Role, Tool, ToolCall, ToolChoice, ToolResult, ToolStatus, base64_text,
};
use serde_json::{Map, Value, json};

use super::report::Failure;
use super::subject::{INSTANCE, Subject};

/// One field.
pub(super) struct Case {
    /// For findings.
    pub(super) name: String,
    /// What a warning about it must name.
    pub(super) field: &'static str,
    pub(super) base: ChatRequest,
    pub(super) changed: ChatRequest,
    /// Pieces of its value that stand in the request when it is sent.
    pub(super) marks: Vec<String>,
    pub(super) fate: Fate,
}

/// What must become of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    SentOrWarned,
    /// No vendor can take it.
    Warned,
    /// It is for somebody else, and leaving it out needs no word.
    Withheld,
}

struct Cases {
    plain: ChatRequest,
    list: Vec<Case>,
}

impl Cases {
    /// A field that the plain request does not have.
    fn field(&mut self, field: &'static str, marks: &[&str], set: impl FnOnce(&mut ChatRequest)) {
        self.change(field, field, marks, |_| {}, set);
    }

    /// A field with what must be there beside it.
    fn change(
        &mut self,
        name: &str,
        field: &'static str,
        marks: &[&str],
        prepare: impl FnOnce(&mut ChatRequest),
        set: impl FnOnce(&mut ChatRequest),
    ) {
        let mut base = self.plain.clone();
        prepare(&mut base);
        let mut changed = base.clone();
        set(&mut changed);
        let marks = marks.iter().map(|mark| (*mark).to_owned()).collect();
        self.list.push(Case { name: name.to_owned(), field, base, changed, marks, fate: Fate::SentOrWarned });
    }

    /// One more part in the user's message.
    fn user_part(&mut self, name: &str, marks: &[&str], part: Part) {
        self.change(
            name,
            "messages",
            marks,
            |_| {},
            |request| {
                request.messages = vec![Message::user("Hello").with_part(part).into()];
            },
        );
    }

    /// One more part in a message of the model's.
    fn assistant_part(&mut self, name: &str, marks: &[&str], part: Part) {
        let with = |message: Message| {
            move |request: &mut ChatRequest| {
                request.messages = vec![Message::user("Hello").into(), message.into(), Message::user("Go on").into()];
            }
        };
        let message = Message::assistant("Hi");
        self.change(name, "messages", marks, with(message.clone()), with(message.with_part(part)));
    }

    fn last(&mut self, fate: Fate) {
        if let Some(case) = self.list.last_mut() {
            case.fate = fate;
        }
    }
}

/// Every field of a [`ChatRequest`].
pub(super) fn all(subject: &Subject) -> Result<Vec<Case>, Failure> {
    let provider = subject.provider()?;
    let api = provider.api();
    let mut cases = Cases { plain: subject.request(), list: Vec::new() };
    conversation(&mut cases);
    media(&mut cases);
    history(&mut cases, api);
    tools(&mut cases);
    output(&mut cases);
    sampling(&mut cases);
    rest(&mut cases, api);
    Ok(cases.list)
}

fn conversation(cases: &mut Cases) {
    cases.field("model", &["model-7351"], |request| "model-7351".clone_into(&mut request.model));
    cases.change(
        "the text of a message",
        "messages",
        &["words-7351"],
        |_| {},
        |request| {
            request.messages = vec![Message::user("words-7351").into()];
        },
    );
    cases.user_part("a second text part", &["words-7351"], Part::text("words-7351"));
    for role in [Role::System, Role::Developer] {
        let name = format!("a message of the role {role}");
        cases.change(
            &name,
            "messages",
            &["words-7351"],
            |_| {},
            |request| {
                request.messages.insert(0, Message::new(role, vec![Part::text("words-7351")]).into());
            },
        );
    }
    cases.change(
        "a system message in the middle",
        "messages",
        &["words-7351"],
        |_| {},
        |request| {
            request.messages.push(Message::system("words-7351").into());
            request.messages.push(Message::user("Go on").into());
        },
    );
    let message = |change: fn(&mut Message)| {
        move |request: &mut ChatRequest| {
            let mut message = Message::user("Hello");
            change(&mut message);
            request.messages = vec![message.into()];
        }
    };
    cases.change(
        "a message's name",
        "messages",
        &["Ada_7351"],
        |_| {},
        message(|message| {
            message.name = Some("Ada_7351".to_owned());
        }),
    );
    cases.change(
        "a message's ext",
        "messages",
        &["words-7351"],
        |_| {},
        message(|message| {
            message.ext.set(INSTANCE, "x_ext", "words-7351");
        }),
    );
    cases.change(
        "a part's ext",
        "messages",
        &["words-7351"],
        |_| {},
        message(|message| {
            message.content[0].ext.set(INSTANCE, "x_ext", "words-7351");
        }),
    );
    cases.change(
        "a part's cache hint",
        "messages",
        &[],
        |_| {},
        message(|message| {
            message.content[0].cache = Some(CacheHint { ttl: None });
        }),
    );
    cases.change(
        "the time of a cache hint",
        "messages",
        &[],
        message(|message| message.content[0].cache = Some(CacheHint { ttl: None })),
        message(|message| message.content[0].cache = Some(CacheHint { ttl: Some(Duration::from_secs(3600)) })),
    );
}

fn media(cases: &mut Cases) {
    const BYTES: &[u8] = b"bytes-of-a-file-7351";
    let base64 = base64_text::encode(BYTES);
    let inline = |media_type: &str| Media::inline(media_type, BYTES);
    for media_type in ["image/png", "audio/wav", "video/mp4", "application/pdf", "text/plain"] {
        cases.user_part(&format!("inline {media_type}"), &[&base64], Part::media(inline(media_type)));
    }
    for media_type in ["image/*", "image/png", "application/pdf", "audio/mp3"] {
        let url = "https://files.test/file-7351";
        cases.user_part(&format!("{media_type} by url"), &[url], Part::media(Media::url(media_type, url)));
    }
    let of = |data| Media { data, ..inline("application/pdf") };
    let text = MediaData::Text { text: "words-7351".to_owned() };
    cases.user_part(
        "a document as text",
        &["words-7351"],
        Part::media(Media { media_type: "text/plain".to_owned(), ..of(text) }),
    );
    let refs = BTreeMap::from([(INSTANCE.to_owned(), "file-7351".to_owned())]);
    cases.user_part("an uploaded file", &["file-7351"], Part::media(of(MediaData::File { refs })));
    let refs = BTreeMap::from([("someone-else".to_owned(), "file-7351".to_owned())]);
    cases.user_part("a file uploaded elsewhere", &["file-7351"], Part::media(of(MediaData::File { refs })));
    cases.last(Fate::Warned);
    let with = |media: Media| {
        move |request: &mut ChatRequest| {
            request.messages = vec![Message::user("Hello").with_part(Part::media(media)).into()];
        }
    };
    let detailed = Media { detail: Some("high".to_owned()), ..inline("image/png") };
    cases.change("the detail of an image", "messages", &[], with(inline("image/png")), with(detailed));
    let named = Media { filename: Some("report-7351.pdf".to_owned()), ..inline("application/pdf") };
    cases.change("the name of a file", "messages", &["report-7351.pdf"], with(inline("application/pdf")), with(named));
}

fn history(cases: &mut Cases, api: &str) {
    cases.assistant_part("a second text part of the model", &["words-7351"], Part::text("words-7351"));
    cases.assistant_part("reasoning in history", &["words-7351"], Part::reasoning("words-7351"));
    cases.assistant_part(
        "a refusal in history",
        &["words-7351"],
        Part::new(PartKind::Refusal { text: "words-7351".to_owned() }),
    );
    cases.assistant_part("an image in history", &[], Part::media(Media::inline("image/png", &b"bytes"[..])));
    let own = Part::opaque(format!("{api}.x_block"), json!({"type": "x_block", "x": "words-7351"}));
    cases.assistant_part("an opaque item of the same api", &["words-7351"], own);
    cases.assistant_part("an opaque item of another api", &[], Part::opaque("elsewhere.x_block", json!({"x": 1})));
    cases.last(Fate::Warned);
    let unknown = Map::from_iter([("type".to_owned(), Value::from("x_part"))]);
    cases.assistant_part("a part of unknown type", &[], Part::new(PartKind::Unknown(unknown)));
    let call = Part::tool_call("call_1", "look_up_7351", r#"{"city":"words-7351"}"#);
    cases.assistant_part("a tool call in history", &["look_up_7351", "words-7351"], call);
    let cut = ToolCall {
        id: "call_1".to_owned(),
        name: "look_up_7351".to_owned(),
        arguments: r#"{"city":"wor"#.to_owned(),
        truncated: true,
        ..ToolCall::default()
    };
    cases.assistant_part("a cut-off tool call in history", &["look_up_7351"], Part::new(PartKind::ToolCall(cut)));

    let with = |result: ToolResult| {
        move |request: &mut ChatRequest| {
            let call = Message::new(Role::Assistant, vec![Part::tool_call("call_1", "look_up", "{}")]);
            let result = Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))]);
            request.messages = vec![Message::user("Hello").into(), call.into(), result.into()];
        }
    };
    let result =
        ToolResult { call_id: "call_1".to_owned(), content: vec![Part::text("done")], ..ToolResult::default() };
    let said = ToolResult { content: vec![Part::text("words-7351")], ..result.clone() };
    cases.change("a tool result", "messages", &["words-7351"], with(result.clone()), with(said));
    for status in [ToolStatus::Error, ToolStatus::Denied] {
        let failed = ToolResult { status, ..result.clone() };
        cases.change(&format!("the tool status {status:?}"), "messages", &[], with(result.clone()), with(failed));
    }
    let bytes: &[u8] = b"bytes-of-a-file-7351";
    let mut content = result.content.clone();
    content.push(Part::media(Media::inline("image/png", bytes)));
    let seen = ToolResult { content, ..result.clone() };
    let base64 = base64_text::encode(bytes);
    cases.change("an image in a tool result", "messages", &[&base64], with(result), with(seen));
}

fn schema(property: &str) -> Value {
    json!({"type": "object", "properties": {property: {"type": "string"}}, "required": [property], "additionalProperties": false})
}

fn tool(name: &str) -> Tool {
    Tool::function(name, "looks it up", schema("city"))
}

fn tools(cases: &mut Cases) {
    cases.field("tools", &["look_up_7351", "words-7351", "city_7351"], |request| {
        *request = request.clone().with_tool(Tool::function("look_up_7351", "words-7351", schema("city_7351")));
    });
    let one = |request: &mut ChatRequest| *request = request.clone().with_tool(tool("look_up"));
    let changed = |change: fn(&mut llm_core::FunctionTool)| {
        move |request: &mut ChatRequest| {
            if let Tool::Function(mut function) = tool("look_up") {
                change(&mut function);
                request.tools = vec![Tool::Function(function).into()];
            }
        }
    };
    cases.change("a second tool", "tools", &["second_7351"], one, |request| {
        *request = request.clone().with_tool(tool("second_7351"));
    });
    cases.change("a tool's strict mode", "tools", &[], one, changed(|function| function.strict = Some(true)));
    cases.change(
        "a tool's cache hint",
        "tools",
        &[],
        one,
        changed(|function| function.cache = Some(CacheHint::default())),
    );
    let ext = changed(|function| function.ext.set(INSTANCE, "x_ext", "words-7351"));
    cases.change("a tool's ext", "tools", &["words-7351"], one, ext);
    cases.change("a tool of another provider", "tools", &[], one, |request| {
        let id = "elsewhere.search".to_owned();
        request.tools.push(Tool::Provider { id, name: "search".to_owned(), args: Map::new() }.into());
    });
    cases.last(Fate::Warned);
    for choice in [ToolChoice::None, ToolChoice::Required, ToolChoice::Named("look_up".to_owned())] {
        let name = format!("the tool choice {choice:?}");
        cases.change(&name, "tool_choice", &[], one, |request| request.tool_choice = choice);
    }
    cases.change("parallel_tool_calls", "parallel_tool_calls", &[], one, |request| {
        request.parallel_tool_calls = Some(false);
    });
}

fn output(cases: &mut Cases) {
    let by_schema = |description: Option<&str>| {
        let description = description.map(str::to_owned);
        let schema = JsonSchema { name: "answer".to_owned(), description, schema: schema("city_7351"), strict: None };
        move |request: &mut ChatRequest| request.output = OutputFormat::JsonSchema(schema)
    };
    cases.change("output as JSON", "output", &[], |_| {}, |request| request.output = OutputFormat::Json);
    cases.change("output by a schema", "output", &["city_7351"], |_| {}, by_schema(None));
    let description = "the description of a schema";
    cases.change(description, "output", &["words-7351"], by_schema(None), by_schema(Some("words-7351")));
    let efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max", "word-7351"];
    for effort in efforts {
        cases.change(
            &format!("the reasoning effort {effort}"),
            "reasoning",
            &[],
            |_| {},
            |request| {
                request.reasoning = Some(Reasoning::Effort(Effort::from(effort)));
            },
        );
    }
    for budget in [0, 2351] {
        cases.change(
            &format!("a reasoning budget of {budget}"),
            "reasoning",
            &[],
            |_| {},
            |request| {
                request.reasoning = Some(Reasoning::Budget(budget));
            },
        );
    }
}

fn sampling(cases: &mut Cases) {
    cases.field("sampling.temperature", &["0.37"], |request| request.sampling.temperature = Some(0.37));
    cases.field("sampling.top_p", &["0.73"], |request| request.sampling.top_p = Some(0.73));
    cases.field("sampling.top_k", &["7351"], |request| request.sampling.top_k = Some(7351));
    cases.field("sampling.presence_penalty", &["0.31"], |request| request.sampling.presence_penalty = Some(0.31));
    cases.field("sampling.frequency_penalty", &["0.29"], |request| request.sampling.frequency_penalty = Some(0.29));
    cases.field("sampling.seed", &["73519"], |request| request.sampling.seed = Some(73519));
    cases.field("sampling.max_output_tokens", &["1357"], |request| request.sampling.max_output_tokens = Some(1357));
    cases.field("sampling.stop", &["END-7351"], |request| request.sampling.stop = vec!["END-7351".to_owned()]);
    cases.field("sampling.candidates", &[], |request| request.sampling.candidates = Some(2));
    cases.field("sampling.logprobs", &[], |request| request.sampling.logprobs = Some(3));
}

fn rest(cases: &mut Cases, api: &str) {
    cases.field("service_tier", &["tier-7351"], |request| request.service_tier = Some("tier-7351".to_owned()));
    cases.field("end_user", &["user-7351"], |request| request.end_user = Some("user-7351".to_owned()));
    cases.field("metadata", &["label_7351", "value-7351"], |request| {
        request.metadata.insert("label_7351".to_owned(), "value-7351".to_owned());
    });
    for reader in [INSTANCE, api] {
        cases.change(
            &format!("ext of {reader:?}"),
            "ext",
            &["x_ext_7351", "value-7351"],
            |_| {},
            |request| {
                request.ext.set(reader, "x_ext_7351", "value-7351");
            },
        );
    }
    let marks = &["value-7351"];
    cases.change(
        "ext of another provider",
        "ext",
        marks,
        |_| {},
        |request| {
            request.ext.set("someone-else", "x_ext_7351", "value-7351");
        },
    );
    cases.last(Fate::Withheld);
    cases.change(
        "a field that this version does not know",
        "extra",
        marks,
        |_| {},
        |request| {
            request.extra.insert("x_extra_7351".to_owned(), "value-7351".into());
        },
    );
    cases.last(Fate::Withheld);
}
