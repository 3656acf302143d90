//! The conformance suite: what every provider plugin must do, checked over a scripted transport with the plugin's own
//! fixtures. The `README.md` of this crate describes the fixtures; [`conformance!`](crate::conformance!) makes the tests.

mod answer;
mod aws;
mod cancel;
mod cases;
mod echo;
mod errors;
mod fields;
mod fixtures;
mod key;
mod mutate;
mod normal;
mod plugin;
mod report;
mod requests;
mod signature;
mod stream;
mod subject;
mod unknown;
mod usual;

use llm_core::ProviderPlugin;
use serde_json::Value;

pub use report::Failure;

use fixtures::Fixtures;
use subject::Subject;

/// One thing that a plugin must do. A plugin to which one cannot apply lists it under `without`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Check {
    /// The description and the configuration are sound.
    Plugin,
    /// `chat.json` decodes to `chat_expected.json`.
    Answer,
    /// A broken or foreign answer is an error that does not repeat the body.
    BrokenAnswer,
    /// Token counts include their parts, and what was not reported is `None`.
    Usage,
    /// `chat_stream.txt` says the same as `chat.json`.
    Stream,
    /// The stream's bytes may come in any pieces.
    ByteSplits,
    /// A stream without its end is an error.
    Truncation,
    /// `stream_error*.txt` ends in the error of `stream_error*.json`.
    InBandErrors,
    /// `errors/*.json` have their class and their wait.
    Errors,
    /// Words of another class in the message of an invalid request change nothing.
    EchoedWords,
    /// A failed connection keeps its class and how far it got.
    NetworkErrors,
    /// Every request field of every operation is sent or warned about.
    RequestFields,
    /// `requests/*.json`, where there are any, go out exactly as they say.
    Requests,
    /// What cannot be sent is refused in strict mode.
    StrictMode,
    /// `signed.json`: a signature goes back to the target that made it, and to no other.
    Signatures,
    /// Giving up ends the exchange.
    Cancellation,
    /// Unknown fields in an answer do no harm.
    UnknownFields,
    /// Unknown events in a stream do no harm.
    UnknownEvents,
    /// The key travels in a sensitive header and nowhere else.
    KeyInHeader,
    /// A key of the call replaces the plugin's, and only with it an address of the call.
    KeyOfTheCall,
    /// A missing key is an error that names the variable to set.
    KeyMissing,
    /// A key that the vendor repeats is never shown.
    KeyEchoed,
}

impl Check {
    /// The fixture that nothing but this check needs.
    fn fixture(self) -> Option<&'static str> {
        match self {
            Self::Answer => Some("chat.json"),
            Self::Stream => Some("chat_stream.txt"),
            Self::InBandErrors => Some("stream_error.txt"),
            Self::Signatures => Some("signed.json"),
            _ => None,
        }
    }
}

/// The bytes that a stream's fixture stands for: messages with their checksums for one written as an AWS event stream, the
/// fixture itself otherwise.
pub fn stream_body(fixture: bytes::Bytes) -> Result<bytes::Bytes, Failure> {
    aws::encoded(fixture)
}

/// A plugin under test with its configuration and fixtures. Made by [`conformance!`](crate::conformance!).
#[derive(Debug)]
pub struct Suite {
    subject: Subject,
    fixtures: Fixtures,
    without: Vec<Check>,
}

impl Suite {
    /// A suite over the fixtures in a folder. `config` is a JSON object without keys: the suite plants its own.
    pub fn new(plugin: &'static ProviderPlugin, config: &Value, fixtures: &str) -> Self {
        Self { subject: Subject::new(plugin, config), fixtures: Fixtures::new(fixtures), without: Vec::new() }
    }

    /// With the model that is asked for, instead of the plugin's default.
    pub fn with_model(mut self, model: &str) -> Self {
        model.clone_into(&mut self.subject.model);
        self
    }

    /// With the model that is asked for an operation (`embed`), where the model under test does not have it.
    pub fn with_model_of(mut self, operation: &'static str, model: &str) -> Self {
        self.subject.models.insert(operation, model.to_owned());
        self
    }

    /// With the operation (`embed`) by which errors, keys and giving up are tried, for a plugin without chats.
    pub fn asking_by(mut self, operation: &'static str) -> Self {
        self.subject.asks = operation;
        self
    }

    /// With a number of frames that may be missing at the end of a stream without the answer being cut.
    pub fn with_frames_after_end(mut self, frames: usize) -> Self {
        self.fixtures.frames_after_end = frames;
        self
    }

    /// Leaves checks out.
    pub fn without(mut self, checks: &[Check]) -> Self {
        self.without.extend_from_slice(checks);
        self
    }

