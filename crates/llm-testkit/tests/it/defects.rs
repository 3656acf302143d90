//! Every defect of the toy plugin is found by the check that is there for it.

use llm_testkit::conformance::{Check, Suite};
use serde_json::json;

use crate::toy::PLUGIN;

fn suite(defect: &str) -> Suite {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    Suite::new(&PLUGIN, &json!({ "defect": defect }), fixtures)
}

/// The check fails for this defect, and one of its findings contains `finding`.
fn check(check: Check, defect: &str, finding: &str) {
    suite("").run(check).unwrap_or_else(|failure| panic!("without a defect {check:?} fails: {failure}"));
    let Err(failure) = suite(defect).run(check) else {
        panic!("a plugin that {defect:?} passes {check:?}");
    };
    assert!(failure.findings().iter().any(|found| found.contains(finding)), "{defect:?} gives {failure}");
}

#[test]
fn finds_a_careless_description() {
    check(Check::Plugin, "takes any setting", "unknown setting");
    check(Check::Plugin, "ignores its instance id", "BuildCx");
}

#[test]
fn finds_wrong_answers() {
    check(Check::Answer, "forgets that tools were called", "finish_reason");
    check(Check::Answer, "leaves cached tokens out of the input", "usage");
    check(Check::Answer, "forgets the origin", "origin");
    check(Check::BrokenAnswer, "takes anything for an answer", "passes for an answer");
    check(Check::BrokenAnswer, "repeats the body", "repeats the body");
}

#[test]
fn finds_usage_against_the_rules() {
    check(Check::Usage, "leaves cached tokens out of the input", "cached");
    check(Check::Usage, "leaves reasoning out of the output", "reasoning");
    check(Check::Usage, "reports zero for nothing", "not zero");
}

#[test]
fn finds_streams_that_say_something_else() {
    check(Check::Stream, "doubles streamed text", "text");
    check(Check::Stream, "loses streamed usage", "usage");
    check(Check::Stream, "forgets the origin", "origin");
    check(Check::ByteSplits, "reads each chunk alone", "split");
}

#[test]
fn finds_streams_that_hide_their_end() {
    check(Check::Truncation, "ends a cut stream as if whole", "Finish");
    check(Check::Truncation, "needs no end marker", "Finish");
    check(Check::InBandErrors, "takes an error for text", "text");
    check(Check::InBandErrors, "swallows errors in the stream", "expected overloaded");
}

#[test]
fn finds_errors_of_the_wrong_class() {
    check(Check::Errors, "calls every error a server error", "expected rate_limited");
    check(Check::Errors, "forgets how long to wait", "wait");
    check(Check::Errors, "loses the vendor's words", "vendor's words");
    check(Check::Errors, "loses the status", "status");
    check(Check::Errors, "overlooks errors in good answers", "expected invalid_request");
    check(Check::EchoedWords, "looks for words in messages", "expected invalid_request");
    check(Check::NetworkErrors, "forgets how far it got", "NotSent");
}

#[test]
fn finds_fields_that_are_dropped_in_silence() {
    check(Check::RequestFields, "drops top_k in silence", "sampling.top_k is dropped in silence");
    check(Check::RequestFields, "drops the tool status in silence", "tool status");
    check(Check::RequestFields, "drops the fields of other protocols in silence", "another protocol's body");
    check(Check::RequestFields, "rounds the temperature", "0.37");
    check(Check::RequestFields, "sends everybody's ext", "not for this provider");
    check(Check::RequestFields, "sends unknown fields", "not for this provider");
    check(Check::RequestFields, "warns only in whole answers", "chat_stream");
    check(Check::StrictMode, "only warns in strict mode", "strict mode");
    check(Check::Requests, "rounds the temperature", "the body is");
    check(Check::Requests, "drops top_k in silence", "warns about []");
}

#[test]
fn finds_fields_of_any_operation_that_are_dropped_in_silence() {
    check(Check::RequestFields, "drops the dimensions in silence", "dimensions is dropped in silence by embed");
    check(Check::RequestFields, "drops all texts but one", "a second text is not in the request of embed");
    check(Check::RequestFields, "refuses a task without its name", "is refused");
    check(Check::RequestFields, "drops the strict mode of tools in silence", "strict mode is dropped in silence");
    check(Check::RequestFields, "calls every file a png", "sent as \"png\" all the same");
    let named = suite("").with_model_of("rerank", "toy-rerank-1").run(Check::RequestFields);
    assert!(named.unwrap_err().findings()[0].contains("a model is named for rerank"));
}

#[test]
fn finds_bytes_that_do_not_arrive_as_they_are() {
    for defect in ["writes bytes for addresses", "sends more bytes than there are"] {
        for kind in ["image/png", "audio/wav", "video/mp4", "application/pdf"] {
            check(Check::RequestFields, defect, &format!("inline {kind} changes the request of chat, but"));
        }
    }
}

#[test]
fn finds_signatures_that_are_lost_or_shown() {
    check(Check::Signatures, "drops signatures", "not sent back");
    check(Check::Signatures, "sends signatures to anybody", "is sent");
    check(Check::Signatures, "loses signatures", "without a signature");
    check(Check::Signatures, "loses streamed signatures", "signed_stream.txt");
}

#[test]
fn finds_calls_that_go_on() {
    check(Check::Cancellation, "goes on when dropped", "abandons 0");
    check(Check::Cancellation, "collects the stream first", "only when its body has ended");
}

#[test]
fn finds_fear_of_the_unknown() {
    check(Check::UnknownFields, "refuses unknown fields", "unknown field");
    check(Check::UnknownEvents, "refuses unknown events", "unknown event");
}

#[test]
fn finds_keys_where_they_do_not_belong() {
    check(Check::KeyInHeader, "puts the key into the url", "url");
    check(Check::KeyInHeader, "puts the key into the body", "body");
    check(Check::KeyInHeader, "shows the key's header", "set_sensitive");
    check(Check::KeyOfTheCall, "ignores the key of the call", "not used");
    check(Check::KeyOfTheCall, "sends its key to any address", "plugin's own key");
    check(Check::KeyMissing, "refuses to build without a key", "fails the build");
    check(Check::KeyMissing, "does not name the variable", "TOY_API_KEY");
    check(Check::KeyMissing, "gives another class", "config error");
    check(Check::KeyMissing, "takes a blank key", "a blank key");
    check(Check::KeyEchoed, "shows an echoed key", "shows the key");
    check(Check::KeyEchoed, "repeats a bad address", "the key in the setting base_url");
}

#[test]
fn says_which_fixture_is_missing_and_how_to_do_without() {
    let suite = || Suite::new(&PLUGIN, &json!({}), "/nonexistent");
    for check in [Check::Answer, Check::Stream, Check::Signatures, Check::Errors, Check::InBandErrors] {
        let failure = suite().run(check).expect_err("a missing fixture must fail");
        assert!(failure.findings()[0].contains("rite "), "{failure}");
        suite().without(&[check]).run(check).expect("a check that is left out passes");
    }
}

#[test]
fn a_check_whose_fixture_is_there_cannot_be_left_out() {
    for check in [Check::Answer, Check::Stream, Check::Signatures, Check::InBandErrors] {
        let failure = suite("").without(&[check]).run(check).expect_err("the fixture is there");
        assert!(failure.findings()[0].contains("take it out"), "{failure}");
    }
}
