//! What holds for every text.

use llm_prompt::optimise::{Optimiser, Rule};
use proptest::prelude::*;

use crate::optimiser;

/// A piece of a document, and what of it must come through byte for byte.
#[derive(Clone, Debug)]
struct Piece {
    text: String,
    kept: Vec<String>,
}

fn piece(text: String, kept: impl IntoIterator<Item = String>) -> Piece {
    Piece { text, kept: kept.into_iter().collect() }
}

fn gap() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just(" ".to_owned()), 1 => "[ ]{2,5}"]
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => "[a-z]{1,9}",
        1 => "[A-Z][a-z]{0,6}[.,:;!?]?",
        1 => "[0-9]{1,4}",
        1 => "(größe|naïve|日本語|it's|dogs')",
        1 => "(in order to|In order to|due to the fact that|and so on|prior to|make use of|utilize)[.,]?",
    ]
}

/// Words with gaps of any width; no sign in it opens or closes anything.
fn words() -> impl Strategy<Value = String> {
    prop::collection::vec((word(), gap()), 1..12)
        .prop_map(|all| all.into_iter().map(|(word, gap)| word.replace("dogs'", "dogs") + &gap).collect())
}

/// Anything that may stand in code: no fence, no backtick.
fn code_line() -> impl Strategy<Value = String> {
    "[ \\t]{0,6}[a-z{}\\[\\]()\"'|=<>;:.,\\\\# ]{0,30}[ ]{0,3}"
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?[1-9][0-9]{0,3}(\\.[0-9]{1,3})?(e[+-]?[0-9])?",
        "\"([a-z \\[\\]{}`'|<>]|\\\\\"|\\\\n|  |in order to){0,12}\"",
    ];
    let blank = || prop_oneof![Just(String::new()), "[ ]{1,3}", "\n[ ]{0,2}", "\n\n\n", "[ ]\n\t"];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let item = (blank(), inner.clone(), blank()).prop_map(|(a, item, b)| a + &item + &b);
        let field = (blank(), "\"[a-z ]{0,6}\"", blank(), inner, blank())
            .prop_map(|(a, name, b, value, c)| a + &name + &b + ":" + &value + &c);
        prop_oneof![
            (prop::collection::vec(item, 1..4)).prop_map(|items| format!("[{}]", items.join(","))),
            (prop::collection::vec(field, 1..4)).prop_map(|fields| format!("{{{}}}", fields.join(","))),
        ]
    })
    .prop_filter("objects and arrays", |json| json.starts_with(['{', '[']))
}

fn pieces() -> impl Strategy<Value = Piece> {
    prop_oneof![
        4 => words().prop_map(|words| piece(words, [])),
        2 => (words(), "`[a-z ({\\[\"']{0,5}[ ]{0,3}[a-z)]`", words())
            .prop_map(|(before, code, after)| piece(format!("{before}{code} {after}"), [code])),
        1 => (words(), "\"[a-z]{1,4}[ ]{0,3}(in order to|[a-z]{1,4})\"", words())
            .prop_map(|(before, quote, after)| piece(format!("{} {quote} {after}", before.trim_end()), [quote])),
        2 => (prop_oneof![Just("```"), Just("~~~~"), Just("````rust")], prop::collection::vec(code_line(), 0..6)).prop_map(|(fence, lines)| {
            let code = format!("{fence}\n{}\n{}", lines.join("\n"), fence.trim_end_matches("rust"));
            piece(code.clone(), [code])
        }),
        1 => prop::collection::vec("    [a-z=;() ]{1,20}[a-z;]", 1..4).prop_map(|lines| {
            let code = lines.join("\n\n\n");
            piece(code.clone(), [code])
        }),
        2 => json().prop_map(|json| piece(json.clone(), [json])),
        1 => (words(), json(), words()).prop_map(|(before, json, after)| piece(format!("{before}{json} {after}"), [json])),
        1 => prop::collection::vec("\\| [a-z]{1,5}[ ]{1,4}\\|[ ]{1,3}[a-z]{1,5} \\|", 1..4).prop_map(|rows| {
            let table = rows.join("\n");
            piece(table.clone(), [table])
        }),
    ]
}

fn document() -> impl Strategy<Value = (String, Vec<String>)> {
    let unclosed = prop::option::of(prop::collection::vec(code_line(), 1..5));
    (prop::collection::vec((pieces(), "[ ]{0,3}\n[ ]{0,2}\n{1,4}"), 1..8), unclosed).prop_map(|(pieces, unclosed)| {
        let (mut text, mut kept) = (String::new(), Vec::new());
        for (piece, separator) in pieces {
            text += &piece.text;
            // A blank behind a fence that closes would still close it; one behind code is part of nothing.
            text += &separator;
            kept.extend(piece.kept);
        }
        if let Some(lines) = unclosed {
            let code = format!("```\n{}", lines.join("\n"));
            text += &code;
            kept.push(code);
        }
        (text, kept)
    })
}

fn every_rule() -> [Optimiser; 3] {
    [&[Rule::Whitespace][..], &[Rule::Phrases], &[Rule::Whitespace, Rule::Phrases]].map(optimiser)
}

fn without_blanks(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 256 } else { 5_000 }))]

    #[test]
    fn code_json_tables_and_quotations_come_through_byte_for_byte((text, kept) in document()) {
        for optimiser in every_rule() {
            let shorter = optimiser.text(&text);
            let mut rest = &*shorter;
            for kept in &kept {
                let at = rest.find(kept.as_str());
                prop_assert!(at.is_some(), "{kept:?} is not in {rest:?}");
                rest = &rest[at.unwrap() + kept.len()..];
            }
        }
    }

    #[test]
    fn twice_is_once_and_never_longer((text, _) in document()) {
        for optimiser in every_rule() {
            let once = optimiser.text(&text);
            prop_assert!(once.len() <= text.len());
            prop_assert_eq!(&optimiser.text(&once), &once);
        }
    }

    #[test]
    fn so_it_is_for_texts_that_make_no_sense(
        text in "([a-z]{1,3}|in order to|and so on|utilize|[ ]{1,4}|[\\t\\r\\n]|\n\n\n|```|~~~|`|\"|'|[\\[\\]{}<>|\\\\=.:;,0-9-]|<pre>|</pre>|“|”|é|1\\. |- |> ){0,60}"
    ) {
        for optimiser in every_rule() {
            let once = optimiser.text(&text);
            prop_assert!(once.len() <= text.len());
            prop_assert_eq!(&optimiser.text(&once), &once);
        }
        // Of whitespace only blanks go, and no line that says anything is joined to another.
        let [whitespace, ..] = every_rule();
        let shorter = whitespace.text(&text);
        prop_assert_eq!(without_blanks(&shorter), without_blanks(&text));
        let says = |text: &str| text.lines().map(without_blanks).filter(|line| !line.is_empty()).collect::<Vec<_>>();
        prop_assert_eq!(says(&shorter), says(&text));
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(words(&shorter), words(&text), "no two words are joined");
    }
}
