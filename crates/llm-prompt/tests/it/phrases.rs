//! Which phrases get shorter, and where none does.

use llm_prompt::optimise::{Optimiser, Rule, Settings};

use crate::{check, optimiser, untouched};

#[test]
fn wordy_phrases_get_short_and_keep_their_case() {
    check(
        &optimiser(&[Rule::Phrases]),
        &[
            ("Do it in order to win.", "Do it to win."),
            ("In order to win, utilize tools.", "To win, use tools."),
            ("IN ORDER TO WIN", "TO WIN"),
            (
                "Due to the fact that it rains (in spite of the fact that it is dry).",
                "Because it rains (although it is dry).",
            ),
            ("Apples, pears, and so on. Then stop.", "Apples, pears, etc. Then stop."),
            ("I would like you to sum it up prior to noon", "Please sum it up before noon"),
            ("- At this point in time, nobody knows", "- Now, nobody knows"),
        ],
    );
}

#[test]
fn words_that_only_look_alike_stay() {
    untouched(
        &optimiser(&[Rule::Phrases]),
        &[
            "margin order to, in order tomorrow, in-order to, in order to-do",
            "in\norder to, in  order to",
            "the file that is open, with respect to x, for example",
            "in order to.txt and in_order_to",
        ],
    );
}

#[test]
fn code_json_tables_and_quotations_stay() {
    untouched(
        &optimiser(&[Rule::Phrases]),
        &[
            "```\nin order to\n```",
            "    in order to",
            "Run `in order to` now",
            "Translate \"in order to\", 'in order to', “in order to” and «in order to».",
            "{\"task\": \"in order to\"}",
            "Use [\"in order to\", 1] and {\"a\": \"say \\\"in order to\\\"\"} here",
            "| in order to | prior to |\n|---|---|\n",
            "in order to  prior to\nin order to  utilize",
            "<code>in order to</code>",
            "see [in order to](https://example.com)",
        ],
    );
}

#[test]
fn a_table_of_ones_own_goes_before_the_english_one() {
    let settings = Settings::new([Rule::Phrases])
        .with_min_bytes(0)
        .with_phrase("in order to", "for")
        .with_phrase("zum jetzigen Zeitpunkt", "jetzt")
        .with_phrase("über kurz oder lang", "bald");
    check(
        &Optimiser::new(&settings).unwrap(),
        &[
            ("In order to, prior to.", "For, before."),
            ("Zum jetzigen Zeitpunkt. Über kurz oder lang, über kurz oder lang.", "Jetzt. Bald, bald."),
        ],
    );
    let own = Optimiser::new(&settings.without_english()).unwrap();
    check(&own, &[("In order to, prior to.", "For, prior to.")]);
}

#[test]
fn phrases_that_make_other_phrases_end() {
    let settings = Settings::new([Rule::Phrases]).with_min_bytes(0).without_english();
    let chain = settings.clone().with_phrase("aa bb", "cc").with_phrase("cc dd", "ee");
    check(&Optimiser::new(&chain).unwrap(), &[("aa bb dd", "ee"), ("Aa bb dd", "Ee")]);
    // Every round takes one word away: after some the place is left as it was.
    let slow = settings.with_phrase("xx aa", "aa");
    let long = format!("{}aa", "xx ".repeat(100));
    untouched(&Optimiser::new(&slow).unwrap(), &[&long]);
    check(&Optimiser::new(&slow).unwrap(), &[("xx xx xx aa", "aa")]);
}