    /// Runs one check.
    pub fn run(&self, check: Check) -> Result<(), Failure> {
        if self.without.contains(&check) {
            if let Some(fixture) = check.fixture().filter(|fixture| self.fixtures.exists(fixture)) {
                return Err(Failure::new(format!(
                    "{fixture} is there, but {check:?} is left out: take it out of `without`"
                )));
            }
            #[expect(clippy::print_stderr, reason = "a check that is left out must be seen in the test's output")]
            {
                eprintln!("conformance: {check:?} is left out for the plugin {}", self.subject.plugin.id);
            }
            return Ok(());
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|error| Failure::new(format!("starting a runtime for the check: {error}")))?;
        let (subject, fixtures) = (&self.subject, &self.fixtures);
        let streams = !self.without.contains(&Check::Stream);
        runtime.block_on(async {
            match check {
                Check::Plugin => plugin::describes_itself(subject),
                Check::Answer => answer::is_decoded(subject, fixtures).await,
                Check::BrokenAnswer => answer::broken_is_an_error(subject, fixtures).await,
                Check::Usage => answer::usage_follows_the_rules(subject, fixtures).await,
                Check::Stream => stream::says_the_same(subject, fixtures).await,
                Check::ByteSplits => stream::splits_do_not_matter(subject, fixtures).await,
                Check::Truncation => stream::cuts_are_errors(subject, fixtures).await,
                Check::InBandErrors => stream::in_band_errors(subject, fixtures).await,
                Check::Errors => errors::have_their_class(subject, fixtures, streams).await,
                Check::EchoedWords => echo::changes_nothing(subject, fixtures).await,
                Check::NetworkErrors => errors::network(subject, fixtures, streams).await,
                Check::RequestFields => fields::are_sent_or_warned_about(subject, fixtures, streams).await,
                Check::Requests => requests::go_out_as_they_should(subject, fixtures).await,
                Check::StrictMode => fields::are_refused_in_strict_mode(subject, fixtures).await,
                Check::Signatures => signature::return_to_their_maker(subject, fixtures, streams).await,
                Check::Cancellation => cancel::ends_the_exchange(subject, fixtures, streams).await,
                Check::UnknownFields => unknown::fields(subject, fixtures, streams).await,
                Check::UnknownEvents => unknown::events(subject, fixtures).await,
                Check::KeyInHeader => key::travels_in_a_header(subject, fixtures, streams).await,
                Check::KeyOfTheCall => key::of_the_call(subject, fixtures).await,
                Check::KeyMissing => key::missing(subject, fixtures).await,
                Check::KeyEchoed => key::echoed(subject, fixtures, streams).await,
            }
        })
    }
}

/// Makes the conformance tests of a plugin, one `#[test]` a check. In the plugin's `tests/conformance.rs`:
///
/// ```ignore
/// llm_testkit::conformance! {
///     plugin: llm_provider_acme::PLUGIN,
///     config: { "base_url": "https://api.acme.test/v1" },
///     fixtures: "tests/fixtures",
///     without: [Signatures],
/// }
/// ```
///
/// Keys in this order; `model`, `models` and `asks` (after `plugin`), `frames_after_end` (after `fixtures`) and `without` may
/// be left out.
#[macro_export]
macro_rules! conformance {
    ($($suite:tt)*) => {
        $crate::__conformance_suite! { $($suite)* }
        $crate::__conformance_tests! {
            the_plugin_describes_itself = Plugin,
            the_answer_is_decoded = Answer,
            a_broken_answer_is_an_error = BrokenAnswer,
            usage_follows_the_rules = Usage,
            the_stream_says_the_same_as_the_answer = Stream,
            every_split_of_the_stream_gives_the_same_events = ByteSplits,
            a_stream_without_its_end_is_an_error = Truncation,
            an_error_inside_a_stream_is_an_error = InBandErrors,
            errors_have_their_class_and_their_wait = Errors,
            words_that_an_error_repeats_change_nothing = EchoedWords,
            network_errors_keep_their_class_and_progress = NetworkErrors,
            every_request_field_is_sent_or_warned_about = RequestFields,
            requests_go_out_as_their_fixtures_say = Requests,
            strict_mode_refuses_what_cannot_be_sent = StrictMode,
            signatures_return_only_to_the_target_that_made_them = Signatures,
            giving_up_ends_the_exchange = Cancellation,
            unknown_fields_do_no_harm = UnknownFields,
            unknown_events_do_no_harm = UnknownEvents,
            the_key_travels_in_a_sensitive_header_only = KeyInHeader,
            a_key_of_the_call_replaces_the_plugins = KeyOfTheCall,
            a_missing_key_names_its_variable = KeyMissing,
            an_echoed_key_is_never_shown = KeyEchoed,
        }
    };
}

/// Makes the tests of request fields alone, for another protocol, another kind of model or another preset of a plugin
/// that has a suite already. The keys are those of [`conformance!`](crate::conformance!); it stands in a module of its own.
///
/// ```ignore
/// mod by_responses {
///     llm_testkit::conformance_of_fields! {
///         plugin: llm_provider_acme::PLUGIN,
///         config: { "api": "responses" },
///         fixtures: "tests/fixtures_responses",
///     }
/// }
/// ```
#[macro_export]
macro_rules! conformance_of_fields {
    ($($suite:tt)*) => {
        $crate::__conformance_suite! { $($suite)* }
        $crate::__conformance_tests! {
            every_request_field_is_sent_or_warned_about = RequestFields,
            strict_mode_refuses_what_cannot_be_sent = StrictMode,
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_suite {
    (
        plugin: $plugin:path,
        $(model: $model:expr,)?
        $(models: { $($operation:ident: $of_operation:expr),* $(,)? },)?
        $(asks: $asks:ident,)?
        config: $config:tt,
        fixtures: $fixtures:literal
        $(, frames_after_end: $frames:expr)?
        $(, without: [$($without:ident),* $(,)?])?
        $(,)?
    ) => {
        fn conformance_suite() -> $crate::conformance::Suite {
            $crate::conformance::Suite::new(
                &$plugin,
                &$crate::__private::json!($config),
                ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", $fixtures),
            )
            $(.with_model($model))?
            $($(.with_model_of(::core::stringify!($operation), $of_operation))*)?
            $(.asking_by(::core::stringify!($asks)))?
            $(.with_frames_after_end($frames))?
            $(.without(&[$($crate::conformance::Check::$without),*]))?
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    ($($name:ident = $check:ident),* $(,)?) => {
        $(#[test]
        fn $name() -> Result<(), $crate::conformance::Failure> {
            conformance_suite().run($crate::conformance::Check::$check)
        })*
    };
}
