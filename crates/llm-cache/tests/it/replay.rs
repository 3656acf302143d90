//! A kept answer as a stream is the answer again, whatever is in it, and however it was kept.

use llm_cache::{Answer, Entry, Framing, HOUR};
use llm_core::{
    Accumulator, ChatResponse, Citation, Event, Executor, Finish, FinishReason, Media, Part, PartKind, Replay,
    ToolCall, Usage, Visibility, Warning,
};
use proptest::prelude::*;
use serde_json::json;

use crate::support::{EPOCH, answer, keyring, tenant};

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zé€😀 ]{0,12}", "[a-zé€😀]{300,900}"]
}

fn kind() -> impl Strategy<Value = PartKind> {
    let call = (text(), text(), any::<bool>(), any::<bool>()).prop_map(|(name, arguments, ours, truncated)| {
        let executed_by = if ours { Executor::Client } else { Executor::Provider };
        PartKind::ToolCall(ToolCall { id: "c".into(), name, arguments, executed_by, truncated })
    });
    let sources = proptest::collection::vec(text(), 0..3).prop_map(|sources| {
        sources.into_iter().map(|source| Citation { source, span: Some((0, 1)), ..Citation::default() }).collect()
    });
    prop_oneof![
        (text(), sources).prop_map(|(text, citations)| PartKind::Text { text, citations }),
        text().prop_map(|text| PartKind::Refusal { text }),
        (text(), proptest::option::of(text())).prop_map(|(text, encrypted)| PartKind::Reasoning {
            text,
            visibility: Visibility::Summary,
            encrypted
        }),
        call,
        proptest::collection::vec(any::<u8>(), 0..20)
            .prop_map(|bytes| PartKind::Media(Media::inline("image/png", bytes))),
        Just(PartKind::Opaque { kind: "a.b".into(), data: json!({"x": 1}) }),
    ]
}

fn part() -> impl Strategy<Value = Part> {
    (kind(), proptest::option::of("[a-z]{1,9}"), any::<bool>()).prop_map(|(kind, signature, more)| {
        let mut part = Part::new(kind);
        part.signature = signature;
        if more {
            part.ext.set("v", "k", 1);
        }
        part
    })
}

fn response() -> impl Strategy<Value = ChatResponse> {
    (proptest::collection::vec(part(), 0..5), any::<bool>(), 0..9u64).prop_map(|(content, more, tokens)| {
        let mut response = answer("");
        response.message.content = content;
        response.usage = Usage::new(tokens, 1);
        response.finish = Finish::new(FinishReason::Stop, "end_turn");
        if more {
            response.model = Some("m-2026".into());
            response.service_tier = Some("flex".into());
            response.created = Some(5);
            response.system_fingerprint = Some("fp".into());
            response.warnings.push(Warning::Other { message: "w".into() });
            response.ext.set("v", "k", 1);
            response.extra.insert("new".into(), json!(1));
        }
        response
    })
}

fn collected(response: &ChatResponse) -> ChatResponse {
    use futures_util::{FutureExt as _, StreamExt as _};
    let mut accumulator = Accumulator::default();
    let events: Vec<_> = Replay::new(response.clone()).collect::<Vec<_>>().now_or_never().unwrap();
    for event in events {
        let event = event.unwrap();
        if let Event::TextDelta { text, .. } = &event {
            assert!(!text.is_empty() && text.len() <= 256, "pieces are of a size to be shown: {}", text.len());
        }
        accumulator.push(event).unwrap();
    }
    accumulator.finish().unwrap()
}

proptest! {
    #[test]
    fn a_replay_collected_is_the_answer(response in response()) {
        prop_assert_eq!(collected(&response), response);
    }

    #[test]
    fn a_stored_value_read_again_is_the_entry(response in response()) {
        let entry = Entry::new(Answer::Chat(Box::new(response)), 5, HOUR, EPOCH);
        let request = crate::support::chat("q");
        let key = keyring().key(&tenant("a"), &crate::support::cx("a"), "m", &request).unwrap();
        let framing = Framing::new(&keyring());
        prop_assert_eq!(framing.decode(&key, &framing.encode(&key, &entry).unwrap()).unwrap(), entry);
    }
}
