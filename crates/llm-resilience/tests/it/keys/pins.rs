//! What only one key's account can read goes back with that key.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{ChatRequest, ErrorKind, Message, Part, PartKind, Progress, Provider, Request, Response};
use serde_json::json;
use tokio::time::advance;

use super::{Does, Vendor, ask, limited, pool};
use crate::support::{cx, open};

fn encrypted(text: &str) -> Part {
    Part::new(PartKind::Reasoning {
        text: String::new(),
        visibility: llm_core::Visibility::Redacted,
        encrypted: Some(text.to_owned()),
    })
}

/// The next request of a conversation with this part in it.
async fn go_on(provider: &Arc<dyn Provider>, part: Part) -> Result<String, llm_core::Error> {
    let mut turn = Message::assistant("earlier words");
    turn.content.insert(0, part);
    let request = ChatRequest::new("public").with_user("hello").with_message(turn).with_user("and then?");
    match provider.call(&cx(), Request::Chat(request.into())).await? {
        Response::Chat(response) => Ok(response.text()),
        other => panic!("{other:?}"),
    }
}

fn seals() -> [Part; 3] {
    [
        encrypted("sealed"),
        Part::reasoning("thinking").with_signature("signed"),
        Part::opaque("scripted.search", json!({"id": 7})),
    ]
}

#[tokio::test(start_paused = true)]
async fn sealed_parts_pin_the_key_that_made_them() {
    for part in seals() {
        let vendor = Vendor::new();
        vendor.set("b", Does { seals: Some(part.clone()), ..Does::default() });
        let (provider, _) = pool(&vendor, &["a", "b", "c"]);
        assert_eq!(
            (ask(&provider, &cx()).await.unwrap(), ask(&provider, &cx()).await.unwrap()),
            ("a".into(), "b".into())
        );
        for _ in 0..4 {
            assert_eq!(go_on(&provider, part.clone()).await.unwrap(), "b");
        }
        // Nobody made that one here.
        vendor.keys();
        for _ in 0..3 {
            go_on(&provider, encrypted("from elsewhere")).await.unwrap();
        }
        assert!(["a", "b", "c"].iter().all(|key| vendor.count(key) == 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_conversation_whose_key_is_limited_waits_for_it_and_no_other_key_sees_it() {
    let vendor = Vendor::new();
    vendor.set("a", Does { seals: Some(encrypted("sealed")), ..Does::default() });
    let (provider, _) = pool(&vendor, &["a", "b"]);
    ask(&provider, &cx()).await.unwrap();
    vendor.refuse("a", limited(30));
    vendor.keys();
    let refused = go_on(&provider, encrypted("sealed")).await.unwrap_err();
    assert_eq!((refused.kind(), vendor.keys().as_str()), (ErrorKind::RateLimited, "a"));
    let waits = go_on(&provider, encrypted("sealed")).await.unwrap_err();
    assert_eq!((waits.progress(), vendor.keys().as_str()), (Progress::NotSent, ""));
    assert!(waits.retry_after().unwrap() <= Duration::from_secs(30));
    assert!(waits.message().contains("the a one"), "{waits}");
    assert_eq!(ask(&provider, &cx()).await.unwrap(), "b", "others go on");
    vendor.take("a");
    advance(Duration::from_secs(30)).await;
    assert_eq!(go_on(&provider, encrypted("sealed")).await.unwrap(), "a");
}

#[tokio::test(start_paused = true)]
async fn where_seals_are_portable_another_key_steps_in() {
    let vendor = Vendor::new();
    vendor.set("a", Does { seals: Some(encrypted("sealed")), ..Does::default() });
    let keys = pool(&vendor, &["a", "b"]).1.with_portable_seals(true);
    let provider = keys.layer(vendor.clone());
    ask(&provider, &cx()).await.unwrap();
    assert_eq!(go_on(&provider, encrypted("sealed")).await.unwrap(), "a");
    vendor.refuse("a", limited(30));
    assert_eq!(go_on(&provider, encrypted("sealed")).await.unwrap(), "b");
}

#[tokio::test(start_paused = true)]
async fn what_a_stream_seals_pins_too() {
    let vendor = Vendor::new();
    vendor.set("a", Does { seals: Some(Part::reasoning("").with_signature("one two")), ..Does::default() });
    let (provider, _) = pool(&vendor, &["a", "b"]);
    let answer = open(&provider, &cx()).await.unwrap().collect().await.unwrap();
    assert_eq!(answer.text(), "a");
    for _ in 0..4 {
        assert_eq!(go_on(&provider, Part::text("words").with_signature("one two")).await.unwrap(), "a");
    }
}
