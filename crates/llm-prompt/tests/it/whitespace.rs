//! Which blanks go, and which stay.

use llm_prompt::optimise::Rule;

use crate::{check, optimiser, untouched};

#[test]
fn blanks_that_say_nothing_go() {
    check(
        &optimiser(&[Rule::Whitespace]),
        &[
            ("One.  Two.   Three  words.", "One. Two. Three words."),
            ("Above\n\n\n\nbelow\n", "Above\n\nbelow\n"),
            ("Above\n  \n\t\nbelow\n", "Above\n\nbelow\n"),
            ("Above\n   \nbelow", "Above\n\nbelow"),
            ("Above \nbelow\t\nend", "Above\nbelow\nend"),
            ("\n\n\nBegin", "\nBegin"),
            ("End\n\n\n\n", "End\n\n"),
            ("A  line\r\n\r\n\r\n\r\nof  Windows \r\nhere", "A line\r\n\r\nof Windows\r\nhere"),
            ("-   An  item with  gaps\n1.  Another  one", "-   An item with gaps\n1.  Another one"),
            ("Ein   größerer  Satz, «sehr»  groß.", "Ein größerer Satz, «sehr» groß."),
            ("Call  `f(a,  b)`  with  \"a  b\"  and  [c  d]  now", "Call `f(a,  b)` with \"a  b\" and [c  d] now"),
        ],
    );
}

#[test]
fn outer_blanks_stay_because_a_text_may_be_a_piece() {
    untouched(
        &optimiser(&[Rule::Whitespace]),
        &["Answer: ", "   begins with blanks", "ends in one line\n", "ends\n\n   "],
    );
}

#[test]
fn a_line_break_of_markdown_stays() {
    check(
        &optimiser(&[Rule::Whitespace]),
        &[("Rose  \nviolet     \n\nend", "Rose  \nviolet\n\nend"), ("Rose    \nviolet", "Rose  \nviolet")],
    );
}

#[test]
fn code_stays() {
    untouched(
        &optimiser(&[Rule::Whitespace]),
        &[
            "```python\nx  =  1 \n\n\n\ny = 2\n```",
            "~~~\na  b\n```\nc  d\n~~~ \n",
            "````\n```\na  b\n```\nc  d\n````",
            "- ```\n  a  b   \n\n\n\n  c\n  ```\n",
            "> ```\n> a  b\n\n\n\nnever closed   ",
            "```\nnever  closed \n\n\n\nend  ",
            "    indented  code \n\n\n\n    more  code",
            "def f():\n    return  1\n\n\ndef g():\n    return  2\n",
            "Inline `a  b` and ``c ` d  e`` and `not  closed",
            "A `span over \ntwo  lines` of one block with a lone `  b",
            "x  = 1;\nint  y;\nfoo(a,  b) |  c",
            "<pre>\na  b \n\n\n\nc  d</pre>",
            "<file path=\"a\">\na  b \n\n\n\nc  d",
        ],
    );
}

#[test]
fn json_stays() {
    untouched(
        &optimiser(&[Rule::Whitespace]),
        &[
            " {\"a\":   1} \n\n\n",
            "\"a   text \\n  in quotes\"",
            "{\n\"a\": [1,   2],\n\n\n\n\"b\": 1 \n}",
            "Like this:\n\n[\n1,   2,\n\n\n\n3\n]\n\nEnd.",
            "Like {\"a\":   [1,  \"b  c\"]}  here",
            "An [1,  2]\nand\n{ 'a':  1 }",
        ],
    );
}

#[test]
fn tables_and_columns_stay() {
    untouched(
        &optimiser(&[Rule::Whitespace]),
        &[
            "| a   | b |\n|-----|---|\n| 1   | 2 | ",
            "NAME     READY  STATUS\nnginx    1/1    Running\nredis-0  0/1    Pending",
            "apples   5\npears   12",
            "Name:  Ann\nAge:   42",
            "1  0  3\n0  10  3",
            "+---+   +---+\n+---+   +---+",
            "┌──┐  ┌──┐\n└──┘  └──┘",
            "diff\n-foo  bar\n+foo   bar",
        ],
    );
    check(
        &optimiser(&[Rule::Whitespace]),
        &[(
            "Words of  text that were set\nto the  same width by   some\nprogram, line  by line.",
            "Words of text that were set\nto the same width by some\nprogram, line by line.",
        )],
    );
}

#[test]
fn what_is_clean_is_not_copied() {
    let optimiser = optimiser(&[Rule::Whitespace, Rule::Phrases]);
    let text = "Nothing to do here.\n\n- One\n- Two\n\n```\ncode  here\n```\n";
    assert!(matches!(optimiser.text(text), std::borrow::Cow::Borrowed(_)));
}
